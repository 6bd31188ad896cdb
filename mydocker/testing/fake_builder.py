"""A builder that keeps the contract in memory, and is bad company while it does.

Steps do what they were told to by their text; what was told of none ends well at once.
"""

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from mydocker.ports.builder import (
    BuildFailed,
    Built,
    Event,
    Ground,
    Installed,
    Layer,
    Order,
    Said,
    StepBegan,
    StepEnded,
    Why,
)
from mydocker.ports.errors import Refused, Unavailable


@dataclass(frozen=True, slots=True)
class Step:
    """What an instruction does: says lines, writes and eats bytes, lasts, and ends."""

    lines: Sequence[str] = ()
    status: int = 0
    lasts: bool = False
    """Until it is ended."""
    writes: int = 0
    eats: int = 0


@dataclass(slots=True)
class FakeBuildEngine:
    """What outlives a builder: images, layers, and steps of builders that were killed."""

    images: dict[str, Built] = field(default_factory=dict)
    layers: set[tuple[str, ...]] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    """Builds that have a step under way."""
    in_use: set[str] = field(default_factory=set)
    """References of images that a run is made of."""
    is_gone: bool = False
    went: asyncio.Event = field(default_factory=asyncio.Event)


class FakeBuilder:
    """Builds on a `FakeBuildEngine`. `steps`: what instructions do, by their text."""

    def __init__(
        self,
        steps: Mapping[str, Step] | None = None,
        *,
        engine: FakeBuildEngine | None = None,
        bases: Collection[str] = ("mydocker/tiny",),
    ) -> None:
        self.engine = engine or FakeBuildEngine()
        self.steps = dict(steps or {})
        self.bases = set(bases)
        self.orders: list[Order] = []
        self.installed: Sequence[Installed] = (Installed("apt", "bash", "5.2"),)
        self.may_look = asyncio.Event()
        """Looks into images take as long as this is not set."""
        self.may_look.set()

    async def prepare(self) -> Ground:
        """See the port."""
        self._answer()
        return Ground("mdabc123-b", has_systemd_cgroups=False)

    async def build(self, order: Order, told: Callable[[Event], None]) -> Built:
        """See the port."""
        self._answer()
        if not order.cage.parent.endswith(order.build):
            raise Refused("bad_order", "a build without its cage is not built")
        self.orders.append(order)
        for base in order.bases:
            if base.removesuffix(":latest") not in self.bases and base not in self.engine.images:
                raise BuildFailed(Why.BASE, f"pull access denied for {base}")
        with self._under_way(order.build):
            try:
                async with asyncio.timeout(order.cage.seconds):
                    layers = await self._steps(order, told)
            except TimeoutError as error:
                raise BuildFailed(Why.TIME, "time limit exceeded", status=124) from error
        digest = hashlib.sha256(order.dockerfile.encode()).hexdigest()
        built = Built(f"sha256:{digest}", 10**6 + sum(each.size_bytes for each in layers), layers)
        self.engine.images[order.reference] = built
        return built

    async def name(self, reference: str, also: str) -> None:
        """See the port."""
        self._answer()
        self.engine.images[also] = self.engine.images[reference]

    async def packages(self, reference: str) -> Sequence[Installed]:
        """See the port."""
        self._answer()
        await self.may_look.wait()
        return self.installed if reference in self.engine.images else ()

    async def sweep(self, building: Collection[str]) -> Sequence[str]:
        """See the port."""
        self._answer()
        left = self.engine.steps - set(building)
        self.engine.steps -= left
        return sorted(left)

    async def discard(self, reference: str) -> bool:
        """See the port."""
        self._answer()
        if reference in self.engine.in_use:
            return False
        self.engine.images.pop(reference, None)
        return True

    async def close(self) -> None:
        """See the port."""

    async def _steps(self, order: Order, told: Callable[[Event], None]) -> list[Layer]:
        lines = order.dockerfile.splitlines()
        layers, ground = list[Layer](), tuple[str, ...]()
        for number, text in enumerate(lines, 1):
            told(StepBegan(number, len(lines), text))
            ground = (*ground, text)
            step = self.steps.get(text, Step())
            is_cached = order.use_cache and ground in self.engine.layers
            if not is_cached:
                await self._step(number, step, order, told)
                self.engine.layers.add(ground)
            told(StepEnded(number, is_cached, step.writes))
            layers.append(Layer(text, step.writes))
            await asyncio.sleep(0)
        return layers

    async def _step(
        self, number: int, step: Step, order: Order, told: Callable[[Event], None]
    ) -> None:
        for line in step.lines:
            told(Said(line))
            await asyncio.sleep(0)
        if step.writes > order.cage.disk_bytes:
            raise BuildFailed(Why.DISK, "more was written than may be", step=number)
        if step.eats > order.cage.memory_bytes:
            raise BuildFailed(Why.MEMORY, "a step was killed", step=number, status=137)
        if step.lasts:
            await self.engine.went.wait()
        self._answer()
        if step.status:
            told_by = f"the command returned a non-zero code: {step.status}"
            raise BuildFailed(Why.STEP, told_by, step=number, status=step.status)

    @contextmanager
    def _under_way(self, build: str) -> Iterator[None]:
        self.engine.steps.add(build)
        try:
            yield
        finally:
            self.engine.steps.discard(build)

    def _answer(self) -> None:
        if self.engine.is_gone:
            raise Unavailable("the engine is away")

    def go(self) -> None:
        """Let the engine go away, and every step with it."""
        self.engine.is_gone = True
        self.engine.went.set()

    def come(self) -> None:
        """Let the engine come back."""
        self.engine.is_gone, self.engine.went = False, asyncio.Event()
