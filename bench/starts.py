"""Single starts and bursts, beside the raw engine."""

import asyncio
import statistics
from collections.abc import Sequence

from bench.living import people
from bench.raw import Engine
from bench.results import Goal, Result, paired, spread
from tests.service import Service

TINY = "mydocker/tiny:latest"
JUPYTERLAB = "mydocker/jupyterlab-python:latest"
PAIRS = 15
ROUNDS = 3
PEOPLE = 100
CONCURRENCIES = (4, 8, 16)


def single(service: Service, token: str, name: str) -> Result:
    """`start.tiny` or `start.jupyterlab`: milliseconds more than the raw engine."""
    if name == "start.tiny":
        return asyncio.run(_single(service, token, name, "tiny", TINY, (), "/", 60))
    command = ("jupyter", "lab", "--IdentityProvider.token=x")
    return asyncio.run(
        _single(service, token, name, "jupyterlab-python", JUPYTERLAB, command, "/api", 100)
    )


async def _single(
    service: Service, token: str, name: str, environment: str, image: str,
    command: Sequence[str], path: str, most: float,
) -> Result:  # fmt: skip
    engine, pairs = Engine(), []
    async with people(service, [token]) as (person,):
        for number in range(PAIRS + 1):
            ours, workspace = await person.start(environment)
            await person.stop(workspace)
            raw, container = await engine.start(image, command, path)
            await engine.remove(container)
            if number:  # the first warms up
                pairs.append((ours * 1000, raw * 1000))
    await engine.close()
    return paired(name, "ms", pairs, Goal("difference", most=most))


def burst(service: Service, tokens: list[str]) -> list[Result]:
    """`burst.100` and the median person's share of the last one's wait."""
    return asyncio.run(_burst(service, tokens))


async def _burst(service: Service, tokens: list[str]) -> list[Result]:
    engine = Engine()
    ours: list[list[float]] = []
    raws: dict[int, list[list[float]]] = {n: [] for n in CONCURRENCIES}
    async with people(service, tokens) as everybody:
        for _ in range(ROUNDS):
            started = await asyncio.gather(*(each.start("tiny") for each in everybody))
            ours.append([seconds for seconds, _ in started])
            await asyncio.gather(
                *(
                    each.stop(workspace)
                    for each, (_, workspace) in zip(everybody, started, strict=True)
                )
            )
            for at_once in CONCURRENCIES:
                raws[at_once].append(await engine.burst(TINY, [0] * len(tokens), at_once))
    await engine.close()
    totals = [max(times) for times in ours]
    best = min(raws.values(), key=lambda rounds: statistics.median(map(max, rounds)))
    raw_totals = [max(times) for times in best]
    share = statistics.median(_share(times) for times in ours)
    raw_share = statistics.median(_share(times) for times in best)
    return [
        Result("burst.100", "s", statistics.median(totals), statistics.median(raw_totals),
               f"{spread(totals, 1)}; raw {spread(raw_totals, 1)}", ROUNDS,
               Goal("ratio", most=1.15)),
        Result("burst.100.median_share", "share of the last", share, raw_share,
               spread([_share(times) for times in ours], 2), ROUNDS,
               Goal("ours", most=max(0.65, raw_share + 0.05))),
    ]  # fmt: skip


def _share(times: Sequence[float]) -> float:
    return statistics.median(times) / max(times)


def fill(service: Service, tokens: list[str]) -> None:
    """Start a tiny workspace for everybody and leave it running."""

    async def work() -> None:
        async with people(service, tokens) as everybody:
            await asyncio.gather(*(each.start("tiny") for each in everybody))

    asyncio.run(work())


def some(service: Service, token: str, count: int) -> None:
    """A few starts and stops, as a day has."""

    async def work() -> None:
        async with people(service, [token]) as (person,):
            for _ in range(count):
                _, workspace = await person.start("tiny")
                await person.stop(workspace)

    asyncio.run(work())
