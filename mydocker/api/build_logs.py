"""The log of a build: as server-sent events (WHATWG HTML §9.2), and as plain text."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, replace

from django.utils import translation
from django.utils.translation import gettext

from mydocker.api.exchange import Exchange
from mydocker.api.following import followed_build, until_build_withdrawn
from mydocker.domain.build_logs import LogEntry, plain
from mydocker.domain.refusals import Refusal
from mydocker.ports.errors import Unavailable
from mydocker.services.live import Change, Hub
from mydocker.services.readers import first_of
from mydocker.store.builds import BuildRow
from mydocker.store.transactions import DatabaseError

HEARTBEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 1000
"""How long a client waits before it connects again."""
LOOK_SECONDS = 2.0
"""How often a build that waits is looked at, should nobody ring for it."""
PEEK_SECONDS = 0.25
"""How long a first entry is waited for before the answer begins without."""
QUIET_SECONDS = 0.5
"""What a build under way has said so far ends where nothing comes for so long."""
SO_FAR_SECONDS = 10.0
"""And then at the latest, however much it says."""

Teller = Callable[[int, LogEntry], Awaitable[None]]
"""Takes the number of an entry, from 1, and the entry."""


async def follow_build(
    exchange: Exchange, image: str, number: int, hub: Hub, last_event: int | None
) -> None:
    """Answer with the entries of the log but for the first `last_event`, to the build's end.

    Raises `Refusal`, `DatabaseError` or `Unavailable` before anything is sent.
    """

    async def tell(place: int, entry: LogEntry) -> None:
        await exchange.write(_event(place, entry))

    follower = await followed_build(exchange, image, number)
    log = _Log(exchange, hub, follower.row, last_event or 0)
    try:
        await log.peek()
        await exchange.start(200, "text/event-stream", x_accel_buffering="no")
        await exchange.write(f"retry: {RETRY_MILLISECONDS}\n\n".encode())
        try:
            await first_of(
                log.follow(tell),
                _beat(exchange),
                until_build_withdrawn(exchange, follower, hub),
                exchange.left(),
            )
        finally:
            await exchange.end()
    finally:
        log.close()


async def read_build_log(
    exchange: Exchange, image: str, number: int, hub: Hub, *, follow: bool
) -> None:
    """Answer with the lines of the log by now, or with `follow` to the build's end.

    Raises `Refusal`, `DatabaseError` or `Unavailable` before anything is sent.
    """
    language = exchange.language

    async def tell(_place: int, entry: LogEntry) -> None:
        with translation.override(language):
            line = line_of(entry)
        if line is not None:
            await exchange.write(line.encode("utf-8", "replace") + b"\n")

    follower = await followed_build(exchange, image, number)
    log = _Log(exchange, hub, follower.row, 0)
    try:
        await log.peek()
        await exchange.start(200, "text/plain; charset=utf-8", x_accel_buffering="no")
        try:
            await first_of(
                log.follow(tell) if follow or follower.row.state.is_over else log.read(tell),
                until_build_withdrawn(exchange, follower, hub),
                exchange.left(),
            )
        finally:
            await exchange.end()
    finally:
        log.close()


def line_of(entry: LogEntry) -> str | None:
    """Return the line that an entry adds to a log, in the active language."""
    match entry.kind:
        case "step":
            return f"# {entry.step} {plain(entry.text)}"
        case "cached":
            return gettext("# Nothing to do: taken from an earlier build.")
        case "again":
            return gettext("# The build begins again: the engine was cut off.")
        case "said":
            return plain(entry.text)
        case _:
            return None


class _Log:
    """The log of one build, from some entry on."""

    def __init__(self, exchange: Exchange, hub: Hub, row: BuildRow, seen: int) -> None:
        self._exchange, self._hub, self._row, self._seen = exchange, hub, row, seen
        self._entries = hub.build_log(row.id, seen)
        self._first = asyncio.ensure_future(_next(self._entries))

    async def peek(self) -> None:
        """Wait a moment for the first entry. Raises `Unavailable` if nobody shows any."""
        done, _pending = await asyncio.wait({self._first}, timeout=PEEK_SECONDS)
        if done:
            self._first.result()

    def close(self) -> None:
        """Wait no more."""
        self._first.cancel()

    async def follow(self, tell: Teller) -> None:
        """Tell every entry until the build is over; the end is told in any case.

        Returns early where the log or the database cannot be read, or the build is gone.
        """
        with (
            self._hub.follow(self._row.image) as changes,
            suppress(Unavailable, DatabaseError, Refusal),
        ):
            entry = await self._first
            while not await self._tell_all(entry, tell):
                # The row was read before the log was: there is nothing more of what is over.
                if self._row.state.is_over:
                    row = self._row
                    await tell(self._seen, LogEntry(0.0, row.step, "end", row.state.value))
                    return
                await _rung(changes)
                row = self._row
                self._row = (await followed_build(self._exchange, row.slug, row.number)).row
                self._entries = self._hub.build_log(row.id, self._seen)
                entry = await _next(self._entries)

    async def read(self, tell: Teller) -> None:
        """Tell what a build under way has said so far."""
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(SO_FAR_SECONDS):
                entry = await _soon(self._first)
                while entry is not None:
                    self._seen += 1
                    await tell(self._seen, entry)
                    entry = await _soon(_next(self._entries))

    async def _tell_all(self, entry: LogEntry | None, tell: Teller) -> bool:
        """Tell this and all that is said then; True if that was the end of the build."""
        while entry is not None:
            self._seen += 1
            await tell(self._seen, entry)
            if entry.kind == "end":
                return True
            entry = await _next(self._entries)
        return False


async def _next(entries: AsyncIterator[LogEntry]) -> LogEntry | None:
    return await anext(entries, None)


async def _soon(entry: Awaitable[LogEntry | None]) -> LogEntry | None:
    # `wait_for` of Python 3.11 may swallow the cancellation by another timeout around it.
    async with asyncio.timeout(QUIET_SECONDS):
        return await entry


async def _rung(changes: "asyncio.Queue[Change]") -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_SECONDS):
            await changes.get()


async def _beat(exchange: Exchange) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        await exchange.write(b": still here\n\n")


def _event(place: int, entry: LogEntry) -> bytes:
    data = json.dumps(asdict(replace(entry, text=plain(entry.text))))
    return f"id: {place}\ndata: {data}\n\n".encode()
