"""How a cgroup is frozen and its memory put into swap, in either version of cgroups.

A run awake does not swap. In version 2 the engine sees to it (`memory.swap.max` 0, from equal
limits of memory and of both together), in version 1 `memory.swappiness` 0 does; whoever puts a
cgroup's memory into swap lifts that before, and restores it before the thaw. Pages that are in
swap by then come back when touched: neither bound says anything about them.
"""

import errno
from contextlib import suppress
from typing import Literal, Protocol

from mydocker.agent.cgroups import CgroupFiles

State = Literal["thawed", "freezing", "frozen"]

_PIECE_BYTES = 64 << 20


class Freezer(Protocol):
    """What either version can do to a container's cgroup. Raises OSError where it is gone."""

    def freeze(self, place: str) -> None:
        """Begin to freeze; `state` tells when it is done."""

    def thaw(self, place: str) -> None:
        """Let it go on, at once."""

    def state(self, place: str) -> State:
        """Say how far it is."""

    def allow_swap(self, place: str) -> None:
        """Let the kernel put its memory into swap."""

    def forbid_swap(self, place: str) -> None:
        """Let the kernel put no more of it into swap; ends what `reclaim` is doing."""

    def reclaim(self, place: str) -> None:
        """Take memory away, all of it or a piece. Slow: about a second for a gigabyte."""

    def resident_bytes(self, place: str) -> int:
        """Memory that it holds, with what was cached for it."""

    def swapped_bytes(self, place: str) -> int:
        """Memory that it has in swap."""


def freezer(files: CgroupFiles) -> Freezer:
    """Choose the node's version."""
    return Version1(files) if files.is_version_1 else Version2(files)


class Version1:
    """See cgroup-v1/freezer-subsystem and cgroup-v1/memory in the kernel's documentation."""

    def __init__(self, files: CgroupFiles) -> None:
        self._files = files

    def freeze(self, place: str) -> None:
        self._files.write("freezer", f"{place}/freezer.state", "FROZEN")

    def thaw(self, place: str) -> None:
        self._files.write("freezer", f"{place}/freezer.state", "THAWED")

    def state(self, place: str) -> State:
        match self._files.text("freezer", f"{place}/freezer.state"):
            case "FROZEN":
                return "frozen"
            case "FREEZING":
                return "freezing"
        return "thawed"

    def allow_swap(self, place: str) -> None:
        self._files.write("memory", f"{place}/memory.swappiness", "100")

    def forbid_swap(self, place: str) -> None:
        self._files.write("memory", f"{place}/memory.swappiness", "0")

    def reclaim(self, place: str) -> None:
        self._files.write("memory", f"{place}/memory.force_empty", "0")

    def resident_bytes(self, place: str) -> int:
        return self._files.number("memory", f"{place}/memory.usage_in_bytes")

    def swapped_bytes(self, place: str) -> int:
        # Without swap accounting the kernel does not know.
        return self._files.table("memory", f"{place}/memory.stat").get("total_swap", 0)


class Version2:
    """See cgroup-v2 in the kernel's documentation."""

    def __init__(self, files: CgroupFiles) -> None:
        self._files = files

    def freeze(self, place: str) -> None:
        self._files.write("", f"{place}/cgroup.freeze", "1")

    def thaw(self, place: str) -> None:
        self._files.write("", f"{place}/cgroup.freeze", "0")

    def state(self, place: str) -> State:
        if not self._files.number("", f"{place}/cgroup.freeze"):
            return "thawed"
        is_frozen = self._files.table("", f"{place}/cgroup.events")["frozen"]
        return "frozen" if is_frozen else "freezing"

    def allow_swap(self, place: str) -> None:
        self._bound_swap(place, "max")

    def forbid_swap(self, place: str) -> None:
        self._bound_swap(place, "0")

    def _bound_swap(self, place: str, bound: str) -> None:
        with suppress(FileNotFoundError):  # a kernel that knows no swap; it still has to thaw
            self._files.write("", f"{place}/memory.swap.max", bound)

    def reclaim(self, place: str) -> None:
        try:
            self._files.write("", f"{place}/memory.reclaim", str(_PIECE_BYTES))
        except OSError as error:
            if error.errno != errno.EAGAIN:  # there was less to take
                raise

    def resident_bytes(self, place: str) -> int:
        return self._files.number("", f"{place}/memory.current")

    def swapped_bytes(self, place: str) -> int:
        with suppress(FileNotFoundError):
            return self._files.number("", f"{place}/memory.swap.current")
        return 0
