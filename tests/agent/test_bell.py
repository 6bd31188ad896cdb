"""The bell: the gateway wakes a sleeper, and the loops hear of it."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytest_asyncio

from mydocker.adapters.agent.client import AgentClient
from mydocker.ports.nodes import NodeAgent
from mydocker.testing.fake_agent import FakeAgent

from .dormitory import Dormitory
from .process import DEADLINE_S, AgentProcess, Dial

ABSENT = "0" * 64
AT_ONCE, LONG = timedelta(0), timedelta(seconds=DEADLINE_S)
NOBODY = 65534


def ring(path: Path, *lines: bytes) -> bytes:
    """Say lines at the bell, hang up, and return all that was answered."""
    with socket.socket(socket.AF_UNIX) as end:
        end.settimeout(DEADLINE_S)
        end.connect(str(path))
        with suppress(BrokenPipeError):  # who is turned away is so before a word
            end.sendall(b"".join(line + b"\n" for line in lines))
            end.shutdown(socket.SHUT_WR)
        answer = b""
        with suppress(ConnectionResetError):  # what was said to who is turned away, nobody read
            while piece := end.recv(4096):
                answer += piece
        return answer


def ring_as(uid: int, path: Path, container: bytes) -> bytes:
    """The same by another user."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.chdir(path.parent)  # pytest's folders are closed to others
        os.setresuid(uid, uid, uid)
        try:
            os.write(writer, b"answer " + ring(Path(path.name), container))
        except OSError:
            os.write(writer, b"answer ")
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as told:
        return told.read().removeprefix(b"answer ")


@pytest.fixture
def dormitory(tmp_path: Path) -> Iterator[Dormitory]:
    with Dormitory(tmp_path) as built:
        yield built


# --- what every agent promises --------------------------------------------------------------------


@pytest_asyncio.fixture(params=["fake", pytest.param("real", marks=pytest.mark.engine)])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[SimpleNamespace]:
    """An agent, two containers, and how to ring."""
    node: NodeAgent
    if request.param == "fake":
        node = FakeAgent()
        node.absent = {ABSENT}
        yield SimpleNamespace(node=node, ring=node.ring, one="1" * 64, two="2" * 64)
        return
    dormitory: Dormitory = request.getfixturevalue("dormitory")
    agent: AgentProcess = request.getfixturevalue("agent")
    node = AgentClient(agent.socket)

    async def really(container: str) -> bool:
        answer = await asyncio.to_thread(ring, agent.bell, container.encode())
        return {b"ok\n": True, b"gone\n": False}[answer]

    one, two = dormitory.add().id, dormitory.add().id
    yield SimpleNamespace(node=node, ring=really, one=one, two=two)
    await node.close()


async def sleepers(world: SimpleNamespace) -> set[str]:
    seen = await world.node.frozen([world.one, world.two])
    return {name for name, sleep in seen.items() if sleep.is_frozen}


@pytest.mark.asyncio
async def test_who_is_rung_for_wakes_and_nobody_else(world: SimpleNamespace) -> None:
    await world.node.freeze([world.one, world.two])
    for _ in range(2):
        assert await world.ring(world.one)
        assert await sleepers(world) == {world.two}


@pytest.mark.asyncio
async def test_who_is_not_there_is_gone_and_was_not_rung_for(world: SimpleNamespace) -> None:
    assert not await world.ring(ABSENT)
    assert (await world.node.rung(0, AT_ONCE)).last == 0


@pytest.mark.asyncio
async def test_a_ring_before_the_freeze_wins(world: SimpleNamespace) -> None:
    assert await world.ring(world.one)
    frozen = await world.node.freeze([world.one, world.two, ABSENT])
    assert frozen == {world.one: False, world.two: True}
    assert await sleepers(world) == {world.two}


@pytest.mark.asyncio
async def test_rings_are_told_from_any_number_on(world: SimpleNamespace) -> None:
    for container in (world.one, world.two, world.one):
        await world.ring(container)
    told = [await world.node.rung(after, AT_ONCE) for after in (0, 1, 2, 3)]
    assert [rung.last for rung in told] == [3, 3, 3, 3]
    assert [tuple(rung.containers) for rung in told] == [
        (world.one, world.two), (world.two, world.one), (world.one,), (),
    ]  # fmt: skip
    assert len({rung.began for rung in told}) == 1


@pytest.mark.asyncio
async def test_a_number_of_another_agents_is_answered_at_once(world: SimpleNamespace) -> None:
    await world.ring(world.one)
    assert (await world.node.rung(99, LONG)).containers == (world.one,)


@pytest.mark.asyncio
async def test_a_ring_is_heard_at_once_and_holds_up_no_other_verb(world: SimpleNamespace) -> None:
    heard = [asyncio.create_task(world.node.rung(0, LONG)) for _ in range(3)]
    for _ in range(3):
        await world.node.machine()
    assert not any(task.done() for task in heard)
    await world.ring(world.two)
    async with asyncio.timeout(2):
        assert {(await task).containers for task in heard} == {(world.two,)}


