"""What the whole control plane takes while nothing happens."""

import os
import time
from pathlib import Path

from bench.results import Goal, Result
from tests.service import Service

WINDOW_SECONDS = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


def processes(service: Service) -> list[int]:
    """The supervisor, its children and theirs; containers are the engine's, not ours."""
    pid = int((service.data / "run" / "supervisor.pid").read_text())
    return [pid, *_descendants(pid)]


def _descendants(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [each for child in map(int, children) for each in (child, *_descendants(child))]


def memory(service: Service) -> Result:
    """`idle.memory`: proportional set size of all processes."""
    total = sum(map(_pss_kib, processes(service))) / 1024
    return Result("idle.memory", "MiB PSS", total, None, "–", 1, Goal("ours", most=180))


def _pss_kib(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def cpu(service: Service, name: str, most: float) -> Result:
    """`idle.cpu` or `idle.cpu_100`: percent of a core over a minute."""
    mine = processes(service)
    before, began = sum(map(_ticks, mine)), time.monotonic()
    time.sleep(WINDOW_SECONDS)
    used = (sum(map(_ticks, mine)) - before) / TICKS
    percent = 100 * used / (time.monotonic() - began)
    return Result(name, "% of a core", percent, None, "–", 1, Goal("ours", most=most))


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])
