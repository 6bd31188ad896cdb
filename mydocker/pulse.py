"""How a process shows that it still gets things done: who hangs does not die by itself."""

import asyncio
import mmap
import struct
import time
from collections.abc import Awaitable, Callable

BEAT_SECONDS = 10.0
_MOMENT = struct.Struct("d")


class Pulse:
    """Memory of one number, made before the fork and shared with the supervisor."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, _MOMENT.size)
        self.beat()

    def beat(self) -> None:
        """Something was done just now."""
        _MOMENT.pack_into(self._page, 0, time.monotonic())

    def silence(self) -> float:
        """Seconds since the last beat."""
        (last,) = _MOMENT.unpack_from(self._page)
        return float(time.monotonic() - last)


async def keep_beating(through: Callable[[], Awaitable[None]]) -> None:
    """Beat for as long as the event loop goes round; `through` beats where work is done."""
    while True:
        await through()
        await asyncio.sleep(BEAT_SECONDS)
