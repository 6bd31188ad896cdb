"""What containers use, from the cgroup files of either version. Reads only."""

import errno
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

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


class Cgroups:
    """The cgroups of the node's containers."""

    def __init__(self, places: Mapping[str, Path]) -> None:
        flags = os.O_PATH | os.O_DIRECTORY
        self._roots = {name: os.open(place, flags) for name, place in places.items()}
        self._read = self._read_1 if "memory" in places else self._read_2

    def usage(self, containers: Iterable[str]) -> dict[str, Usage]:
        """Read what each container uses; absent containers are left out.

        `cpu_nanos`, `oom_kills` and `throttled_periods` count since the container's start.
        Memory is without the page cache, which the kernel takes back before it kills; its
        limit is None where there is none.
        """
        found = {}
        for container in containers:
            for place in _PLACES:
                try:
                    found[container] = self._read(place.format(id=container))
                    break
                except OSError as error:
                    if error.errno not in (errno.ENOENT, errno.ENODEV):  # it ended meanwhile
                        raise
        return found

    def _read_1(self, place: str) -> Usage:
        memory = self._table("memory", f"{place}/memory.stat")
        limit = self._number("memory", f"{place}/memory.limit_in_bytes")
        cache = memory["total_inactive_file"] + memory["total_active_file"]
        return {
            "cpu_nanos": self._number("cpuacct", f"{place}/cpuacct.usage"),
            "memory_bytes": self._number("memory", f"{place}/memory.usage_in_bytes") - cache,
            "memory_limit_bytes": limit if limit < _NO_LIMIT_BYTES else None,
            "pids": self._number("pids", f"{place}/pids.current"),
            "oom_kills": self._table("memory", f"{place}/memory.oom_control").get("oom_kill", 0),
            "throttled_periods": self._table("cpu", f"{place}/cpu.stat")["nr_throttled"],
        }

    def _read_2(self, place: str) -> Usage:
        memory, cpu = self._table("", f"{place}/memory.stat"), self._table("", f"{place}/cpu.stat")
        limit = self._text("", f"{place}/memory.max").strip()
        cache = memory["inactive_file"] + memory["active_file"]
        return {
            "cpu_nanos": cpu["usage_usec"] * 1000,
            "memory_bytes": self._number("", f"{place}/memory.current") - cache,
            "memory_limit_bytes": None if limit == "max" else int(limit),
            "pids": self._number("", f"{place}/pids.current"),
            "oom_kills": self._table("", f"{place}/memory.events")["oom_kill"],
            "throttled_periods": cpu.get("nr_throttled", 0),
        }

    def _text(self, controller: str, path: str) -> str:
        with opened(self._roots[controller], path, os.O_RDONLY) as handle:
            return os.read(handle, 1 << 16).decode()

    def _number(self, controller: str, path: str) -> int:
        return int(self._text(controller, path))

    def _table(self, controller: str, path: str) -> dict[str, int]:
        lines = (line.split() for line in self._text(controller, path).splitlines())
        return {name: int(value) for name, value in lines}
