"""Work that two may ask for at once and that is done once."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """One task per key. A caller that is cancelled stops waiting; the work goes on to its end.

    So that the work is never left half done by a cancellation, and never done twice at once.
    """

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[T]] = {}

    async def run(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Join the work under way for `key`, or begin it; returns or raises what it does."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(work())
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    async def settled(self, key: str) -> None:
        """Wait until no work is under way for `key`, whatever comes of it."""
        if task := self._tasks.get(key):
            await asyncio.wait({task})

    async def close(self) -> None:
        """Cancel all that is under way, and wait for that."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, key: str, task: asyncio.Task[T]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # whoever waits is told; nobody may be left
