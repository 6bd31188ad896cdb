"""A socket between the driver and the engine that cuts on purpose."""

import asyncio
from contextlib import suppress
from enum import Enum
from pathlib import Path

from tests.adapters.docker.line import Line, first_done

VERBS = (b"GET ", b"POST ", b"DELETE ", b"HEAD ")


class When(Enum):
    """Where a request is lost: before the engine hears of it, or with its answer."""

    BEFORE = "before"
    AFTER = "after"


class CuttingProxy(Line):
    """Passes requests on, counts them, and loses those it is told to lose.

    Every connection carries one request at a time, as HTTP/1.1 without pipelining has it.
    """

    def __init__(self, path: Path, engine: str) -> None:
        super().__init__()
        self.path = path
        self.requests: list[str] = []
        self._engine = engine
        self._cut: tuple[int, When] | None = None

    @property
    def url(self) -> str:
        """Where the driver finds it."""
        return f"unix://{self.path}"

    def cut(self, number: int, when: When) -> None:
        """Lose the request of this number, counted from the next one as 1."""
        self._cut = (len(self.requests) + number, when)

    async def open(self) -> None:
        """Let the engine be there."""
        self._closed = False
        self._server = await asyncio.start_unix_server(self.accept, self.path)

    async def close(self) -> None:
        """Let the engine go: every connection is cut, and no new one is taken."""
        self.path.unlink(missing_ok=True)
        await super().close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # the engine is away: so is the line
            engine_reader, engine_writer = await asyncio.open_unix_connection(self._engine)
            lost = asyncio.Event()
            try:
                await first_done(
                    asyncio.create_task(self._up(reader, engine_writer, lost)),
                    asyncio.create_task(self._down(engine_reader, writer, lost)),
                )
            finally:
                engine_writer.transport.abort()

    async def _up(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event
    ) -> None:
        while data := await reader.read(1 << 16):
            if data.startswith(VERBS):
                self.requests.append(data.split(b" HTTP/")[0].decode())
                match self._cut:
                    case (number, When.BEFORE) if number == len(self.requests):
                        return
                    case (number, When.AFTER) if number == len(self.requests):
                        lost.set()
            writer.write(data)
            await writer.drain()

    async def _down(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event
    ) -> None:
        while data := await reader.read(1 << 16):
            if lost.is_set():
                return
            writer.write(data)
            await writer.drain()
