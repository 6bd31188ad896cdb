"""Ours and theirs in turns, on the same images, as results that have theirs for a baseline.

`against` takes any start of ours: a cold one here, and whatever else is to be held against theirs.
"""

import asyncio
import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import aiohttp

from bench import claims, idle
from bench.command import Keep, Wants
from bench.definitions import COLD, JUPYTERLAB, ahead
from bench.living import Person, people
from bench.peers import proxy
from bench.peers.hub import USABLE_SECONDS, Failed, Hub, Wait, insist
from bench.results import Goal, Result, interleaved, p95
from tests.service import TINY, Service, running

START, MEMORY, BURST, CLAIM, PROXY = NAMES = (
    "peers.start.jupyterlab", "peers.idle.memory", "peers.burst", "claim.vs_jupyterhub",
    "peers.gateway.rps",
)  # fmt: skip
"""What can be asked for. A burst is kept under its number of people: `peers.burst.30`."""
SETTLE_SECONDS = 5.0
NO_SLOWER = Goal("ratio", most=1.0)
MUCH_FASTER = Goal("ratio", most=1 / 25)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    starts: int = 15
    burst: int = 30
    rounds: int = 3
    seconds: int = 3
    """For one measurement of one proxy."""


def against(
    name: str, hub: Hub, ours: Callable[[], float], pairs: int, goal: Goal = NO_SLOWER
) -> Result:
    """Starts of ours in turns with the hub's, in milliseconds. `ours` returns the seconds that one
    took, and leaves nothing behind that would slow the next.
    """
    seconds = interleaved(ours, hub.start_and_stop, pairs)
    mine, theirs = zip(*seconds, strict=True)
    return beside(
        name, "ms", [1000 * each for each in mine], [1000 * each for each in theirs], goal
    )


def beside(
    name: str, unit: str, ours: Sequence[float], theirs: Sequence[float], goal: Goal
) -> Result:
    """The medians of both sides, with their 95th percentiles."""
    digits = 1 if unit == "s" else 0
    told = f"p95 {p95(ours):,.{digits}f}; theirs {p95(theirs):,.{digits}f}"
    return Result(name, unit, statistics.median(ours), statistics.median(theirs), told,
                  len(ours), goal)  # fmt: skip


def bursts(rounds: Sequence[tuple[list[Wait], list[Wait]]]) -> list[Result]:
    """Until the last could use it, how long people waited, and how often they were turned away."""
    count = len(rounds[0][0])
    ours, theirs = ([each[side] for each in rounds] for side in (0, 1))
    name = f"peers.burst.{count}"
    return [
        beside(name, "s", list(map(_last, ours)), list(map(_last, theirs)), NO_SLOWER),
        beside(
            f"{name}.wait", "s",
            [_seconds(wait) for waits in ours for wait in waits],
            [_seconds(wait) for waits in theirs for wait in waits],
            NO_SLOWER,
        ),
        _turned_away(f"{name}.turned_away", ours, theirs),
    ]  # fmt: skip


def _last(waits: list[Wait]) -> float:
    return max(map(_seconds, waits))


def _seconds(wait: Wait) -> float:
    """Who gave up waited at least so long."""
    return USABLE_SECONDS if wait.seconds is None else wait.seconds


def _turned_away(name: str, ours: list[list[Wait]], theirs: list[list[Wait]]) -> Result:
    mine, others = ([wait for waits in side for wait in waits] for side in (ours, theirs))
    told = f"{_told(mine)}; theirs {_told(others)}"
    return Result(name, "times", _times(mine), float(_times(others)), told, len(mine),
                  Goal("ours", most=0))  # fmt: skip


def _times(waits: list[Wait]) -> int:
    return sum(wait.refused + wait.failed for wait in waits)


def _told(waits: list[Wait]) -> str:
    refused, failed = sum(wait.refused for wait in waits), sum(wait.failed for wait in waits)
    in_vain = sum(wait.seconds is None for wait in waits)
    return f"refused {refused}, failed {failed}" + (f", gave up {in_vain}" if in_vain else "")


def measure(keep: Keep, wants: Wants, sizes: Sizes) -> None:
    """All that is asked for, one after the other, each kept as soon as it is there."""
    if any(map(wants, (START, MEMORY, BURST))):
        with running(TINY, COLD) as service, Hub() as hub:
            _with_both(service, hub, keep, wants, sizes)
    if wants(CLAIM):
        with running(ahead(claims.SPARES)) as service, Hub() as hub:
            keep(claimed(service, hub, sizes.starts))
    if wants(PROXY):
        keep(proxy.rates(sizes.rounds, sizes.seconds).result(PROXY, Goal("ratio", least=1.0)))


def _with_both(service: Service, hub: Hub, keep: Keep, wants: Wants, sizes: Sizes) -> None:
    count = sizes.burst if wants(BURST) else 1
    tokens = [service.person(f"peer{number}@example.org").token for number in range(count)]
    with our_starts(service, tokens) as ours:
        if wants(START) or wants(MEMORY):  # what is idle afterwards was used before
            started = against(START, hub, ours.start_and_stop, sizes.starts)
            if wants(START):
                keep(started)
        if wants(MEMORY):
            time.sleep(SETTLE_SECONDS)
            keep(memory(service, hub))
        if wants(BURST):
            rounds = interleaved(ours.burst, lambda: hub.burst(count), sizes.rounds, warm_ups=0)
            for each in bursts(rounds):
                keep(each)


def claimed(service: Service, hub: Hub, pairs: int) -> Result:
    """`claim.vs_jupyterhub`: from the POST to JupyterLab's first 200; of ours, spares stand by."""
    with claims.our_claims(service, pairs + 1) as ours:  # the first warms up
        return against(CLAIM, hub, lambda: ours.click().first_200, pairs, MUCH_FASTER)


def memory(service: Service, hub: Hub) -> Result:
    """`peers.idle.memory`: all that we run, beside their hub and proxy."""
    ours, theirs = idle.pss_mib(idle.processes(service)), idle.pss_mib(hub.processes())
    return Result(MEMORY, "MiB PSS", ours, theirs, "–", 1, Goal("ours"))


class Ours:
    """Cold starts of ours, by functions like the hub's."""

    def __init__(self, runner: asyncio.Runner, everybody: list[Person]) -> None:
        self._runner, self._people = runner, everybody

    def start_and_stop(self) -> float:
        """Seconds from the POST to the first 200 of JupyterLab through the gateway."""
        return self._runner.run(self._start_and_stop(self._people[0]))

    def burst(self) -> list[Wait]:
        """Everybody at once; all are stopped afterwards."""
        return self._runner.run(self._burst())

    async def _start_and_stop(self, person: Person) -> float:
        seconds, workspace = await person.start(JUPYTERLAB)
        await person.stop(workspace)
        return seconds

    async def _burst(self) -> list[Wait]:
        workspaces: dict[str, Person] = {}

        async def start(person: Person) -> None:
            try:
                _, workspace = await person.start(JUPYTERLAB)
            except (RuntimeError, aiohttp.ClientError) as error:
                raise Failed(str(error)) from error
            workspaces[workspace] = person

        waits = await asyncio.gather(*(insist(partial(start, each)) for each in self._people))
        await asyncio.gather(*(person.stop(each) for each, person in workspaces.items()))
        return waits


@contextlib.contextmanager
def our_starts(service: Service, tokens: list[str]) -> Iterator[Ours]:
    """A person for each token. Not for use inside an event loop."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        try:
            everybody = runner.run(stack.enter_async_context(people(service, tokens)))
            yield Ours(runner, everybody)
        finally:
            runner.run(stack.aclose())
