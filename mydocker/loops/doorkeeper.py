"""Ends logins whose time is over, by the steady clock, and what expired API tokens opened."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta

import structlog

from mydocker.loops import metrics
from mydocker.loops.database import Database
from mydocker.services import people
from mydocker.steady import SteadyClock
from mydocker.store import access

LOG = structlog.get_logger()


class Doorkeeper:
    """An office with one key; also tells the operator when the machine's clock jumped."""

    name = "doorkeeper"
    topics = frozenset({"logins"})
    backstop = timedelta(seconds=15)

    def __init__(self, database: Database, clock: SteadyClock) -> None:
        self._database, self._clock = database, clock
        self._told = False

    async def keys(self) -> Collection[str]:
        return ("all",)

    async def turn(self, key: str, woken: asyncio.Event) -> None:
        self._watch_clock()
        ended = await self._database(people.end_expired, self._clock.now())
        if ended:
            LOG.info("logins.expired", count=ended)
        due = await self._database(access.next_end)
        pause = due - self._clock.now() if due else self.backstop
        if pause < self.backstop:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, pause.total_seconds())):
                    await woken.wait()
            woken.set()  # there is something to end now

    def _watch_clock(self) -> None:
        jump = self._clock.jump()
        metrics.CLOCK_JUMP.set(jump.total_seconds() if jump else 0)
        if jump and not self._told:
            LOG.warning(
                "clock.jumped",
                seconds=round(jump.total_seconds()),
                hint="Check the machine's clock (NTP). Nothing was stopped and nobody signed out.",
            )
        self._told = jump is not None
