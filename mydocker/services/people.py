"""People: added, enabled, signed in and out; their API tokens."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from mydocker.domain.failures import Cause
from mydocker.domain.people import Person, Role
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.services import workspaces
from mydocker.services.withdrawals import tell_withdrawn
from mydocker.store import access, people
from mydocker.store import workspaces as stored_workspaces
from mydocker.store.doorbell import ring
from mydocker.store.transactions import unit_of_work

MINIMUM_PASSWORD = 10


def add_local(
    mail: str, role: Role, now: datetime, *, password: str = "", name: str = ""
) -> Person:
    """A local account, made or changed; applying it twice changes nothing."""
    subject = mail.strip().lower()
    if "@" not in subject or len(subject) > 254:
        raise Refusal(
            Kind.INVALID, "bad_mail", _("“%(mail)s” is not a mail address."),
            _("Write it as name@example.org."), mail=mail,
        )  # fmt: skip
    if password and len(password) < MINIMUM_PASSWORD:
        raise Refusal(
            Kind.INVALID, "weak_password", _("The password is shorter than %(least)s characters."),
            _("Choose a longer one."), least=MINIMUM_PASSWORD,
        )  # fmt: skip
    with unit_of_work():
        person = people.known_as(people.LOCAL, subject)
        if person is None:
            person = people.create(
                issuer=people.LOCAL, subject=subject, display_name=name or subject.split("@")[0],
                mail=subject, role=role, now=now,
            )  # fmt: skip
        changes = {"role": role.value} | ({"display_name": name} if name else {})
        people.update(person.id, **changes)
        if password:
            people.set_password(person.id, password)
    return people.find(person.id) or person


def by_mail(mail: str) -> Person:
    """The person meant by a mail: the local identity, else a mail that only one person has."""
    person = people.known_as(people.LOCAL, mail.strip().lower())
    if person is not None:
        return person
    candidates = people.with_mail(mail.strip())
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise Refusal(
            Kind.CONFLICT, "ambiguous_mail", _("Several people have the mail %(mail)s: %(ids)s."),
            _("Name one of them by id."), mail=mail,
            ids=", ".join(f"{each.id} ({each.display_name})" for each in candidates),
        )  # fmt: skip
    raise Refusal(
        Kind.NOT_FOUND, "unknown_person", _("Nobody has the mail %(mail)s."),
        _("Add the person first: mydocker user add."), mail=mail,
    )  # fmt: skip


def set_enabled(person: str, enabled: bool, now: datetime) -> None:
    """Let a person in again, or end everything of theirs at once: logins, tokens, workspaces."""
    with unit_of_work():
        people.update(person, enabled=enabled)
        if enabled:
            return
        access.end_logins(now, person=person)
        access.revoke_tokens(now, person=person)
        access.revoke_grants(now, person=person)
        for workspace in stored_workspaces.of_person(person):
            workspaces.stop(workspace.id, Cause.RIGHT_WITHDRAWN, "administration", now)
        ring("grants", person)
        tell_withdrawn(person)


def begin_login(person: str, session_key: str, now: datetime, lifetime: timedelta) -> str:
    """Remember a sign-in; returns its id."""
    with unit_of_work():
        login = access.open_login(person, session_key, now, lifetime)
        ring("logins", login)
    return login


def end_login(session_key: str, now: datetime) -> None:
    """Sign out: what this login opened is closed within a second."""
    with unit_of_work():
        if access.end_logins(now, session_key=session_key):
            ring("grants", "")
            tell_withdrawn("")


def end_expired(now: datetime) -> int:
    """End every login whose time is over, and what expired API tokens opened; returns how many."""
    with unit_of_work():
        ended = access.end_logins(now, expired=True) + access.end_grants_without_holder(now)
        if ended:
            ring("grants", "")
            tell_withdrawn("")
    return ended


def create_token(
    person: Person, title: str, scopes: Sequence[str], now: datetime, lifetime: timedelta | None
) -> str:
    """Make an API token for the person; its secret is returned once and never again.

    Without scopes it may do all the person may.
    """
    from mydocker.domain.scopes import check_scopes

    check_scopes(scopes)
    with unit_of_work():
        expires_at = now + lifetime if lifetime is not None else None
        return access.create_token(person.id, title, scopes, now, expires_at)


def revoke_token(person: Person, token: str, now: datetime) -> bool:
    """Revoke one of the person's tokens and what it opened."""
    with unit_of_work():
        revoked = access.revoke_tokens(now, person=person.id, token=token)
        ring("grants", "")
        tell_withdrawn(person.id)
    return bool(revoked)
