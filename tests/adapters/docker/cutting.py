"""A socket between the driver and the engine that cuts on purpose."""

import asyncio
from enum import Enum
from pathlib import Path

VERBS = (b"GET ", b"POST ", b"DELETE ", b"HEAD ")


class When(Enum):
    """Where a request is lost: before the engine hears of it, or with its answer."""

    BEFORE = "before"
    AFTER = "after"


class CuttingProxy:
    """Passes requests on, counts them, and loses those it is told to lose.

    Every connection carries one request at a time, as HTTP/1.1 without pipelining has it.
    """

    def __init__(self, path: Path, engine: str) -> None:
        self.path = path
        self.requests: list[str] = []
        self._engine = engine
        self._cut: tuple[int, When] | None = None
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where the driver finds it."""
        return f"unix://{self.path}"

    def cut(self, number: int, when: When) -> None:
        """Lose the request of this number, counted from the next one as 1."""
        self._cut = (len(self.requests) + number, when)

    async def open(self) -> None:
        """Let the engine be there."""
        self._server = await asyncio.start_unix_server(self._accept, self.path)

    async def close(self) -> None:
        """Let the engine go: every connection is cut, and no new one is taken."""
        if self._server is not None:
            self._server.close()
        self.path.unlink(missing_ok=True)
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            engine_reader, engine_writer = await asyncio.open_unix_connection(self._engine)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, engine_writer}
        self._writers |= both
        lost = asyncio.Event()
        up = asyncio.create_task(self._up(reader, engine_writer, lost))
        down = asyncio.create_task(self._down(engine_reader, writer, lost))
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        for task in (up, down):
            task.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
        for one in both:
            one.transport.abort()
        self._writers -= both

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
