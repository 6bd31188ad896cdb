"""A clock that a jump of the machine's clock does not move.

Time goes on by the monotonic clock; a wall clock that was set differently is followed slowly, so
that no deadline comes early or late by more than a little (invariant 11).
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

JUMP = timedelta(minutes=1)
"""A difference to the wall clock of this much or more is a jump, and is reported."""
CATCH_UP = 0.01
"""How fast the wall clock is followed: 36 s in an hour."""


class SteadyClock:
    """Gives aware UTC times. Not for threads."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._at, self._since = wall(), monotonic()

    def now(self) -> datetime:
        """The time, by the steady clock."""
        return datetime.fromtimestamp(self._step(), UTC)

    def jump(self) -> timedelta | None:
        """How far the wall clock is from this one, if that is a jump."""
        difference = timedelta(seconds=self._wall() - self._step())
        return difference if abs(difference) >= JUMP else None

    def _step(self) -> float:
        now = self._monotonic()
        passed = now - self._since
        steady = self._at + passed
        behind = self._wall() - steady
        room = passed * CATCH_UP
        self._at = steady + max(-room, min(room, behind))
        self._since = now
        return self._at
