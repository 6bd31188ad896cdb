"""The cgroup files of containers, in either version, and what containers use."""

import errno
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from mydocker.agent.errors import refused
from mydocker.agent.kernel import opened

_NO_LIMIT_BYTES = 1 << 60
_PLACES = ("docker/{id}", "system.slice/docker-{id}.scope")
"""Where the engine's two cgroup drivers put a container."""

Usage = dict[str, int | None]


def controllers() -> dict[str, Path]:
    """Where each controller's files are; those of version 2 lie together, under the name ""."""
    found: dict[str, Path] = {}
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2" and Path(place, "cgroup.controllers").read_text().strip():
            found[""] = Path(place)
        elif kind == "cgroup":
            found |= dict.fromkeys(options.split(","), Path(place))
    return found


Result = TypeVar("Result")


class CgroupFiles:
    """Reads and writes files of the cgroups of the node's containers.

    A `place` is a container's folder below the root of any controller. Every method but
    `of_each` raises OSError as the kernel says.
    """

    def __init__(self, places: Mapping[str, Path]) -> None:
        flags = os.O_PATH | os.O_DIRECTORY
        self._roots = {name: os.open(place, flags) for name, place in places.items()}
        self.is_version_1 = "memory" in places

    def of_each(
        self, containers: Iterable[str], deed: Callable[[str], Result]
    ) -> dict[str, Result]:
        """Do a deed at the place of each container; absent containers are left out."""
        done = {}
        for container in containers:
            for place in _PLACES:
                try:
                    done[container] = deed(place.format(id=container))
                    break
                except OSError as error:
                    if error.errno not in (errno.ENOENT, errno.ENODEV):  # it ended meanwhile
                        raise
        return done

    def text(self, controller: str, path: str) -> str:
        """Read a file."""
        with opened(self._root(controller), path, os.O_RDONLY) as handle:
            return os.read(handle, 1 << 16).decode().strip()

    def number(self, controller: str, path: str) -> int:
        """Read a file that holds one number."""
        return int(self.text(controller, path))

    def table(self, controller: str, path: str) -> dict[str, int]:
        """Read a file of lines that are a name and a number."""
        lines = (line.split() for line in self.text(controller, path).splitlines())
        return {name: int(value) for name, value in lines}

    def write(self, controller: str, path: str, text: str) -> None:
        """Write to a file; the kernel does what that means before this returns."""
        with opened(self._root(controller), path, os.O_WRONLY | os.O_TRUNC) as handle:
            os.write(handle, text.encode())

    def _root(self, controller: str) -> int:
        if controller not in self._roots:
            raise refused("no_controller", f"The kernel lacks the controller {controller}.")
        return self._roots[controller]


class Cgroups:
    """What the node's containers use. Reads only."""

    def __init__(self, files: CgroupFiles) -> None:
        self._files = files
        self._read = self._read_1 if files.is_version_1 else self._read_2

    def usage(self, containers: Iterable[str]) -> dict[str, Usage]:
        """Read what each container uses; absent containers are left out.

        `cpu_nanos`, `oom_kills` and `throttled_periods` count since the container's start.
        Memory is without the page cache, which the kernel takes back before it kills; its
        limit is None where there is none.
        """
        return self._files.of_each(containers, self._read)

    def _read_1(self, place: str) -> Usage:
        files = self._files
        memory = files.table("memory", f"{place}/memory.stat")
        limit = files.number("memory", f"{place}/memory.limit_in_bytes")
        cache = memory["total_inactive_file"] + memory["total_active_file"]
        return {
            "cpu_nanos": files.number("cpuacct", f"{place}/cpuacct.usage"),
            "memory_bytes": files.number("memory", f"{place}/memory.usage_in_bytes") - cache,
            "memory_limit_bytes": limit if limit < _NO_LIMIT_BYTES else None,
            "pids": files.number("pids", f"{place}/pids.current"),
            "oom_kills": files.table("memory", f"{place}/memory.oom_control").get("oom_kill", 0),
            "throttled_periods": files.table("cpu", f"{place}/cpu.stat")["nr_throttled"],
        }

    def _read_2(self, place: str) -> Usage:
        files = self._files
        memory, cpu = files.table("", f"{place}/memory.stat"), files.table("", f"{place}/cpu.stat")
        limit = files.text("", f"{place}/memory.max")
        cache = memory["inactive_file"] + memory["active_file"]
        return {
            "cpu_nanos": cpu["usage_usec"] * 1000,
            "memory_bytes": files.number("", f"{place}/memory.current") - cache,
            "memory_limit_bytes": None if limit == "max" else int(limit),
            "pids": files.number("", f"{place}/pids.current"),
            "oom_kills": files.table("", f"{place}/memory.events")["oom_kill"],
            "throttled_periods": cpu.get("nr_throttled", 0),
        }
