"""Named questions and conditional updates about workspaces. Services write, loops read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from mydocker.domain.runs import Phase
from mydocker.store import sql
from mydocker.store.ids import opaque
from mydocker.store.models import Home, Run, Workspace


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    """A workspace as it stands."""

    id: str
    environment: str
    person: str
    wanted: bool
    generation: int
    stop_cause: str
    stop_facts: Mapping[str, str]
    extended_until: datetime | None
    last_interaction_at: datetime | None
    last_work_at: datetime | None
    stops_at: datetime | None
    warned_at: datetime | None
    reset_home: bool
    deleted_at: datetime | None
    asked_at: datetime | None


_ASKED = """
SELECT id, environment_id, person_id, wanted, generation, stop_cause, stop_facts, extended_until,
       last_interaction_at, last_work_at, stops_at, warned_at, reset_home, deleted_at, asked_at
  FROM workspace WHERE """
_ONE = f"{_ASKED} id = %s"


def find(workspace: str) -> WorkspaceRow | None:
    """One workspace, deleted ones too."""
    return _found(sql.row(_ONE, workspace))


def lock(workspace: str) -> WorkspaceRow | None:
    """One workspace, kept from others until the transaction ends."""
    return _found(sql.row(sql.locked(_ONE), workspace))


def find_or_make(person: str, environment: str, now: datetime) -> tuple[WorkspaceRow, bool]:
    """The person's workspace in the environment, and whether it was made just now.

    Two at once make one: the loser of the race finds the winner's.
    """
    mine = sql.locked(f"{_ASKED} person_id = %s AND environment_id = %s AND deleted_at IS NULL")
    if known := _found(sql.row(mine, person, environment)):
        return known, False
    try:
        with transaction.atomic():
            row = Workspace.objects.create(
                person_id=person, environment_id=environment, created_at=now
            )
    except IntegrityError:
        winner = _found(sql.row(mine, person, environment))
        if winner is None:
            raise
        return winner, False
    return _row(row), True


def want(workspace: WorkspaceRow, now: datetime, *, cause: str, reset_home: bool = False) -> bool:
    """Wish for one more run; `cause` is why a run of an earlier wish ends. False if moved since."""
    return bool(
        _as_read(workspace).update(
            wanted=True,
            generation=F("generation") + 1,
            stop_cause=cause,
            stop_facts={},
            reset_home=F("reset_home") if not reset_home else True,
            asked_at=now,
            extended_until=None,
            stops_at=None,
            warned_at=None,
        )
    )


def want_no_more(workspace: WorkspaceRow, cause: str, facts: Mapping[str, str]) -> bool:
    """Wish that no run lives. False if the wish changed since it was read."""
    return bool(
        _as_read(workspace)
        .filter(wanted=True)
        .update(wanted=False, stop_cause=cause, stop_facts=dict(facts), stops_at=None)
    )


def delete(workspace: WorkspaceRow, now: datetime) -> bool:
    """Mark as deleted; its environment home goes to the trash once no run lives."""
    return bool(
        Workspace.objects.filter(id=workspace.id, deleted_at=None).update(
            deleted_at=now, wanted=False, stop_cause="deleted", stop_facts={}
        )
    )


def extend(workspace: str, until: datetime) -> None:
    """Let it live until then, whatever else would stop it."""
    Workspace.objects.filter(id=workspace).update(extended_until=until, warned_at=None)


def note_seen(workspace: str, interaction: datetime | None, work: datetime | None) -> None:
    """Remember the last interaction and work; None leaves what is known."""
    known = {"last_interaction_at": interaction, "last_work_at": work}
    fresh = {name: at for name, at in known.items() if at is not None}
    if fresh:
        Workspace.objects.filter(id=workspace).update(**fresh)


def note_end_expected(
    workspace: str, stops_at: datetime | None, *, warned: bool, now: datetime
) -> None:
    """Remember when the culler will stop it, and that the person was warned."""
    Workspace.objects.filter(id=workspace).update(
        stops_at=stops_at, warned_at=now if warned else None
    )


def environment_home(workspace: str) -> str | None:
    """The id of the workspace's environment home, if it has one that is not in the trash."""
    found = Home.objects.filter(workspace_id=workspace, trashed_at=None)
    return found.values_list("id", flat=True).first()


