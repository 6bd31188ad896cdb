"""Containers that sleep, on a real engine; and what every `NodeAgent` promises of them."""

import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytest_asyncio

from mydocker.adapters.agent.client import AgentClient
from mydocker.agent.cgroups import CgroupFiles
from mydocker.agent.freezer import Version2
from mydocker.ports.errors import Refused
from mydocker.ports.nodes import NodeAgent
from mydocker.testing.fake_agent import FakeAgent

from .dormitory import MIB, Counter, Dormitory, remove_swap, wait_until
from .neighbourhood import run
from .process import AgentProcess, Dial, Line

pytestmark = pytest.mark.engine
ABSENT = "0" * 64
CGROUPS = Path("/sys/fs/cgroup")


@pytest.fixture
def dormitory(tmp_path: Path, instance: str) -> Iterator[Dormitory]:
    """Containers first, the swap they may lie in after them."""
    try:
        with Dormitory(tmp_path) as built:
            yield built
    finally:
        remove_swap(f"mydocker-{instance}")


@pytest.fixture
def agent(dormitory: Dormitory, make_agent: Callable[[], AgentProcess]) -> AgentProcess:
    """An agent whose operator agreed to swap."""
    agent = make_agent()
    agent.swap = ("zram", 1 << 30)
    return agent.start()


def swapped(line: Line, counter: Counter) -> int:
    found: int = line.ask("frozen", containers=[counter.id])[counter.id]["swapped_bytes"]
    return found


def put_to_sleep(line: Line, counter: Counter) -> None:
    """Freeze, and wait until the memory is in swap."""
    assert line.ask("freeze", containers=[counter.id]) == {counter.id: True}
    wait_until(lambda: resident(line, counter) < 2 * MIB)


def resident(line: Line, counter: Counter) -> int:
    found: int = line.ask("frozen", containers=[counter.id])[counter.id]["resident_bytes"]
    return found


# --- what every agent promises --------------------------------------------------------------------


