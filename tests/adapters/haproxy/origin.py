"""What stands behind the gateway in the tests: it remembers what reached it, and answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.adapters.haproxy.wire import (
    PING,
    TEXT,
    Headers,
    bare_frame,
    chunks,
    read_frame,
    read_head,
)

Part = Callable[["Origin", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that reached the origin."""

    method: str
    target: str
    headers: Headers
    body_bytes: int = 0

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name: str) -> str:
        values = self.all(name)
        return values[0] if len(values) == 1 else f"{len(values)} of them"


@dataclass(slots=True)
class Origin:
    """Answers every request with its name, unless told otherwise for a path."""

    name: str
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    plain: dict[str, bytes] = field(default_factory=dict)
    """Whole answers by path, as they go over the wire."""
    parts: dict[str, Part] = field(default_factory=dict)
    """What takes over the connection, by path."""

    talks: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def last(self) -> Seen:
        return self.seen[-1]

    def answers(
        self, path: str, *headers: str, body: bytes = b"ok", status: str = "200 OK"
    ) -> None:
        """Answer this path so from now on."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        self.plain[path] = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            self.talks.add(task)
            task.add_done_callback(self.talks.discard)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while await self._turn(reader, writer):
                    pass
        finally:
            writer.close()

    async def _turn(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, headers = await read_head(reader)
        method, target, _ = first.split(" ")
        path = target.partition("?")[0]
        if path in self.parts:
            self.seen.append(Seen(method, target, headers))
            await self.parts[path](self, reader, writer)
            return False
        self.seen.append(Seen(method, target, headers, await _swallow(reader, headers)))
        body = self.name.encode()
        usual = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        writer.write(self.plain.get(path, usual))
        await writer.drain()
        return True


async def _swallow(reader: asyncio.StreamReader, headers: Headers) -> int:
    fields = {name.lower(): value for name, value in headers}
    if fields.get("transfer-encoding", "").lower() == "chunked":
        return sum([len(chunk) async for chunk in chunks(reader)])
    length = rest = int(fields.get("content-length", 0))
    while rest:
        data = await reader.read(min(rest, 1 << 20))
        if not data:
            raise ConnectionError("the client left in the middle")
        rest -= len(data)
    return length


@contextlib.asynccontextmanager
async def origin(name: str = "origin", path: str | None = None) -> AsyncIterator[Origin]:
    """On a free port, or on a Unix socket."""
    made = Origin(name)
    if path:
        server = await asyncio.start_unix_server(made.talk, path, limit=1 << 21)
    else:
        server = await asyncio.start_server(made.talk, "127.0.0.1", 0, limit=1 << 21)
        made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in list(made.talks):
            task.cancel()
        await asyncio.gather(*made.talks, return_exceptions=True)
        await asyncio.sleep(0)  # transports say goodbye in the next turn of the loop


@dataclass(slots=True)
class Bell:
    """Stands in for the agent's: remembers who was rung for, and answers."""

    path: Path
    rings: list[str] = field(default_factory=list)
    answer: bytes = b"ok\n"
    """What it says; nothing at all if empty."""
    server: asyncio.Server | None = None

    async def start(self) -> None:
        self.server = await asyncio.start_unix_server(self.talk, self.path)

    def stop(self) -> None:
        if self.server:
            self.server.close()
            self.path.unlink()
            self.server = None

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.rings.append((await reader.readline()).decode().strip())
        writer.write(self.answer)
        if not self.answer:
            await reader.read()
        writer.close()


@contextlib.asynccontextmanager
async def bell(path: Path) -> AsyncIterator[Bell]:
    """On a Unix socket."""
    made = Bell(path)
    await made.start()
    try:
        yield made
    finally:
        made.stop()


SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


async def echoes(made: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A websocket that says everything back."""
    writer.write(SWITCH)
    while True:
        opcode, payload = await read_frame(reader)
        if opcode == TEXT:
            writer.write(bare_frame(TEXT, payload))
            await writer.drain()


async def pings_once(
    made: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """A websocket that pings, waits for the pong and is silent."""
    writer.write(SWITCH + bare_frame(PING))
    await echoes_only_pongs(reader)


async def echoes_only_pongs(reader: asyncio.StreamReader) -> None:
    while True:
        await read_frame(reader)