def home_set_aside(workspace: str, now: datetime) -> None:
    """The environment home is in the trash now."""
    Workspace.objects.filter(id=workspace).update(reset_home=False)
    Home.objects.filter(workspace_id=workspace, trashed_at=None).update(trashed_at=now)


def with_something_to_do() -> Sequence[str]:
    """Every workspace that a run lives for, or is wanted for, or whose home waits for the trash.

    Those whose run is still to be made come last, in the order in which they were asked for.
    """
    live = Run.objects.filter(phase__lt=Phase.ENDED, workspace__isnull=False)
    ids = set(live.values_list("workspace_id", flat=True))
    last = Run.objects.filter(workspace_id=OuterRef("id"), generation=OuterRef("generation"))
    due = Workspace.objects.filter(wanted=True).exclude(Exists(last))
    asked = list(due.order_by("asked_at").values_list("id", flat=True))
    ids |= set(Workspace.objects.filter(reset_home=True).values_list("id", flat=True))
    return [*(ids - set(asked)), *asked]


def find_all(workspaces: Collection[str]) -> Mapping[str, WorkspaceRow]:
    """Those of these ids that there are, deleted ones too."""
    return {row.id: _row(row) for row in Workspace.objects.filter(id__in=workspaces)}


def in_environment(environment: str) -> Sequence[WorkspaceRow]:
    """Every workspace of an environment that is not deleted."""
    return [
        _row(row) for row in Workspace.objects.filter(environment_id=environment, deleted_at=None)
    ]


def of_person(person: str) -> Sequence[WorkspaceRow]:
    """Every workspace of a person that is not deleted."""
    return [_row(row) for row in Workspace.objects.filter(person_id=person, deleted_at=None)]


def home_for(workspace: WorkspaceRow, kind: str, now: datetime) -> str:
    """The id of the workspace's home of this kind; remembered when first asked for."""
    is_global = kind == "global"
    if not is_global and (known := environment_home(workspace.id)):
        return known
    # A home's id is never given twice: what is in the trash keeps its own.
    home = f"g{workspace.person}" if is_global else f"w{opaque(20)}"
    Home.objects.get_or_create(
        id=home,
        defaults={
            "person_id": workspace.person,
            "workspace_id": None if is_global else workspace.id,
            "created_at": now,
        },
    )
    return home


def _found(row: Sequence[Any] | None) -> WorkspaceRow | None:
    if row is None:
        return None
    moments = [sql.moment_or_none(row[n]) for n in (7, 8, 9, 10, 11, 13, 14)]
    extended_until, last_interaction_at, last_work_at, stops_at, warned_at = moments[:5]
    return WorkspaceRow(
        row[0], row[1], row[2], bool(row[3]), row[4], row[5], sql.json_of(row[6]), extended_until,
        last_interaction_at, last_work_at, stops_at, warned_at, bool(row[12]), *moments[5:],
    )  # fmt: skip


def _as_read(workspace: WorkspaceRow) -> "QuerySet[Workspace]":
    return Workspace.objects.filter(
        id=workspace.id, generation=workspace.generation, deleted_at=None
    )


def _row(row: Workspace) -> WorkspaceRow:
    return WorkspaceRow(
        row.id,
        row.environment_id,
        row.person_id,
        row.wanted,
        row.generation,
        row.stop_cause,
        row.stop_facts,
        row.extended_until,
        row.last_interaction_at,
        row.last_work_at,
        row.stops_at,
        row.warned_at,
        row.reset_home,
        row.deleted_at,
        row.asked_at,
    )
