"""A slow line between the engine and a registry, which counts what passes."""

import asyncio
from contextlib import suppress

PIECE = 1 << 16


class SlowLine:
    """Passes TCP on at `rate` bytes a second in all, towards whoever connects."""

    def __init__(self, port: int, rate: int) -> None:
        self.passed = 0
        """Bytes that came from the registry so far."""
        self.idle = asyncio.Event()
        """Set while nobody is connected."""
        self._moved = asyncio.Condition()
        self._target = port
        self._rate = rate
        self._free_at = 0.0
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def open(self) -> int:
        """Listen; returns the port."""
        self.idle.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Cut everything."""
        if self._server is not None:
            self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def passes(self, size: int) -> None:
        """Wait until so many bytes have passed."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.passed >= size)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        self.idle.clear()
        task.add_done_callback(self._leave)

    def _leave(self, task: asyncio.Task[None]) -> None:
        self._serving.discard(task)
        if not self._serving:
            self.idle.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far: asyncio.StreamWriter | None = None
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._target)
            there = asyncio.create_task(self._pass(reader, far))
            back = asyncio.create_task(self._pass_slowly(far_reader, writer))
            try:
                await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                there.cancel()
                back.cancel()
                await asyncio.gather(there, back, return_exceptions=True)
        except OSError:
            pass  # the registry is away: so is the line
        finally:
            for one in (writer, far):
                if one is not None:
                    one.transport.abort()

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
