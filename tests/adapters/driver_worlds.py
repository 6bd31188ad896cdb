"""The worlds in which the driver's contract is tested: one in memory, one on a real engine.

A world is a driver and what goes on behind its back.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from mydocker.adapters.docker import DockerDriver
from mydocker.domain.environments import NetworkPolicy
from mydocker.ports.driver import Driver, ImageFacts, LogLine, RunPlan
from mydocker.ports.errors import Unavailable
from mydocker.testing.fake_driver import FakeDriver
from mydocker.testing.fake_engine import FakeEngine, Program
from tests.adapters.docker.corner import SOCKET, Corner
from tests.adapters.docker.cutting import CuttingProxy, When

MIB = 1 << 20
STAYS = ("sleep", "600")
ENDS_WELL = ("sh", "-c", "exit 0")
ENDS_WITH_3 = ("sh", "-c", "exit 3")
STUBBORN = ("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done")
POLITE = ("sh", "-c", "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done")
TALKS = ("sh", "-c", "echo one; echo two >&2; echo three; sleep 600")
TALKS_AND_ENDS = ("sh", "-c", "echo one; echo two; echo three")
TALKS_LATER = ("sh", "-c", "echo one; sleep 0.5; echo two")
EATS = ("python3", "-Sc", "x = []\nwhile True: x.append(bytearray(b'1' * 1000000))")
MISSING = ("/no/such/program",)
SAYS_HELLO = ("echo", "hello")
FAILS = ("sh", "-c", "echo oh; exit 4")
FLOODS = ("python3", "-Sc", "print('x' * 200000)")
LASTS = ("sleep", "60")

_NOW = timedelta(0)
_PROGRAMS = {
    ENDS_WELL: Program(lasts=_NOW),
    ENDS_WITH_3: Program(lasts=_NOW, status=3),
    STUBBORN: Program(lines=[LogLine("ready")], stubborn=True),
    POLITE: Program(lines=[LogLine("ready")]),
    TALKS: Program(lines=[LogLine("one"), LogLine("two", "stderr"), LogLine("three")]),
    TALKS_AND_ENDS: Program(lines=[LogLine(text) for text in ("one", "two", "three")], lasts=_NOW),
    TALKS_LATER: Program(lines=[LogLine("one"), LogLine("two")], lasts=timedelta(seconds=0.1)),
    EATS: Program(lasts=_NOW, status=137, out_of_memory=True),
    MISSING: Program(error="exec /no/such/program failed: No such file or directory"),
    SAYS_HELLO: Program(lines=[LogLine("hello")], lasts=_NOW),
    FAILS: Program(lines=[LogLine("oh")], lasts=_NOW, status=4),
    FLOODS: Program(lines=[LogLine("x" * 200_000)], lasts=_NOW),
    LASTS: Program(lasts=timedelta(seconds=60)),
}


class World(Protocol):
    """A driver, and what tests do and see behind its back."""

    driver: Driver
    image: str
    pullable: str
    """Can be pulled; empty where nothing can be."""

    def neighbour(self) -> Driver:
        """Another installation's driver on the same engine."""
        ...

    async def successor(self) -> Driver:
        """Let the driver's process die and another one take its place."""
        ...

    def lose(self, number: int, when: When) -> None:
        """Lose the driver's request of this number from now on."""
        ...

    async def engine_goes(self) -> None:
        """Let the engine go away; containers go on."""
        ...

    async def engine_comes(self) -> None:
        """Let it come back."""
        ...

    def containers(self) -> int:
        """How many containers there are."""
        ...

    def was_started_once(self, run: str) -> bool:
        """Whether a run's container was started, and only once."""
        ...

    def freeze(self, run: str) -> None:
        """Freeze a container."""
        ...

    def is_in_background(self, run: str) -> bool:
        """Whether it takes what CPU the others leave."""
        ...

    def forget(self, run: str) -> None:
        """Take a container away."""
        ...

    def drop_image(self) -> None:
        """Remove the image that can be pulled, if it is here."""
        ...


def plan(world: World, run: str, command: Sequence[str] = STAYS, **changes: Any) -> RunPlan:
    """A small plan; `changes` replace its fields."""
    wanted: dict[str, Any] = {
        "run": run,
        "image": world.image,
        "command": command,
        "variables": {"COLOUR": "blue"},
        "network": NetworkPolicy.OPEN,
        "cpu_nanos": 500_000_000,
        "memory_bytes": 64 * MIB,
        "pids": 64,
        "shm_bytes": 8 * MIB,
        "tmp_bytes": 8 * MIB,
        "user": "1000:1000",
    }
    return RunPlan(**{**wanted, **changes})


