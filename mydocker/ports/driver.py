"""The container engine, as the loops need it: one machine's Docker now, a Swarm later.

Everything is keyed by our run ids. A driver only ever touches what carries its own
installation's label.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from mydocker.domain.environments import NetworkPolicy
from mydocker.domain.logs import LogLine
from mydocker.domain.runs import Sighting


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder or file of the node that appears in the container.

    A home that is attached later to a read-only one is writable: it brings its own flags.
    """

    source: str
    target: str
    read_only: bool = False
    is_fixed: bool = False
    """Nothing that is mounted on it later appears; what is not fixed lies on a shared mount."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Everything a driver needs to start a run's container. No person is named in it."""

    run: str
    image: str
    command: Sequence[str]
    """Words given as CMD; empty keeps the image's own."""
    variables: Mapping[str, str]
    network: NetworkPolicy
    cpu_nanos: int
    memory_bytes: int
    pids: int
    shm_bytes: int
    tmp_bytes: int
    mounts: Sequence[Mount] = ()
    user: str = ""
    """`uid:gid`; empty keeps the image's own."""
    sudo: bool = False
    """Grants what `sudo` and `apt` need (see docs/explanation/isolation.md)."""
    labels: Mapping[str, str] = field(default_factory=dict)
    in_background: bool = False
    """Takes what CPU the others leave, until it is promoted."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image says of itself."""

    id: str
    size_bytes: int
    user: str = ""
    ports: Sequence[int] = ()
    command: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of an image under way. Bytes; totals are 0 until known."""

    id: str
    downloaded: int
    extracted: int
    total: int
    done: bool


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull is. `done_bytes` never goes down within one pull."""

    done_bytes: int
    total_bytes: int
    """Download and extraction together; 0 until the first layer's size is known."""
    layers: Sequence[Layer]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something happened to a run's container: look at it. `kind` is for the log and for `oom`.

    `kind == "oom"`: some process in it was killed for memory; the container may live on.
    """

    run: str
    kind: str


__all__ = [
    "Driver", "Happening", "ImageFacts", "Layer", "LogLine", "Mount", "PullProgress", "RunPlan",
]  # fmt: skip


class Driver(Protocol):
    """The engine. Every method may raise `Unavailable`: it does not answer; again later."""

    async def prepare(self) -> Mapping[NetworkPolicy, str]:
        """Make sure of the engine and of one network per policy; may be repeated.

        Returns the host's bridge interface name of each policy, for the node's firewall.
        """
        ...

    async def image(self, reference: str) -> ImageFacts | None:
        """Say what the engine's store knows of an image; None if it is not here."""
        ...

    async def pull(self, reference: str, told: Callable[[PullProgress], None]) -> ImageFacts:
        """Fetch an image; `told` hears of progress at most ten times a second, and of its end.

        Two pulls of one image share the work. Raises `Refused` with code `image_missing`
        (no such image, no such registry name) or `image_unusable` at once, never retried.
        """
        ...

    async def launch(self, plan: RunPlan) -> Sighting:
        """Create and start the run's container, unless it was created before; repeatable.

        The container's limits and isolation are read back after create and compared; raises
        `Refused` (`isolation_missing`) if the engine dropped any. A container that was started
        once is never started again, whatever became of it. Raises `Refused` with a
        `domain.failures.Cause` value for hopeless plans (image, command, disk).
        """
        ...

    async def promote(self, run: str, cpu_nanos: int) -> None:
        """Give a container that was launched in the background its plan's share of the CPU.

        Repeatable; does nothing where it has it, or is not there.
        """
        ...

    async def look(self, run: str) -> Sighting:
        """Say what there is of a run. Never raises for absence."""
        ...

    async def remove(self, run: str, grace: timedelta) -> None:
        """Stop politely within `grace`, then remove; absent is success; repeatable."""
        ...

    async def owned(self) -> Mapping[str, Sighting]:
        """List every container of this installation, by run id."""
        ...

    def happenings(self) -> AsyncIterator[Happening]:
        """Stream what happens to our containers. Ends with `Unavailable` when the engine goes.

        Events may have been missed before the first one and after a break: look at all then.
        """
        ...

    def logs(self, run: str, *, tail: int, follow: bool) -> AsyncIterator[LogLine]:
        """Stream the last `tail` lines; with `follow`, also what comes until the container ends."""
        ...

    async def execute(self, run: str, words: Sequence[str], timeout: timedelta) -> tuple[int, str]:
        """Run a command in the container as its own user; returns status and output (≤ 64 KiB)."""
        ...

    async def close(self) -> None:
        """Let go of the engine. Containers go on."""
        ...
