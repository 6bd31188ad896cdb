"""Watches the disk: how full homes are, and the reserve that database and engine keep."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from mydocker.domain.failures import Cause
from mydocker.domain.reserves import Fill, judge_fill, room_of, run_to_stop
from mydocker.domain.story import StoryKind
from mydocker.loops import metrics
from mydocker.loops.database import Database
from mydocker.ports.nodes import HomeUsage, NodeAgent, Space
from mydocker.services import workspaces as services
from mydocker.steady import SteadyClock
from mydocker.store import homes, story
from mydocker.store.doorbell import ring
from mydocker.store.homes import HomeInUse

LOG = structlog.get_logger()
GIGABYTE = 10**9
MEASURED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Measured:
    """A home in use, and what it takes now."""

    home: HomeInUse
    usage: HomeUsage


class Quartermaster:
    """An office with one key: this node's disk."""

    name = "quartermaster"
    topics: frozenset[str] = frozenset()
    backstop = timedelta(seconds=30)

    def __init__(self, database: Database, agent: NodeAgent, clock: SteadyClock) -> None:
        self._database, self._agent, self._clock = database, agent, clock

    async def keys(self) -> Collection[str]:
        return ("disk",)

    async def turn(self, key: str, woken: asyncio.Event) -> None:
        disk = await self._agent.disk()
        metrics.DISK_FREE.set(disk.data.free_bytes)
        in_use = await self._database(homes.in_use)
        measured = [
            Measured(home, await self._agent.home_usage(home.id))
            for home in in_use
            if disk.reserve_hit or _is_due(home, self._clock.now())
        ]
        await self._database(_write, measured, disk.data, self._clock.now())
        if disk.reserve_hit:
            await self._make_room(disk.data, measured)

    async def _make_room(self, space: Space, measured: Sequence[Measured]) -> None:
        grown = {each.home.workspace: each.usage.bytes - each.home.used_bytes for each in measured}
        victim = run_to_stop(space.free_bytes, space.total_bytes, grown)
        LOG.warning(
            "disk.reserve_hit",
            free_bytes=space.free_bytes,
            reserve_bytes=space.reserve_bytes,
            stops=victim,
            hint="Free space on the data disk, or enlarge it.",
        )
        if victim is not None:
            await self._database(
                services.stop, victim, Cause.NODE_FULL, "quartermaster", self._clock.now()
            )


def _is_due(home: HomeInUse, now: datetime) -> bool:
    return home.measured_at is None or now - home.measured_at >= MEASURED_EVERY


def _write(measured: Sequence[Measured], space: Space, now: datetime) -> None:
    for each in measured:
        homes.note_usage(each.home.id, each.usage.bytes, now)
        used, before = each.usage.bytes, each.home.used_bytes
        room = room_of(used, space.free_bytes, space.total_bytes)
        fill, was = judge_fill(used, room), judge_fill(before, room)
        if fill is not was and fill is not Fill.FINE:
            kind = StoryKind.HOME_FULL if fill is Fill.FULL else StoryKind.HOME_NEARLY_FULL
            facts = {"used": _gigabytes(used), "allowed": _gigabytes(room)}
            story.append(each.home.workspace, kind, now, **facts)
            ring("workspace", each.home.workspace)


def _gigabytes(size: int) -> str:
    return f"{size / GIGABYTE:.1f} GB"
