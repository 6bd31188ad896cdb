"""The window: values that flow and that nobody stores (pull progress, usage, log lines).

`loops` shows them, the streams read them, over a local socket whose peers are known.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from mydocker.domain.build_logs import LogEntry
from mydocker.domain.logs import LogLine


@dataclass(frozen=True, slots=True)
class LayerPart:
    """One layer of an image under way: its share of the whole, and how much of it is here."""

    total: int
    done: int


@dataclass(frozen=True, slots=True)
class PullShown:
    """How far the image of a workspace is; bytes."""

    workspace: str
    done: int
    total: int
    layers: Sequence[LayerPart] = ()


@dataclass(frozen=True, slots=True)
class UsageShown:
    """What a workspace uses now."""

    workspace: str
    cpu_nanos_per_second: int
    memory_bytes: int
    pids: int


Shown = PullShown | UsageShown


class Window(Protocol):
    """The reading side."""

    def follow(self) -> AsyncIterator[Shown]:
        """Stream what flows, of all workspaces. Raises `Unavailable` when `loops` goes."""
        ...

    def logs(self, run: str, *, tail: int, follow: bool) -> AsyncIterator[LogLine]:
        """Stream a run's container log, as `Driver.logs`. Raises `Unavailable`."""
        ...

    def build_log(self, build: str, *, after: int, follow: bool) -> AsyncIterator[LogEntry]:
        """Stream the log of a build but for its first entries; with `follow` as it is written.

        Ends when nobody writes it any more. Raises `Unavailable`.
        """
        ...

    async def usage(self, run: str) -> UsageShown | None:
        """What a run's container uses, measured over a second; None if it does not run."""
        ...
