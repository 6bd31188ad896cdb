"""A slow line between the engine and a registry, which counts what passes."""

import asyncio
from contextlib import suppress

from tests.adapters.docker.line import Line, first_done

PIECE = 1 << 16


class SlowLine(Line):
    """Passes TCP on at `rate` bytes a second in all, towards whoever connects."""

    def __init__(self, port: int, rate: int) -> None:
        super().__init__()
        self.passed = 0
        """Bytes that came from the registry so far."""
        self.idle = asyncio.Event()
        """Set while nobody is connected."""
        self._moved = asyncio.Condition()
        self._target = port
        self._rate = rate
        self._free_at = 0.0

    async def open(self) -> int:
        """Listen; returns the port."""
        self.idle.set()
        self._server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def passes(self, size: int) -> None:
        """Wait until so many bytes have passed."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.passed >= size)

    def served(self, number: int) -> None:
        if number:
            self.idle.clear()
        else:
            self.idle.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # the registry is away: so is the line
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._target)
            try:
                await first_done(
                    asyncio.create_task(self._pass(reader, far)),
                    asyncio.create_task(self._pass_slowly(far_reader, writer)),
                )
            finally:
                far.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(PIECE):
                writer.write(data)
                await writer.drain()

    async def _pass_slowly(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while data := await reader.read(PIECE):
                self._free_at = max(self._free_at, loop.time()) + len(data) / self._rate
                await asyncio.sleep(self._free_at - loop.time())
                writer.write(data)
                await writer.drain()
                async with self._moved:
                    self.passed += len(data)
                    self._moved.notify_all()
