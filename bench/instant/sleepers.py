"""What sleepers take, and how soon one answers who is wanted again."""

import asyncio
import statistics
import time
from collections.abc import Sequence

from bench import idle
from bench.clicks import Visitor, leave, visitors
from bench.definitions import COLD, JUPYTERLAB, SLEEPY, ahead
from bench.instant.bedroom import SETTINGS, Bedroom
from bench.living import Way
from bench.results import Goal, Result, p95
from mydocker.agent.figures import Processors, machine
from mydocker.domain.sleep import SPARES_AWAKE
from tests.service import Service, running

BEDS = 10
"""Workspaces whose thaw is measured, each several times."""
WINDOW_SECONDS = 20.0
BETWEEN_SECONDS = 1.0
SETTLE_SECONDS = 10.0
OURS_IDLE_PERCENT = 1.5
MEGABYTE, GIGABYTE = 1e6, 1e9


# --- thaw --------------------------------------------------------------------------------------


def thaw(thaws: int) -> Result:
    """`thaw.first_byte`: navigations to JupyterLabs whose memory is in zram, one at a time."""
    with running(SLEEPY, **SETTINGS, MYDOCKER_IDLE_ROUND="5s") as service:
        return first_bytes(asyncio.run(_thaws(service, thaws)))


def first_bytes(pairs: Sequence[tuple[float, float]]) -> Result:
    """Seconds from the request to the first byte, asleep and awake; the baseline is awake."""
    asleep, awake = ([1000 * each[side] for each in pairs] for side in (0, 1))
    worst = p95(asleep)
    return Result(
        "thaw.first_byte", "ms p50", statistics.median(asleep), statistics.median(awake),
        f"p95 {worst:.0f}; awake {p95(awake):.0f}", len(pairs), Goal("ours", most=70),
        also=worst <= 200,
    )  # fmt: skip


async def _thaws(service: Service, thaws: int) -> list[tuple[float, float]]:
    bedroom, beds = Bedroom(service), min(thaws, BEDS)
    found: list[tuple[float, float]] = []
    async with visitors(service, beds) as everybody:
        ways = [(each, (await each.click(JUPYTERLAB)).way) for each in everybody]
        while len(found) < thaws:
            await asyncio.to_thread(bedroom.until_asleep, beds)
            found += [await _wake(visitor, way) for visitor, way in ways]
        await leave(everybody)
    return found[:thaws]


async def _wake(visitor: Visitor, way: Way) -> tuple[float, float]:
    """The same navigation twice: the second finds it awake."""
    await asyncio.sleep(BETWEEN_SECONDS)
    asleep = await visitor.person.navigate(way)
    await asyncio.sleep(BETWEEN_SECONDS)
    return asleep, await visitor.person.navigate(way)


# --- at rest -----------------------------------------------------------------------------------


def at_rest(sleepers: int) -> list[Result]:
    """`frozen.memory`, `frozen.memory.each`, `frozen.cpu`: spares of JupyterLab that sleep."""
    with running(COLD, **SETTINGS) as service:
        time.sleep(SETTLE_SECONDS)
        before = _available_bytes()
        service.cli("environment", "apply", "-", stdin=ahead(sleepers + SPARES_AWAKE))
        bedroom = Bedroom(service)
        asleep = bedroom.until_asleep(sleepers)
        time.sleep(SETTLE_SECONDS)
        awake_bytes = bedroom.awake_bytes()
        taken = before - _available_bytes() - SPARES_AWAKE * awake_bytes
        each = (bedroom.resident_bytes(asleep) + bedroom.zram_bytes()) / len(asleep)
        return [
            in_all(taken, len(asleep)),
            each_of_them(each, bedroom.awake_resident_bytes(), len(asleep)),
            _cpu(service, bedroom, asleep),
        ]


def in_all(taken_bytes: float, sleepers: int) -> Result:
    """What the machine has less, with all that the engine and the kernel keep for them."""
    told = f"{taken_bytes / sleepers / MEGABYTE:.0f} MB each"
    return Result("frozen.memory", "GB for 100", 100 * taken_bytes / sleepers / GIGABYTE, None,
                  told, sleepers, Goal("ours", most=3.5))  # fmt: skip


def each_of_them(asleep_bytes: float, awake_bytes: float, sleepers: int) -> Result:
    """A container's own memory, in zram and out of it, beside the same awake: page cache too."""
    return Result("frozen.memory.each", "MB", asleep_bytes / MEGABYTE, awake_bytes / MEGABYTE,
                  "baseline: awake", sleepers, Goal("ratio", most=1 / 3))  # fmt: skip


def _cpu(service: Service, bedroom: Bedroom, asleep: list[str]) -> Result:
    processors, ours = Processors(), idle.processes(service)
    nanos, seconds = bedroom.cpu_nanos(asleep), idle.cpu_seconds(ours)
    began = time.monotonic()
    time.sleep(WINDOW_SECONDS)
    passed, busy = time.monotonic() - began, 100 * processors.busy_fraction()
    our_percent = 100 * (idle.cpu_seconds(ours) - seconds) / passed
    percent = (bedroom.cpu_nanos(asleep) - nanos) / 1e7 / passed
    return Result(
        "frozen.cpu", "% of a core", percent, None,
        f"ours {our_percent:.2f} of a core; the machine {busy:.1f} busy", len(asleep),
        Goal("ours", most=0), also=our_percent <= OURS_IDLE_PERCENT,
    )  # fmt: skip


def _available_bytes() -> float:
    return float(str(machine(Processors())["memory_available_bytes"]))