@pytest_asyncio.fixture(params=["fake", "real"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[SimpleNamespace]:
    """An agent with swap for sleepers and two containers; one more that is absent."""
    node: NodeAgent
    if request.param == "fake":
        node = FakeAgent()
        node.swap_agreed_bytes = 1 << 30
        node.absent = {ABSENT}
        await node.make_swap(1 << 30)
        yield SimpleNamespace(node=node, one="1" * 64, two="2" * 64)
        return
    dormitory = request.getfixturevalue("dormitory")
    node = AgentClient(request.getfixturevalue("agent").socket)
    one, two = dormitory.add(8), dormitory.add(8)
    yield SimpleNamespace(node=node, one=one.id, two=two.id)
    await node.close()


@pytest.mark.asyncio
async def test_freeze_and_thaw_may_be_repeated(world: SimpleNamespace) -> None:
    for _ in range(2):
        assert await world.node.freeze([world.one, ABSENT]) == {world.one: True}
        seen = await world.node.frozen([world.one, world.two, ABSENT])
        assert {name: sleep.is_frozen for name, sleep in seen.items()} == {
            world.one: True,
            world.two: False,
        }
    for _ in range(2):
        assert tuple(await world.node.thaw([world.one, ABSENT])) == (world.one,)
        assert not (await world.node.frozen([world.one]))[world.one].is_frozen


@pytest.mark.asyncio
async def test_only_the_memory_of_sleepers_goes_into_swap(world: SimpleNamespace) -> None:
    before = await world.node.frozen([world.one, world.two])
    assert all(sleep.resident_bytes > 8 * MIB for sleep in before.values())
    await world.node.freeze([world.one])
    deadline = time.monotonic() + 20
    while (seen := await world.node.frozen([world.one, world.two]))[
        world.one
    ].swapped_bytes < 7 * MIB:
        assert time.monotonic() < deadline
    assert seen[world.one].resident_bytes < 4 * MIB
    assert seen[world.two].swapped_bytes == 0


@pytest.mark.asyncio
async def test_a_reclaim_freezes_nobody_and_finishes_what_was_left(world: SimpleNamespace) -> None:
    await world.node.freeze([world.one])
    await world.node.reclaim([world.one, world.two, ABSENT])
    deadline = time.monotonic() + 20
    while (seen := await world.node.frozen([world.one, world.two]))[
        world.one
    ].swapped_bytes < 7 * MIB:
        assert time.monotonic() < deadline
    assert not seen[world.two].is_frozen
    assert seen[world.two].swapped_bytes == 0


@pytest.mark.asyncio
async def test_swap_is_told_and_made_only_as_agreed(world: SimpleNamespace) -> None:
    swap = await world.node.swap()
    (ours,) = (area for area in swap.areas if area.is_ours)
    assert (swap.is_for_sleepers, swap.problem, ours.kind) == (True, "", "zram")
    assert 0 <= (1 << 30) - ours.size_bytes <= 65536  # but for a page of its own
    assert [a for a in (await world.node.make_swap(64 * MIB)).areas if a.is_ours] == [ours]
    for size in ((1 << 30) + 1, 0):
        with pytest.raises(Refused) as refused:
            await world.node.make_swap(size)
        assert refused.value.code == "not_agreed"


@pytest.mark.asyncio
async def test_only_ids_of_containers_are_accepted(world: SimpleNamespace) -> None:
    for verb in (world.node.freeze, world.node.thaw, world.node.frozen):
        with pytest.raises(Refused) as refused:
            await verb(["../" + ABSENT])
        assert refused.value.code == "bad_request"


@pytest.mark.asyncio
async def test_the_fake_has_containers_that_do_not_stop() -> None:
    node = FakeAgent()
    node.stubborn = {ABSENT}
    assert await node.freeze([ABSENT]) == {ABSENT: False}
    assert not (await node.frozen([ABSENT]))[ABSENT].is_frozen


# --- on the real engine ---------------------------------------------------------------------------


def test_a_frozen_container_stops_and_goes_on_where_it_was(
    dormitory: Dormitory, line: Line
) -> None:
    sleeper, clock = dormitory.add(), dormitory.add()
    assert line.ask("freeze", containers=[sleeper.id]) == {sleeper.id: True}
    stopped_at, usage = sleeper.ticks(), line.ask("usage", containers=[sleeper.id])
    for _ in range(5):
        clock.goes_on()
    assert sleeper.ticks() == stopped_at
    now = line.ask("usage", containers=[sleeper.id])
    assert now[sleeper.id]["cpu_nanos"] == usage[sleeper.id]["cpu_nanos"]
    assert run("docker", "inspect", "-f", "{{.State.Status}}", sleeper.id) == "running"
    assert line.ask("thaw", containers=[sleeper.id]) == {"thawed": [sleeper.id]}
    sleeper.goes_on()


def test_memory_comes_back_from_swap_as_it_was(dormitory: Dormitory, line: Line) -> None:
    sleeper = dormitory.add(40)
    digest = sleeper.digest()
    put_to_sleep(line, sleeper)
    wait_until(lambda: swapped(line, sleeper) > 38 * MIB)
    (ours,) = (area for area in line.ask("swap")["areas"] if area["is_ours"])
    assert ours["used_bytes"] > 38 * MIB and ours["memory_bytes"] > 0
    line.ask("thaw", containers=[sleeper.id])
    assert sleeper.digest() == digest


def test_a_thaw_wins_over_a_reclaim_under_way(dormitory: Dormitory, line: Line) -> None:
    large, small = dormitory.add(600), dormitory.add(4)
    line.ask("freeze", containers=[large.id, small.id])
    wait_until(lambda: swapped(line, large) > 20 * MIB)
    began = time.monotonic()
    line.ask("thaw", containers=[large.id])
    large.goes_on()
    assert time.monotonic() - began < 1
    wait_until(lambda: resident(line, small) < 2 * MIB)  # its turn came: the first is over
    assert swapped(line, large) < 550 * MIB
    assert large.file("memory", "memory.swappiness").read_text() == "0\n"
    large.goes_on()


def test_a_reclaim_holds_up_no_other_verb(dormitory: Dormitory, line: Line) -> None:
    large, other = dormitory.add(600), dormitory.add(1)
    line.ask("freeze", containers=[large.id])
    wait_until(lambda: swapped(line, large) > 20 * MIB)
    assert line.ask("freeze", containers=[other.id]) == {other.id: True}
    assert line.ask("thaw", containers=[other.id])
    assert line.ask("hello")["version"] == 1
    assert resident(line, large) > 50 * MIB  # it is still under way


def test_who_is_awake_does_not_swap(dormitory: Dormitory, line: Line) -> None:
    awake, woken = dormitory.add(8), dormitory.add(8)
    put_to_sleep(line, woken)
    line.ask("thaw", containers=[woken.id])
    woken.digest()
    before = swapped(line, woken)
    for counter in (awake, woken):
        counter.file("memory", "memory.force_empty").write_text("0")
    # The kernel may take a few pages, whatever it is told: of either.
    assert swapped(line, awake) < MIB
    assert swapped(line, woken) < before + MIB


def test_a_container_removed_while_frozen_is_gone(dormitory: Dormitory, line: Line) -> None:
    sleeper, removed = dormitory.add(4), dormitory.add(400)
    line.ask("freeze", containers=[removed.id, sleeper.id])
    run("docker", "rm", "-f", removed.id)
    both = [removed.id, sleeper.id]
    assert line.ask("freeze", containers=both) == {sleeper.id: True}
    wait_until(lambda: resident(line, sleeper) < 2 * MIB)  # the reclaim outlived it
    assert list(line.ask("frozen", containers=both)) == [sleeper.id]
    assert line.ask("thaw", containers=both) == {"thawed": [sleeper.id]}


def test_the_engine_ends_who_sleeps_but_politely_only_who_was_thawed(
    dormitory: Dormitory, line: Line
) -> None:
    polite, asleep, killed = (dormitory.add() for _ in range(3))
    line.ask("freeze", containers=[polite.id, asleep.id, killed.id])
    line.ask("thaw", containers=[polite.id])
    run("docker", "kill", killed.id)
    for counter in (polite, asleep):
        run("docker", "stop", "-t", "1", counter.id)
    codes = [
        run("docker", "inspect", "-f", "{{.State.ExitCode}}", counter.id)
        for counter in (polite, asleep, killed)
    ]
    assert codes == ["0", "137", "137"]


def test_two_callers_at_once_leave_whole_states(
    dormitory: Dormitory, agent: AgentProcess, dial: Dial
) -> None:
    counters = [dormitory.add(4), dormitory.add(4)]
    ids = [counter.id for counter in counters]
    lines = [dial(agent), dial(agent)]
    odd: list[object] = []

    def shake(line: Line, verbs: tuple[str, str]) -> None:
        for verb in verbs * 20:
            answer = line.ask(verb, containers=ids)
            if set(answer.get("thawed", answer)) != set(ids):
                odd.append(answer)

    threads = [
        threading.Thread(target=shake, args=(lines[0], ("freeze", "thaw"))),
        threading.Thread(target=shake, args=(lines[1], ("thaw", "freeze"))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert odd == []
    assert lines[0].ask("freeze", containers=ids) == dict.fromkeys(ids, True)
    lines[1].ask("thaw", containers=ids)
    for counter in counters:
        counter.goes_on()
        assert counter.file("memory", "memory.swappiness").read_text() == "0\n"


def test_an_agent_killed_before_the_reclaim_leaves_a_sleeper_that_a_later_one_finishes(
    dormitory: Dormitory, make_agent: Callable[[], AgentProcess], dial: Dial
) -> None:
    sleeper, agent = dormitory.add(20), make_agent()
    agent.swap = ("zram", 1 << 30)
    agent.start("from mydocker.agent.sleepers import Sleepers; Sleepers._reclaim = lambda *_: None")
    assert dial(agent).ask("freeze", containers=[sleeper.id]) == {sleeper.id: True}
    agent.kill()
    agent.start()
    line = dial(agent)
    seen = line.ask("frozen", containers=[sleeper.id])[sleeper.id]
    assert seen["is_frozen"] and seen["swapped_bytes"] == 0
    put_to_sleep(line, sleeper)
    line.ask("thaw", containers=[sleeper.id])
    sleeper.goes_on()


def test_a_thaw_takes_less_than_a_millisecond_each(dormitory: Dormitory, line: Line) -> None:
    ids = [dormitory.add().id for _ in range(3)]
    took = []
    for _ in range(5):
        line.ask("freeze", containers=ids)
        began = time.perf_counter()
        line.ask("thaw", containers=ids)
        took.append((time.perf_counter() - began) / len(ids))
    assert min(took) < 0.001


def test_version_2_freezes_a_real_container(dormitory: Dormitory) -> None:
    """Also where version 1 has the memory: the freezer of version 2 is then mounted beside it."""
    unified = CGROUPS / "unified" if (CGROUPS / "unified").is_dir() else CGROUPS
    sleeper, clock = dormitory.add(), dormitory.add()
    freezer, place = Version2(CgroupFiles({"": unified})), f"docker/{sleeper.id}"
    assert freezer.state(place) == "thawed"
    freezer.freeze(place)
    wait_until(lambda: freezer.state(place) == "frozen")
    stopped_at = sleeper.ticks()
    clock.goes_on()
    assert sleeper.ticks() == stopped_at
    freezer.thaw(place)
    sleeper.goes_on()
