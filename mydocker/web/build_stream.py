"""What moves on a build's page: its parts as they change, and the lines of its log at once.

The row is asked for at the start, when it was rung for, when the log ends, and every few seconds
while the build goes on; the session with it. Lines cost nothing but themselves.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs

from mydocker import steady
from mydocker.domain.build_logs import LogEntry
from mydocker.domain.builds import State
from mydocker.domain.refusals import Refusal
from mydocker.ports.errors import Unavailable
from mydocker.services.live import Change, Hub, Moved
from mydocker.services.readers import first_of, in_thread
from mydocker.services.withdrawals import Withdrawn
from mydocker.store.builds import BuildRow
from mydocker.store.transactions import DatabaseError
from mydocker.web.build_page import BuildView, view_of
from mydocker.web.build_steps import MOST_LINES, Line, LogSoFar, line_of
from mydocker.web.builds import Found, found_build
from mydocker.web.following import Request
from mydocker.web.fragments import Reader
from mydocker.web.visitors import chosen_language, reader_zone

ADDRESS = re.compile(r"/teach/images/([^/]+)/builds/([0-9]{1,9})/stream")
LOOK_SECONDS = 5.0
FETCH_SECONDS = 0.25
"""How often a base that arrives is told."""
RETRY_SECONDS = 1.0
QUIET_SECONDS = 0.5
"""A download of a log ends where nothing comes for so long."""
BACKLOG = 2_000
PARTS = ("head", "steps", "result")
"""What of the page may change; each has a template."""


async def build_stream(request: Request, hub: Hub) -> None:
    """Answer `GET /teach/images/SLUG/builds/NUMBER/stream`; with `?download`, the log as text."""
    address = ADDRESS.fullmatch(str(request.scope["path"]))
    if address is None:
        return await request.refuse(404)
    slug, number = address[1], int(address[2])
    try:
        found = await in_thread(_look, request, slug, number)
    except DatabaseError:
        return await request.refuse(503)
    if found is None:
        return await request.refuse(404)
    if "download" in parse_qs(request.query, keep_blank_values=True):
        return await _download(request, hub, found.row)
    await request.start(200, "text/event-stream; charset=utf-8")
    await request.write("retry: 2000\n\n")
    with hub.follow(found.row.image) as changes:
        await first_of(_Follower(request, hub, found, changes).run(), request.left())
    return await request.end()


@dataclass(frozen=True, slots=True)
class _Seen(Found):
    """A reading, and whose."""

    person: str


def _look(request: Request, slug: str, number: int) -> _Seen | None:
    """Read the row and the one before it. None if it, or the right to see it, is gone."""
    visitor = request.visitor()
    if visitor is None:
        return None
    try:
        found = found_build(visitor.person, slug, number)
    except Refusal:
        return None
    return _Seen(found.image, found.row, found.before, found.used, visitor.person.id)


class _Follower:
    """One browser's stream from its first event to its end."""

    def __init__(
        self, request: Request, hub: Hub, seen: _Seen, changes: "asyncio.Queue[Change]"
    ) -> None:
        self._request, self._hub, self._changes = request, hub, changes
        self._reader = Reader(
            chosen_language(request.django), reader_zone(request.django), request.django
        )
        self._seen, self._seen_at = seen, asyncio.get_running_loop().time()
        self._log = LogSoFar()
        self._entries: asyncio.Queue[LogEntry | None] = asyncio.Queue(BACKLOG)
        self._has_all = False
        """Nothing more of the log comes."""
        self._shown: dict[str, str] = {}
        self._told_at = 0.0
        self._said = ""

    async def run(self) -> None:
        """Push until the build is over and its log is told, or the right to see it is gone."""
        pump = asyncio.create_task(self._pump())
        try:
            await self._request.tell("begin", "")
            await self._push()
            while not (self._has_all and self._seen.row.state.is_over):
                if not await self._next():
                    return await self._request.tell("gone", "withdrawn")
            await self._push()
            await self._request.tell("gone", "over")
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)

    async def _next(self) -> bool:
        """Wait for what comes next and push it; False if nobody may look any more."""
        entry = asyncio.ensure_future(self._entries.get())
        change = asyncio.ensure_future(self._changes.get())
        try:
            await asyncio.wait(
                {change} if self._has_all else {entry, change},
                timeout=LOOK_SECONDS + 0.1,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            is_entry, is_change = entry.done(), change.done()
            entry.cancel()
            change.cancel()
        has_moved = is_entry and await self._take(entry.result())
        if is_change and self._concerns(change.result()):
            has_moved = True
        if has_moved or asyncio.get_running_loop().time() - self._seen_at > LOOK_SECONDS:
            return await self._look_again()
        return True

    def _concerns(self, change: Change) -> bool:
        match change:
            case Moved():
                return True
            case Withdrawn():
                return change.concerns(self._seen.person)
            case _:
                return False

    async def _look_again(self) -> bool:
        """Read the row anew; False if that is not allowed any more."""
        slug, number = self._seen.row.slug, self._seen.row.number
        try:
            seen = await in_thread(_look, self._request, slug, number)
        except DatabaseError:
            return True
        if seen is None:
            return False
        self._seen, self._seen_at = seen, asyncio.get_running_loop().time()
        if not await self._push():
            await self._request.write(": \n\n")
        return True

    async def _take(self, first: LogEntry | None) -> bool:
        """Take in an entry and all that wait behind it; what they say is pushed at once.

        Returns whether the row must have moved, too.
        """
        entries = [first]
        while not self._entries.empty():
            entries.append(self._entries.get_nowait())
        lines: list[Line] = []
        with self._reader.reading():
            for entry in entries:
                if entry is None:
                    self._has_all = True
                elif line := self._log.take(entry):
                    lines.append(line)
        if lines:
            shown = [[line.text, line.tone] for line in lines[-MOST_LINES:]]
            await self._request.tell("lines", shown)
        kinds = {entry.kind for entry in entries if entry} - {"said"}
        was_waiting = self._seen.row.state is State.QUEUED
        if self._has_all or kinds & {"end", "again"} or (kinds and was_waiting):
            return True
        if kinds - {"fetch"} or (kinds and self._may_tell_fetch()):
            await self._push()
        return False

    def _may_tell_fetch(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._told_at < FETCH_SECONDS:
            return False
        self._told_at = now
        return True

    async def _push(self) -> bool:
        """Send the parts that differ from what was sent before; False if none does."""
        view, parts = await in_thread(_rendered, self._seen, self._log, self._reader)
        fresh = [html for name, html in parts.items() if html != self._shown.get(name)]
        self._shown = parts
        if fresh:
            await self._request.tell("parts", "".join(fresh))
        with self._reader.reading():
            said = view.spoken
        if said != self._said:
            self._said = said
            await self._request.tell("announce", said)
        return bool(fresh)

    async def _pump(self) -> None:
        """Read the log to its end, from where it broke off if it does."""
        count, is_over = 0, False
        while not is_over:
            is_over = self._seen.row.state.is_over  # what is said after that was said before
            with suppress(Unavailable):
                async for entry in self._hub.build_log(self._seen.row.id, count):
                    count += 1
                    is_over = is_over or entry.kind == "end"
                    await self._entries.put(entry)
            if not is_over:
                await asyncio.sleep(RETRY_SECONDS)
        await self._entries.put(None)


def _rendered(seen: _Seen, log: LogSoFar, reader: Reader) -> tuple[BuildView, dict[str, str]]:
    with reader.reading():
        view = view_of(seen.row, log, seen.before, steady.now(), used=seen.used)
        context = {"image": seen.image, "view": view}
        return view, {
            name: reader.render(f"workshop/_build_{name}.html", **context) for name in PARTS
        }


# --- the whole log, as a file ---


async def _download(request: Request, hub: Hub, row: BuildRow) -> None:
    """What the log says by now."""
    reader = Reader(chosen_language(request.django), reader_zone(request.django), request.django)
    disposition = f'attachment; filename="{row.slug}-{row.number}.log"'
    await request.start(200, "text/plain; charset=utf-8", ("content-disposition", disposition))
    queue: asyncio.Queue[LogEntry | None] = asyncio.Queue(BACKLOG)
    pump = asyncio.create_task(_fill(queue, hub.build_log(row.id, 0)))
    try:
        while batch := await _waiting(queue):
            with reader.reading():
                text = "".join(f"{line.text}\n" for each in batch if (line := line_of(each)))
            await request.write(text)
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)
    await request.end()


async def _fill(queue: "asyncio.Queue[LogEntry | None]", entries: AsyncIterator[LogEntry]) -> None:
    with suppress(Unavailable):
        async for entry in entries:
            await queue.put(entry)
    await queue.put(None)


async def _waiting(queue: "asyncio.Queue[LogEntry | None]") -> Sequence[LogEntry]:
    """What waits now; nothing at the end, or where nothing comes for a while."""
    try:
        batch = [await asyncio.wait_for(queue.get(), QUIET_SECONDS)]
    except TimeoutError:
        return ()
    while batch[-1] is not None and not queue.empty():
        batch.append(queue.get_nowait())
    if batch[-1] is None:
        queue.put_nowait(None)
    return [entry for entry in batch if entry is not None]
