"""Wakes, backs off, sweeps at the start, stops politely. Knows no subject.

An office is asked for a turn for each key that somebody rang for, and for every key at the start
and at each back-stop. One turn at a time for a key; a ring during a turn means another turn.
"""

import asyncio
import random
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

import structlog

from mydocker.loops import metrics
from mydocker.ports.errors import Unavailable

LOG = structlog.get_logger()
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 15.0


class Office(Protocol):
    """One loop: what it is called, what wakes it, and what it does."""

    name: str
    topics: frozenset[str]
    backstop: timedelta

    async def keys(self) -> Collection[str]:
        """Every key that needs a turn, found by looking; for the start and the back-stop."""
        ...

    async def turn(self, key: str, woken: asyncio.Event) -> None:
        """Do what there is to do for a key. `woken` is set when somebody rings meanwhile.

        May be cut off at any point and repeated. Raises `Unavailable` to be called again later.
        """
        ...


class Runner:
    """Runs one office."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._turns: dict[str, asyncio.Task[None]] = {}
        self._woken: dict[str, asyncio.Event] = {}
        self._look = asyncio.Event()
        self._stopping = False

    def wake(self, key: str) -> None:
        """Somebody rang for this key."""
        if self._stopping:
            return
        if key in self._turns:
            self._woken[key].set()
            return
        self._woken[key] = asyncio.Event()
        task = asyncio.create_task(self._turn(key), name=f"{self._office.name}:{key}")
        self._turns[key] = task

    def look(self) -> None:
        """Something may have been missed: look at everything now."""
        self._look.set()

    async def run(self) -> None:
        """Work until cancelled, then let the turns under way be cut off."""
        try:
            while True:
                self._look.clear()
                await self._sweep()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._office.backstop.total_seconds()):
                        await self._look.wait()
        finally:
            await self._stop()

    async def _sweep(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                for key in await self._office.keys():
                    self.wake(key)
                return
            except Unavailable as error:
                self._told(error, "*", pause)
            except Exception:
                LOG.exception("sweep.failed", office=self._office.name)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _turn(self, key: str) -> None:
        woken, pause = self._woken[key], FIRST_PAUSE_SECONDS
        try:
            while True:
                woken.clear()
                if await self._try(key, woken, pause):
                    pause = FIRST_PAUSE_SECONDS
                    if not woken.is_set():
                        return
                else:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(pause * random.uniform(0.7, 1.3)):
                            await woken.wait()
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        finally:
            self._turns.pop(key, None)
            self._woken.pop(key, None)

    async def _try(self, key: str, woken: asyncio.Event, pause: float) -> bool:
        with metrics.turn(self._office.name):
            try:
                await self._office.turn(key, woken)
            except Unavailable as error:
                self._told(error, key, pause)
            except Exception:
                LOG.exception("turn.failed", office=self._office.name, key=key)
            else:
                return True
        return False

    def _told(self, error: Unavailable, key: str, pause: float) -> None:
        LOG.warning(
            "outside.unavailable",
            office=self._office.name,
            key=key,
            error=str(error),
            again_in_seconds=round(pause, 2),
        )

    async def _stop(self) -> None:
        self._stopping = True
        turns = list(self._turns.values())
        for task in turns:
            task.cancel()
        await asyncio.gather(*turns, return_exceptions=True)
