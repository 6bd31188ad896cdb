"""The fake is bad company exactly as it is told to be."""

import asyncio
from contextlib import aclosing, suppress
from datetime import timedelta

import pytest

from mydocker.domain.environments import NetworkPolicy
from mydocker.domain.failures import Cause
from mydocker.domain.runs import ABSENT, ContainerStatus
from mydocker.ports.driver import ImageFacts, RunPlan
from mydocker.ports.errors import Refused, Unavailable
from mydocker.testing.fake_driver import FakeDriver
from mydocker.testing.fake_engine import FakeEngine

pytestmark = pytest.mark.asyncio

IMAGE = "bare:1"
BRIEF = timedelta(milliseconds=20)


def engine() -> FakeEngine:
    return FakeEngine(images={IMAGE: ImageFacts("sha256:0", 1)})


def plan(run: str) -> RunPlan:
    return RunPlan(
        run=run,
        image=IMAGE,
        command=(),
        variables={},
        network=NetworkPolicy.OPEN,
        cpu_nanos=10**9,
        memory_bytes=1 << 28,
        pids=100,
        shm_bytes=0,
        tmp_bytes=0,
    )


async def outcomes(seed: int) -> list[str]:
    driver = FakeDriver(engine(), loses_every=3, seed=seed)
    found = []
    for number in range(60):
        try:
            found.append((await driver.launch(plan(f"r{number}"))).status.value)
        except Unavailable:
            found.append("lost")
    return found


async def test_requests_are_lost_as_the_seed_draws_and_work_may_be_done_all_the_same() -> None:
    found = await outcomes(seed=1)
    assert found == await outcomes(seed=1)
    assert found != await outcomes(seed=2)
    assert {"lost", "running"} <= set(found)
    driver = FakeDriver(engine(), loses_every=3, seed=1)
    for number in range(60):
        with suppress(Unavailable):
            await driver.launch(plan(f"r{number}"))
    statuses = {one.sighting().status for one in driver.engine.containers.values()}
    assert statuses == {ContainerStatus.CREATED, ContainerStatus.RUNNING}
    assert len(driver.engine.containers) > found.count("running")


async def test_a_lossy_driver_still_gets_everything_done_once() -> None:
    driver = FakeDriver(engine(), loses_every=3, seed=7)
    for number in range(50):
        async with asyncio.timeout(5):
            while True:
                try:
                    await driver.launch(plan(f"r{number}"))
                except Unavailable:
                    continue
                break
    assert set(driver.engine.starts.values()) == {1}
    assert len(driver.engine.starts) == 50


async def test_streams_of_a_lossy_driver_are_cut() -> None:
    driver = FakeDriver(engine(), loses_every=2, seed=3)
    async with aclosing(driver.happenings()) as happenings:
        for _ in range(50):
            driver.engine.kill_child("r")
        with pytest.raises(Unavailable):
            async for _ in happenings:
                pass


async def test_containers_die_when_told_and_their_end_is_told() -> None:
    driver = FakeDriver(engine(), dies_after=BRIEF)
    happenings = driver.happenings()
    await driver.launch(plan("a"))
    async with asyncio.timeout(5):
        async for happening in happenings:
            if happening.kind == "die":
                break
    seen = await driver.look("a")
    assert seen.exit is not None
    assert seen.exit.status == 1


async def test_starts_take_their_time_and_so_do_requests() -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await FakeDriver(engine(), boot=BRIEF).launch(plan("a"))
    assert loop.time() - begun >= BRIEF.total_seconds()
    begun = loop.time()
    await FakeDriver(engine(), slow=BRIEF).look("a")
    assert loop.time() - begun >= BRIEF.total_seconds()


async def test_containers_are_forgotten_without_a_word() -> None:
    driver = FakeDriver(engine(), forgets_every=1)
    happenings = driver.happenings()
    await driver.launch(plan("a"))
    async with asyncio.timeout(5):
        async for line in driver.logs("a", tail=0, follow=True):
            raise AssertionError(line)
    assert await driver.look("a") == ABSENT
    driver.engine.stop()
    with pytest.raises(Unavailable):
        await anext(happenings)  # the engine went before anybody read


async def test_what_is_refused_is_refused_with_its_code() -> None:
    driver = FakeDriver(engine(), refuses={IMAGE: Cause.DISK_FULL})
    with pytest.raises(Refused) as refused:
        await driver.launch(plan("a"))
    assert refused.value.code == Cause.DISK_FULL


async def test_two_drivers_may_share_an_engine() -> None:
    first = FakeDriver(engine())
    seen = await first.launch(plan("a"))
    await first.close()
    assert await FakeDriver(first.engine).look("a") == seen
