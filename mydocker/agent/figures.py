"""Figures of the node: disk space, memory, how busy it is. Reads only."""

import os
from contextlib import suppress
from pathlib import Path

_ENGINE_ROOT = Path("/var/lib/docker")
_RESERVE_SHARE = 0.05
_RESERVE_LEAST_BYTES = 2_000_000_000


def space(path: int | Path) -> dict[str, int | bool]:
    """Bytes and inodes of a file system, free to others than root, and whether its reserve is hit.

    The reserve is 5 % and at least 2 GB. Some file systems make inodes as needed and say 0.
    """
    facts = os.statvfs(path)
    total, free = facts.f_blocks * facts.f_frsize, facts.f_bavail * facts.f_frsize
    reserve = int(max(_RESERVE_SHARE * total, _RESERVE_LEAST_BYTES))
    few_inodes = facts.f_files > 0 and facts.f_favail < _RESERVE_SHARE * facts.f_files
    return {
        "total_bytes": total,
        "free_bytes": free,
        "total_inodes": facts.f_files,
        "free_inodes": facts.f_favail,
        "reserve_bytes": reserve,
        "reserve_hit": free < reserve or few_inodes,
    }


def disk(data: int) -> dict[str, object]:
    """Space of the data folder and, where there is one, of the engine's root."""
    found = {"data": space(data), "engine": None}
    with suppress(FileNotFoundError):
        found["engine"] = space(_ENGINE_ROOT)
    hit = any(place["reserve_hit"] for place in found.values() if place)
    return {**found, "reserve_hit": hit}


class Processors:
    """How busy the machine is, from one question to the next."""

    def __init__(self) -> None:
        self._last = _processor_ticks()

    def busy_fraction(self) -> float:
        """Share of all processors' time that was not idle since the last question, 0 to 1."""
        (busy, total), last = _processor_ticks(), self._last
        self._last = (busy, total)
        return (busy - last[0]) / (total - last[1]) if total > last[1] else 0.0


def machine(processors: Processors) -> dict[str, object]:
    """Load average of one minute, processors, memory and how busy they were (`proc(5)`)."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    memory = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    return {
        "load_average": os.getloadavg()[0],
        "cpu_count": os.cpu_count() or 1,
        "cpu_busy": processors.busy_fraction(),
        "memory_total_bytes": memory["MemTotal"],
        "memory_available_bytes": memory["MemAvailable"],
    }


def _processor_ticks() -> tuple[int, int]:
    """Ticks spent busy, and all ticks."""
    with open("/proc/stat") as file:
        user, nice, system, idle, wait, *rest = map(int, file.readline().split()[1:9])
    busy = user + nice + system + sum(rest)
    return busy, busy + idle + wait
