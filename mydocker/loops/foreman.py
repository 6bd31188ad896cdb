"""Gives builds their turns, ends those that nobody wants, and begins anew what was cut off."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from mydocker.domain.builds import LATELY, LIVE, Asked, State, to_begin
from mydocker.loops import metrics
from mydocker.loops.building import Site
from mydocker.loops.database import Database
from mydocker.loops.journal import Journals
from mydocker.loops.launching import Protection
from mydocker.ports.builder import Builder, BuildFailed, Why
from mydocker.ports.errors import Unavailable
from mydocker.ports.nodes import NodeAgent
from mydocker.steady import SteadyClock
from mydocker.store import builds
from mydocker.store.builds import BuildLine, BuildRow
from mydocker.store.doorbell import ring

LOG = structlog.get_logger()
BACKSTOP = timedelta(seconds=15)


@dataclass(slots=True)
class Work:
    """A build under way."""

    row: BuildRow
    task: "asyncio.Task[None]"


class Foreman:
    """An office with one key: all builds of this node."""

    name = "foreman"
    topics = frozenset({"build"})
    backstop = BACKSTOP

    def __init__(
        self,
        database: Database,
        builder: Builder,
        agent: NodeAgent,
        clock: SteadyClock,
        site: Site,
        journals: Journals,
        protection: Protection,
        *,
        at_once: int,
    ) -> None:
        self._database, self._builder, self._agent = database, builder, agent
        self._clock, self._site, self._journals = clock, site, journals
        self._protection, self._at_once = protection, at_once
        self._works: dict[str, Work] = {}
        self._ringing: set[asyncio.Future[None]] = set()
        self._is_swept = False

    async def keys(self) -> Collection[str]:
        return ("builds",)

    async def turn(self, key: str, woken: asyncio.Event) -> None:
        if over := [id for id, work in self._works.items() if work.task.done()]:
            for id in over:
                _tell_of(self._works[id])
            self._works = {id: work for id, work in self._works.items() if id not in over}
            self._is_swept = False  # their cages are left
        rows = await self._database(builds.live)
        ended = await self._end_unwanted(rows)
        for state in LIVE:
            metrics.BUILDS.labels(state.value).set(sum(row.state is state for row in rows))
        strangers = [
            row
            for row in rows
            if row.state is State.BUILDING and row.id not in self._works and row.id not in ended
        ]
        waiting = [row for row in rows if row.state is State.QUEUED]
        if strangers or not self._is_swept:
            await self._sweep()
        for stranger in strangers:
            row = await self._database(builds.by_id, stranger.id)
            if row is not None:
                with self._journals.open(row.id) as journal:
                    await self._site.cut_off(row, journal)
            woken.set()  # it waits now
        await self._spare_the_disk()
        if waiting:
            await self._begin(waiting)

    async def close(self) -> None:
        """Let the builds under way be cut off; they begin anew with the next service."""
        for work in self._works.values():
            work.task.cancel()
        await asyncio.gather(*(work.task for work in self._works.values()), return_exceptions=True)
        await asyncio.gather(*self._ringing, return_exceptions=True)
        with suppress(Unavailable):
            await self._agent.uncage(())

    async def _begin(self, waiting: Collection[BuildLine]) -> None:
        if len(self._works) >= self._at_once:
            return
        await self._protection.ensure()
        await self._site.prepare()
        now = self._clock.now()
        had = await self._database(builds.begun_lately, now - LATELY)
        asked = [Asked(row.id, row.asked_by, row.asked_at) for row in waiting]
        for each in to_begin(asked, had, self._works, self._at_once):
            if await self._database(builds.begin, each.build, now):
                row = await self._database(builds.by_id, each.build)
                if row is not None:
                    self._works[row.id] = Work(row, self._let(row))
                    await self._database(ring, "built", row.image)

    def _let(self, row: BuildRow) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._site.build(row), name=f"build:{row.id}")
        # Whose turn is next, the office decides, once this one is over.
        task.add_done_callback(lambda _over: self._ring(row.id))
        return task

    def _ring(self, build: str) -> None:
        ringing = asyncio.ensure_future(self._database(ring, "build", build))
        self._ringing.add(ringing)
        ringing.add_done_callback(self._ringing.discard)

    async def _end_unwanted(self, rows: Collection[BuildLine]) -> Collection[str]:
        """End what was asked to be cancelled, and what is not there any more; returns the ids.

        What has its image already, and is only looked into, goes on.
        """
        wanted = {row.id for row in rows if not row.cancel_asked}
        ended = set()
        for id, work in list(self._works.items()):
            if id in wanted or not await self._database(builds.wants_cancel, id):
                continue
            ended.add(id)
            if await self._ended(work):
                with self._journals.open(id) as journal:
                    await self._site.cancel(work.row, journal)
        return ended

    async def _ended(self, work: Work) -> bool:
        """End a build under way; False if it came to its end by itself meanwhile."""
        work.task.cancel()
        await asyncio.gather(work.task, return_exceptions=True)
        del self._works[work.row.id]
        self._is_swept = False
        return work.task.cancelled()

    async def _spare_the_disk(self) -> None:
        """End the youngest build where the engine's disk is nearly full."""
        if not self._works or not (await self._agent.disk()).reserve_hit:
            return
        work = max(self._works.values(), key=lambda each: each.row.began_at or each.row.asked_at)
        if await self._ended(work):
            LOG.warning("build.disk_full", build=work.row.id)
            failed = BuildFailed(Why.DISK, "the node's disk is nearly full")
            with self._journals.open(work.row.id) as journal:
                await self._site.fail_with(work.row, failed, journal)

    async def _sweep(self) -> None:
        """Take away what builds left that are not under way."""
        left = await self._builder.sweep(self._works)
        busy = await self._agent.uncage(self._works)
        if left or busy:
            LOG.info("builds.swept", left=list(left), busy=list(busy))
        self._is_swept = True


def _tell_of(work: Work) -> None:
    """Log what nobody expected of a build that has ended."""
    if not work.task.cancelled() and (error := work.task.exception()):
        LOG.error("build.broke", build=work.row.id, exc_info=error)
