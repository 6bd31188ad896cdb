"""The client when the agent is away, restarted, slow, or somebody else."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from mydocker.adapters.agent.client import AgentClient
from mydocker.ports.errors import Refused, Unavailable
from mydocker.ports.nodes import HomeMount

from .process import AgentProcess

pytestmark = pytest.mark.asyncio
HOME = HomeMount(0, "home0001")


async def test_an_absent_agent_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await AgentClient(tmp_path / "agent.sock").hello()


async def test_a_restarted_agent_is_found_again_at_once(agent: AgentProcess) -> None:
    client = AgentClient(agent.socket)
    sources = await client.attach("run00001", [HOME])
    agent.kill()
    with pytest.raises(Unavailable):
        await client.hello()
    agent.start()
    assert await client.attach("run00001", [HOME]) == sources
    await client.close()


async def test_a_restart_between_two_calls_is_not_noticed(agent: AgentProcess) -> None:
    client = AgentClient(agent.socket)
    await client.hello()
    agent.kill()
    agent.start()
    assert (await client.hello()).version == 1
    await client.close()


async def test_many_at_once_share_one_connection(agent: AgentProcess) -> None:
    client = AgentClient(agent.socket)
    runs = [f"run{number:05}" for number in range(200)]
    await asyncio.gather(*(client.attach(run, [HOME]) for run in runs))
    assert len(await client.attached()) == 200
    await asyncio.gather(*(client.detach(run) for run in runs), client.disk(), client.machine())
    assert await client.attached() == {}
    await client.close()


async def test_a_cancelled_question_spoils_no_other(agent: AgentProcess) -> None:
    client = AgentClient(agent.socket)
    await client.hello()
    questions = [asyncio.ensure_future(client.disk()) for _ in range(20)]
    await asyncio.wait(questions, return_when=asyncio.FIRST_COMPLETED)
    for question in questions[1::2]:
        question.cancel()
    await asyncio.gather(*questions, return_exceptions=True)
    assert (await client.hello()).version == 1
    await client.close()


async def test_long_lists_pass(agent: AgentProcess) -> None:
    client = AgentClient(agent.socket)
    assert await client.usage([f"{number:064x}" for number in range(5000)]) == {}
    swept = await client.sweep([f"run{number:017}" for number in range(10_000)], timedelta(0))
    assert swept.removed == ()
    await client.close()


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answered_by(
    path: Path, answer: Answer, patience: timedelta = timedelta(seconds=15)
) -> AsyncIterator[AgentClient]:
    async with await asyncio.start_unix_server(answer, path):
        client = AgentClient(path, patience=patience)
        yield client
        await client.close()


async def test_a_silent_agent_is_unavailable(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with answered_by(tmp_path / "s", silent, timedelta(milliseconds=50)) as client:
        with pytest.raises(Unavailable):
            await client.hello()


@pytest.mark.parametrize(
    "said",
    [b"", b"nonsense\n", b"[]\n", b"{}\n", b'{"id":1}\n', b'{"id":null}\n', b"x" * (1 << 25)],
)
async def test_an_agent_that_talks_nonsense_is_unavailable(tmp_path: Path, said: bytes) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(said)
        writer.close()

    async with answered_by(tmp_path / "s", nonsense) as client:
        with pytest.raises(Unavailable):
            await client.hello()


async def test_being_turned_away_is_told(tmp_path: Path) -> None:
    async def strict(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        error = {"kind": "refused", "code": "not_allowed", "message": "You may not call the agent."}
        await reader.readline()
        writer.write(json.dumps({"id": None, "error": error}).encode() + b"\n")
        writer.close()

    async with answered_by(tmp_path / "s", strict) as client:
        with pytest.raises(Refused) as refused:
            await client.hello()
    assert refused.value.code == "not_allowed"


async def test_somebody_else_in_the_agents_place_is_not_asked(agent: AgentProcess) -> None:
    client = AgentClient(agent.socket, server_uid=4321)
    with pytest.raises(Refused) as refused:
        await client.attach("run00001", [HOME])
    assert refused.value.code == "not_the_agent"