class LossyFake(FakeDriver):
    """A fake that loses one very request, as the cutting proxy does."""

    requests = 0
    lost: tuple[int, When] | None = None

    async def _request(self, work: Any) -> Any:
        self.requests += 1
        lost = self.lost is not None and self.lost[0] == self.requests
        if lost and self.lost is not None and self.lost[1] is When.BEFORE:
            work = _lose
        result = await super()._request(work)
        return _lose() if lost else result


def _lose() -> Any:
    raise Unavailable("lost")


class FakeWorld:
    """The fake, in memory."""

    image = "bare:1"
    pullable = "small:1"

    def __init__(self) -> None:
        self.engine = FakeEngine(
            images={self.image: ImageFacts("sha256:" + "a" * 64, 70 * MIB)},
            registry={self.pullable: ImageFacts("sha256:" + "b" * 64, 5 * MIB)},
            programs=_PROGRAMS,
            pull_takes=timedelta(seconds=0.05),
        )
        self.driver: Driver = self._make()

    def _make(self) -> LossyFake:
        return LossyFake(self.engine)

    def neighbour(self) -> Driver:
        return FakeDriver()

    async def successor(self) -> Driver:
        await self.driver.close()
        self.driver = self._make()
        return self.driver

    def lose(self, number: int, when: When) -> None:
        assert isinstance(self.driver, LossyFake)
        self.driver.lost = (self.driver.requests + number, when)

    async def engine_goes(self) -> None:
        self.engine.stop()

    async def engine_comes(self) -> None:
        self.engine.restart()

    def containers(self) -> int:
        return len(self.engine.containers)

    def was_started_once(self, run: str) -> bool:
        return self.engine.starts[run] == 1

    def freeze(self, run: str) -> None:
        self.engine.freeze(run)

    def is_in_background(self, run: str) -> bool:
        container = self.engine.containers[run]
        return container.plan.in_background and not container.promoted

    def forget(self, run: str) -> None:
        self.engine.forget(run)

    def drop_image(self) -> None:
        self.engine.images.pop(self.pullable, None)


class EngineWorld:
    """A corner of a real engine, behind a proxy that cuts."""

    def __init__(self, corner: Corner, proxy: CuttingProxy, pullable: str) -> None:
        self.corner = corner
        self.image = corner.image
        self.pullable = pullable
        self.proxy = proxy
        self.driver: Driver = self._make()
        self._neighbours: list[Driver] = []

    def _make(self) -> Driver:
        return DockerDriver(self.corner.instance, url=self.proxy.url)

    def neighbour(self) -> Driver:
        other = f"{int(self.corner.instance, 16) ^ 1:06x}"
        self._neighbours.append(DockerDriver(other, url=self.proxy.url))
        return self._neighbours[-1]

    async def successor(self) -> Driver:
        await self.driver.close()
        self.driver = self._make()
        return self.driver

    def lose(self, number: int, when: When) -> None:
        self.proxy.cut(number, when)

    async def engine_goes(self) -> None:
        await self.proxy.close()

    async def engine_comes(self) -> None:
        await self.proxy.open()

    def containers(self) -> int:
        return len(self.corner.containers())

    def was_started_once(self, run: str) -> bool:
        return self.corner.starts(run) == 1

    def freeze(self, run: str) -> None:
        self.corner.act(run, "pause")

    def is_in_background(self, run: str) -> bool:
        return bool(self.corner.inspect(run)["HostConfig"]["CpuShares"] < 512)

    def forget(self, run: str) -> None:
        self.corner.forget(run)

    def drop_image(self) -> None:
        self.corner.drop(self.pullable)

    async def leave(self) -> None:
        for driver in (self.driver, *self._neighbours):
            await driver.close()
        self.corner.sweep()


@asynccontextmanager
async def fake_world() -> AsyncIterator[FakeWorld]:
    """A fresh fake."""
    world = FakeWorld()
    try:
        yield world
    finally:
        await world.driver.close()


@asynccontextmanager
async def engine_world(corner: Corner, folder: Path, pullable: str) -> AsyncIterator[EngineWorld]:
    """A fresh driver on the corner; its containers are swept afterwards."""
    proxy = CuttingProxy(folder / "engine.sock", SOCKET)
    await proxy.open()
    world = EngineWorld(corner, proxy, pullable)
    try:
        await world.driver.prepare()
        yield world
    finally:
        with suppress(asyncio.CancelledError):
            await world.leave()
        await proxy.close()
