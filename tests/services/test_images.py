"""Who sees and changes images, and what two who change one at once are told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection

from mydocker.domain.environments import read_environment
from mydocker.domain.image_names import fault_of_image
from mydocker.domain.people import Person, Role
from mydocker.domain.recipes import Dockerfile, ExistingImage, Recipe
from mydocker.domain.refusals import Kind, Refusal
from mydocker.services import environments, images, people
from tests.images import NUMBERS, SMALL, admin, build_done, small, teacher, upload
from tests.people import TINY, student, tiny

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


def refused(ask: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        ask()
    return caught.value


ASKED: dict[str, Callable[[Person, datetime], object]] = {
    "view": lambda who, now: images.for_viewing(who, "small"),
    "files": lambda who, now: images.files(who, "small"),
    "file": lambda who, now: images.file(who, "small", "a"),
    "builds": lambda who, now: images.builds(who, "small"),
    "build": lambda who, now: images.build(who, "small", 1),
    "edit": lambda who, now: images.for_editing(who, "small"),
    "change": lambda who, now: images.change(
        who, "small", revision=2, title="Other", recipe=SMALL, now=now
    ),
    "shares": lambda who, now: images.shares(who, "small"),
    "share": lambda who, now: images.share(who, "small", {}, now),
    "put_files": lambda who, now: images.put_files(who, "small", [upload("b")], now),
    "put_archive": lambda who, now: images.put_archive(
        who, "small", "a.tar", upload("a.tar").stream, now
    ),
    "edit_file": lambda who, now: images.edit_file(who, "small", "b", "", digest="", now=now),
    "remove_file": lambda who, now: images.remove_file(who, "small", "a", now),
    "ask_build": lambda who, now: images.ask_build(who, "small", now),
    "cancel_build": lambda who, now: images.cancel_build(who, "small", 1, now),
    "delete": lambda who, now: images.delete(who, "small", now),
}
LOOKING = ("view", "files", "file", "builds", "build")


@pytest.mark.parametrize("ask", ASKED)
def test_only_those_who_may_see_or_edit(ask: str, now: datetime) -> None:
    owner = teacher(now)
    small(now, owner)
    images.put_files(owner, "small", [upload("a")], now)
    images.ask_build(owner, "small", now)
    viewer, editor = (teacher(now, f"{name}@example.org") for name in ("viewer", "editor"))
    images.share(owner, "small", {"Viewer@Example.ORG": False, editor.mail: True}, now)
    for stranger in (teacher(now, "stranger@example.org"), student(now)):
        refusal = refused(lambda who=stranger: ASKED[ask](who, now))  # type: ignore[misc]
        assert (refusal.kind, refusal.code) == (Kind.FORBIDDEN, "image_not_shared")
    if ask in LOOKING:
        ASKED[ask](viewer, now)
    else:
        assert refused(lambda: ASKED[ask](viewer, now)).code == "image_view_only"
    for who in (editor, admin(now), owner):
        assert _code(lambda who=who: ASKED[ask](who, now)) not in (  # type: ignore[misc]
            "image_not_shared", "image_view_only",
        )  # fmt: skip


def _code(ask: Callable[[], object]) -> str:
    """What is done first leaves less to the next: such a refusal is no matter of rights."""
    try:
        ask()
    except Refusal as refusal:
        return refusal.code
    return ""


def test_a_disabled_person_sees_nothing_even_of_their_own(now: datetime) -> None:
    owner = teacher(now)
    small(now, owner)
    people.set_enabled(owner.id, enabled=False, now=now)
    disabled = Person(owner.id, owner.display_name, owner.mail, owner.role, enabled=False)
    assert refused(lambda: images.for_viewing(disabled, "small")).code == "image_not_shared"


def test_somebody_without_a_mail_has_no_shares(now: datetime) -> None:
    small(now)
    nobody = Person("x" * 12, "Nobody", "", Role.TEACHER)
    assert refused(lambda: images.for_viewing(nobody, "small")).code == "image_not_shared"
    assert images.visible(nobody) == []


def test_only_teachers_make_images(now: datetime) -> None:
    who = student(now)
    assert refused(lambda: images.create(who, "Mine", SMALL, now)).code == "not_teacher"
    made = images.create(teacher(now), " Élèves & C++ ", SMALL, now)
    assert (made.row.slug, made.row.title, made.row.revision) == ("eleves-cpp", "Élèves & C++", 1)


@pytest.mark.parametrize(
    ("title", "slug", "code"),
    [
        ("", "", "bad_title"), ("  ", "x", "bad_title"), ("x" * 201, "", "bad_title"),
        ("a\u202eb", "", "bad_title"), ("a\nb", "", "bad_title"), ("日本", "", "no_slug"),
        ("A", "A B", "bad_slug"), ("A", "../a", "bad_slug"), ("A", "new", "bad_slug"),
        ("A", "a:1", "bad_slug"), ("A", "x" * 64, "bad_slug"), ("A", "small", "slug_taken"),
        ("Small", "", "slug_taken"),
    ],
)  # fmt: skip
def test_titles_and_names_that_cannot_be_are_refused(
    title: str, slug: str, code: str, now: datetime
) -> None:
    small(now)
    other = teacher(now, "other@example.org")
    assert refused(lambda: images.create(other, title, SMALL, now, slug=slug)).code == code


@pytest.mark.parametrize("recipe", [SMALL, NUMBERS, ExistingImage("mydocker/tiny:1")])
def test_a_recipe_comes_back_as_it_was(recipe: Recipe, now: datetime) -> None:
    made = small(now, recipe=recipe)
    found = images.for_viewing(teacher(now), "small")
    assert found == made and found.recipe == recipe and found.may_edit


def test_two_editors_at_once_do_not_overwrite_one_another(now: datetime) -> None:
    owner = teacher(now)
    seen = small(now, owner).row.revision
    first = Dockerfile("FROM a\nRUN first\n")
    changed = images.change(owner, "small", revision=seen, title="Small", recipe=first, now=now)
    assert changed.row.revision == seen + 1
    second = Dockerfile("FROM a\nRUN second\n")
    refusal = refused(
        lambda: images.change(owner, "small", revision=seen, title="S", recipe=second, now=now)
    )
    assert (refusal.kind, refusal.code) == (Kind.CONFLICT, "changed_meanwhile")
    assert images.for_viewing(owner, "small").recipe == first


def test_of_many_editors_at_the_same_moment_one_gets_through(now: datetime) -> None:
    owner = teacher(now)
    revision = small(now, owner).row.revision

    def change(number: int) -> bool:
        recipe = Dockerfile(f"FROM a\nRUN echo {number}\n")
        try:
            images.change(owner, "small", revision=revision, title="Small", recipe=recipe, now=now)
        except Refusal:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as editors:
        assert sum(editors.map(change, range(6))) == 1
    assert images.for_viewing(owner, "small").row.revision == revision + 1


def test_sending_the_same_twice_changes_nothing(now: datetime) -> None:
    owner = teacher(now)
    small(now, owner)
    for _ in range(2):
        images.change(owner, "small", revision=1, title="Other", recipe=SMALL, now=now)
    assert images.for_viewing(owner, "small").row.revision == 2


def test_a_change_of_files_counts_as_a_change(now: datetime) -> None:
    owner = teacher(now)
    small(now, owner)
    images.put_files(owner, "small", [upload("a")], now)
    refusal = refused(
        lambda: images.change(owner, "small", revision=1, title="T", recipe=SMALL, now=now)
    )
    assert refusal.code == "changed_meanwhile"


def test_shares_replace_those_there_were(now: datetime) -> None:
    owner = teacher(now)
    small(now, owner)
    images.share(owner, "small", {"A@example.org": True, "b@example.org": False}, now)
    images.share(owner, "small", {"c@example.org": False, "a@example.org": False}, now)
    found = images.shares(owner, "small")
    assert [(each.mail, each.can_edit) for each in found] == [
        ("a@example.org", False), ("c@example.org", False),
    ]  # fmt: skip


@pytest.mark.parametrize("mail", ["", "nobody", "a@b,c@d", "a b@example.org"])
def test_what_is_no_mail_gets_no_share(mail: str, now: datetime) -> None:
    owner = teacher(now)
    small(now, owner)
    images.share(owner, "small", {"a@example.org": True}, now)
    refusal = refused(lambda: images.share(owner, "small", {mail: True}, now))
    assert refusal.code == "bad_mail" and len(images.shares(owner, "small")) == 1


def test_shares_have_an_end(now: datetime) -> None:
    owner = teacher(now)
    small(now, owner)
    many = {f"{number}@example.org": False for number in range(images.MOST_SHARES + 1)}
    assert refused(lambda: images.share(owner, "small", many, now)).code == "too_many_shares"


def test_the_list_shows_what_one_may_see_page_by_page(now: datetime) -> None:
    owner, other = teacher(now), teacher(now, "other@example.org")
    for title in ("Delta", "Alpha", "Charlie", "Bravo"):
        small(now, owner, title)
    small(now, other, "Echo")
    images.share(other, "echo", {owner.mail: False}, now)
    images.share(owner, "alpha", {other.mail: True, owner.mail: True}, now)
    assert slugs(owner) == ["alpha", "bravo", "charlie", "delta", "echo"]
    assert slugs(owner, limit=2) == ["alpha", "bravo"]
    assert slugs(owner, limit=2, after="bravo") == ["charlie", "delta"]
    assert slugs(other) == ["alpha", "echo"] and len(slugs(admin(now))) == 5
    assert slugs(student(now)) == []
    may = {line.row.slug: line.may_edit for line in images.visible(owner)}
    assert may["delta"] and not may["echo"]
    assert all(line.may_edit for line in images.visible(other))
    assert all(line.may_edit for line in images.visible(admin(now)))


def slugs(who: Person, words: str = "", limit: int = 50, after: str = "") -> list[str]:
    lines = images.visible(who, words=words, limit=limit, after=after)
    return [line.row.slug for line in lines]


@pytest.mark.parametrize(
    ("words", "found"),
    [("python", 2), ("PYTHON l1", 1), ("algo", 1), ("%", 0), ("_", 0), ("\0", 3), ("no such", 0)],
)
def test_words_are_looked_for_in_titles_and_names(words: str, found: int, now: datetime) -> None:
    for title in ("Python L1", "Python L2", "Algorithmique"):
        small(now, title=title)
    assert len(slugs(teacher(now), words)) == found


def test_a_line_tells_the_latest_build_the_live_one_and_the_use(now: datetime) -> None:
    owner = teacher(now)
    small(now, owner)
    small(now, owner, "Other", NUMBERS)
    tiny(now, image=images.reference_of("small", build_done(owner, "small", now)))
    live = images.ask_build(owner, "small", now)
    other, line = images.visible(owner)
    assert (other.kind, other.latest, other.live, other.used_by) == ("packages", None, None, 0)
    assert line.kind == "dockerfile" and line.used_by == 1
    assert line.latest == line.live and line.latest is not None and line.latest.id == live.id


def test_an_image_in_use_is_not_deleted_and_says_who_uses_it(now: datetime) -> None:
    owner = teacher(now)
    image = small(now, owner).row
    number = build_done(owner, "small", now)
    reference = images.reference_of("small", number)
    tiny(now, image=reference)
    tiny(now, slug="second", join_code="second-code", image=reference)
    assert [row.slug for row in images.used_by(image)] == ["second", "tiny"]
    refusal = refused(lambda: images.delete(owner, "small", now))
    assert refusal.code == "image_in_use" and refusal.facts["environments"] == "second, tiny"
    for slug in ("tiny", "second"):
        tiny(now, slug=slug, join_code=f"{slug}-code", image="mydocker/tiny")
    assert images.used_by(image) == []
    images.delete(owner, "small", now)
    assert refused(lambda: images.for_viewing(owner, "small")).code == "unknown_image"
    assert images.visible(owner) == []


def test_a_build_is_put_into_use_wherever_the_image_is_and_taken_back_again(now: datetime) -> None:
    owner = teacher(now)
    small(now, owner)
    first, second = (build_done(owner, "small", now) for _ in range(2))
    reference = images.reference_of("small", first)
    mine = {"maintainers": [owner.mail]}
    tiny(now, image=reference, **mine)
    tiny(now, slug="others", join_code="others-code", image=reference)
    tiny(now, slug="apart", join_code="apart-code", image="mydocker/tiny", **mine)

    def image_of(slug: str) -> str:
        return environments.by_slug(slug).definition.image

    used = images.put_into_use(owner, "small", second, now)
    assert (used.changed, used.left) == (["tiny"], ["others"])
    assert image_of("tiny") == used.reference == images.reference_of("small", second)
    assert (image_of("others"), image_of("apart")) == (reference, "mydocker/tiny")
    assert images.put_into_use(owner, "small", second, now).changed == []
    assert images.put_into_use(owner, "small", first, now).changed == ["tiny"]
    newest = images.put_into_use(owner, "small", None, now)
    assert newest.reference == image_of("tiny") == images.newest_of("small")[0]
    # Who follows the newest one is found like the others.
    assert images.visible(owner)[0].used_by == 2
    assert images.put_into_use(owner, "small", first, now).changed == ["tiny"]


def test_what_came_to_no_image_is_not_put_into_use(now: datetime) -> None:
    owner = teacher(now)
    small(now, owner)
    live = images.ask_build(owner, "small", now)
    refusal = refused(lambda: images.put_into_use(owner, "small", live.number, now))
    assert refusal.code == "no_image_of_build"
    assert refused(lambda: images.put_into_use(owner, "small", 7, now)).code == "unknown_build"


def test_an_image_that_is_being_built_is_not_deleted(now: datetime) -> None:
    owner = teacher(now)
    small(now, owner)
    images.ask_build(owner, "small", now)
    assert refused(lambda: images.delete(owner, "small", now)).code == "build_under_way"
    images.cancel_build(owner, "small", 1, now)
    images.delete(owner, "small", now)


def test_references_are_names_that_an_engine_takes(now: datetime) -> None:
    assert fault_of_image(images.reference_of("x" * 63, 2**31 - 1)) is None


OTHER_WAYS = ["{}", "docker.io/{}", "index.docker.io/{}"]


@pytest.mark.parametrize("way", OTHER_WAYS)
def test_nobody_runs_an_image_that_they_may_not_see(way: str, now: datetime) -> None:
    owner, other = teacher(now), teacher(now, "other@example.org")
    small(now, owner)
    image = way.format(images.reference_of("small", build_done(owner, "small", now)))
    definition = read_environment({**TINY, "image": image})
    refusal = refused(lambda: environments.apply(other, definition, now))
    assert refusal.code == "image_not_shared"
    environments.apply(other, read_environment(TINY), now)
    assert refused(lambda: environments.apply(other, definition, now)).code == "image_not_shared"
    images.share(owner, "small", {other.mail: False}, now)
    assert environments.apply(other, definition, now)[1]


def test_a_name_of_an_image_is_that_of_one_of_its_builds(now: datetime) -> None:
    owner = teacher(now)
    small(now, owner)
    good = images.reference_of("small", build_done(owner, "small", now))
    digest = "@sha256:" + "0" * 64
    wrong = (f"{good}7", f"{good}{digest}", images.reference_of("small", 0), f"{good}.1")
    for image in wrong:
        definition = read_environment({**TINY, "image": image})
        refusal = refused(lambda: environments.apply(owner, definition, now))  # noqa: B023
        assert refusal.code == "no_such_build"


def test_who_takes_the_name_of_a_deleted_image_does_not_get_its_builds(now: datetime) -> None:
    owner, heir = teacher(now), teacher(now, "heir@example.org")
    small(now, owner)
    old = images.reference_of("small", build_done(owner, "small", now))
    images.delete(owner, "small", now)
    small(now, heir)
    for image in (old, *images.newest_of("small")):
        definition = read_environment({**TINY, "image": image})
        refusal = refused(lambda: environments.apply(heir, definition, now))  # noqa: B023
        assert refusal.code == "no_such_build"


def test_who_lost_the_right_to_see_an_image_may_still_change_what_runs_it(now: datetime) -> None:
    owner, other = teacher(now), teacher(now, "other@example.org")
    small(now, owner)
    images.share(owner, "small", {other.mail: False}, now)
    image = images.reference_of("small", build_done(owner, "small", now))
    environments.apply(other, read_environment({**TINY, "image": image}), now)
    images.share(owner, "small", {}, now)
    changed = read_environment({**TINY, "image": image, "title": {"en": "New", "fr": "Neuf"}})
    assert environments.apply(other, changed, now)[1]


def test_an_image_that_nobody_made_is_run_by_nobody(now: datetime) -> None:
    definition = read_environment({**TINY, "image": images.reference_of("nothing", 1)})
    refusal = refused(lambda: environments.apply(teacher(now), definition, now))
    assert refusal.code == "unknown_image"


def test_images_of_others_than_us_are_not_looked_for(now: datetime) -> None:
    for reference in ("mydocker/tiny", "md-000000/small:1", "registry.example.org/md-1/small:1"):
        images.may_use(student(now), reference)
