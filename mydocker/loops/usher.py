"""Gives people their turn to start, in the order of the queue and as far as there is room.

The only one who does. A turn is a fact of the database, and so is the queue: after a restart it
goes on where it was. Nothing is started here; the custodian does that, woken.
"""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import structlog

from mydocker.domain.queue import (
    Hold,
    Limits,
    Memory,
    Start,
    Waiting,
    asked_bytes,
    usual_bytes,
    why_not,
)
from mydocker.loops import ledger, metrics
from mydocker.loops.parts import Parts
from mydocker.store import queue, runs
from mydocker.store.doorbell import ring
from mydocker.store.runs import LOCAL, RunRow

LOG = structlog.get_logger()
BACKSTOP = timedelta(seconds=2)
"""Nobody rings when memory is free again."""


class Usher:
    """An office with one key: the queue of this node."""

    name = "usher"
    topics = frozenset({"turn"})
    backstop = BACKSTOP

    def __init__(
        self,
        parts: Parts,
        *,
        limits: Limits,
        measured: Mapping[str, int] | None = None,
    ) -> None:
        self._database, self._clock, self._agent = parts.database, parts.clock, parts.agent
        self._limits = limits
        self._measured = {} if measured is None else measured
        self._held = False
        self.lacking_bytes = 0
        """What the first in the queue needs free beside the reserve, while memory holds them up.
        Whoever can make room goes by it; topics `room` and `stock` are rung then."""

    async def keys(self) -> Collection[str]:
        return ("queue",)

    async def turn(self, key: str, woken: asyncio.Event) -> None:
        if await self._database(queue.first) is None:
            self._note(0, 0)
            return
        machine = await self._agent.machine()
        memory = Memory(machine.memory_total_bytes, machine.memory_available_bytes)
        lacking, waiting = await self._database(self._give_turns, memory, self._clock.now())
        self._note(lacking, waiting)

    def _give_turns(self, memory: Memory, now: datetime) -> tuple[int, int]:
        """Give all the turns there are; what memory the next one lacks, and how many wait."""
        starts = [self._start(run) for run in runs.under_way()]
        nobody_runs = not queue.somebody_runs()
        has_moved, lacking = False, 0
        while (who := queue.first()) is not None:
            run = runs.find(who.run)
            if run is None:
                break
            needed = self._bytes_of(run)
            hold = why_not(needed, starts, memory, now, self._limits, nobody_runs=nobody_runs)
            if hold is not None:
                lacking = asked_bytes(needed, starts) if hold is Hold.MEMORY else 0
                break
            self._give(who, run, now)
            starts.append(Start(now, needed))
            has_moved = True
        waiting = queue.waiting()
        if has_moved and waiting:
            ring("line", LOCAL)
        if lacking:
            ring("room", LOCAL)
            ring("stock", LOCAL)
        return lacking, waiting

    def _give(self, who: Waiting, run: RunRow, now: datetime) -> None:
        if queue.give_turn(who, now) and run.queued_at is not None:
            metrics.QUEUE_SECONDS.observe(max(0.0, (now - run.queued_at).total_seconds()))
            ring("wish", run.workspace)

    def _start(self, run: RunRow) -> Start:
        return Start(run.turn_at or run.phase_since, self._bytes_of(run))

    def _bytes_of(self, run: RunRow) -> int:
        limit = ledger.definition_of(run).resources.memory_bytes
        return usual_bytes(self._measured.get(run.environment), limit)

    def _note(self, lacking: int, waiting: int) -> None:
        metrics.QUEUE_WAITING.set(waiting)
        self.lacking_bytes = lacking
        if lacking and not self._held:
            LOG.warning("queue.held", waiting=waiting, lacking_bytes=lacking)
        self._held = lacking > 0
