"""Workspaces and tokens as lists show them: one query, whatever the length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mydocker.domain.environments import Text
from mydocker.domain.failures import Cause, Reason
from mydocker.domain.people import Person, Role
from mydocker.domain.runs import Phase, RunFacts
from mydocker.store.access import TokenRow
from mydocker.store.models import Run
from mydocker.store.reading import moment, moment_or_none, rows, tree
from mydocker.store.secrets import unseal


@dataclass(frozen=True, slots=True)
class LatestRun:
    """A workspace's newest run, live or ended."""

    id: str
    generation: int
    facts: RunFacts
    pulling: bool


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A workspace with what is shown beside it."""

    id: str
    environment: str
    """Its slug."""
    title: Text
    owner: Person
    wanted: bool
    generation: int
    stops_at: datetime | None
    run: LatestRun | None
    environment_id: str = ""


_SHOWN = """
SELECT w.id, e.slug, e.title_en, e.title_fr, p.id, p.display_name, p.mail, p.role, p.enabled,
       w.wanted, w.generation, w.stops_at, w.extended_until,
       r.id, r.generation, r.pulling, r.phase, r.phase_since, r.launched, r.cause, r.facts,
       r.should_sleep, r.asleep_at, e.id
  FROM workspace w
  JOIN environment e ON e.id = w.environment_id
  JOIN person p ON p.id = w.person_id
  LEFT JOIN run r ON r.workspace_id = w.id AND r.generation =
       (SELECT MAX(n.generation) FROM run n WHERE n.workspace_id = w.id)
 WHERE w.deleted_at IS NULL AND
"""
_FOLLOWING = " AND (w.created_at, w.id) < (SELECT created_at, id FROM workspace WHERE id = %s)"
_NEWEST_FIRST = " ORDER BY w.created_at DESC, w.id DESC LIMIT %s"
_IN_USE = " (w.wanted OR w.id IN (SELECT workspace_id FROM run WHERE phase < 5))"
_TOKENS = """
SELECT id, title, scopes, created_at, expires_at FROM token
 WHERE person_id = %s AND revoked_at IS NULL
"""
_TOKENS_FOLLOWING = " AND (created_at, id) < (SELECT created_at, id FROM token WHERE id = %s)"
_TOKENS_NEWEST_FIRST = " ORDER BY created_at DESC, id DESC LIMIT %s"


def of_workspace(workspace: str) -> SummaryRow | None:
    """One workspace that is not deleted."""
    found = rows(_SHOWN + " w.id = %s", workspace)
    return _summary(found[0]) if found else None


def of_person(person: str, *, after: str, limit: int) -> Sequence[SummaryRow]:
    """A person's workspaces, newest first, after the one with id `after`."""
    return _summaries(" w.person_id = %s", [person], after, limit)


def in_use(*, after: str, limit: int) -> Sequence[SummaryRow]:
    """Everybody's workspaces that run or are wanted to, newest first, after the one of this id."""
    return _summaries(_IN_USE, [], after, limit)


def definition_of(run: str) -> Mapping[str, object]:
    """The definition a run was made with; it never changes."""
    return dict(Run.objects.values_list("definition", flat=True).get(id=run))


def credentials_of(run: str) -> tuple[str, str]:
    """A run's generated user name and password."""
    opened = unseal(Run.objects.values_list("secret", flat=True).get(id=run))
    return opened["username"], opened["password"]


def tokens_of(person: Person, *, after: str, limit: int) -> Sequence[TokenRow]:
    """A person's tokens that are not revoked, newest first, after the one of this id."""
    if after:
        found = rows(_TOKENS + _TOKENS_FOLLOWING + _TOKENS_NEWEST_FIRST, person.id, after, limit)
    else:
        found = rows(_TOKENS + _TOKENS_NEWEST_FIRST, person.id, limit)
    return [
        TokenRow(id, person, title, tree(scopes), moment(created), moment_or_none(expires))
        for id, title, scopes, created, expires in found
    ]


def _summaries(
    which: str, parameters: Sequence[str], after: str, limit: int
) -> Sequence[SummaryRow]:
    following, since = (_FOLLOWING, [after]) if after else ("", [])
    found = rows(_SHOWN + which + following + _NEWEST_FIRST, *parameters, *since, limit)
    return [_summary(row) for row in found]


def _summary(row: Sequence[Any]) -> SummaryRow:
    stops_at, extended_until = moment_or_none(row[11]), moment_or_none(row[12])
    if stops_at is not None and extended_until is not None:
        # The culler has not looked at an extension of this instant yet.
        stops_at = max(stops_at, extended_until)
    return SummaryRow(
        row[0],
        row[1],
        Text(row[2], row[3]),
        Person(row[4], row[5], row[6], Role(row[7]), bool(row[8])),
        bool(row[9]),
        row[10],
        stops_at,
        _run(*row[13:23]) if row[13] else None,
        row[23],
    )


def _run(
    id: str, generation: int, pulling: Any, phase: int, since: Any, launched: Any, *more: Any
) -> LatestRun:
    cause, facts, should_sleep, asleep_at = more
    failure = Reason(Cause(cause), tree(facts)) if cause else None
    known = RunFacts(
        Phase(phase), moment(since), bool(launched), failure,
        should_sleep=bool(should_sleep), asleep=asleep_at is not None,
    )  # fmt: skip
    return LatestRun(id, generation, known, bool(pulling))