@pytest.mark.asyncio
async def test_the_fake_forgets_rings_after_ten_seconds_and_with_its_process() -> None:
    node = FakeAgent()
    began = (await node.rung(0, AT_ONCE)).began
    await node.ring(ABSENT)
    node.now += timedelta(seconds=11)
    assert await node.freeze([ABSENT]) == {ABSENT: True}
    await node.ring(ABSENT)
    node.restart()
    assert await node.freeze([ABSENT]) == {ABSENT: True}
    now = await node.rung(2, LONG)
    assert (now.last, now.containers) == (0, ()) and now.began != began


# --- the real one ---------------------------------------------------------------------------------


def test_only_the_gateway_and_root_may_ring(make_agent: Callable[[], AgentProcess]) -> None:
    agent = make_agent()
    agent.ringers, agent.callers = {NOBODY}, {NOBODY - 1}
    agent.start()
    assert ring_as(NOBODY, agent.bell, ABSENT.encode()) == b"gone\n"
    assert ring_as(NOBODY - 1, agent.bell, ABSENT.encode()) == b""
    assert ring(agent.bell, ABSENT.encode()) == b"gone\n"


def test_who_may_ring_may_not_ask_for_anything(
    make_agent: Callable[[], AgentProcess],
) -> None:
    agent = make_agent()
    agent.ringers = {NOBODY}
    agent.start()
    assert b'"not_allowed"' in ring_as(NOBODY, agent.socket, b'{"id": 1, "verb": "hello"}')


@pytest.mark.parametrize(
    "line",
    [b"", b"x", b"../" + b"0" * 61, b"0" * 63, b"0" * 64 + b" ", b"F" * 64, b"\xff" * 64,
     b'{"id": 1, "verb": "detach", "run": "run00001"}'],
)  # fmt: skip
def test_what_is_no_container_is_told_so(agent: AgentProcess, line: bytes) -> None:
    assert ring(agent.bell, line) == b"no\n"
    assert ring(agent.bell, line, ABSENT.encode()) == b"no\ngone\n"


def test_who_never_ends_a_line_is_cut_off(agent: AgentProcess) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        end.settimeout(DEADLINE_S)
        end.connect(str(agent.bell))
        end.sendall(b"0" * 66)
        assert end.recv(1) == b""


def test_who_says_nothing_holds_up_nobody(agent: AgentProcess) -> None:
    silent = [socket.socket(socket.AF_UNIX) for _ in range(200)]
    for end in silent:
        end.connect(str(agent.bell))
        end.sendall(b"0")
    assert ring(agent.bell, ABSENT.encode()) == b"gone\n"
    for end in silent:
        end.close()


def test_who_rang_and_went_is_no_trouble(agent: AgentProcess) -> None:
    for _ in range(50):
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(str(agent.bell))
            end.sendall(ABSENT.encode() + b"\n" + ABSENT.encode())
    assert ring(agent.bell, ABSENT.encode()) == b"gone\n"


def test_too_many_who_wait_are_told_so_and_the_agent_ends_without_them(
    agent: AgentProcess, dial: Dial
) -> None:
    line = dial(agent)
    for number in range(1, 18):
        line.send(b'{"id": %d, "verb": "rung", "after": 0, "wait_s": 60}\n' % number)
    assert line.hear() == {
        "id": 17,
        "error": {
            "kind": "unavailable",
            "code": "busy",
            "message": "Too many callers wait at the agent.",
        },
    }
    began = time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - began < 5
    assert not agent.bell.exists()


@pytest.mark.engine
def test_an_agent_killed_leaves_a_bell_that_the_next_one_answers(
    dormitory: Dormitory, make_agent: Callable[[], AgentProcess], dial: Dial
) -> None:
    sleeper, agent = dormitory.add(), make_agent().start()
    assert dial(agent).ask("freeze", containers=[sleeper.id]) == {sleeper.id: True}
    agent.kill()
    with pytest.raises(ConnectionRefusedError):
        ring(agent.bell, sleeper.id.encode())
    agent.start()
    assert ring(agent.bell, sleeper.id.encode()) == b"ok\n"
    sleeper.goes_on()


@pytest.mark.engine
def test_freezes_and_rings_at_once_leave_nobody_asleep_who_was_rung_for(
    dormitory: Dormitory, agent: AgentProcess, dial: Dial
) -> None:
    ids = [dormitory.add().id for _ in range(4)]
    line, answers = dial(agent), list[Sequence[bytes]]()

    def wake() -> None:
        answers.append([ring(agent.bell, one.encode()) for one in ids])

    ringing = threading.Thread(target=wake)
    ringing.start()
    for _ in range(20):
        line.ask("freeze", containers=ids)
    ringing.join()
    assert answers == [[b"ok\n"] * 4]
    line.ask("freeze", containers=ids)
    assert not any(sleep["is_frozen"] for sleep in line.ask("frozen", containers=ids).values())
