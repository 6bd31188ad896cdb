"""Named questions about homes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mydocker.domain.runs import Phase
from mydocker.store.models import Home, Run


@dataclass(frozen=True, slots=True)
class HomeInUse:
    """A home that a live run has attached."""

    id: str
    workspace: str
    """The workspace whose run uses it (one of them, for a global home)."""
    used_bytes: int
    measured_at: datetime | None


def in_use() -> Sequence[HomeInUse]:
    """Every home attached to a live run."""
    live = Run.objects.filter(phase__lt=Phase.ENDED, attached=True, workspace__isnull=False)
    owners = {person: workspace for workspace, person in live.values_list(
        "workspace_id", "workspace__person_id")}  # fmt: skip
    workspaces = set(owners.values())
    found = Home.objects.filter(person_id__in=owners, trashed_at=None)
    return [
        HomeInUse(
            home.id, home.workspace_id or owners[home.person_id], home.used_bytes or 0,
            home.measured_at,
        )
        for home in found
        if home.workspace_id is None or home.workspace_id in workspaces
    ]  # fmt: skip


def note_usage(home: str, used_bytes: int, now: datetime) -> None:
    """Remember what a home takes."""
    Home.objects.filter(id=home).update(used_bytes=used_bytes, measured_at=now)


def usage_of(person: str, workspace: str) -> Sequence[tuple[bool, int | None]]:
    """What the homes of a workspace take: (is it the global one, bytes or None if not counted)."""
    mine = Home.objects.filter(person_id=person, trashed_at=None)
    rows = mine.values_list("workspace_id", "used_bytes")
    return [(owner is None, used) for owner, used in rows if owner in (None, workspace)]
