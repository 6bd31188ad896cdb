"""What `ports.driver.Driver` promises, on the fake and on a real engine alike."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from mydocker.domain.environments import NetworkPolicy
from mydocker.domain.failures import Cause
from mydocker.domain.runs import ABSENT, ContainerStatus, Sighting, reason_of_exit
from mydocker.ports.driver import PullProgress
from mydocker.ports.errors import Refused, Unavailable
from tests.adapters import driver_worlds as worlds
from tests.adapters.docker import registry as registries
from tests.adapters.docker.corner import Corner, corner
from tests.adapters.docker.cutting import When
from tests.adapters.driver_worlds import MIB, World, plan

pytestmark = pytest.mark.asyncio

AT_ONCE = timedelta(0)
SOON = 60
"""Seconds; the deadline of whatever is waited for."""


@pytest.fixture(scope="module")
def place() -> Iterator[Corner]:
    """A corner of the real engine, swept in the end."""
    with corner() as made:
        yield made


@pytest.fixture(scope="module")
def pullable(place: Corner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image in a registry, where there is one."""
    if registries.PROGRAM is None:
        yield ""
        return
    with registries.registry(tmp_path_factory.mktemp("registry")) as registry:
        reference = registry.put("small:1", [2 * MIB, MIB])
        yield reference
        place.drop(reference)


@pytest_asyncio.fixture(params=["fake", pytest.param("engine", marks=pytest.mark.engine)])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """Each of the worlds in turn."""
    if request.param == "fake":
        async with worlds.fake_world() as made:
            yield made
    else:
        place, pullable = (request.getfixturevalue(name) for name in ("place", "pullable"))
        async with worlds.engine_world(place, tmp_path, pullable) as made_really:
            yield made_really


async def until(world: World, run: str, wanted: Callable[[Sighting], bool]) -> Sighting:
    """Look at a run, and again whenever something happens to it, until it is as wanted."""
    async with asyncio.timeout(SOON):
        async with aclosing(world.driver.happenings()) as happenings:  # type: ignore[type-var]
            while not wanted(seen := await world.driver.look(run)):
                await anext(happenings)
    return seen


def has_ended(seen: Sighting) -> bool:
    return seen.status is ContainerStatus.EXITED


async def says(world: World, run: str, text: str) -> None:
    """Wait until a container has said something."""
    async with asyncio.timeout(SOON):
        async with aclosing(world.driver.logs(run, tail=100, follow=True)) as lines:  # type: ignore[type-var]
            async for line in lines:
                if line.text == text:
                    return
    raise AssertionError(f"{run} never said {text}")


async def gather_log(world: World, run: str, *, tail: int = 100, follow: bool = False) -> list[Any]:
    async with asyncio.timeout(SOON):
        return [
            (line.stream, line.text)
            async for line in world.driver.logs(run, tail=tail, follow=follow)
        ]


# --- prepare, image, pull ---------------------------------------------------------------------


async def test_prepare_names_one_bridge_per_policy_and_may_be_repeated(world: World) -> None:
    first = await world.driver.prepare()
    assert first == await world.driver.prepare()
    assert set(first) == set(NetworkPolicy)
    assert len(set(first.values())) == len(first)
    assert all(len(name) <= 15 for name in first.values())


async def test_an_image_that_is_here_is_known_and_another_is_not(world: World) -> None:
    facts = await world.driver.image(world.image)
    assert facts is not None
    assert facts.id.startswith("sha256:")
    assert facts.size_bytes > 0
    for name in ("test-driver-none:1", "No Such/Name", "../containers/json", ""):
        assert await world.driver.image(name) is None


async def test_a_pull_tells_how_far_it_is_and_never_goes_back(world: World) -> None:
    _needs_registry(world)
    told: list[PullProgress] = []
    facts = await world.driver.pull(world.pullable, told.append)
    assert facts == await world.driver.image(world.pullable)
    assert told[-1].done_bytes == told[-1].total_bytes > 0
    assert all(layer.done for layer in told[-1].layers)
    done = [progress.done_bytes for progress in told]
    assert done == sorted(done)


async def test_two_pulls_of_one_image_share_the_work(world: World) -> None:
    _needs_registry(world)
    told: tuple[list[PullProgress], list[PullProgress]] = ([], [])
    pulls = (world.driver.pull(world.pullable, one.append) for one in told)
    first, second = await asyncio.gather(*pulls)
    assert first == second
    assert told[0][-1] == told[1][-1]


