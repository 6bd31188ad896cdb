"""A wall clock that was set differently, told from time that passed.

Every deadline lies on the wall clock, since it is stored and shown. Against a jump, the wall is
compared with a clock that only counts; what it gained or lost beside that one is the jump.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

JUMP = timedelta(minutes=1)
"""Less is a clock that is being kept right; from here on, no deadline may be judged by it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Both clocks, read at one moment. Stored, it tells of a jump while nobody was looking."""

    wall: datetime
    counted: timedelta
    """Since the machine started, sleep included (`CLOCK_BOOTTIME`)."""
    boot: str = ""
    """Which start of the machine that counts from; marks of two starts tell nothing."""


def judge_clock(before: Mark, after: Mark) -> timedelta | None:
    """Return how far the wall clock jumped between two marks; None if it did not.

    Positive: forward. Drift of less than `JUMP` in all is no jump.
    """
    if before.boot != after.boot or after.counted < before.counted:
        return None
    jump = (after.wall - before.wall) - (after.counted - before.counted)
    return jump if abs(jump) >= JUMP else None


def moved(moment: datetime | None, jump: timedelta) -> datetime | None:
    """Move a stored moment by a jump, so that as much time has passed since it as really did."""
    return None if moment is None else moment + jump
