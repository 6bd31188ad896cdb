"""What a process that streams to many reads for them: the database off its event loop."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from mydocker.store.transactions import DatabaseError, drop_broken_connection, forget_connection

Given = ParamSpec("Given")
Result = TypeVar("Result")

READERS = 4
"""Threads with a database connection each; a read takes well under a millisecond."""

_readers = ThreadPoolExecutor(READERS, "reader")


async def in_thread(
    function: Callable[Given, Result], *args: Given.args, **named: Given.kwargs
) -> Result:
    """Call a function that asks the database. Raises what it raises.

    A connection that broke is not used again.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_readers, lambda: _guarded(function, *args, **named))


def _guarded(function: Callable[Given, Result], *args: Given.args, **named: Given.kwargs) -> Result:
    try:
        return function(*args, **named)
    except DatabaseError:
        drop_broken_connection()
        raise


async def let_go() -> None:
    """Close the threads' connections; the next read opens others."""
    everyone = threading.Barrier(READERS)
    await asyncio.gather(*(in_thread(_forget, everyone) for _ in range(READERS)))


def _forget(everyone: threading.Barrier) -> None:
    forget_connection()
    everyone.wait(timeout=5)  # so that no thread does it twice and leaves another out


async def first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends, and end the others. Raises what that one raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
