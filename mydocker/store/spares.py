"""What the storekeeper asks: who came when, and what became of spares."""

from collections.abc import Mapping, Sequence
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


def arrivals(since: datetime) -> Mapping[str, tuple[str, datetime]]:
    """Environment and moment of each wish that got a run since then, by run."""
    found = Run.objects.filter(workspace__isnull=False, created_at__gte=since)
    rows = found.values_list("id", "environment_id", "created_at")
    return {run: (str(environment), at) for run, environment, at in rows}


def present() -> Sequence[tuple[str, datetime, bool]]:
    """Environment and moment of each wish whose run lives, and whether it is on its way up."""
    found = Run.objects.filter(workspace__isnull=False, phase__lt=Phase.ENDED)
    rows = found.values_list("environment_id", "created_at", "phase")
    return [(str(environment), at, phase < Phase.READY) for environment, at, phase in rows]


def failures(environment: str, revision: int) -> Failures:
    """How many spares of an environment, as it is now, came to nothing in a row."""
    newest = sql.rows(_NEWEST, environment, revision, _LOOK_BACK)
    count, last_at = 0, None
    for stands_by_at, phase, phase_since, retired in newest:
        if stands_by_at is not None:
            break
        if phase >= Phase.STOPPING and retired in ("", "never_stood_by"):
            count += 1
            last_at = last_at or sql.moment(phase_since)
    return Failures(count, last_at)


_NEWEST = """
SELECT stands_by_at, phase, phase_since, retired FROM run
 WHERE environment_id = %s AND is_spare AND revision = %s ORDER BY created_at DESC LIMIT %s
"""
