"""From what HAProxy counts to interactions.

Navigations, unsafe methods and new websockets are counted one by one in HAProxy. Of what flows on
an open websocket HAProxy knows only the bytes from the browser, and a websocket is never quite
silent. With nobody there, JupyterLab answers its server's pings with 6 bytes each 30 s (measured
for five minutes in a browser); VS Code keeps each of its two alive with 19 bytes each 5 s (by its
protocol). A key in a terminal is 19 bytes, a cell that is run 500 (measured), a mouse that moves
over a desktop 100 and more a second. So an interaction is what exceeds `QUIET_BYTES` and
`QUIET_BYTES_PER_SECOND` for each open websocket since one looked last: no ping does, and nobody
works for minutes so slowly.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mydocker.ports.gateway import Activity

QUIET_BYTES = 64
"""Four late pongs and a keepalive at once; less than one line typed in a terminal."""
QUIET_BYTES_PER_SECOND = 8.0
"""Twice what VS Code's keepalive needs."""


@dataclass(frozen=True, slots=True)
class Count:
    """What HAProxy says of one host."""

    deeds: int = 0
    """Navigations, unsafe methods, new websockets."""
    open_streams: int = 0
    stream_bytes: int = 0
    """From the browser, on all its websockets so far."""
    streams_so_far: int = 0
    """How many were ever opened; those that woke a sleeper are no deeds."""


@dataclass(frozen=True, slots=True)
class _Mark:
    count: Count
    at: float
    extra: int


class Meter:
    """Remembers what was counted last. A fresh one begins with what it sees first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._marks: dict[str, _Mark] = {}

    def read(self, counts: dict[str, Count]) -> dict[str, Activity]:
        """Return the activity of every host; forgets those that are not told any more."""
        now = self._clock()
        self._marks = {
            host: self._next(self._marks.get(host), count, now) for host, count in counts.items()
        }
        return {
            host: Activity(mark.count.deeds + mark.extra, mark.count.open_streams)
            for host, mark in self._marks.items()
        }

    def _next(self, last: _Mark | None, count: Count, now: float) -> _Mark:
        if last is None or count.deeds < last.count.deeds:
            # Begun anew: this meter, or the gateway.
            return _Mark(count, now, 0)
        streams = max(1, count.open_streams, last.count.open_streams)
        quiet = QUIET_BYTES + QUIET_BYTES_PER_SECOND * streams * (now - last.at)
        is_typing = count.stream_bytes - last.count.stream_bytes > quiet
        # A new websocket is counted as such, and its handshake is nobody's typing.
        is_news = is_typing and (count.deeds, count.streams_so_far) == (
            last.count.deeds,
            last.count.streams_so_far,
        )
        return _Mark(count, now, last.extra + is_news)
