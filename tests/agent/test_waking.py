"""A real gateway, a real agent, a real container: the request that wakes is the one answered."""

import asyncio
import pwd
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from mydocker.adapters.agent.client import AgentClient
from mydocker.ports.gateway import Route
from tests.adapters.haproxy import gate as gates
from tests.adapters.haproxy.gate import APPS, COOKIE, Gate, digest
from tests.adapters.haproxy.wire import Answer, ask

from .neighbourhood import IMAGE, import_image, run
from .process import DEADLINE_S, AgentProcess

pytestmark = [pytest.mark.engine, pytest.mark.asyncio]
PORT = 8080
_SERVE = """
trap 'exit 0' TERM
busybox mkdir -p /www/cgi-bin
printf '#!/bin/sh\\necho\\nbusybox wc -c\\n' > /www/cgi-bin/count
busybox chmod +x /www/cgi-bin/count
echo here > /www/index.html
busybox httpd -f -p {port} -h /www &
wait
"""


@pytest.fixture
def start() -> Iterator[Callable[[], tuple[str, str]]]:
    """Starts tiny web servers; tells id and address of each. They are removed at the end."""
    import_image()
    with ExitStack() as undo:

        def make() -> tuple[str, str]:
            name = f"test-agent-waking-{secrets.token_hex(4)}"
            words = ["docker", "run", "-d", "--memory-swappiness=0", f"--name={name}", IMAGE]
            found = run(*words, "/bin/sh", "-c", _SERVE.format(port=PORT))
            undo.callback(run, "docker", "rm", "-f", name, check=False)
            address = "{{.NetworkSettings.Networks.bridge.IPAddress}}"
            return found, run("docker", "inspect", "-f", address, found)

        yield make


class House:
    """Gateway, agent, and containers that are put to sleep as the loops do it."""

    def __init__(self, gate: Gate, agent: AgentProcess, start: Callable[[], tuple[str, str]]):
        self.gate, self.process, self._start = gate, agent, start
        self.agent = AgentClient(agent.socket)
        self.containers: dict[str, str] = {}
        """By host."""

    async def add(self) -> str:
        """Start one and open its way; returns its host."""
        found, address = await asyncio.to_thread(self._start)
        host = f"{found.translate(str.maketrans('0189', 'ghij'))[:20]}.{APPS}"
        self.containers[host] = found
        await self.gate.gateway.put_routes([Route(host, found[:12], address, PORT)])
        await self.gate.gateway.put_grants([(digest(COOKIE), host)])
        async with asyncio.timeout(DEADLINE_S):
            while (await self.ask(host)).status != 200:
                pass
        return host

    async def sleep(self, *hosts: str) -> None:
        """First the gateway knows, then they are frozen."""
        asleep = {host: self.containers[host] for host in hosts}
        await self.gate.gateway.put_asleep(asleep)
        assert all((await self.agent.freeze(asleep.values())).values())

    async def sleepers(self) -> int:
        seen = await self.agent.frozen(self.containers.values())
        return sum(sleep.is_frozen for sleep in seen.values())

    async def ask(self, host: str, method: str = "GET", body: bytes = b"") -> Answer:
        """As a person does, on a connection of its own."""
        target = "/cgi-bin/count" if body else "/"
        enters = [("Host", host), ("Cookie", f"__Host-mydocker_grant={COOKIE}")]
        navigates = [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate")]
        return await ask(self.gate.port, enters + navigates, target, method, body)


@pytest_asyncio.fixture
async def house(
    make_agent: Callable[[], AgentProcess], start: Callable[[], tuple[str, str]]
) -> AsyncIterator[House]:
    agent = make_agent()
    # What was rung for stays awake for a moment; here each is put to sleep again at once.
    agent.start("from mydocker.agent import rings; rings.RECENT_S = 0.0")
    async with gates.gate(bell=agent.bell) as gate:
        made = House(gate, agent, start)
        yield made
        await made.agent.close()


async def _timed(deed: Awaitable[Answer]) -> float:
    began = time.perf_counter()
    assert (await deed).status == 200
    return time.perf_counter() - began


async def test_the_request_that_wakes_is_answered_by_who_was_frozen(house: House) -> None:
    host = await house.add()
    await house.sleep(host)
    assert (await house.ask(host)).body == b"here\n"
    assert await house.sleepers() == 0
    assert await house.gate.gateway.asleep() == {}
    rung = await house.agent.rung(0, timedelta(0))
    assert rung.containers == (house.containers[host],)


async def test_what_was_sent_to_a_sleeper_arrives_whole(house: House) -> None:
    host = await house.add()
    await house.sleep(host)
    answer = await house.ask(host, "POST", b"x" * 300_000)
    assert (answer.status, answer.body.strip()) == (200, b"300000")


async def test_an_agent_killed_and_started_anew_wakes_whom_another_froze(house: House) -> None:
    host = await house.add()
    await house.sleep(host)
    house.process.kill()
    asking = asyncio.create_task(house.ask(host))
    await asyncio.to_thread(house.process.start)
    assert (await asking).status == 200


@pytest.mark.parametrize("may_ring", [True, False])
async def test_the_gateway_rings_as_its_own_user(
    make_agent: Callable[[], AgentProcess], may_ring: bool
) -> None:
    agent, nobody = make_agent(), pwd.getpwnam("nobody").pw_uid
    agent.ringers = {nobody} if may_ring else set()
    with tempfile.TemporaryDirectory(prefix="gw-", dir="/tmp") as folder:
        agent.run = Path(folder)
        agent.run.chmod(0o755)
        agent.start()
        async with gates.gate(bell=agent.bell, user="nobody") as gate:
            await gate.gateway.put_asleep({await gate.open(): "0" * 64})
            answer = await gate.ask(method="POST")
        agent.stop()
    # Who is not there does not sleep either.
    assert answer.status == (200 if may_ring else 503)


async def test_waking_takes_milliseconds(house: House) -> None:
    host, took = await house.add(), []
    for _ in range(20):
        await house.sleep(host)
        took.append(await _timed(house.ask(host)))
    assert sorted(took)[10] < 0.1


async def test_many_wake_at_once(house: House) -> None:
    hosts = [await house.add() for _ in range(8)]
    await house.sleep(*hosts)
    assert await house.sleepers() == 8
    answers = await asyncio.gather(*(house.ask(host) for host in hosts))
    assert {answer.body for answer in answers} == {b"here\n"}
    assert await house.sleepers() == 0
