"""The events of a workspace, as server-sent events (WHATWG HTML §9.2)."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime

from django.utils import translation

from mydocker import steady
from mydocker.api.exchange import Exchange
from mydocker.api.following import followed, until_withdrawn
from mydocker.domain.story import StoryKind
from mydocker.ports.window import PullShown
from mydocker.services.live import Change, Hub, Moved
from mydocker.services.readers import first_of, in_thread
from mydocker.services.summaries import iso
from mydocker.services.tellings import tell_event
from mydocker.store import streams
from mydocker.store.story import StoryRow
from mydocker.store.transactions import DatabaseError

HEARTBEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 1000
"""How long a client waits before it connects again."""
LONGEST_GENERATION = 500
"""Events of one wish; what is older than these is not sent."""

_WISHES = (StoryKind.ASKED, StoryKind.RESTART_ASKED, StoryKind.RESET_ASKED)


async def follow_events(
    exchange: Exchange, workspace: str, hub: Hub, last_event: int | None
) -> None:
    """Answer with the events since the last wish, or after `last_event`, and all that come.

    Ends when the client leaves or may follow the workspace no more. Raises `Refusal` or
    `DatabaseError` before anything is sent.
    """
    follower = await followed(exchange, workspace)
    with hub.follow(workspace) as changes:
        # Followed first, read then: what happens in between is told, not lost.
        rows = await in_thread(_so_far, workspace, last_event)
        await exchange.start(200, "text/event-stream", x_accel_buffering="no")
        await exchange.write(f"retry: {RETRY_MILLISECONDS}\n\n".encode())
        try:
            await first_of(
                _send(exchange, workspace, rows, last_event or 0, changes),
                until_withdrawn(exchange, follower, hub),
                exchange.left(),
            )
        finally:
            await exchange.end()


async def _send(
    exchange: Exchange,
    workspace: str,
    rows: Sequence[StoryRow],
    last: int,
    changes: asyncio.Queue[Change],
) -> None:
    """Send these events, which end with or follow the one with id `last`, and all that come."""
    language = exchange.language
    while True:
        if rows:
            last = rows[-1].id
            await exchange.write(_told(rows, language))
        news = await _next(changes)
        if not news:
            await exchange.write(b": still here\n\n")
        rows = []
        if any(isinstance(change, Moved) for change in news) or len(news) >= changes.maxsize:
            try:
                rows = await in_thread(streams.after, workspace, last)
            except DatabaseError:
                return  # the client comes back and says where it was
        pulls = [change for change in news if isinstance(change, PullShown)]
        if pulls and not rows:
            await exchange.write(_progress(pulls[-1], language, steady.now()))


async def _next(changes: asyncio.Queue[Change]) -> list[Change]:
    """Wait for what comes next, and take all that waits; nothing when it is time for a sign."""
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            news = [await changes.get()]
    except TimeoutError:
        return []
    while not changes.empty():
        news.append(changes.get_nowait())
    return news


def _so_far(workspace: str, last_event: int | None) -> Sequence[StoryRow]:
    if last_event is not None:
        return streams.after(workspace, last_event)
    rows = streams.newest(workspace, LONGEST_GENERATION)
    wishes = [place for place, row in enumerate(rows) if row.kind in _WISHES]
    return rows[wishes[-1] :] if wishes else rows


def _told(rows: Sequence[StoryRow], language: str) -> bytes:
    with translation.override(language):
        return "".join(_event(row) for row in rows).encode()


def _event(row: StoryRow) -> str:
    message = tell_event(row.kind, row.facts).line
    data = {"at": iso(row.at), "kind": row.kind, "message": message, "progress": None}
    return f"id: {row.id}\ndata: {json.dumps(data)}\n\n"


def _progress(pull: PullShown, language: str, now: datetime) -> bytes:
    kind = StoryKind.IMAGE_PULLING.value
    with translation.override(language):
        message = tell_event(kind, {}).message
    progress = {"done": pull.done, "total": pull.total, "unit": "bytes"}
    data = {"at": iso(now), "kind": kind, "message": message, "progress": progress}
    return f"data: {json.dumps(data)}\n\n".encode()
