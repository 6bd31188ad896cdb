"""What moves, told to everybody who follows it: one ring is one message, however many listen.

Holds no facts: a follower that is told `Moved` reads the database itself.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from mydocker.domain.build_logs import LogEntry
from mydocker.domain.logs import LogLine
from mydocker.ports.errors import Unavailable
from mydocker.ports.window import Shown, UsageShown, Window
from mydocker.services.queue import forget as forget_places
from mydocker.services.withdrawals import TOPIC, Withdrawn
from mydocker.store.doorbell import Listener, Ring

BACKLOG = 64
"""Messages a slow follower may have waiting; older ones give way, since `Moved` says it all."""
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Moved:
    """The workspace's state or story changed: read it again."""

    workspace: str


OF_A_WORKSPACE = ("wish", "workspace", "build", "built")
"""Topics whose key is a workspace, a build or (`built`) its image that has to be read again."""


@dataclass(frozen=True, slots=True)
class LineMoved:
    """Places in the queue changed: whoever shows one reads it again."""


LINE = "line"
LINE_EVERY_SECONDS = 1.0
"""Followers are told of places no more often, however fast people come through."""

Change = Moved | LineMoved | Shown | Withdrawn


class Hub:
    """One for each process that streams. Start it once in the event loop."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._followers: dict[str, set[asyncio.Queue[Change]]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener = Listener(self._heard, (TOPIC, LINE, *OF_A_WORKSPACE))
        self._telling_of_line: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Pass on what comes until cancelled."""
        self._loop = asyncio.get_running_loop()
        self._listener.start()
        try:
            while True:
                try:
                    async for shown in self._window.follow():
                        self._tell(shown.workspace, shown)
                except Unavailable:
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._listener.stop()

    @contextmanager
    def follow(self, workspace: str) -> Iterator[asyncio.Queue[Change]]:
        """A queue of what happens to a workspace from now on."""
        queue: asyncio.Queue[Change] = asyncio.Queue(BACKLOG)
        self._followers[workspace].add(queue)
        try:
            yield queue
        finally:
            self._followers[workspace].discard(queue)
            if not self._followers[workspace]:
                del self._followers[workspace]

    def logs(self, run: str, *, tail: int, follow: bool) -> AsyncIterator[LogLine]:
        """A run's container log."""
        return self._window.logs(run, tail=tail, follow=follow)

    def build_log(self, build: str, after: int) -> AsyncIterator[LogEntry]:
        """The log of a build but for its first entries, as it is written; ends with the build."""
        return self._window.build_log(build, after=after, follow=True)

    async def usage(self, run: str) -> UsageShown | None:
        """What a run's container uses now; None if it does not run or nobody can tell."""
        try:
            return await self._window.usage(run)
        except Unavailable:
            return None

    def _heard(self, ring: Ring) -> None:
        if ring.topic == TOPIC and self._loop is not None:
            with suppress(RuntimeError):  # the loop ended just now
                self._loop.call_soon_threadsafe(self._tell_all, Withdrawn(ring.key))
        if ring.topic == LINE and self._loop is not None:
            with suppress(RuntimeError):  # the loop ended just now
                self._loop.call_soon_threadsafe(self._line_moved)
        if ring.key in self._followers and ring.topic in OF_A_WORKSPACE and self._loop is not None:
            with suppress(RuntimeError):  # the loop ended just now
                self._loop.call_soon_threadsafe(self._tell, ring.key, Moved(ring.key))

    def _line_moved(self) -> None:
        if self._telling_of_line is None and self._loop is not None:
            later = self._loop.call_later
            self._telling_of_line = later(LINE_EVERY_SECONDS, self._tell_of_line)

    def _tell_of_line(self) -> None:
        self._telling_of_line = None
        forget_places()
        self._tell_all(LineMoved())

    def _tell_all(self, change: Change) -> None:
        for workspace in list(self._followers):
            self._tell(workspace, change)

    def _tell(self, workspace: str, change: Change) -> None:
        for queue in self._followers.get(workspace, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(change)
