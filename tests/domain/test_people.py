"""Who may do what, and who may start which environment."""

import itertools

import pytest

from mydocker.domain.admission import admit
from mydocker.domain.environments import Access, Environment, Status, Text
from mydocker.domain.people import Action, Person, Role, may
from mydocker.domain.refusals import Refusal

MAIL = "camille.aubert@example.org"


def person(role: Role = Role.STUDENT, mail: str = MAIL, enabled: bool = True) -> Person:
    return Person("p1", "Camille Aubert", mail, role, enabled)


def environment(status: Status, access: Access = Access.ANYONE, *people: str) -> Environment:
    return Environment(
        "python", Text("Python", "Python"), "image", status=status, access=access, people=people
    )


def answer(person: Person, environment: Environment, maintains: bool) -> str:
    try:
        admit(person, environment, maintains=maintains)
    except Refusal as refusal:
        return refusal.code
    return "yes"


def test_each_role_includes_the_one_before() -> None:
    roles = [Role.STUDENT, Role.TEACHER, Role.ADMIN]
    assert roles == list(Role)
    for one, other in itertools.product(range(3), repeat=2):
        assert roles[one].includes(roles[other]) is (one >= other)


def test_more_role_never_means_fewer_rights() -> None:
    for action, maintains in itertools.product(Action, (False, True)):
        allowed = [may(person(role), action, maintains=maintains) for role in Role]
        assert allowed == sorted(allowed)


def test_what_each_role_may_do() -> None:
    rights = {role: {action for action in Action if may(person(role), action)} for role in Role}
    assert rights[Role.STUDENT] == set()
    assert rights[Role.TEACHER] == {Action.CREATE_ENVIRONMENT, Action.CREATE_IMAGE}
    assert rights[Role.ADMIN] == set(Action)


def test_maintainers_may_see_and_edit_theirs_and_see_who_is_in() -> None:
    own = {action for action in Action if may(person(), action, maintains=True)}
    environments = {Action.EDIT_ENVIRONMENT, Action.SEE_WHO_IS_IN}
    assert own == environments | {Action.VIEW_IMAGE, Action.EDIT_IMAGE}


def test_a_disabled_person_may_do_nothing() -> None:
    for role, action, maintains in itertools.product(Role, Action, (False, True)):
        assert not may(person(role, enabled=False), action, maintains=maintains)


def test_admission_for_everybody_everywhere() -> None:
    for role, enabled, listed, maintains, status, access in itertools.product(
        Role, (True, False), (True, False), (True, False), Status, Access
    ):
        who = person(role, enabled=enabled)
        where = environment(status, access, *([MAIL] if listed else []))
        said = answer(who, where, maintains)
        if not enabled:
            assert said == "disabled"
        elif status is Status.ARCHIVED:
            assert said == "archived"
        elif maintains or role is Role.ADMIN:
            assert said == "yes"
        elif status is Status.DRAFT:
            assert said == "draft"
        elif access is Access.PEOPLE and not listed:
            assert said == "not_listed"
        else:
            assert said == "yes"


def test_a_list_does_not_mind_capitals() -> None:
    listed = environment(Status.READY, Access.PEOPLE, MAIL)
    assert answer(person(mail="Camille.Aubert@Example.ORG"), listed, False) == "yes"


@pytest.mark.parametrize("mail", ["", "other@example.org"])
def test_somebody_without_the_right_mail_is_on_no_list(mail: str) -> None:
    assert (
        answer(person(mail=mail), environment(Status.READY, Access.PEOPLE, MAIL), False)
        == "not_listed"
    )


@pytest.mark.parametrize("status", [Status.DRAFT, Status.ARCHIVED, Status.READY])
def test_a_refusal_says_what_to_do(status: Status) -> None:
    with pytest.raises(Refusal) as caught:
        admit(person(), environment(status, Access.PEOPLE))
    assert caught.value.message % caught.value.facts and caught.value.hint


def test_a_refusal_says_who_is_signed_in() -> None:
    with pytest.raises(Refusal, match=MAIL):
        admit(person(), environment(Status.READY, Access.PEOPLE, "x@y"))
    with pytest.raises(Refusal, match="Camille Aubert"):
        admit(person(mail=""), environment(Status.READY, Access.PEOPLE, "x@y"))
