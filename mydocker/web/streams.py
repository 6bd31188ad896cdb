"""What moves on a workspace's page: fragments of it, pushed as server-sent events.

The session is asked for at the start and with every reading, so that signing out ends the stream.
A reading is three questions to the database, in a thread; pull progress and usage cost none.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from django.http import QueryDict

from mydocker import steady
from mydocker.domain.people import Action, may
from mydocker.domain.refusals import Refusal
from mydocker.domain.workspaces import State
from mydocker.ports.errors import Unavailable
from mydocker.ports.window import PullShown
from mydocker.services.live import Change, Hub, LineMoved, Moved
from mydocker.services.readers import first_of, in_thread
from mydocker.services.withdrawals import Withdrawn
from mydocker.store import pages
from mydocker.store.transactions import DatabaseError
from mydocker.web.build_stream import build_stream
from mydocker.web.following import Receive, Request, Scope, Send
from mydocker.web.fragments import (
    Fragments,
    PullTeller,
    Reader,
    fragments_of,
    part_anew,
    usage_fragment,
)
from mydocker.web.visitors import chosen_language, reader_zone
from mydocker.web.workspace_page import Page, Target, in_its_place, read
from mydocker.web.workspaces import target_of

HEARTBEAT_SECONDS = 15.0
USAGE_SECONDS = 5.0
PULL_SECONDS = 0.25
BATCH_SECONDS = 0.1
"""Lines of a log travel together."""
LOG_TAIL = 200
LOG_DOWNLOADED = 20_000
LOOK_AGAIN_BEATS = 4
"""With every so many heartbeats the page is read anew, whatever was rung."""


async def page_stream(scope: Scope, receive: Receive, send: Send, hub: Hub) -> None:
    """Answer what pages follow: `/workspaces/ID/stream`, `/workspaces/ID/journal`, and builds."""
    request = Request(scope, receive, send)
    if scope["method"] != "GET":
        await request.refuse(405)
    elif str(scope["path"]).startswith("/teach/"):
        await build_stream(request, hub)
    elif str(scope["path"]).endswith("/journal"):
        await _journal(request, hub)
    else:
        await _stream(request, hub)


# --- the page ---


async def _stream(request: Request, hub: Hub) -> None:
    try:
        target = target_of(QueryDict(request.query))
    except Refusal:
        target = Target()
    reader = Reader(chosen_language(request.django), reader_zone(request.django), request.django)
    with hub.follow(request.workspace) as changes:
        try:
            first = await in_thread(_look, request, reader, target)
        except DatabaseError:
            return await request.refuse(503)
        if first is None:
            return await request.refuse(404)
        await request.start(200, "text/event-stream; charset=utf-8")
        await request.write("retry: 2000\n\n")
        follower = _Follower(request, reader, target, hub, changes, first.person)
        await first_of(follower.run(first), request.left())
    return await request.end()


@dataclass(frozen=True, slots=True)
class _Seen:
    """A reading: whose, the values and their fragments."""

    person: str
    page: Page
    fragments: Fragments


def _look(request: Request, reader: Reader, target: Target) -> _Seen | None:
    """Read the page and render it. None if it, or the right to see it, is gone."""
    visitor = request.visitor()
    if visitor is None:
        return None
    with reader.reading():
        page = read(request.workspace, visitor, target, steady.now())
        if page is None:
            return None
        if not page.is_owner and not may(visitor.person, Action.STOP_OTHERS_WORKSPACE):
            return None
        return _Seen(visitor.person.id, page, fragments_of(page, reader))


def _look_at_place(seen: _Seen, reader: Reader) -> _Seen:
    """The same page with its place as it is now: many wait, so this reads nothing of their own."""
    with reader.reading():
        page = in_its_place(seen.page, steady.now())
        return replace(seen, page=page, fragments=part_anew(seen.fragments, "queue", page, reader))


class _Follower:
    """One browser's stream from its first event to its end."""

    def __init__(
        self,
        request: Request,
        reader: Reader,
        target: Target,
        hub: Hub,
        changes: "asyncio.Queue[Change]",
        person: str,
    ) -> None:
        self._request, self._reader, self._target = request, reader, target
        self._person = person
        self._hub, self._changes = hub, changes
        self._pull = PullTeller(reader)
        self._usage: asyncio.Task[None] | None = None

    async def run(self, seen: _Seen) -> None:
        """Push until the workspace, or the right to see it, is gone."""
        try:
            # The page may be older than this reading: it gets the present state whole.
            await self._request.tell("state", seen.fragments.body)
            while True:
                self._mind_usage(seen.page)
                fresh = await self._next(seen)
                if fresh is None:
                    await self._request.tell("gone", "")
                    return
                seen = fresh
        finally:
            if self._usage is not None:
                self._usage.cancel()

    async def _next(self, seen: _Seen) -> _Seen | None:
        """Wait for a change and push what it changed; pulls on the way are pushed at once."""
        for _beat in range(LOOK_AGAIN_BEATS):
            try:
                change = await asyncio.wait_for(self._changes.get(), HEARTBEAT_SECONDS)
            except TimeoutError:
                await self._request.write(": \n\n")
                continue
            has_moved, line_moved, pull = self._drain(change)
            if has_moved:
                break
            if pull is not None:
                await self._push_pull(pull)
            if line_moved and seen.page.card.state is State.QUEUED:
                elsewhere = await in_thread(_look_at_place, seen, self._reader)
                await self._push(seen, elsewhere)
                return elsewhere
            return seen
        try:
            fresh = await in_thread(_look, self._request, self._reader, self._target)
        except DatabaseError:
            return seen
        if fresh is not None:
            await self._push(seen, fresh)
        return fresh

    def _drain(self, change: Change) -> tuple[bool, bool, PullShown | None]:
        """What of all that waits matters: whether to look again, or at the place alone; and the
        last pull.
        """
        has_moved, line_moved, pull = False, False, None
        while True:
            match change:
                case Moved():
                    has_moved = True
                case LineMoved():
                    line_moved = True
                case Withdrawn():
                    has_moved = has_moved or change.concerns(self._person)
                case PullShown():
                    pull = change
            if self._changes.empty():
                return has_moved, line_moved, pull
            change = self._changes.get_nowait()

    async def _push(self, before: _Seen, fresh: _Seen) -> None:
        for event, html in fresh.fragments.since(before.fragments):
            await self._request.tell(event, html)
        if fresh.page.announcement != before.page.announcement:
            await self._request.tell("announce", fresh.page.announcement)

    async def _push_pull(self, pull: PullShown) -> None:
        html, spoken = await in_thread(self._pull.told, pull, steady.now())
        await self._request.tell("pull", html)
        if spoken:
            await self._request.tell("announce", spoken)
        await asyncio.sleep(PULL_SECONDS)

    def _mind_usage(self, page: Page) -> None:
        """Measure while it is ready, and only then."""
        is_ready = page.layout == "ready" and page.card.run is not None
        if is_ready and self._usage is None:
            self._usage = asyncio.create_task(self._push_usage(page))
        elif not is_ready and self._usage is not None:
            self._usage.cancel()
            self._usage = None

    async def _push_usage(self, page: Page) -> None:
        run = page.card.run
        while run is not None:
            usage = await self._hub.usage(run.id)
            if usage is not None:
                html = await in_thread(usage_fragment, page, usage, self._reader)
                await self._request.tell("usage", html)
            await asyncio.sleep(USAGE_SECONDS)


