"""What the storekeeper asks: who came when, and what became of spares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mydocker.domain.runs import Phase
from mydocker.store import sql
from mydocker.store.models import Run

_LOOK_BACK = 50
"""Spares of an environment whose ends are looked at; more than ever fail in a row, and are claimed
meanwhile.
"""


@dataclass(frozen=True, slots=True)
class Failures:
    """Spares that came to nothing since one stood by, and when the last of them did."""

    count: int = 0
    last_at: datetime | None = None


def arrivals(since: datetime) -> Sequence[tuple[str, datetime, str]]:
    """Environment, moment and workspace of each wish that got a run since then."""
    found = Run.objects.filter(workspace__isnull=False, created_at__gte=since)
    rows = found.values_list("environment_id", "created_at", "workspace_id")
    return [(str(environment), at, str(workspace)) for environment, at, workspace in rows]


def present(since: datetime) -> Sequence[tuple[str, datetime, bool]]:
    """Environment and moment of each wish whose run lives, and whether it is on its way up: its
    turn came, or it got a spare, since then.
    """
    found = Run.objects.filter(workspace__isnull=False, phase__lt=Phase.ENDED)
    rows = found.values_list("environment_id", "created_at", "phase", "turn_at", "claimed_at")
    return [
        (str(environment), at, phase < Phase.READY and (turn_at or claimed_at or since) > since)
        for environment, at, phase, turn_at, claimed_at in rows
    ]


def failures(environment: str, revision: int) -> Failures:
    """How many spares of an environment, as it is now, came to nothing in a row."""
    newest = [
        (sql.moment_or_none(stood_by), phase, sql.moment(since), retired)
        for stood_by, phase, since, retired in sql.rows(_NEWEST, environment, revision, _LOOK_BACK)
    ]
    # A claim makes a row new again, so the newest need not be the last that was made.
    good = max((stood_by for stood_by, *_ in newest if stood_by), default=None)
    failed = [
        since
        for stood_by, phase, since, retired in newest
        if stood_by is None and phase >= Phase.STOPPING and not retired
        if good is None or since > good
    ]
    return Failures(len(failed), max(failed, default=None))


_NEWEST = """
SELECT stands_by_at, phase, phase_since, retired FROM run
 WHERE environment_id = %s AND is_spare AND revision = %s ORDER BY created_at DESC LIMIT %s
"""
