"""Pulling 300 MB over a slow line: is what is told true?"""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest
import pytest_asyncio

from mydocker.adapters.docker import DockerDriver
from mydocker.domain.failures import Cause
from mydocker.ports.driver import PullProgress
from mydocker.ports.errors import Refused, Unavailable
from tests.adapters.docker import registry as registries
from tests.adapters.docker.corner import SOCKET, ask
from tests.adapters.docker.cutting import CuttingProxy
from tests.adapters.docker.registry import Registry
from tests.adapters.docker.throttle import SlowLine

pytestmark = [pytest.mark.asyncio, pytest.mark.engine]

MB = 1_000_000
LAYERS = (100 * MB, 80 * MB, 60 * MB, 40 * MB, 20 * MB)
RATE = 60 * MB
IN_FLIGHT = 16 * MB
"""What sockets between the line, the engine and its account may hold."""
DEADLINE = 90


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registries.registry(tmp_path_factory.mktemp("registry")) as made:
        made.put("big:1", LAYERS)
        yield made


@pytest_asyncio.fixture
async def line(registry: Registry) -> AsyncIterator[SlowLine]:
    made = SlowLine(registry.port, RATE)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def reference(line: SlowLine) -> AsyncIterator[str]:
    """The image's name by way of the slow line."""
    name = f"127.0.0.1:{await line.open()}/test-driver/big"
    yield f"{name}:1"
    ask("DELETE", f"images/{name}:1?force=1")


@pytest.fixture
def totals() -> dict[str, int]:
    return {}


@pytest_asyncio.fixture
async def driver(totals: dict[str, int]) -> AsyncIterator[DockerDriver]:
    made = DockerDriver("abcdef", totals=totals)
    yield made
    await made.close()


def packed_sizes(registry: Registry) -> list[int]:
    """What the registry itself says of the layers."""
    address = f"http://127.0.0.1:{registry.port}/v2/test-driver/big/manifests/1"
    accept = "application/vnd.docker.distribution.manifest.v2+json"
    request = urllib.request.Request(address, headers={"Accept": accept})
    with urllib.request.urlopen(request) as answer:
        return [layer["size"] for layer in json.load(answer)["layers"]]


async def test_what_is_told_is_true(
    driver: DockerDriver, registry: Registry, line: SlowLine, reference: str
) -> None:
    told: list[tuple[float, int, PullProgress]] = []
    async with asyncio.timeout(DEADLINE):
        facts = await driver.pull(
            reference, lambda now: told.append((monotonic(), line.passed, now))
        )
    sizes = packed_sizes(registry)
    last = told[-1][2]
    assert facts.size_bytes >= sum(LAYERS)
    assert sorted(layer.total for layer in last.layers) == sorted(sizes)
    assert last.done_bytes == last.total_bytes == 2 * sum(sizes)
    done = [now.done_bytes for _, _, now in told]
    assert done == sorted(done)
    assert len(set(done)) > 20
    for _, passed, now in told[:-1]:
        downloaded = sum(layer.downloaded for layer in now.layers)
        assert passed - IN_FLIGHT <= downloaded <= passed + IN_FLIGHT
    times = [moment for moment, _, _ in told[:-1]]  # the end is told when it comes
    assert all(later - sooner > 0.95 for sooner, later in zip(times, times[10:], strict=False))


async def test_a_second_pull_has_the_right_total_at_once(
    driver: DockerDriver, registry: Registry, reference: str
) -> None:
    async with asyncio.timeout(DEADLINE):
        await driver.pull(reference, lambda _: None)
        ask("DELETE", f"images/{reference}?force=1")
        told: list[PullProgress] = []
        await driver.pull(reference, told.append)
    assert {now.total_bytes for now in told} == {2 * sum(packed_sizes(registry))}


async def test_two_pulls_at_once_move_the_bytes_once_and_one_may_leave(
    driver: DockerDriver, line: SlowLine, reference: str
) -> None:
    stays: list[PullProgress] = []
    pulls = [asyncio.create_task(driver.pull(reference, stays.append)) for _ in range(2)]
    leaves = asyncio.create_task(driver.pull(reference, lambda _: None))
    async with asyncio.timeout(DEADLINE):
        await line.passes(30 * MB)
        leaves.cancel()
        first, second = await asyncio.gather(*pulls)
    assert first == second
    assert line.passed < 1.1 * sum(LAYERS)


async def test_a_pull_that_nobody_wants_any_more_stops(
    driver: DockerDriver, line: SlowLine, reference: str
) -> None:
    pull = asyncio.create_task(driver.pull(reference, lambda _: None))
    async with asyncio.timeout(DEADLINE):
        await line.passes(30 * MB)
        pull.cancel()
        with suppress(asyncio.CancelledError):
            await pull
        await line.idle.wait()
    assert line.passed < sum(LAYERS) / 2
    assert await driver.image(reference) is None


async def test_an_unknown_tag_is_refused_at_once(driver: DockerDriver, reference: str) -> None:
    with pytest.raises(Refused) as refused:
        async with asyncio.timeout(5):
            await driver.pull(f"{reference[:-1]}none", lambda _: None)
    assert refused.value.code == Cause.IMAGE_MISSING


async def test_a_registry_that_is_away_is_refused_at_once(
    driver: DockerDriver, line: SlowLine, reference: str
) -> None:
    await line.close()
    with pytest.raises(Refused) as refused:
        async with asyncio.timeout(5):
            await driver.pull(reference, lambda _: None)
    assert refused.value.code == Cause.IMAGE_UNUSABLE


async def test_a_registry_that_comes_back_is_tried_again_by_the_engine(
    driver: DockerDriver, registry: Registry, line: SlowLine, reference: str
) -> None:
    told: list[PullProgress] = []
    pull = asyncio.create_task(driver.pull(reference, told.append))
    async with asyncio.timeout(DEADLINE):
        await line.passes(30 * MB)
        registry.kill()
        await line.idle.wait()
        registry.start()
        await pull
    done = [now.done_bytes for now in told]
    assert done == sorted(done)
    assert told[-1].done_bytes == told[-1].total_bytes == 2 * sum(packed_sizes(registry))


async def test_an_engine_that_goes_in_the_middle_is_unavailable(
    line: SlowLine, reference: str, tmp_path: Path
) -> None:
    proxy = CuttingProxy(tmp_path / "engine.sock", SOCKET)
    await proxy.open()
    driver = DockerDriver("abcdef", url=proxy.url)
    try:
        pull = asyncio.create_task(driver.pull(reference, lambda _: None))
        async with asyncio.timeout(DEADLINE):
            await line.passes(30 * MB)
            await proxy.close()
            with pytest.raises(Unavailable):
                await pull
    finally:
        await driver.close()
        await proxy.close()
