"""What every `NodeAgent` keeps: the fake in memory, and the real one behind its client."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import pytest_asyncio

from mydocker.adapters.agent.client import AgentClient
from mydocker.ports.errors import Refused, Unavailable
from mydocker.ports.nodes import Bridge, HomeMount, Introduction, NodeAgent
from mydocker.testing.fake_agent import FakeAgent

from .process import AgentProcess

pytestmark = pytest.mark.asyncio
RUN, OTHER = "run00001", "run00002"
HOME = HomeMount(0, "home0001")
NEVER = timedelta(days=30)
NOW = timedelta(0)


@pytest_asyncio.fixture(params=["fake", "real"])
async def node(
    request: pytest.FixtureRequest, instance: str, make_agent: Callable[[], AgentProcess]
) -> AsyncIterator[NodeAgent]:
    if request.param == "fake":
        yield FakeAgent(instance)
        return
    client = AgentClient(make_agent().start().socket)
    yield client
    await client.close()


async def test_hello(node: NodeAgent) -> None:
    abilities = await node.hello()
    assert abilities.version == 1
    assert abilities.can_idmap == (abilities.idmap_problem == "")


async def test_attach_and_detach_may_be_repeated(node: NodeAgent) -> None:
    homes = [HOME, HomeMount(3, "home0002")]
    sources = await node.attach(RUN, homes)
    assert [Path(source).parts[-2:] for source in sources] == [(RUN, "0"), (RUN, "3")]
    assert await node.attach(RUN, homes) == sources
    assert await node.attached() == {RUN: (0, 3)}
    assert await node.homes() in (("home0001", "home0002"), ("home0002", "home0001"))
    await node.detach(RUN)
    await node.detach(RUN)
    assert await node.attached() == {}


async def test_a_run_is_prepared_before_its_homes_and_person_come(node: NodeAgent) -> None:
    places = await node.prepare(RUN, 2)
    assert await node.prepare(RUN, 2) == places
    assert await node.attached() == {RUN: ()}
    assert Path(places.papers).name == RUN
    (source,) = await node.attach(RUN, [HOME])
    assert source == places.slots[0]
    assert await node.attached() == {RUN: (0,)}
    ada = Introduction("Ada Lovelace", "ada@example.org", "fr", whose="wksp0001")
    await node.introduce(RUN, ada)
    await node.introduce(RUN, ada)
    await node.detach(RUN)
    assert await node.attached() == {}


async def test_nobody_is_introduced_after_somebody_else(node: NodeAgent) -> None:
    await node.prepare(RUN, 0)
    await node.introduce(RUN, Introduction("Ada", whose="wksp0001"))
    await node.introduce(RUN, Introduction("Ada Lovelace", language="en", whose="wksp0001"))
    with pytest.raises(Refused) as refused:
        await node.introduce(RUN, Introduction("Ada", whose="wksp0002"))
    assert refused.value.code == "papers_taken"
    with pytest.raises(Unavailable):
        await node.introduce(OTHER, Introduction("Grace"))


async def test_sweep_takes_prepared_runs_too(node: NodeAgent) -> None:
    await node.prepare(RUN, 1)
    await node.prepare(OTHER, 0)
    assert (await node.sweep({OTHER}, NOW)).removed == (RUN,)
    assert await node.attached() == {OTHER: ()}


async def test_a_slot_holds_one_home_for_one_owner(node: NodeAgent) -> None:
    await node.attach(RUN, [HOME])
    for taken in (HomeMount(0, "home0002"), HomeMount(0, "home0001", 33, 33)):
        with pytest.raises(Refused) as refused:
            await node.attach(RUN, [taken])
        assert refused.value.code == "slot_taken"
    await node.attach(OTHER, [HOME])


async def test_an_attached_home_is_not_trashed(node: NodeAgent) -> None:
    await node.attach(RUN, [HOME])
    with pytest.raises(Unavailable):
        await node.trash("home0001")
    await node.detach(RUN)
    assert await node.trash("home0001")
    assert not await node.trash("home0001")
    assert await node.homes() == ()
    assert (await node.empty_trash(NEVER)).removed == ()
    emptied = await node.empty_trash(NOW)
    assert emptied.is_complete
    assert [name.split(".")[0] for name in emptied.removed] == ["home0001"]
    assert (await node.empty_trash(NOW)).removed == ()


async def test_sweep_removes_the_runs_nobody_knows(node: NodeAgent) -> None:
    for run in (RUN, OTHER):
        await node.attach(run, [HOME])
    assert (await node.sweep({OTHER}, NOW)).removed == (RUN,)
    assert (await node.sweep({OTHER}, NOW)).removed == ()
    assert await node.attached() == {OTHER: (0,)}


async def test_homes_are_measured(node: NodeAgent) -> None:
    assert (await node.home_usage("home0009")).inodes == 0
    await node.attach(RUN, [HOME])
    usage = await node.home_usage("home0001")
    assert (usage.bytes, usage.inodes, usage.is_complete) == (0, 1, True)
    assert usage.at.tzinfo is UTC


async def test_figures_of_the_node(node: NodeAgent) -> None:
    disk = await node.disk()
    assert 0 < disk.data.free_bytes <= disk.data.total_bytes
    assert disk.data.reserve_bytes >= 2_000_000_000
    machine = await node.machine()
    assert 0 <= machine.cpu_busy <= 1
    assert 0 < machine.memory_available_bytes < machine.memory_total_bytes
    assert machine.cpu_count > 0
    assert await node.usage(["0" * 64]) == {}


async def test_firewall_is_read_back(node: NodeAgent, instance: str) -> None:
    assert not (await node.firewall_state()).is_loaded
    bridges = [Bridge(f"md{instance}-o", "open"), Bridge(f"md{instance}-n", "none")]
    for _ in range(2):
        assert (await node.firewall(bridges, ["10.1.2.3:443/tcp"])).is_loaded
        assert (await node.firewall_state()).is_loaded


async def test_only_our_own_bridges_are_accepted(node: NodeAgent) -> None:
    for name, code in (("mdffffff-o", "not_ours"), ("docker0", "bad_request")):
        with pytest.raises(Refused) as refused:
            await node.firewall([Bridge(name, "open")], [])
        assert refused.value.code == code


async def test_bad_ids_are_refused(node: NodeAgent) -> None:
    for deed in (
        node.attach("../x", []),
        node.prepare("../x", 1),
        node.introduce("../x", Introduction()),
        node.attach(RUN, [HomeMount(0, "../x")]),
        node.detach(""),
        node.trash("a/b"),
        node.home_usage("A" * 8),
        node.sweep(["x"], NOW),
        node.let_out("x", IPv4Address("10.1.2.3")),
    ):
        with pytest.raises(Refused) as refused:
            await deed
        assert refused.value.code == "bad_request"


class TestFake:
    """How the fake misbehaves."""

    async def test_unreachable(self) -> None:
        node = FakeAgent()
        node.unreachable = True
        with pytest.raises(Unavailable):
            await node.hello()
        node.unreachable = False
        await node.hello()

    async def test_fails_so_often_then_does_it(self) -> None:
        node = FakeAgent()
        node.fail(2, "attach")
        await node.hello()
        for _ in range(2):
            with pytest.raises(Unavailable):
                await node.attach(RUN, [HOME])
        assert node.slots == {}
        await node.attach(RUN, [HOME])

    async def test_loses_the_answer_of_what_it_did(self) -> None:
        node = FakeAgent()
        node.fail(1, after=True)
        with pytest.raises(Unavailable):
            await node.attach(RUN, [HOME])
        assert node.slots == {RUN: {0: HOME}}

    async def test_loses_its_firewall(self) -> None:
        node = FakeAgent("abc123")
        await node.firewall([Bridge("mdabc123-o", "open")], [])
        node.lose_firewall()
        assert not (await node.firewall_state()).is_loaded

    async def test_counts_what_is_cut(self) -> None:
        node = FakeAgent()
        address = IPv4Address("10.0.0.2")
        node.open_connections[address] = 3
        assert [await node.cut(address), await node.cut(address)] == [3, 0]

    async def test_the_trash_has_its_own_clock(self) -> None:
        node = FakeAgent()
        node.known_homes.add("home0001")
        await node.trash("home0001")
        node.now += timedelta(days=31)
        assert (await node.empty_trash(NEVER)).removed == (
            f"home0001.{int(datetime(2030, 1, 1, tzinfo=UTC).timestamp())}",
        )


async def test_a_build_has_its_cage_until_nobody_knows_it(node: NodeAgent) -> None:
    places = {build: await node.cage(build, 64, by_systemd=False) for build in ("bld1", "bld2")}
    assert await node.cage("bld1", 32, by_systemd=False) == places["bld1"] != places["bld2"]
    assert await node.uncage({"bld1"}) == ()
    assert await node.uncage(set()) == ()
    with pytest.raises(Refused):
        await node.cage("../bld1", 32, by_systemd=False)