async def test_one_of_two_who_pull_may_give_up(world: World) -> None:
    _needs_registry(world)
    stays = asyncio.create_task(world.driver.pull(world.pullable, lambda _: None))
    goes = asyncio.create_task(world.driver.pull(world.pullable, lambda _: None))
    await asyncio.sleep(0)  # let both begin
    goes.cancel()
    assert (await stays).size_bytes > 0
    with suppress(asyncio.CancelledError):
        await goes


async def test_an_unknown_image_is_refused_at_once(world: World) -> None:
    _needs_registry(world)
    unknown = world.pullable.rpartition(":")[0] + ":none"
    for name in (unknown, "no.such.registry.invalid/x:1", "No Such/Name"):
        with pytest.raises(Refused) as refused:
            async with asyncio.timeout(SOON):
                await world.driver.pull(name, lambda _: None)
        assert refused.value.code == Cause.IMAGE_MISSING


def _needs_registry(world: World) -> None:
    world.drop_image()


# --- launch -----------------------------------------------------------------------------------


async def test_a_launched_container_runs_and_has_an_address(world: World) -> None:
    seen = await world.driver.launch(plan(world, "a"))
    assert seen.status is ContainerStatus.RUNNING
    assert seen.address is not None
    assert seen.exit is None
    assert len(seen.container) == 64
    assert seen == await world.driver.look("a")


async def test_a_second_launch_finds_the_first(world: World) -> None:
    first = await world.driver.launch(plan(world, "a"))
    assert await world.driver.launch(plan(world, "a")) == first
    assert world.containers() == 1
    assert world.was_started_once("a")


async def test_launches_at_once_make_one_container(world: World) -> None:
    launches = (world.driver.launch(plan(world, "a")) for _ in range(5))
    seen = await asyncio.gather(*launches)
    assert len(set(seen)) == 1
    assert world.containers() == 1
    assert world.was_started_once("a")


async def test_a_launch_after_the_driver_died_adopts_the_container(world: World) -> None:
    first = await world.driver.launch(plan(world, "a"))
    await world.successor()
    assert await world.driver.launch(plan(world, "a")) == first
    assert world.was_started_once("a")


async def test_what_ended_is_never_started_again(world: World) -> None:
    await world.driver.launch(plan(world, "a", worlds.ENDS_WITH_3))
    ended = await until(world, "a", has_ended)
    assert await world.driver.launch(plan(world, "a", worlds.ENDS_WITH_3)) == ended
    assert world.was_started_once("a")


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize("number", range(1, 7))
async def test_a_launch_may_be_repeated_after_any_lost_request(
    world: World, number: int, when: When
) -> None:
    world.lose(number, when)
    with suppress(Unavailable):
        await world.driver.launch(plan(world, "a"))
    await world.successor()
    seen = await world.driver.launch(plan(world, "a"))
    assert seen.status is ContainerStatus.RUNNING
    assert world.containers() == 1
    assert world.was_started_once("a")


async def test_a_cancelled_launch_leaves_nothing_half_done(world: World) -> None:
    launch = asyncio.create_task(world.driver.launch(plan(world, "a")))
    await asyncio.sleep(0)
    launch.cancel()
    with suppress(asyncio.CancelledError):
        await launch
    seen = await world.driver.launch(plan(world, "a"))
    assert seen.status is ContainerStatus.RUNNING
    assert world.was_started_once("a")


async def test_a_container_in_the_background_is_promoted_once_and_for_all(world: World) -> None:
    await world.driver.launch(plan(world, "a", in_background=True))
    await world.driver.launch(plan(world, "b"))
    assert world.is_in_background("a") and not world.is_in_background("b")
    for _ in range(2):
        await world.driver.promote("a", 500_000_000)
        assert not world.is_in_background("a")
    await world.driver.promote("nobody", 500_000_000)


async def test_an_image_that_is_not_here_is_refused_and_nothing_stays(world: World) -> None:
    with pytest.raises(Refused) as refused:
        await world.driver.launch(plan(world, "a", image="test-driver-none:1"))
    assert refused.value.code == Cause.IMAGE_MISSING
    assert world.containers() == 0


async def test_a_command_that_is_not_there_is_told_as_such(world: World) -> None:
    code = None
    try:
        await world.driver.launch(plan(world, "a", worlds.MISSING))
    except Refused as refused:
        code = refused.code
    if code is None:
        ended = await until(world, "a", has_ended)
        assert reason_of_exit(ended.exit, was_ready=False).cause is Cause.COMMAND_MISSING
    else:
        assert code == Cause.COMMAND_MISSING
        assert world.containers() == 0


