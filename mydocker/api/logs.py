"""The output of a workspace's newest container, as plain text."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from mydocker.api.exchange import Exchange
from mydocker.api.following import followed, until_withdrawn
from mydocker.api.streamed import Tail
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.ports.driver import LogLine
from mydocker.ports.errors import Unavailable
from mydocker.services.live import Hub
from mydocker.services.readers import first_of

PEEK_SECONDS = 0.25
"""How long a first line is waited for before the answer begins without."""


async def follow_logs(exchange: Exchange, workspace: str, hub: Hub, part: Tail) -> None:
    """Answer with the last lines and, with `follow`, all that come until the container ends.

    Raises `Refusal`, `DatabaseError` or `Unavailable` before anything is sent.
    """
    follower = await followed(exchange, workspace)
    if (run := follower.summary.run) is None:
        raise _no_log()
    lines = hub.logs(run, tail=part.tail, follow=bool(part.follow))
    first = asyncio.ensure_future(_next(lines))
    try:
        done, _pending = await asyncio.wait({first}, timeout=PEEK_SECONDS)
        if done:
            first.result()
        await exchange.start(200, "text/plain; charset=utf-8", x_accel_buffering="no")
        try:
            await first_of(
                _send(exchange, first, lines),
                until_withdrawn(exchange, follower, hub),
                exchange.left(),
            )
        finally:
            await exchange.end()
    finally:
        first.cancel()


async def _send(
    exchange: Exchange, first: asyncio.Future[LogLine | None], lines: AsyncIterator[LogLine]
) -> None:
    # The window goes when `loops` does: the client asks again.
    with suppress(Unavailable):
        line = await first
        while line is not None:
            await exchange.write(line.text.encode("utf-8", "replace") + b"\n")
            line = await _next(lines)


async def _next(lines: AsyncIterator[LogLine]) -> LogLine | None:
    return await anext(lines, None)


def _no_log() -> Refusal:
    return Refusal(
        Kind.CONFLICT, "never_ran", _("This workspace has not run yet, so it has no output."),
        _("Start it first."),
    )  # fmt: skip
