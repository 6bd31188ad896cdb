"""Who may start a workspace in an environment."""

from mydocker.domain.environments import Access, Environment, Status
from mydocker.domain.people import Person, Role
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _


def admit(person: Person, environment: Environment, *, maintains: bool = False) -> None:
    """Pass if the person may start a workspace now; raise a `Refusal` that says why not.

    `maintains`: the person is one of the environment's maintainers. They and administrators may
    try a draft and are never missing from a list; nobody starts what is archived.
    """
    if not person.enabled:
        raise _disabled()
    if environment.status is Status.ARCHIVED:
        raise _archived(environment)
    if maintains or person.role.includes(Role.ADMIN):
        return
    if environment.status is Status.DRAFT:
        raise _draft()
    if environment.access is Access.PEOPLE and person.mail.lower() not in environment.people:
        raise _not_listed(person)


def _disabled() -> Refusal:
    return Refusal(
        Kind.FORBIDDEN,
        "disabled",
        _("Your account is disabled."),
        _("Your files are kept. Write to support if you think this is a mistake."),
    )


def _archived(environment: Environment) -> Refusal:
    return Refusal(
        Kind.CONFLICT,
        "archived",
        _("This environment is archived: nobody can start it any more."),
        _("Your files are kept. Ask its teacher which environment takes its place."),
        slug=environment.slug,
    )


def _draft() -> Refusal:
    return Refusal(
        Kind.FORBIDDEN,
        "draft",
        _("This environment is not open yet: its teacher is still working on it."),
        _("Try again later, or ask the teacher who shared the link."),
    )


def _not_listed(person: Person) -> Refusal:
    return Refusal(
        Kind.FORBIDDEN,
        "not_listed",
        _("You are not on the list of this environment. You are signed in as %(who)s."),
        _("Ask the teacher who shared the link to add you, or change account."),
        who=person.mail or person.display_name,
    )