async def test_a_launch_without_an_engine_is_unavailable(world: World) -> None:
    await world.engine_goes()
    with pytest.raises(Unavailable):
        await world.driver.launch(plan(world, "a"))
    await world.engine_comes()
    assert (await world.driver.launch(plan(world, "a"))).status is ContainerStatus.RUNNING


# --- look, owned ------------------------------------------------------------------------------


async def test_nothing_is_seen_of_an_unknown_run(world: World) -> None:
    assert await world.driver.look("nobody") == ABSENT


async def test_a_container_that_vanished_is_absent(world: World) -> None:
    await world.driver.launch(plan(world, "a"))
    world.forget("a")
    assert await world.driver.look("a") == ABSENT


@pytest.mark.parametrize(
    ("command", "status"), [(worlds.ENDS_WELL, 0), (worlds.ENDS_WITH_3, 3)], ids=["well", "badly"]
)
async def test_the_exit_status_is_seen(world: World, command: tuple[str, ...], status: int) -> None:
    await world.driver.launch(plan(world, "a", command))
    ended = await until(world, "a", has_ended)
    assert ended.exit is not None
    assert (ended.exit.status, ended.exit.out_of_memory, ended.exit.error) == (status, False, "")
    assert ended.address is None


async def test_out_of_memory_is_told_apart_from_other_ends(world: World) -> None:
    await world.driver.launch(plan(world, "a", worlds.EATS))
    ended = await until(world, "a", has_ended)
    assert reason_of_exit(ended.exit, was_ready=True).cause is Cause.OUT_OF_MEMORY


async def test_a_frozen_container_still_runs(world: World) -> None:
    running = await world.driver.launch(plan(world, "a"))
    world.freeze("a")
    assert await world.driver.look("a") == running


async def test_owned_lists_the_containers_of_this_installation_only(world: World) -> None:
    running = await world.driver.launch(plan(world, "a"))
    await world.driver.launch(plan(world, "b", worlds.ENDS_WITH_3))
    ended = await until(world, "b", has_ended)
    assert await world.driver.owned() == {"a": running, "b": ended}
    assert await world.neighbour().owned() == {}
    assert await world.neighbour().look("a") == ABSENT


# --- remove -----------------------------------------------------------------------------------


async def test_removing_nothing_is_success(world: World) -> None:
    await world.driver.remove("nobody", AT_ONCE)


async def test_a_removed_container_is_gone_and_may_be_removed_again(world: World) -> None:
    await world.driver.launch(plan(world, "a"))
    for _ in range(2):
        await world.driver.remove("a", AT_ONCE)
        assert await world.driver.look("a") == ABSENT
    assert world.containers() == 0


async def test_removals_at_once_are_all_successes(world: World) -> None:
    await world.driver.launch(plan(world, "a"))
    await asyncio.gather(*(world.driver.remove("a", AT_ONCE) for _ in range(5)))
    assert await world.driver.look("a") == ABSENT


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_removal_may_be_repeated_after_any_lost_request(
    world: World, number: int, when: When
) -> None:
    await world.driver.launch(plan(world, "a"))
    world.lose(number, when)
    with suppress(Unavailable):
        await world.driver.remove("a", timedelta(seconds=1))
    await world.successor()
    await world.driver.remove("a", timedelta(seconds=1))
    assert await world.driver.look("a") == ABSENT
    assert world.containers() == 0


async def test_a_polite_program_is_not_kept_waiting(world: World) -> None:
    await world.driver.launch(plan(world, "a", worlds.POLITE))
    await says(world, "a", "ready")
    async with asyncio.timeout(SOON / 2):
        await world.driver.remove("a", timedelta(seconds=SOON))
    assert await world.driver.look("a") == ABSENT


async def test_a_stubborn_program_gets_its_grace_and_no_more(world: World) -> None:
    await world.driver.launch(plan(world, "a", worlds.STUBBORN))
    await says(world, "a", "ready")
    begun = asyncio.get_running_loop().time()
    async with asyncio.timeout(SOON / 2):
        await world.driver.remove("a", timedelta(seconds=1))
    assert asyncio.get_running_loop().time() - begun > 0.9
    assert await world.driver.look("a") == ABSENT


async def test_a_frozen_container_is_removed(world: World) -> None:
    await world.driver.launch(plan(world, "a", worlds.POLITE))
    await says(world, "a", "ready")
    world.freeze("a")
    async with asyncio.timeout(SOON / 2):
        await world.driver.remove("a", timedelta(seconds=SOON))
    assert await world.driver.look("a") == ABSENT


