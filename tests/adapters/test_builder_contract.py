"""What `ports.builder.Builder` promises, on the fake and on a real engine alike."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from mydocker.ports.builder import BuildFailed, Event, Order, Said, StepBegan, StepEnded, Why
from mydocker.ports.errors import Refused
from tests.adapters import builder_worlds as worlds
from tests.adapters.builder_worlds import EATS, FAILS, FILLS, FORKS, KEEPS, LASTS, SAYS, World

pytestmark = pytest.mark.asyncio
SOON = 60


@pytest_asyncio.fixture(params=["fake", pytest.param("engine", marks=pytest.mark.engine)])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with worlds.fake_world() if request.param == "fake" else worlds.engine_world() as made:
        yield made


class Ear:
    """What a build told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.said = asyncio.Event()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Said):
            self.said.set()

    @property
    def lines(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Said)]


async def failed(world: World, order: Order) -> tuple[BuildFailed, Ear]:
    ear = Ear()
    with pytest.raises(BuildFailed) as caught:
        async with asyncio.timeout(SOON):
            await world.builder.build(order, ear)
    assert await world.successor.sweep(()) == []  # nothing was left
    return caught.value, ear


async def test_the_ground_is_made_and_may_be_made_again(world: World) -> None:
    ground = await world.builder.prepare()
    assert ground == await world.successor.prepare()
    assert len(ground.bridge) <= 15


async def test_steps_and_lines_are_told_in_order_and_an_image_comes_of_them(world: World) -> None:
    order, ear = world.order(SAYS, KEEPS), Ear()
    built = await world.builder.build(order, ear)
    began = [(each.step, each.steps) for each in ear.events if isinstance(each, StepBegan)]
    assert began == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert ear.lines == ["one", "two", "three"]
    ended = [each for each in ear.events if isinstance(each, StepEnded)]
    assert [each.step for each in ended] == [1, 2, 3, 4]
    assert 2_900_000 < ended[-1].added_bytes < 3_200_000
    assert built.image.startswith("sha256:")
    assert built.size_bytes >= 3_000_000
    assert built.layers[-1].size_bytes == ended[-1].added_bytes
    assert await world.successor.sweep(()) == []


async def test_what_was_built_before_is_not_built_again(world: World) -> None:
    order, ear = world.order(SAYS), Ear()
    first = await world.builder.build(order, lambda event: None)
    again = replace(world.order(SAYS), reference=order.reference)
    assert (await world.builder.build(again, ear)).image == first.image or ear.lines == []
    assert [each.is_cached for each in ear.events if isinstance(each, StepEnded)][1:] == [
        True,
        True,
    ]
    assert ear.lines == []
    anew = replace(world.order(SAYS), use_cache=False)
    newest = await world.builder.build(anew, ear)
    assert ear.lines == ["one", "two", "three"]
    assert newest.image != first.image or world.cages is None
    also = f"md-{world.instance}/test:latest"
    await world.builder.name(anew.reference, also)
    assert await world.builder.packages(also)


async def test_a_step_that_fails_is_told_with_its_status(world: World) -> None:
    error, ear = await failed(world, world.order(SAYS, FAILS, KEEPS))
    assert (error.why, error.step, error.status) == (Why.STEP, 4, 3)
    assert ear.lines == ["one", "two", "three", "oh"]


async def test_a_build_that_takes_too_long_is_ended(world: World) -> None:
    error, _ = await failed(world, world.order(LASTS, seconds=2))
    assert error.why is Why.TIME


async def test_a_build_that_fills_the_disk_is_ended(world: World) -> None:
    error, ear = await failed(world, world.order(FILLS))
    assert (error.why, error.step) == (Why.DISK, 3)
    assert ear.lines == ["here"]


async def test_a_step_that_eats_memory_is_killed_and_told_so(world: World) -> None:
    error, _ = await failed(world, world.order(EATS))
    assert (error.why, error.step) == (Why.MEMORY, 3)


async def test_a_fork_bomb_ends_in_its_cage(world: World) -> None:
    error, ear = await failed(world, world.order(FORKS))
    assert (error.why, error.step) == (Why.STEP, 3)
    assert "Resource temporarily unavailable" in "".join(ear.lines)


async def test_a_base_that_cannot_be_had_is_told(world: World) -> None:
    order = world.order()
    missing = replace(
        order, dockerfile="FROM md-nowhere/none:1\n", bases=["md-nowhere.invalid/none:1"]
    )
    error, _ = await failed(world, missing)
    assert (error.why, error.step) == (Why.BASE, 0)


async def test_a_cancelled_build_ends_at_once_and_leaves_nothing(world: World) -> None:
    ear = Ear()
    task = asyncio.create_task(world.builder.build(world.order(LASTS), ear))
    async with asyncio.timeout(SOON):
        await ear.said.wait()
        task.cancel()
        await asyncio.wait({task})
    assert task.cancelled()
    assert await world.successor.sweep(()) == []


async def test_nothing_is_built_outside_a_cage(world: World) -> None:
    order = world.order(SAYS)
    for parent in ("", "/", "/docker", f"{order.cage.parent}x"):
        with pytest.raises(Refused):
            await world.builder.build(
                replace(order, cage=replace(order.cage, parent=parent)), lambda event: None
            )


async def test_what_is_under_way_is_not_swept(world: World) -> None:
    ear, order = Ear(), world.order(LASTS)
    task = asyncio.create_task(world.builder.build(order, ear))
    async with asyncio.timeout(SOON):
        await ear.said.wait()
        assert await world.successor.sweep([order.build]) == []
        assert await world.successor.sweep([]) == [order.build]
        if world.cages is None:
            task.cancel()  # the fake's steps do not hear of it
        await asyncio.wait({task})
    assert task.cancelled() or task.exception() is not None


async def test_an_image_is_discarded_once_and_for_all(world: World) -> None:
    order = world.order(SAYS)
    await world.builder.build(order, lambda event: None)
    assert await world.builder.packages(order.reference)
    assert await world.builder.discard(order.reference)
    assert await world.builder.discard(order.reference)
    assert list(await world.builder.packages(order.reference)) == []
