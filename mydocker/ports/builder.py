"""The builder: makes an image of a Dockerfile and its files, kept in a cage, and looks into images.

A build is hostile: it may loop, fork, fill the disk, download for ever, and look for the engine's
socket, the database and its neighbours. What holds it is the builder's business, not the caller's.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from mydocker.ports.driver import PullProgress
from mydocker.ports.errors import Refused


@dataclass(frozen=True, slots=True)
class Cage:
    """What a build may take at most."""

    memory_bytes: int
    cpu_nanos: int
    """Of a second, each second."""
    disk_bytes: int
    """What all steps together may add to the image they build on."""
    seconds: int
    """From the first step to the end."""
    parent: str = ""
    """The cgroup that all its steps are in, with a limit of processes (`NodeAgent.cage`)."""


@dataclass(frozen=True, slots=True)
class FileOfContext:
    """A file beside the Dockerfile."""

    path: str
    """From the context's top, `/` between parts; one that `domain.recipes.files` lets through."""
    source: Path
    """Where its bytes are."""
    is_executable: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One build."""

    build: str
    """Its id, `[a-z2-7]{12}`. An order may be repeated: what an earlier try left is taken away."""
    reference: str
    """What the image will be called; a name of this installation's own."""
    dockerfile: str
    bases: Sequence[str]
    """Images that it is built on; those that are not here are fetched first."""
    files: Sequence[FileOfContext] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Build arguments; those without an `ARG` in the Dockerfile are left out."""
    cage: Cage = field(default_factory=lambda: Cage(4 << 30, 2 * 10**9, 20 << 30, 3600))
    use_cache: bool = True


@dataclass(frozen=True, slots=True)
class Fetching:
    """A base is on its way."""

    reference: str
    progress: PullProgress


@dataclass(frozen=True, slots=True)
class StepBegan:
    """A step of the Dockerfile, counted from 1 over all stages."""

    step: int
    steps: int
    text: str
    """The instruction as the builder understood it."""


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step is done."""

    step: int
    is_cached: bool
    """Nothing was done: an earlier build had the same step on the same ground."""
    added_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """A line that a step wrote, without its end; at most 8 KiB, controls but tab left out."""

    text: str


Event = Fetching | StepBegan | StepEnded | Said


@dataclass(frozen=True, slots=True)
class Layer:
    """What one instruction added to an image. The lowest comes first."""

    made_by: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Built:
    """The image that came of it."""

    image: str
    """The engine's id, `sha256:` and 64 hex digits."""
    size_bytes: int
    layers: Sequence[Layer]
    user: str = ""
    ports: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Installed:
    """A package in an image, as its manager tells. `manager`: apt, pip, conda, npm or cran."""

    manager: str
    name: str
    version: str


class Why(StrEnum):
    """How a build came to no image. The values are stored."""

    STEP = "step"
    """A step ended with an error; its status is told."""
    TIME = "time"
    """It took longer than its cage allows."""
    DISK = "disk"
    """It added more than its cage allows, or the node's disk is nearly full."""
    MEMORY = "memory"
    """A step was killed for using more memory than its cage allows."""
    BASE = "base"
    """An image that it is built on cannot be had, or asks for what is not allowed."""
    RECIPE = "recipe"
    """The builder does not understand the Dockerfile."""


class BuildFailed(Refused):
    """There will be no image of this order. `step` is 0 where none had begun."""

    def __init__(self, why: Why, message: str, *, step: int = 0, status: int | None = None) -> None:
        super().__init__(why.value, message)
        self.why, self.step, self.status = why, step, status


@dataclass(frozen=True, slots=True)
class Ground:
    """Where builds happen on a node."""

    bridge: str
    """The interface of their network on the host."""
    has_systemd_cgroups: bool
    """Whether the engine lets systemd make its cgroups; else it makes them itself."""


class Builder(Protocol):
    """The builder of one node. Every method may raise `Unavailable`: again later."""

    async def prepare(self) -> Ground:
        """Make sure of the network of builds. Repeatable."""
        ...

    async def build(self, order: Order, told: Callable[[Event], None]) -> Built:
        """Build; `told` hears what happens, in order, as soon as it does.

        Ends everything it began before it returns or raises, also when it is cancelled; what a
        killed caller left, `sweep` ends. Layers stay as cache. Raises `BuildFailed`, and
        `Unavailable` where the engine went away: the same order may be given again.
        """
        ...

    async def name(self, reference: str, also: str) -> None:
        """Give a built image another name, which it takes from the one that had it."""
        ...

    async def packages(self, reference: str) -> Sequence[Installed]:
        """Ask the package managers of an image what is in it, by manager and name.

        The image runs for that, with no network, and at most a minute; what has no shell or
        breaks tells nothing: empty.
        """
        ...

    async def sweep(self, building: Collection[str]) -> Sequence[str]:
        """End what builds left behind that are not among these ids; says whose it was."""
        ...

    async def discard(self, reference: str) -> bool:
        """Forget a built image; what others are built on stays. False if a run uses it.

        Absent is success.
        """
        ...

    async def close(self) -> None:
        """Let go of the engine."""
        ...
