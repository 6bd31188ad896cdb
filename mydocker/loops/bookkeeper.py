"""Writes down what there is, every five minutes, for the graphs of the last day."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from mydocker.loops.database import Database
from mydocker.ports.nodes import NodeAgent
from mydocker.steady import SteadyClock
from mydocker.store import statistics
from mydocker.store.statistics import Slept

EVERY = timedelta(minutes=5)
KEPT = timedelta(days=15)


class Bookkeeper:
    """An office with one key. It looks often and writes once for each five minutes of the clock."""

    name = "bookkeeper"
    topics: frozenset[str] = frozenset()
    backstop = timedelta(seconds=20)

    def __init__(self, database: Database, agent: NodeAgent, clock: SteadyClock) -> None:
        self._database, self._agent, self._clock = database, agent, clock
        self._written: datetime | None = None

    async def keys(self) -> Collection[str]:
        return ("sample",)

    async def turn(self, key: str, woken: asyncio.Event) -> None:
        moment = moment_of(self._clock.now())
        if moment == self._written:
            return
        slept = await self._slept()
        await self._database(_write, moment, slept)
        self._written = moment

    async def _slept(self) -> Mapping[str, Slept]:
        """What sleepers take, by environment."""
        sleepers = await self._database(statistics.sleepers)
        if not sleepers:
            return {}
        sizes: dict[str, Slept] = defaultdict(Slept)
        for container, sleep in (await self._agent.frozen(list(sleepers))).items():
            if sleep.is_frozen:
                so_far = sizes[sleepers[container]]
                sizes[sleepers[container]] = Slept(
                    so_far.resident_bytes + sleep.resident_bytes,
                    so_far.swapped_bytes + sleep.swapped_bytes,
                )
        return sizes


def moment_of(now: datetime) -> datetime:
    """The last full five minutes."""
    minutes = now.minute - now.minute % (EVERY.seconds // 60)
    return now.replace(minute=minutes, second=0, microsecond=0)


def _write(moment: datetime, slept: Mapping[str, Slept]) -> None:
    statistics.record(moment, statistics.census().values(), slept)
    statistics.forget(moment - KEPT)
