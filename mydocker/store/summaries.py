"""Workspaces and tokens as lists show them: few queries, whatever the length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from mydocker.domain.environments import Text
from mydocker.domain.failures import Cause, Reason
from mydocker.domain.people import Person
from mydocker.domain.runs import Phase, RunFacts
from mydocker.store.access import TokenRow
from mydocker.store.models import Run, Token, Workspace
from mydocker.store.people import value_of
from mydocker.store.secrets import unseal


@dataclass(frozen=True, slots=True)
class LatestRun:
    """A workspace's newest run, live or ended."""

    id: str
    generation: int
    facts: RunFacts
    pulling: bool
    ready_at: datetime | None


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
    asked_at: datetime | None
    run: LatestRun | None


def of_workspace(workspace: str) -> SummaryRow | None:
    """One workspace that is not deleted."""
    rows = _rows(_known().filter(id=workspace)[:1])
    return rows[0] if rows else None


def of_person(person: str, *, after: str, limit: int) -> Sequence[SummaryRow]:
    """A person's workspaces, newest first, after the one with id `after`."""
    return _page(_known().filter(person_id=person), after, limit)


def in_use(*, after: str, limit: int) -> Sequence[SummaryRow]:
    """Everybody's workspaces that run or are wanted to, newest first, after the one of this id."""
    live = Run.objects.filter(phase__lt=Phase.ENDED, workspace__isnull=False)
    which = Q(wanted=True) | Q(id__in=live.values("workspace_id"))
    return _page(_known().filter(which), after, limit)


def definition_of(run: str) -> Mapping[str, object]:
    """The definition a run was made with; it never changes."""
    return dict(Run.objects.values_list("definition", flat=True).get(id=run))


def credentials_of(run: str) -> tuple[str, str]:
    """A run's generated user name and password."""
    opened = unseal(Run.objects.values_list("secret", flat=True).get(id=run))
    return opened["username"], opened["password"]


def tokens_of(person: Person, *, after: str, limit: int) -> Sequence[TokenRow]:
    """A person's tokens that are not revoked, newest first, after the one of this id."""
    mine = Token.objects.filter(person_id=person.id, revoked_at=None)
    if after:
        start = Token.objects.filter(id=after, person_id=person.id).values("created_at")[:1]
        mine = mine.filter(
            Q(created_at__lt=Subquery(start)) | Q(created_at=Subquery(start), id__lt=after)
        )
    rows = mine.order_by("-created_at", "-id")[:limit]
    return [
        TokenRow(row.id, person, row.title, row.scopes, row.created_at, row.expires_at)
        for row in rows
    ]


def _known() -> "QuerySet[Workspace]":
    newest = Run.objects.filter(workspace=OuterRef("id")).order_by("-generation").values("id")[:1]
    shown = Workspace.objects.filter(deleted_at=None).select_related("environment", "person")
    shown = shown.defer("environment__definition")
    return shown.annotate(newest=Subquery(newest))


def _page(which: "QuerySet[Workspace]", after: str, limit: int) -> Sequence[SummaryRow]:
    if after:
        start = Workspace.objects.filter(id=after).values("created_at")[:1]
        which = which.filter(
            Q(created_at__lt=Subquery(start)) | Q(created_at=Subquery(start), id__lt=after)
        )
    return _rows(which.order_by(F("created_at").desc(), F("id").desc())[:limit])


def _rows(which: "QuerySet[Workspace]") -> list[SummaryRow]:
    workspaces: list[Any] = list(which)  # with `newest`, which the model does not know
    newest = [each.newest for each in workspaces if each.newest]
    found = Run.objects.filter(id__in=newest).defer("definition", "secret") if newest else []
    runs = {run.id: _run(run) for run in found}
    return [_row(each, runs.get(each.newest)) for each in workspaces]


def _row(workspace: Workspace, run: LatestRun | None) -> SummaryRow:
    environment = workspace.environment
    ends = [at for at in (workspace.stops_at, workspace.extended_until) if at is not None]
    return SummaryRow(
        workspace.id,
        environment.slug,
        Text(environment.title_en, environment.title_fr),
        value_of(workspace.person),
        workspace.wanted,
        workspace.generation,
        # The culler has not looked at an extension of this instant yet.
        max(ends) if workspace.stops_at is not None else None,
        workspace.asked_at,
        run,
    )


def _run(run: Run) -> LatestRun:
    failure = Reason(Cause(run.cause), run.facts) if run.cause else None
    facts = RunFacts(Phase(run.phase), run.phase_since, run.launched, failure)
    return LatestRun(run.id, run.generation, facts, run.pulling, run.ready_at)
