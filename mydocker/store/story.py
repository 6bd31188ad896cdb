"""The append-only list of what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mydocker.store import sql
from mydocker.store.models import StoryEvent


@dataclass(frozen=True, slots=True)
class StoryRow:
    """One thing that happened. `id` grows with time."""

    id: int
    workspace: str
    run: str
    at: datetime
    kind: str
    facts: Mapping[str, str]
    actor: str


_APPEND = """
INSERT INTO story_event (workspace_id, run_id, at, kind, facts, actor)
VALUES (%s, %s, %s, %s, %s, %s)
"""


def append(
    workspace: str | None,
    kind: str,
    at: datetime,
    *,
    run: str = "",
    actor: str = "",
    **facts: object,
) -> None:
    """Write down that something happened. Facts fill the sentence of the kind."""
    told = {name: str(value) for name, value in facts.items()}
    sql.change(_APPEND, workspace, run, at, kind, told, actor)


def newest(workspace: str, count: int = 50) -> Sequence[StoryRow]:
    """The last events of a workspace, newest first."""
    rows = StoryEvent.objects.filter(workspace_id=workspace).order_by("-id")[:count]
    return [_row(event) for event in rows]


def since(workspace: str, after: int, count: int = 500) -> Sequence[StoryRow]:
    """Events of a workspace after the one with id `after`, oldest first."""
    rows = StoryEvent.objects.filter(workspace_id=workspace, id__gt=after).order_by("id")[:count]
    return [_row(event) for event in rows]


def last_of(workspace: str, run: str, kinds: Sequence[str]) -> str | None:
    """Which of these kinds happened last to a run of a workspace; None if none did."""
    rows = StoryEvent.objects.filter(workspace_id=workspace, run_id=run, kind__in=kinds)
    row = rows.order_by("-id").values("kind").first()
    return row["kind"] if row else None


def last_id(workspace: str) -> int:
    """The id of the newest event; 0 if there is none."""
    row = StoryEvent.objects.filter(workspace_id=workspace).order_by("-id").values("id").first()
    return row["id"] if row else 0


def _row(event: StoryEvent) -> StoryRow:
    return StoryRow(
        event.id,
        event.workspace_id or "",
        event.run_id,
        event.at,
        event.kind,
        event.facts,
        event.actor,
    )
