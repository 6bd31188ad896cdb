"""Puts offices to work: each with its runner, all woken by one doorbell."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress

import structlog

from mydocker.loops import metrics
from mydocker.loops.runner import Office, Runner
from mydocker.store.doorbell import Listener, Ring

LOG = structlog.get_logger()
LAG_EVERY_SECONDS = 5.0
RESTART_SECONDS = 1.0


class Desk:
    """An office and its runner. `key`: the one key that any ring means, if it is not the ring's."""

    def __init__(self, office: Office, *, key: str | None = None) -> None:
        self.office, self.key = office, key
        self.runner = Runner(office)

    def wake(self, key: str) -> None:
        """Somebody rang."""
        self.runner.wake(self.key or key)

    def look(self) -> None:
        """Something may have been missed."""
        self.runner.look()


async def serve(
    desks: Sequence[Desk],
    sides: Sequence[Callable[[], Coroutine[None, None, None]]],
    until: Awaitable[None],
) -> None:
    """Run every desk and side task until `until` comes; side tasks that break begin again."""
    loop = asyncio.get_running_loop()

    def heard(ring: Ring) -> None:
        for desk in desks:
            if ring.topic in desk.office.topics:
                with suppress(RuntimeError):  # the loop ended just now
                    loop.call_soon_threadsafe(desk.wake, ring.key)

    topics = {topic for desk in desks for topic in desk.office.topics}
    listener = Listener(heard, topics)
    listener.start()
    works = [desk.runner.run for desk in desks]
    tasks = [asyncio.create_task(work()) for work in works]
    tasks += [asyncio.create_task(_again_and_again(side)) for side in (*sides, _watch_lag)]
    LOG.info("loops.started", offices=[desk.office.name for desk in desks])
    try:
        await until
    finally:
        LOG.info("loops.stopping")
        listener.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again_and_again(side: Callable[[], Coroutine[None, None, None]]) -> None:
    while True:
        with suppress(OSError):
            await side()
        LOG.warning("side.ended", side=getattr(side, "__qualname__", str(side)))
        await asyncio.sleep(RESTART_SECONDS)


async def _watch_lag() -> None:
    while True:
        before = time.monotonic()
        await asyncio.sleep(LAG_EVERY_SECONDS)
        metrics.LAG.set(max(0.0, time.monotonic() - before - LAG_EVERY_SECONDS))