# --- the container's log ---


async def _journal(request: Request, hub: Hub) -> None:
    try:
        run = await in_thread(_run_of, request)
    except DatabaseError:
        return await request.refuse(503)
    if run is None:
        return await request.refuse(404)
    if "download" in parse_qs(request.query, keep_blank_values=True):
        return await _download(request, hub, run)
    await request.start(200, "text/event-stream; charset=utf-8")
    await request.write("retry: 5000\n\n")
    await first_of(_follow_log(request, hub, run), _until_withdrawn(request, hub), request.left())
    return await request.end()


async def _until_withdrawn(request: Request, hub: Hub) -> None:
    """Wait until the reader may not read any more."""
    with hub.follow(request.workspace) as changes:
        while True:
            if not isinstance(await changes.get(), Withdrawn):
                continue
            with suppress(DatabaseError):
                if await in_thread(_run_of, request) is None:
                    return await request.tell("gone", "")


def _run_of(request: Request) -> str | None:
    visitor = request.visitor()
    screen = pages.screen(request.workspace) if visitor else None
    if visitor is None or screen is None or screen.card.person != visitor.person.id:
        return None
    return screen.card.run.id if screen.card.run else None


async def _download(request: Request, hub: Hub, run: str) -> None:
    disposition = f'attachment; filename="{request.workspace}.log"'
    await request.start(200, "text/plain; charset=utf-8", ("content-disposition", disposition))
    with suppress(Unavailable):
        async with aclosing(_lines(hub, run, tail=LOG_DOWNLOADED, follow=False)) as batches:
            async for batch in batches:
                await request.write("".join(f"{line['text']}\n" for line in batch))
    await request.end()


async def _follow_log(request: Request, hub: Hub, run: str) -> None:
    with suppress(Unavailable):
        async with aclosing(_lines(hub, run, tail=LOG_TAIL, follow=True)) as batches:
            async for batch in batches:
                await request.tell("lines", batch) if batch else await request.write(": \n\n")
    await request.tell("gone", "")


async def _lines(
    hub: Hub, run: str, *, tail: int, follow: bool
) -> AsyncGenerator[list[dict[str, str]], None]:
    """Lines in batches; an empty batch where nothing came for a heartbeat."""
    queue: asyncio.Queue[dict[str, str] | None] = asyncio.Queue(1000)
    pump = asyncio.create_task(_pump(hub, run, queue, tail=tail, follow=follow))
    try:
        while True:
            try:
                line = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield []
                continue
            if follow:
                await asyncio.sleep(BATCH_SECONDS)
            batch = [line]
            while not queue.empty() and len(batch) < 500:
                batch.append(queue.get_nowait())
            if found := [each for each in batch if each is not None]:
                yield found
            if None in batch:
                break
        await pump
    finally:
        pump.cancel()


async def _pump(
    hub: Hub, run: str, queue: "asyncio.Queue[dict[str, str] | None]", *, tail: int, follow: bool
) -> None:
    try:
        async for line in hub.logs(run, tail=tail, follow=follow):
            await queue.put({"text": line.text[:4000], "stream": line.stream})
    finally:
        await queue.put(None)
