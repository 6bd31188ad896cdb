"""Hears what happens to containers and wakes the custodian; never polls a healthy engine."""

import asyncio
from collections.abc import Callable

import structlog

from mydocker.domain.runs import Phase
from mydocker.domain.story import StoryKind
from mydocker.loops import ledger
from mydocker.loops.cases import key_of
from mydocker.loops.database import Database
from mydocker.ports.driver import Driver, Happening
from mydocker.ports.errors import Unavailable
from mydocker.steady import SteadyClock
from mydocker.store import runs, story
from mydocker.store.doorbell import ring

LOG = structlog.get_logger()
RETRY_SECONDS = 1.0


OWN_DOING = frozenset({"create", "start"})
"""What the custodian did itself and waited for."""


class Watcher:
    """Follows the engine's events for as long as it runs."""

    def __init__(
        self,
        database: Database,
        driver: Driver,
        clock: SteadyClock,
        *,
        wake: Callable[[str], None],
        look: Callable[[], None],
    ) -> None:
        self._database, self._driver, self._clock = database, driver, clock
        self._wake, self._look = wake, look

    async def run(self) -> None:
        """Pass on what happens until cancelled."""
        while True:
            happenings = self._driver.happenings()
            self._look()  # what came before was missed
            try:
                async for happening in happenings:
                    await self._heard(happening)
            except Unavailable as error:
                LOG.warning("engine.unavailable", error=str(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _heard(self, happening: Happening) -> None:
        if happening.kind in OWN_DOING:
            return
        workspace = await self._database(runs.whose, happening.run)
        if workspace is None:
            return
        if happening.kind == "oom" and workspace:
            await self._database(self._tell_of_memory, happening.run, workspace)
        self._wake(key_of(workspace, happening.run))

    def _tell_of_memory(self, run: str, workspace: str) -> None:
        """A program in the container was killed for memory; the container may live on."""
        row = runs.find(run)
        if row is not None and row.phase < Phase.STOPPING:
            memory = ledger.memory_of(row)
            kind, now = StoryKind.OUT_OF_MEMORY_CHILD, self._clock.now()
            story.append(workspace, kind, now, run=run, memory=memory)
            ring("workspace", workspace)