async def test_a_removal_waits_for_a_launch_under_way(world: World) -> None:
    launch = asyncio.create_task(world.driver.launch(plan(world, "a")))
    await asyncio.sleep(0)
    await world.driver.remove("a", AT_ONCE)
    await launch
    assert await world.driver.look("a") == ABSENT
    assert world.containers() == 0


# --- happenings -------------------------------------------------------------------------------


async def test_what_happens_after_the_call_is_told_however_late_it_is_read(world: World) -> None:
    happenings = world.driver.happenings()
    await world.driver.launch(plan(world, "a", worlds.ENDS_WELL))
    await until(world, "a", has_ended)
    kinds = []
    async with asyncio.timeout(SOON):
        async for happening in happenings:
            assert happening.run == "a"
            kinds.append(happening.kind)
            if happening.kind == "die":
                break
    assert kinds[-2:] == ["start", "die"]


async def test_a_process_killed_for_memory_is_told(world: World) -> None:
    happenings = world.driver.happenings()
    await world.driver.launch(plan(world, "a", worlds.EATS))
    async with asyncio.timeout(SOON):
        async for happening in happenings:
            if happening.kind == "oom":
                break
    assert happening.run == "a"


async def test_happenings_end_as_unavailable_when_the_engine_goes(world: World) -> None:
    happenings = world.driver.happenings()
    await world.driver.launch(plan(world, "a"))
    await anext(happenings)
    await world.engine_goes()
    with pytest.raises(Unavailable):
        await drain(happenings)
    with pytest.raises(Unavailable):
        await anext(world.driver.happenings())


async def drain(happenings: AsyncIterator[Any]) -> None:
    async with asyncio.timeout(SOON):
        async for _ in happenings:
            pass


# --- logs -------------------------------------------------------------------------------------


async def test_the_log_is_told_line_by_line_with_its_stream(world: World) -> None:
    await world.driver.launch(plan(world, "a", worlds.TALKS))
    await says(world, "a", "two")  # the engine brings the two streams each in its time
    await says(world, "a", "three")
    lines = await gather_log(world, "a")
    assert sorted(lines) == [("stderr", "two"), ("stdout", "one"), ("stdout", "three")]


async def test_only_the_last_lines_are_told(world: World) -> None:
    await world.driver.launch(plan(world, "a", worlds.TALKS_AND_ENDS))
    await until(world, "a", has_ended)
    assert await gather_log(world, "a", tail=2) == [("stdout", "two"), ("stdout", "three")]
    assert await gather_log(world, "a", tail=0) == []


async def test_a_followed_log_ends_with_the_container(world: World) -> None:
    await world.driver.launch(plan(world, "a", worlds.TALKS_LATER))
    lines = await gather_log(world, "a", follow=True)
    assert lines == [("stdout", "one"), ("stdout", "two")]


async def test_an_absent_container_has_no_log(world: World) -> None:
    assert await gather_log(world, "nobody", follow=True) == []


# --- execute ----------------------------------------------------------------------------------


async def test_a_command_returns_its_status_and_output(world: World) -> None:
    await world.driver.launch(plan(world, "a"))
    within = timedelta(seconds=SOON)
    assert await world.driver.execute("a", worlds.SAYS_HELLO, within) == (0, "hello\n")
    assert await world.driver.execute("a", worlds.FAILS, within) == (4, "oh\n")
    status, _ = await world.driver.execute("a", worlds.MISSING, within)
    assert status in (126, 127)


async def test_much_output_is_cut(world: World) -> None:
    await world.driver.launch(plan(world, "a"))
    status, said = await world.driver.execute("a", worlds.FLOODS, timedelta(seconds=SOON))
    assert (status, said) == (0, "x" * 64 * 1024)


async def test_a_command_that_does_not_end_is_unavailable(world: World) -> None:
    await world.driver.launch(plan(world, "a"))
    with pytest.raises(Unavailable):
        await world.driver.execute("a", worlds.LASTS, timedelta(seconds=0.2))


async def test_nothing_is_run_where_nothing_runs(world: World) -> None:
    with pytest.raises(Refused):
        await world.driver.execute("nobody", worlds.SAYS_HELLO, timedelta(seconds=SOON))
    await world.driver.launch(plan(world, "a", worlds.ENDS_WELL))
    await until(world, "a", has_ended)
    with pytest.raises(Refused):
        await world.driver.execute("a", worlds.SAYS_HELLO, timedelta(seconds=SOON))


# --- close ------------------------------------------------------------------------------------


async def test_containers_go_on_when_the_driver_is_closed(world: World) -> None:
    running = await world.driver.launch(plan(world, "a"))
    successor = await world.successor()
    assert await successor.look("a") == running
