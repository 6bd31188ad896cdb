"""A workspace as the API, the CLI and the lists show it. Nothing here changes anything."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil

from django.conf import settings

from mydocker import steady
from mydocker.domain.environments import Environment, Text, read_environment
from mydocker.domain.failures import Reason
from mydocker.domain.people import Action, Person, may
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.runs import Phase
from mydocker.domain.words import gettext_noop as _
from mydocker.domain.workspaces import State, reason_of, state_of
from mydocker.services import queue
from mydocker.services.queue import Standing
from mydocker.services.tellings import tell_reason
from mydocker.store import runs
from mydocker.store import summaries as store
from mydocker.store.summaries import SummaryRow

MOST = 100
"""Items of one page of a list."""


@dataclass(frozen=True, slots=True)
class Door:
    """A way into a ready workspace: what its button says and where it leads."""

    key: str
    title: Text
    url: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A workspace at one instant. `credentials` are there only where they were asked for."""

    id: str
    environment: str
    title: Text
    owner: Person
    state: State
    reason: Reason | None
    doors: Sequence[Door]
    credentials: tuple[str, str] | None
    stops_at: datetime | None
    run: str | None
    """Its newest run, live or ended."""
    queue: Standing | None = None
    """Its place, while it waits for its turn."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; `next` asks for the part after it, None at the end."""

    items: Sequence[Summary]
    next: str | None


def of_workspace(person: Person, workspace: str, *, with_credentials: bool = False) -> Summary:
    """A workspace of the person's, or anybody's for administrators. Refuses others.

    Credentials are the owner's alone, and there while it is ready.
    """
    row = store.of_workspace(workspace)
    if row is None or not _may_see(person, row):
        raise unknown_workspace()
    summary = _summary(row)
    if (
        with_credentials
        and summary.state in (State.READY, State.ASLEEP)
        and row.owner.id == person.id
    ):
        return replace(summary, credentials=store.credentials_of(summary.run or ""))
    return summary


def of_person(person: Person, *, after: str = "", limit: int = MOST) -> Page:
    """The person's own workspaces, newest first."""
    return _page(store.of_person(person.id, after=after, limit=limit + 1), limit)


def in_use(person: Person, *, after: str = "", limit: int = MOST) -> Page:
    """Everybody's workspaces that run or are wanted to; for administrators."""
    if not may(person, Action.ADMINISTER):
        raise not_administrator()
    return _page(store.in_use(after=after, limit=limit + 1), limit)


def as_json(summary: Summary, language: str) -> dict[str, object]:
    """Return the API's workspace, told in the active language, titles in `language`."""
    told = tell_reason(summary.reason) if summary.reason else None
    return {
        "id": summary.id,
        "environment": summary.environment,
        "state": summary.state.value,
        "reason": {"code": summary.reason.cause.value, "message": told.message, "hint": told.more}
        if summary.reason and told
        else None,
        "interfaces": [
            {"key": door.key, "title": door.title.in_language(language), "url": door.url}
            for door in summary.doors
        ],
        "credentials": {"username": summary.credentials[0], "password": summary.credentials[1]}
        if summary.credentials
        else None,
        "stops_at": iso(summary.stops_at) if summary.stops_at else None,
        "queue": _queue_as_json(summary.queue) if summary.queue else None,
    }


def _queue_as_json(found: Standing) -> dict[str, object]:
    seconds = None if found.seconds is None else ceil(found.seconds)
    return {"place": found.place, "of": found.of, "seconds": seconds}


def iso(at: datetime) -> str:
    """Return ISO 8601 in UTC: `2026-11-22T09:30:00.250000Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def unknown_workspace() -> Refusal:
    """There is none, or it is somebody else's: the same to whoever asks."""
    return Refusal(
        Kind.NOT_FOUND, "unknown_workspace", _("There is no such workspace of yours."),
        _("It may have been deleted, or belong to somebody else. Look on your dashboard."),
    )  # fmt: skip


def not_administrator() -> Refusal:
    """Only administrators may."""
    return Refusal(
        Kind.FORBIDDEN, "not_administrator", _("Only administrators can do this."),
        _("If you administer this service, ask support to change your role."),
    )  # fmt: skip


def _may_see(person: Person, row: SummaryRow) -> bool:
    return row.owner.id == person.id or may(person, Action.STOP_OTHERS_WORKSPACE)


def _page(rows: Sequence[SummaryRow], limit: int) -> Page:
    items = [_summary(row) for row in rows[:limit]]
    return Page(items, items[-1].id if len(rows) > limit else None)


def _summary(row: SummaryRow) -> Summary:
    facts = row.run.facts if row.run else None
    state = state_of(
        row.wanted, row.generation, facts, row.run.generation if row.run else 0,
        pulling=bool(row.run and row.run.pulling),
    )  # fmt: skip
    ready = row.run if state in (State.READY, State.ASLEEP) else None
    return Summary(
        row.id,
        row.environment,
        row.title,
        row.owner,
        state,
        reason_of(state, facts),
        _doors(row.id, _definition(ready.id)) if ready else (),
        None,
        row.stops_at if facts and facts.phase is Phase.READY else None,
        row.run.id if row.run else None,
        _standing(row) if state is State.QUEUED else None,
    )


def _standing(row: SummaryRow) -> Standing | None:
    if row.run is None:
        return None
    usual = runs.usual_seconds(row.environment_id)
    return queue.standing(row.run.id, usual, steady.now())


@lru_cache(maxsize=2048)
def _definition(run: str) -> Environment:
    # A run keeps the definition it was made with, so this is never out of date.
    return read_environment(store.definition_of(run))


def _doors(workspace: str, definition: Environment) -> tuple[Door, ...]:
    base = settings.MYDOCKER.url.rstrip("/")
    return tuple(
        Door(
            each.key,
            each.title,
            each.link if each.port is None else f"{base}/workspaces/{workspace}/open/{each.key}",
        )
        for each in definition.interfaces
    )
