"""What the storekeeper asks: who came when, and what became of spares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mydocker.domain.runs import Phase
from mydocker.store import sql
from mydocker.store.models import Run

_LOOK_BACK = 20
"""Spares of an environment whose ends are looked at; more than ever fail in a row."""


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
    good = sql.row(_LAST_GOOD, environment, revision)
    ended = sql.rows(_ENDED, environment, revision, _LOOK_BACK)
    since = sql.moment(good[0]) if good else None
    failed = [at for at in (sql.moment(at) for (at,) in ended) if since is None or at > since]
    return Failures(len(failed), failed[0] if failed else None)


_OF = "FROM run WHERE environment_id = %s AND is_spare AND revision = %s"
_LAST_GOOD = f"""
SELECT stands_by_at {_OF} AND stands_by_at IS NOT NULL ORDER BY stands_by_at DESC LIMIT 1
"""
_ENDED = f"""
SELECT phase_since {_OF} AND stands_by_at IS NULL AND phase >= {Phase.STOPPING:d}
   AND retired = '' ORDER BY created_at DESC LIMIT %s
"""
