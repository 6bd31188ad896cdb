"""The offices on stand-ins: a whole service in memory, with the real database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar

from mydocker.domain.environments import Port
from mydocker.domain.queue import Limits as QueueLimits
from mydocker.domain.runs import Patience, Phase
from mydocker.domain.spares import Limits
from mydocker.loops.custodian import Custodian
from mydocker.loops.database import Database
from mydocker.loops.gatekeeper import CHANGED, Gatekeeper
from mydocker.loops.janitor import Janitor
from mydocker.loops.launching import Launcher, Protection
from mydocker.loops.office import Desk, serve
from mydocker.loops.parts import Parts
from mydocker.loops.storekeeper import Storekeeper
from mydocker.loops.usher import Usher
from mydocker.loops.watcher import Watcher
from mydocker.loops.watchman import Watchman
from mydocker.loops.window import Showcase
from mydocker.ports.driver import ImageFacts
from mydocker.ports.nodes import Bridge
from mydocker.steady import SteadyClock
from mydocker.store import runs
from mydocker.store.runs import RunRow
from mydocker.testing.fake_agent import FakeAgent
from mydocker.testing.fake_driver import FakeDriver
from mydocker.testing.fake_gateway import FakeGateway

P = ParamSpec("P")
T = TypeVar("T")
IMAGE = "mydocker/tiny:latest"
DEADLINE_SECONDS = 30.0


@dataclass
class Outside:
    """What outlives a killed loop: containers, routes, homes."""

    driver: FakeDriver = field(default_factory=FakeDriver)
    gateway: FakeGateway = field(default_factory=FakeGateway)
    agent: FakeAgent = field(default_factory=FakeAgent)
    answering: bool = True

    def __post_init__(self) -> None:
        self.driver.engine.images[IMAGE] = ImageFacts("sha256:" + "a" * 64, 1_000_000)
        self.agent.rules = ([Bridge("mdabc123-o", "open")], [])

    async def answers(self, address: str | None, ports: Sequence[Port], patience: float) -> bool:
        """Stands for the ports of a container."""
        if not self.answering:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await asyncio.Event().wait()
        return self.answering and address is not None


class Watched(Database):
    """A database that tells when somebody has used it: that is when something may have changed."""

    def __init__(self) -> None:
        super().__init__()
        self._used = asyncio.Event()

    async def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await super().__call__(work, *args, **kwargs)
        finally:
            self._used.set()

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something is true of the database; fail after the deadline."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not await super().__call__(true):
                await self._used.wait()
                self._used.clear()


@dataclass
class House:
    """Running offices."""

    outside: Outside
    database: Watched
    desks: Sequence[Desk]
    clock: SteadyClock

    async def until(self, true: Callable[[], bool], what: str = "") -> None:
        """Wait until something is true of the database; fail after the deadline."""
        await self.database.until(true)

    async def phase(self, workspace: str, phase: Phase, generation: int = 1) -> RunRow:
        """Wait until the workspace's run of this generation got as far as this."""
        found: list[RunRow] = []

        def there() -> bool:
            run = runs.latest_of(workspace)
            found[:] = [run] if run else []
            return bool(run and run.generation >= generation and run.phase >= phase)

        await self.until(there, f"{workspace} {phase}")
        return found[0]


@asynccontextmanager
async def house(
    outside: Outside,
    *,
    patience: Patience | None = None,
    janitor_grace: timedelta = timedelta(seconds=0),
    at_once: int = 8,
    firewall_patience: float = 30.0,
    limits: Limits | None = None,
    keeps_stock: bool = True,
) -> AsyncIterator[House]:
    """Offices at work; leaving cuts them off wherever they are.

    Without `keeps_stock` nobody makes, retires, wakes or tucks in spares.
    """
    clock, database, showcase = SteadyClock(), Watched(), Showcase()
    driver, gateway, agent = outside.driver, outside.gateway, outside.agent
    parts = Parts(database, driver, gateway, agent, clock)
    launcher = Launcher(
        parts,
        Protection(agent, patience_seconds=firewall_patience),
        port_suffix="",
    )
    custodian = Custodian(
        parts, launcher, showcase,
        apps_domain="mydocker-apps.localhost",
        patience=patience or Patience(timedelta(seconds=5), timedelta(seconds=0.05)),
        answers=outside.answers,
    )  # fmt: skip
    usher = Usher(parts, limits=QueueLimits(at_once=at_once))
    desks = [
        Desk(custodian),
        Desk(Gatekeeper(database, gateway, agent, clock), key=CHANGED),
        Desk(Janitor(database, driver, agent, clock, grace=janitor_grace), key="all"),
        Desk(usher, key="queue"),
    ]
    if keeps_stock:
        storekeeper = Storekeeper(
            parts,
            apps_domain="mydocker-apps.localhost",
            limits=limits,
            answers=outside.answers,
            between_rounds=0.01,
            asked_bytes=lambda: usher.lacking_bytes,
        )
        desks.append(Desk(storekeeper, key="pool"))
    watchman = Watchman(parts)
    desks.append(Desk(watchman, key="sleepers"))
    watcher = Watcher(database, driver, clock, wake=desks[0].wake, look=desks[0].look)
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(desks, [watcher.run, watchman.listen], stop.wait()))
    try:
        yield House(outside, database, desks, clock)
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await serving
        database.close()


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


__all__ = ["DEADLINE_SECONDS", "IMAGE", "House", "Outside", "house", "now"]
