"""A driver that keeps the contract in memory and is bad company while it does.

It loses requests (before or after the work is done, drawn by a seed), is slow, forgets
containers, and refuses plans, as it is told.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from mydocker.domain.environments import NetworkPolicy
from mydocker.domain.failures import Cause
from mydocker.domain.runs import ABSENT, Sighting
from mydocker.ports.driver import Happening, ImageFacts, Layer, LogLine, PullProgress, RunPlan
from mydocker.ports.errors import Refused, Unavailable
from mydocker.testing.fake_engine import KILLED, POLITE_END, Container, FakeEngine, Program

T = TypeVar("T")

MOST_OUTPUT = 64 * 1024
PULL_STEPS = 10
_NOTHING = timedelta(0)


class FakeDriver:
    """Keeps the driver's contract on a `FakeEngine`, which may be shared with another driver.

    `boot`: how long a start takes. `dies_after`: when programs without a word of their own end,
    with status 1. `slow`: what every request takes. `loses_every`: about one request in so many
    raises `Unavailable`, its work done or not. `forgets_every`: about one container in so many
    vanishes within a second of its start, without an event. `refuses`: codes by image.
    """

    def __init__(
        self,
        engine: FakeEngine | None = None,
        *,
        boot: timedelta = _NOTHING,
        dies_after: timedelta | None = None,
        loses_every: int = 0,
        forgets_every: int = 0,
        slow: timedelta = _NOTHING,
        refuses: Mapping[str, str] | None = None,
        seed: int = 0,
    ) -> None:
        self.engine = engine or FakeEngine()
        self._boot = boot
        self._default = Program(lasts=dies_after, status=1)
        self._loses_every = loses_every
        self._forgets_every = forgets_every
        self._slow = slow
        self._refuses = dict(refuses or {})
        self._random = random.Random(seed)
        self._launching: dict[str, asyncio.Lock] = {}
        self._pulling: dict[str, asyncio.Task[None]] = {}

    async def prepare(self) -> Mapping[NetworkPolicy, str]:
        """See the port."""
        names = {policy: f"fake-{policy}"[:15] for policy in NetworkPolicy}
        return await self._request(lambda: names)

    async def image(self, reference: str) -> ImageFacts | None:
        """See the port."""
        return await self._request(lambda: self.engine.images.get(reference))

    async def pull(self, reference: str, told: Callable[[PullProgress], None]) -> ImageFacts:
        """See the port."""
        facts = await self._request(lambda: self.engine.registry.get(reference))
        if facts is None:
            raise Refused(Cause.IMAGE_MISSING, f"manifest for {reference} not found")
        if reference not in self._pulling:
            self._pulling[reference] = asyncio.create_task(self._fetch(reference, facts))
        fetching = self._pulling[reference]
        for step in range(PULL_STEPS):
            told(_progress(facts, step))
            await self._pause(self.engine.pull_takes / PULL_STEPS)
        await asyncio.shield(fetching)
        told(_progress(facts, PULL_STEPS))
        return facts

    async def launch(self, plan: RunPlan) -> Sighting:
        """See the port."""
        async with self._launching.setdefault(plan.run, asyncio.Lock()):
            self._judge(plan)
            container = await self._request(lambda: self.engine.create(plan, self._default))
            if not container.started:
                await self._pause(self._boot)
                await self._request(lambda: self._start(plan.run))
            return await self._seen(plan.run)

    async def promote(self, run: str, cpu_nanos: int) -> None:
        """See the port."""
        await self._request(lambda: self.engine.promote(run))

    async def look(self, run: str) -> Sighting:
        """See the port."""
        return await self._request(lambda: self._sighting(run))

    async def remove(self, run: str, grace: timedelta) -> None:
        """See the port."""
        async with self._launching.setdefault(run, asyncio.Lock()):
            await self._request(lambda: self._ask_to_end(run, grace))
            if (container := self.engine.containers.get(run)) and container.running:
                await self._pause(grace)
            await self._request(lambda: self.engine.remove(run))

    async def owned(self) -> Mapping[str, Sighting]:
        """See the port."""
        return await self._request(
            lambda: {run: one.sighting() for run, one in self.engine.containers.items()}
        )

    def happenings(self) -> AsyncGenerator[Happening]:
        """See the port. Nothing from this call on is missed, unless it is lost."""
        listening = self.engine.listening()
        queue = listening.__enter__()

        async def stream() -> AsyncGenerator[Happening]:
            try:
                self.engine.check()
                while (happening := await queue.get()) is not None:
                    if self._loses():
                        break
                    yield happening
            finally:
                listening.__exit__(None, None, None)
            raise Unavailable("the stream of events was cut")

        return stream()

    async def logs(self, run: str, *, tail: int, follow: bool) -> AsyncGenerator[LogLine]:
        """See the port."""
        container = await self._request(lambda: self.engine.containers.get(run))
        if container is None:
            return
        told = max(0, len(container.log) - tail)
        while True:
            changed = container.changed
            for line in container.log[told:]:
                yield line
            told = len(container.log)
            if not (follow and container.running):
                return
            if changed is container.changed:
                await changed.wait()

    async def execute(self, run: str, words: Sequence[str], timeout: timedelta) -> tuple[int, str]:
        """See the port. Runs the `Program` of these words; others are not found."""
        container = await self._request(lambda: self.engine.containers.get(run))
        if container is None or not container.running or container.frozen:
            raise Refused("not_running", f"container of run {run} is not running")
        program = self.engine.programs.get(tuple(words))
        if program is None or program.error:
            return 126, f'exec: "{words[0]}": executable file not found in $PATH'
        if program.lasts is None or program.lasts > timeout:
            await self._pause(timeout)
            raise Unavailable("the command did not end in time")
        await self._pause(program.lasts)
        output = "".join(f"{line.text}\n" for line in program.lines)
        return program.status, output[:MOST_OUTPUT]

    async def close(self) -> None:
        """See the port."""
        for task in self._pulling.values():
            task.cancel()
        await asyncio.gather(*self._pulling.values(), return_exceptions=True)

    async def _request(self, work: Callable[[], T]) -> T:
        """Do one request's work, unless it is lost on the way there or back."""
        await self._pause(self._slow)
        self.engine.check()
        lost = self._loses()
        if lost and self._random.random() < 0.5:
            raise Unavailable("the request was lost")
        result = work()
        if lost:
            raise Unavailable("the answer was lost")
        return result

    async def _pause(self, time: timedelta) -> None:
        await asyncio.sleep(time.total_seconds())

    def _loses(self) -> bool:
        return bool(self._loses_every) and self._random.random() * self._loses_every < 1

    def _judge(self, plan: RunPlan) -> None:
        if code := self._refuses.get(plan.image):
            raise Refused(code, f"the fake refuses {plan.image}")
        if plan.run not in self.engine.containers and plan.image not in self.engine.images:
            raise Refused(Cause.IMAGE_MISSING, f"no such image: {plan.image}")

    def _start(self, run: str) -> None:
        container = self.engine.containers.get(run)
        if container is None:
            raise Unavailable(f"container of run {run} is gone")
        if container.started:
            return
        if container.program.error:
            self.engine.remove(run)
            raise Refused(Cause.COMMAND_MISSING, container.program.error)
        self.engine.start(run)
        if self._forgets_every and self._random.random() * self._forgets_every < 1:
            loop = asyncio.get_running_loop()
            loop.call_later(self._random.random(), self._forget, run, container)

    def _forget(self, run: str, container: Container) -> None:
        if self.engine.containers.get(run) is container:
            self.engine.forget(run)

    async def _seen(self, run: str) -> Sighting:
        return await self._request(lambda: self._sighting(run))

    def _sighting(self, run: str) -> Sighting:
        container = self.engine.containers.get(run)
        return ABSENT if container is None else container.sighting()

    def _ask_to_end(self, run: str, grace: timedelta) -> None:
        container = self.engine.containers.get(run)
        if container is None or not container.running:
            return
        if container.frozen:
            self.engine.thaw(run)
        if grace <= _NOTHING:
            self.engine.exit(run, KILLED)
        elif not container.program.stubborn:
            self.engine.exit(run, POLITE_END)

    async def _fetch(self, reference: str, facts: ImageFacts) -> None:
        self.engine.fetches[reference] += 1
        try:
            await self._pause(self.engine.pull_takes)
            self.engine.images[reference] = facts
        finally:
            del self._pulling[reference]


def _progress(facts: ImageFacts, step: int) -> PullProgress:
    """How far a pull is after so many steps: first all is downloaded, then all is extracted."""
    size = facts.size_bytes
    done = 2 * size * step // PULL_STEPS
    layer = Layer(facts.id[:12], min(done, size), max(0, done - size), size, step == PULL_STEPS)
    return PullProgress(done, 2 * size, (layer,))
