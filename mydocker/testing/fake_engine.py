"""A container engine in memory: what `FakeDriver` drives, and what outlives it.

Time is the running event loop's, so a virtual clock moves it. Nothing runs in a container but
a `Program`, found by the run's command.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from mydocker.domain.runs import ContainerStatus, Exit, Sighting
from mydocker.ports.driver import Happening, ImageFacts, LogLine, RunPlan
from mydocker.ports.errors import Unavailable

POLITE_END = 143
"""128 + SIGTERM."""
KILLED = 137
"""128 + SIGKILL."""


@dataclass(frozen=True, slots=True)
class Program:
    """What a container does: says its lines, lasts, and ends with a status.

    `lasts` of None means until it is stopped. A `stubborn` one ignores the polite signal.
    """

    lines: Sequence[LogLine] = ()
    lasts: timedelta | None = None
    status: int = 0
    out_of_memory: bool = False
    error: str = ""
    """Set for a program that cannot be run: the engine's own sentence."""
    stubborn: bool = False


@dataclass(slots=True)
class Container:
    """One container of the fake."""

    plan: RunPlan
    program: Program
    address: str
    id: str
    running: bool = False
    started: bool = False
    frozen: bool = False
    promoted: bool = False
    exit: Exit | None = None
    log: list[LogLine] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    end: asyncio.TimerHandle | None = None

    def sighting(self) -> Sighting:
        """What a look at it shows."""
        if self.running:
            return Sighting(ContainerStatus.RUNNING, address=self.address, container=self.id)
        if self.exit is None:
            return Sighting(ContainerStatus.CREATED, container=self.id)
        return Sighting(ContainerStatus.EXITED, exit=self.exit, container=self.id)

    def ring(self) -> None:
        """Wake whoever waits for a line or the end."""
        self.changed.set()
        self.changed = asyncio.Event()


class FakeEngine:
    """Holds containers, images and what is listened to; tests act on it from behind.

    `images` are here, `registry` can be pulled in `pull_takes`, `programs` are known by their
    command; any other command runs until it is stopped.
    """

    def __init__(
        self,
        *,
        images: Mapping[str, ImageFacts] | None = None,
        registry: Mapping[str, ImageFacts] | None = None,
        programs: Mapping[tuple[str, ...], Program] | None = None,
        pull_takes: timedelta = timedelta(0),
    ) -> None:
        self.images = dict(images or {})
        self.registry = dict(registry or {})
        self.programs = dict(programs or {})
        self.pull_takes = pull_takes
        self.containers: dict[str, Container] = {}
        self.starts: Counter[str] = Counter()
        """How often a run's container was started; more than once is a broken promise."""
        self.fetches: Counter[str] = Counter()
        self.is_up = True
        self._listeners: set[asyncio.Queue[Happening | None]] = set()
        self._made = 0

    def create(self, plan: RunPlan, default: Program) -> Container:
        """Make a run's container, or return the one there is."""
        if plan.run not in self.containers:
            self._made += 1
            self.containers[plan.run] = Container(
                plan=plan,
                program=self.programs.get(tuple(plan.command), default),
                address=f"10.99.{self._made // 250}.{self._made % 250 + 2}",
                id=sha256(f"{plan.run}/{self._made}".encode()).hexdigest(),
            )
            self._tell(plan.run, "create")
        return self.containers[plan.run]

    def start(self, run: str) -> None:
        """Start a created container; its program begins, and ends in its time."""
        container = self.containers[run]
        container.running = container.started = True
        self.starts[run] += 1
        self._tell(run, "start")
        for line in container.program.lines:
            self.say(run, line.text, line.stream)
        if (lasts := container.program.lasts) is not None:
            loop = asyncio.get_running_loop()
            container.end = loop.call_later(lasts.total_seconds(), self._end, run, container)

    def promote(self, run: str) -> None:
        """Give it its share of the CPU, if it is there."""
        if run in self.containers:
            self.containers[run].promoted = True

    def say(self, run: str, text: str, stream: str = "stdout") -> None:
        """Write a line to a container's log."""
        container = self.containers[run]
        container.log.append(LogLine(text, stream))
        container.ring()

    def exit(self, run: str, status: int, *, out_of_memory: bool = False, error: str = "") -> None:
        """End a running container."""
        container = self.containers[run]
        if container.running:
            container.running = container.frozen = False
            container.exit = Exit(status, out_of_memory, error)
            if out_of_memory:
                self._tell(run, "oom")
            self._tell(run, "die")
            container.ring()

    def kill_child(self, run: str) -> None:
        """Let the kernel take a child process for memory; the container lives on."""
        self._tell(run, "oom")

    def freeze(self, run: str) -> None:
        """Freeze a container."""
        self.containers[run].frozen = True
        self._tell(run, "pause")

    def thaw(self, run: str) -> None:
        """Thaw a container."""
        self.containers[run].frozen = False
        self._tell(run, "unpause")

    def remove(self, run: str) -> None:
        """Remove a container, running or not; absent is fine."""
        if run in self.containers:
            self.exit(run, KILLED)
            self.forget(run)
            self._tell(run, "destroy")

    def forget(self, run: str) -> None:
        """Make a container vanish without a word, as after a lost event."""
        container = self.containers.pop(run, None)
        if container is not None:
            if container.end is not None:
                container.end.cancel()
            container.running = False
            container.exit = container.exit or Exit(KILLED)
            container.ring()

    def stop(self) -> None:
        """Let the engine go: streams end, requests find nobody. Containers go on."""
        self.is_up = False
        for queue in self._listeners:
            queue.put_nowait(None)

    def restart(self) -> None:
        """Come back."""
        self.is_up = True

    def check(self) -> None:
        """Raise `Unavailable` while the engine is away."""
        if not self.is_up:
            raise Unavailable("the fake engine is stopped")

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Happening | None]]:
        """Hear everything from now on; None says that the engine went."""
        queue: asyncio.Queue[Happening | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def _end(self, run: str, container: Container) -> None:
        if self.containers.get(run) is container:
            program = container.program
            self.exit(run, program.status, out_of_memory=program.out_of_memory, error=program.error)

    def _tell(self, run: str, kind: str) -> None:
        for queue in self._listeners:
            queue.put_nowait(Happening(run, kind))
