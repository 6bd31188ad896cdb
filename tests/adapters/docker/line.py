"""A stand-in for a line: takes connections, serves each in a task, and leaves none behind."""

import asyncio
from abc import ABC, abstractmethod

TURNS = 3
"""Turns of the loop until what is aborted is gone: it is told, told to its protocol, closed."""


class Line(ABC):
    """Whoever connects is served until one side ends, or until the line is closed."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._served: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._closed = False

    @abstractmethod
    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; it is cut when this returns."""

    def served(self, number: int) -> None:  # noqa: B027  (not every line wants to know)
        """So many are connected now."""

    async def close(self) -> None:
        """Cut every connection, and take none any more."""
        self._closed = True
        if self._server is not None:
            self._server.close()
        serving = list(self._served)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        for _ in range(TURNS):
            await asyncio.sleep(0)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection; what the kernel had accepted before the close is cut at once."""
        if self._closed:
            writer.transport.abort()
            return
        task = asyncio.create_task(self.serve(reader, writer))
        self._served[task] = writer
        self.served(len(self._served))
        task.add_done_callback(self._leave)

    def _leave(self, task: asyncio.Task[None]) -> None:
        self._served.pop(task).transport.abort()
        self.served(len(self._served))


async def first_done(*tasks: asyncio.Task[None]) -> None:
    """Wait until one of them ends, then end the others."""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
