"""The dashboard in one process for browsers: pages and streams on one port, and a window that a
test fills.
"""

import asyncio
import contextvars
import mimetypes
import socket
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from asgiref.wsgi import WsgiToAsgi
from django.contrib.staticfiles import finders
from django.core.wsgi import get_wsgi_application

from mydocker.domain.build_logs import LogEntry
from mydocker.domain.logs import LogLine
from mydocker.ports.window import PullShown, UsageShown
from mydocker.services.live import Hub
from mydocker.web.streams import page_stream

LINES = (
    LogLine("[I 2026-11-23 10:40:58 ServerApp] 200 GET /lab/tree/tp4/newton.ipynb 12ms"),
    LogLine("[I 2026-11-23 10:41:02 ServerApp] Kernel started: 5f1c-90ab"),
    LogLine("newton.py:14: RuntimeWarning: overflow encountered in exp", "stderr"),
)


class FakeWindow:
    """Shows what it is told to."""

    def __init__(self) -> None:
        self._readers: list[asyncio.Queue[PullShown | UsageShown]] = []
        self.lines: Sequence[LogLine] = LINES
        self.build_entries: list[LogEntry] = []
        self.is_build_open = True
        """Whether more may come than these entries."""
        self._build_news = asyncio.Event()

    def show(self, shown: PullShown | UsageShown) -> None:
        """From the event loop."""
        for queue in self._readers:
            queue.put_nowait(shown)

    async def follow(self) -> AsyncIterator[PullShown | UsageShown]:
        queue: asyncio.Queue[PullShown | UsageShown] = asyncio.Queue()
        self._readers.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._readers.remove(queue)

    async def logs(self, run: str, *, tail: int, follow: bool) -> AsyncIterator[LogLine]:
        for line in self.lines:
            yield line
        if follow:
            await asyncio.Event().wait()

    def log(self, *entries: LogEntry, is_last: bool = False) -> None:
        """Write into the log of whatever build; from the event loop."""
        self.build_entries += entries
        self.is_build_open = not is_last
        self._build_news.set()
        self._build_news = asyncio.Event()

    async def build_log(self, build: str, *, after: int, follow: bool) -> AsyncIterator[LogEntry]:
        number = after
        while True:
            news = self._build_news
            while number < len(self.build_entries):
                number += 1
                yield self.build_entries[number - 1]
            if not (follow and self.is_build_open):
                return
            await news.wait()

    async def usage(self, run: str) -> UsageShown | None:
        return UsageShown("", 700_000_000, 2_900_000_000, 41)


class Site:
    """A running dashboard. `url` is its address; `window` is what streams show."""

    def __init__(self, port: int) -> None:
        self.url = f"http://mydocker.localhost:{port}"
        self.window = FakeWindow()
        self.hub: Hub | None = None
        self._pages = WsgiToAsgi(get_wsgi_application())
        self._loop: asyncio.AbstractEventLoop | None = None
        config = uvicorn.Config(
            self._answer,
            host="127.0.0.1",
            port=port,
            log_level="error",
            lifespan="on",
            interface="asgi3",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._up = threading.Event()

    def start(self) -> None:
        self._thread.start()
        assert self._up.wait(20)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)

    def show(self, shown: PullShown | UsageShown) -> None:
        """Let something flow."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self.window.show, shown)

    def log(self, *entries: LogEntry, is_last: bool = False) -> None:
        """Let the build that is being looked at say something."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(lambda: self.window.log(*entries, is_last=is_last))

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"].endswith(("/stream", "/journal")):
            assert self.hub is not None
            await page_stream(scope, receive, send, self.hub)
        elif scope["path"].startswith("/static/"):
            await _file(scope["path"].removeprefix("/static/"), send)
        else:
            # A context of its own: a request that comes in while the one before it on the same
            # connection is being ended would be given its executor, which has quit.
            answer = self._pages(scope, receive, send)
            await asyncio.create_task(answer, context=contextvars.Context())

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self._loop = asyncio.get_running_loop()
        self.hub = Hub(self.window)  # type: ignore[arg-type]
        running = asyncio.create_task(self.hub.run())
        await send({"type": "lifespan.startup.complete"})
        self._up.set()
        await receive()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await send({"type": "lifespan.shutdown.complete"})


async def _file(name: str, send: Any) -> None:
    found = finders.find(name)
    status, body = (200, Path(found).read_bytes()) if found else (404, b"")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers = [(b"content-type", kind.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
