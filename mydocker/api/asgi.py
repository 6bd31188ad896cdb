"""The streams process as an ASGI application: its start and end, and who answers which address."""

import asyncio
import re
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from mydocker.api.exchange import Exchange, Receive, Scope, Send
from mydocker.api.streams import ADDRESS, api_stream
from mydocker.services import answers
from mydocker.services.live import Hub
from mydocker.services.readers import let_go

LOG = structlog.get_logger()

Stream = Callable[[Scope, Receive, Send, Hub], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PAGES = re.compile(r"/workspaces/[^/]+/(?:stream|journal)|/teach/images/[^/]+/builds/[0-9]+/stream")


def application(hub_factory: Callable[[], Hub], page_stream: Stream) -> App:
    """Return the application. `page_stream` answers what the pages follow.

    The hub is made when the server starts (the lifespan protocol) and runs until it ends; should
    it break, the process ends, and whoever supervises it starts another.
    """
    return _Streams(hub_factory, page_stream)


class _Streams:
    def __init__(self, hub_factory: Callable[[], Hub], page_stream: Stream) -> None:
        self._hub_factory = hub_factory
        self._page_stream = page_stream
        self._hub: Hub | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "lifespan":
                await self._live(receive, send)
            case "http":
                # The server cancels what is still open when it ends: that is no error.
                with suppress(asyncio.CancelledError):
                    await self._answer(scope, receive, send)
            case "websocket":
                await send({"type": "websocket.close"})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._hub = self._hub_factory()
        running = asyncio.create_task(self._hub.run(), name="hub")
        running.add_done_callback(_mourn)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await let_go()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._hub is None:
            await Exchange(scope, receive, send).refuse(answers.BUSY, retry_after="2")
        elif ADDRESS.fullmatch(scope["path"]):
            await api_stream(scope, receive, send, self._hub)
        elif PAGES.fullmatch(scope["path"]):
            await self._page_stream(scope, receive, send, self._hub)
        else:
            await Exchange(scope, receive, send).refuse(answers.UNKNOWN_ADDRESS)


def _mourn(running: "asyncio.Task[None]") -> None:
    if running.cancelled():
        return
    LOG.error("hub_broken", exc_info=running.exception(), hint="A bug; the process ends.")
    signal.raise_signal(signal.SIGTERM)
