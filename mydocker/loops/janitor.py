"""Removes what carries our label and belongs to nobody, after a grace period, and says so."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from mydocker.domain.runs import Phase
from mydocker.loops.database import Database
from mydocker.ports.driver import Driver
from mydocker.ports.nodes import NodeAgent
from mydocker.steady import SteadyClock
from mydocker.store import access, runs

LOG = structlog.get_logger()
GRACE = timedelta(minutes=2)
"""Longer than any run is unknown to the database while it is being made (it never is)."""
TRASH_KEPT = timedelta(days=30)
TICKETS_KEPT = timedelta(days=1)
STOP_GRACE = timedelta(seconds=5)


class Janitor:
    """An office with one key."""

    name = "janitor"
    topics: frozenset[str] = frozenset()
    backstop = timedelta(seconds=60)

    def __init__(
        self,
        database: Database,
        driver: Driver,
        agent: NodeAgent,
        clock: SteadyClock,
        *,
        grace: timedelta = GRACE,
    ) -> None:
        self._database, self._driver, self._agent = database, driver, agent
        self._clock, self._grace = clock, grace
        self._strangers: dict[str, datetime] = {}

    async def keys(self) -> Collection[str]:
        return ("all",)

    async def turn(self, key: str, woken: asyncio.Event) -> None:
        await self._containers()
        live = [run.id for run in await self._database(runs.live)]
        await self._agent.sweep(live, self._grace)
        await self._agent.empty_trash(TRASH_KEPT)
        await self._database(access.forget_old, self._clock.now() - TICKETS_KEPT)

    async def _containers(self) -> None:
        """Containers of runs that the database does not know, or that ended long ago."""
        owned = await self._driver.owned()
        known = await self._database(runs.known, list(owned))
        nobodys = {run for run in owned if not known.get(run, Phase.ENDED).is_live}
        now = self._clock.now()
        self._strangers = {run: self._strangers.get(run, now) for run in nobodys}
        for run, since in self._strangers.items():
            if now - since >= self._grace:
                LOG.warning("container.removed", run=run, reason="no live run has this container")
                await self._driver.remove(run, STOP_GRACE)
