"""The streams process in the test's own: its application, a window, and a client that reads."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from mydocker.api.asgi import application
from mydocker.api.exchange import Receive, Scope, Send
from mydocker.domain.build_logs import LogEntry
from mydocker.ports.driver import LogLine
from mydocker.ports.errors import Unavailable
from mydocker.ports.window import Shown, UsageShown
from mydocker.services.live import Hub

PATIENCE_SECONDS = 10.0


@dataclass
class FakeWindow:
    """Shows what is put into it."""

    shown: "asyncio.Queue[Shown]" = field(default_factory=asyncio.Queue)
    lines: list[str] = field(default_factory=list)
    more: "asyncio.Queue[str | None]" = field(default_factory=asyncio.Queue)
    entries: list[LogEntry] = field(default_factory=list)
    is_open: bool = False
    """Whether more entries may come."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    is_there: bool = True

    async def follow(self) -> AsyncIterator[Shown]:
        while True:
            yield await self.shown.get()

    async def logs(self, run: str, *, tail: int, follow: bool) -> AsyncIterator[LogLine]:
        if not self.is_there:
            raise Unavailable("nobody shows anything")
        for line in self.lines[-tail:]:
            yield LogLine(line)
        while follow and (more := await self.more.get()) is not None:
            yield LogLine(more)

    async def build_log(self, build: str, *, after: int, follow: bool) -> AsyncIterator[LogEntry]:
        if not self.is_there:
            raise Unavailable("nobody shows anything")
        while True:
            news = self.news
            for entry in self.entries[after:]:
                after += 1
                yield entry
            if not (follow and self.is_open):
                return
            await news.wait()

    def say(self, *entries: LogEntry, is_open: bool = True) -> None:
        """Go on writing the log of the one build there is."""
        self.entries += entries
        self.is_open = is_open
        self.news.set()
        self.news = asyncio.Event()

    async def usage(self, run: str) -> UsageShown | None:
        return None


@dataclass
class Client:
    """One request under way."""

    sent: "asyncio.Queue[dict[str, Any]]" = field(default_factory=asyncio.Queue)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    text: str = ""
    is_over: bool = False
    task: "asyncio.Task[None]" = field(init=False)

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.sent.put(message)

    async def start(self) -> tuple[int, dict[str, str]]:
        """The status and the headers."""
        message = await self._next()
        headers = {name.decode(): value.decode() for name, value in message["headers"]}
        return message["status"], headers

    async def chunk(self) -> str | None:
        """What comes next of the body; None at its end."""
        if self.is_over:
            return None
        message = await self._next()
        self.is_over = not message.get("more_body")
        text: str = message["body"].decode()
        return text or (None if self.is_over else await self.chunk())

    async def rest(self) -> str:
        """The rest of the body, once it is over."""
        text = ""
        while (chunk := await self.chunk()) is not None:
            text += chunk
        return text

    async def events(self, count: int) -> list[dict[str, Any]]:
        """The next events, each with its `id` where it has one."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            while "\n\n" not in self.text:
                chunk = await self.chunk()
                assert chunk is not None, "the stream ended"
                self.text += chunk
            block, _, self.text = self.text.partition("\n\n")
            found += _event(block)
        return found

    async def _next(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.sent.get()


def _event(block: str) -> Iterator[dict[str, Any]]:
    fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
    if "data" in fields:
        numbered = {"id": int(fields["id"])} if "id" in fields else {}
        yield json.loads(fields["data"]) | numbered


@dataclass
class Streams:
    """The running application."""

    app: Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]
    window: FakeWindow
    hubs: list[Hub]

    @asynccontextmanager
    async def get(
        self, path: str, method: str = "GET", query: str = "", **headers: str
    ) -> AsyncIterator[Client]:
        """Ask for something; at the end of the block the client is gone and is waited for."""
        client = Client()
        named = {name.replace("_", "-").encode(): text.encode() for name, text in headers.items()}
        scope = {
            "type": "http", "method": method, "path": path, "query_string": query.encode(),
            "headers": list({b"accept-language": b"en", **named}.items()),
        }  # fmt: skip
        client.task = asyncio.create_task(self.app(scope, client.receive, client.send))
        try:
            yield client
        finally:
            client.gone.set()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await client.task


async def no_page(scope: Scope, receive: Receive, send: Send, hub: Hub) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"page"})


@asynccontextmanager
async def running(hub_of: Callable[[FakeWindow], Hub] = Hub) -> AsyncIterator[Streams]:
    """The application between its start and its end."""
    window, hubs, said = FakeWindow(), [], asyncio.Queue[str]()
    orders: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def make() -> Hub:
        hubs.append(hub_of(window))
        return hubs[0]

    async def answer(message: Any) -> None:
        await said.put(message["type"])

    app: Any = application(make, no_page)
    life = asyncio.create_task(app({"type": "lifespan"}, orders.get, answer))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await orders.put({"type": "lifespan.startup"})
        assert await said.get() == "lifespan.startup.complete"
    try:
        yield Streams(app, window, hubs)
    finally:
        await orders.put({"type": "lifespan.shutdown"})
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await said.get() == "lifespan.shutdown.complete"
            await life
