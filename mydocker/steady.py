"""The service's clock, which a jump of the machine's clock does not move (invariant 11).

Time goes on by the machine's uptime; a wall clock that was set differently is followed slowly, so
that no deadline comes early or late by more than a little. The clock of this module is set when
the supervisor imports it, before it forks: a process that dies and is started again inherits it.
To go by a corrected wall clock at once, stop the service and start it.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

JUMP = timedelta(minutes=1)
"""A difference to the wall clock of this much or more is a jump, and is reported."""
CATCH_UP = 0.01
"""How fast the wall clock is followed: 36 s in an hour."""


def uptime() -> float:
    """Seconds since the machine started, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SteadyClock:
    """Gives aware UTC times, to any thread."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        uptime: Callable[[], float] = uptime,
    ) -> None:
        self._wall, self._uptime = wall, uptime
        self._at, self._since = wall(), uptime()
        self._lock = Lock()

    def now(self) -> datetime:
        """The time, by the steady clock."""
        return datetime.fromtimestamp(self._step(), UTC)

    def jump(self) -> timedelta | None:
        """How far the wall clock is from this one, if that is a jump."""
        difference = timedelta(seconds=self._wall() - self._step())
        return difference if abs(difference) >= JUMP else None

    def _step(self) -> float:
        with self._lock:
            now = self._uptime()
            passed = now - self._since
            steady = self._at + passed
            behind = self._wall() - steady
            room = passed * CATCH_UP
            self._at = steady + max(-room, min(room, behind))
            self._since = now
            return self._at


CLOCK = SteadyClock()
now = CLOCK.now
