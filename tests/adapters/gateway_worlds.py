"""The worlds in which the gateway's contract is tested: one in memory, one with a real HAProxy."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from mydocker.adapters.haproxy import HaproxyGateway
from mydocker.ports.gateway import Gateway, Route
from mydocker.testing.fake_gateway import FakeGateway
from tests.adapters.haproxy import gate as gates
from tests.adapters.haproxy.gate import Gate, digest
from tests.adapters.haproxy.origin import echoes
from tests.adapters.haproxy.wire import UPGRADE, head, line


class World(Protocol):
    """A gateway, and what tests do and see behind its back."""

    @property
    def gateway(self) -> Gateway:
        """The gateway, as the port has it."""
        ...

    def route(self, host: str, to: str = "run") -> Route:
        """A route to one of two containers, `run` and `other`."""
        ...

    async def reaches(self, cookie: str, host: str) -> str | int:
        """The name of the container that answers the bearer of this cookie, or the refusal."""
        ...

    async def successor(self) -> Gateway:
        """Let the process that speaks to the gateway die, and another one take its place."""
        ...

    def kill(self) -> None:
        """Kill the gateway at once."""
        ...

    async def start(self) -> None:
        """Start it again."""
        ...

    async def visit(self, host: str, cookie: str) -> None:
        """Do something there, as a person."""
        ...

    async def poll(self, host: str, cookie: str) -> None:
        """Ask in the background, as an open tab does."""
        ...

    def rings(self) -> Sequence[str]:
        """Containers that the gateway had woken, in this order."""
        ...

    async def open_stream(self, host: str, cookie: str) -> None:
        """Open a websocket and leave it open."""
        ...

    async def close_streams(self) -> None:
        """Close all of them."""
        ...


class FakeWorld:
    """In memory."""

    def __init__(self) -> None:
        self.gateway = FakeGateway()
        self._streams: dict[str, int] = {}

    def route(self, host: str, to: str = "run") -> Route:
        return Route(host, "run-1", "10.0.0.1", {"run": 1, "other": 2}[to])

    async def reaches(self, cookie: str, host: str) -> str | int:
        found = self.gateway.answer(digest(cookie), host)
        return found if isinstance(found, int) else {1: "run", 2: "other"}[found.port]

    async def successor(self) -> Gateway:
        return self.gateway

    def kill(self) -> None:
        self.gateway.stop()

    async def start(self) -> None:
        self.gateway.restart()

    async def visit(self, host: str, cookie: str) -> None:
        self.gateway.interact(host)

    async def poll(self, host: str, cookie: str) -> None:
        pass

    def rings(self) -> Sequence[str]:
        return self.gateway.rings

    async def open_stream(self, host: str, cookie: str) -> None:
        self.gateway.wake(host)
        self._streams[host] = self._streams.get(host, 0) + 1
        self.gateway.open_streams(host, self._streams[host])

    async def close_streams(self) -> None:
        for host in self._streams:
            self.gateway.open_streams(host, 0)


class RealWorld:
    """With HAProxy."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._lines = AsyncExitStack()
        gate.run.parts["/ws"] = echoes

    @property
    def gateway(self) -> Gateway:
        return self.gate.gateway

    def route(self, host: str, to: str = "run") -> Route:
        return Route(host, "run-1", "127.0.0.1", getattr(self.gate, to).port)

    async def reaches(self, cookie: str, host: str) -> str | int:
        if self.gate.process is None:
            return 0
        answer = await self.gate.ask(host, cookie=f"__Host-mydocker_grant={cookie}")
        return answer.body.decode() if answer.status == 200 else answer.status

    async def successor(self) -> Gateway:
        await self.gate.gateway.close()
        config = self.gate.config
        self.gate.gateway = HaproxyGateway(config.folder, config.socket, gates.APPS)
        return self.gate.gateway

    def kill(self) -> None:
        self.gate.kill()

    async def start(self) -> None:
        await self.gate.start()

    async def visit(self, host: str, cookie: str) -> None:
        await self.gate.ask(
            host,
            ("Sec-Fetch-Site", "none"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
            cookie=f"__Host-mydocker_grant={cookie}",
        )

    async def poll(self, host: str, cookie: str) -> None:
        await self.gate.ask(
            host,
            ("Sec-Fetch-Site", "same-origin"),
            ("Sec-Fetch-Mode", "cors"),
            ("Sec-Fetch-Dest", "empty"),
            cookie=f"__Host-mydocker_grant={cookie}",
        )

    def rings(self) -> Sequence[str]:
        return self.gate.bell.rings

    async def open_stream(self, host: str, cookie: str) -> None:
        opened = await self._lines.enter_async_context(line(self.gate.port))
        held = ("Cookie", f"__Host-mydocker_grant={cookie}")
        await opened.say(head("GET", "/ws", [("Host", host), held, *UPGRADE]))
        assert (await opened.answer()).status == 101

    async def close_streams(self) -> None:
        await self._lines.aclose()


@asynccontextmanager
async def fake_world() -> AsyncIterator[FakeWorld]:
    """A fresh one."""
    yield FakeWorld()


@asynccontextmanager
async def real_world() -> AsyncIterator[RealWorld]:
    """A fresh one, with a fresh HAProxy."""
    async with gates.gate() as gate:
        world = RealWorld(gate)
        try:
            yield world
        finally:
            await world.close_streams()
