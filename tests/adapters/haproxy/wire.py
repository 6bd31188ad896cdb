"""HTTP by hand, byte for byte, as a hostile client writes it; and websockets, barely."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Headers = Sequence[tuple[str, str]]
DEADLINE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Headers
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name: str) -> str:
        values = self.all(name)
        return values[0] if len(values) == 1 else f"{len(values)} of them"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Line:
    """An open connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, method: str = "GET") -> Answer:
        """Read one answer."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            status, headers = await read_head(self.reader)
            code = int(status.split(" ")[1])
            bodiless = method == "HEAD" or code < 200 or code in {204, 304}
            body = b"" if bodiless else await read_body(self.reader, headers)
            return Answer(code, headers, body)

    async def is_closed(self) -> bool:
        """Wait for the end of the line; whatever comes before is thrown away."""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(DEADLINE_SECONDS):
                await self.reader.read()
        return True

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@contextlib.asynccontextmanager
async def line(port: int, address: str = "127.0.0.1", **more: Any) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection(address, port, limit=1 << 22, **more)
    opened = Line(reader, writer)
    try:
        yield opened
    finally:
        await opened.close()


async def read_head(reader: asyncio.StreamReader) -> tuple[str, list[tuple[str, str]]]:
    """Return the first line and the headers of a message."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *rest = head.removesuffix("\r\n\r\n").split("\r\n")
    pairs = (each.split(":", 1) for each in rest)
    return first, [(name, value.strip(" \t")) for name, value in pairs]


async def read_body(reader: asyncio.StreamReader, headers: Headers) -> bytes:
    fields = {name.lower(): value for name, value in headers}
    if fields.get("transfer-encoding", "").lower() == "chunked":
        return b"".join([chunk async for chunk in chunks(reader)])
    if "content-length" in fields:
        return await reader.readexactly(int(fields["content-length"]))
    return await reader.read()


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        yield (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")


def head(method: str, target: str, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def ask(
    port: int, headers: Headers, target: str = "/", method: str = "GET", body: bytes = b""
) -> Answer:
    """One request on a connection of its own."""
    if body:
        headers = [*headers, ("Content-Length", str(len(body)))]
    async with line(port) as opened:
        await opened.say(head(method, target, headers) + body)
        return await opened.answer(method)


UPGRADE: Headers = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)
TEXT, PING, PONG = 1, 9, 10


def frame(opcode: int, payload: bytes = b"") -> bytes:
    """A masked frame, as a browser sends it."""
    assert len(payload) < 126
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked


def bare_frame(opcode: int, payload: bytes = b"") -> bytes:
    """A frame as a server sends it."""
    return bytes([0x80 | opcode, len(payload)]) + payload


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read a short frame of either side."""
    first, second = await reader.readexactly(2)
    mask = await reader.readexactly(4) if second & 0x80 else bytes(4)
    payload = await reader.readexactly(second & 0x7F)
    return first & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
