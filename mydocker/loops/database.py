"""The database as seen from an event loop: one thread, one connection, one query at a time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from mydocker.ports.errors import Unavailable
from mydocker.store.transactions import (
    DatabaseBusy,
    drop_broken_connection,
    forget_connection,
    unit_of_work,
)

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """Runs store functions away from the event loop, each call in one transaction."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database")

    async def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work`; a busy or absent database is `Unavailable`. Never cut off half-way."""
        loop = asyncio.get_running_loop()
        call = partial(_in_transaction, partial(work, *args, **kwargs))
        return await asyncio.shield(loop.run_in_executor(self._thread, call))

    async def beat(self, pulse: Callable[[], None]) -> None:
        """Call `pulse` in the thread, when it has done what it was given before."""
        await asyncio.get_running_loop().run_in_executor(self._thread, pulse)

    def close(self) -> None:
        """Let the thread end, and its connection with it."""
        self._thread.submit(forget_connection)
        self._thread.shutdown(wait=True)


def _in_transaction(work: Callable[[], T]) -> T:
    try:
        with unit_of_work():
            return work()
    except DatabaseBusy as error:
        drop_broken_connection()
        raise Unavailable(f"database: {error}") from error
