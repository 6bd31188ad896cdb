"""What the whole control plane takes while nothing happens."""

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

from bench.results import Goal, Result
from tests.service import Service

WINDOW_SECONDS = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


def processes(service: Service) -> list[int]:
    """The supervisor, its children and theirs; containers are the engine's, not ours."""
    return family(int((service.data / "run" / "supervisor.pid").read_text()))


def family(pid: int) -> list[int]:
    """A process, its children and theirs, of every thread; empty if there is none."""
    found = [pid] if Path(f"/proc/{pid}").exists() else []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in file.read_text().split():
                found += family(int(child))
    return found


def memory(service: Service) -> Result:
    """`idle.memory`: proportional set size of all processes."""
    total = pss_mib(processes(service))
    return Result("idle.memory", "MiB PSS", total, None, "–", 1, Goal("ours", most=180))


def pss_mib(pids: Iterable[int]) -> float:
    """What these processes take together, each page that they share counted once."""
    return sum(map(_pss_kib, pids)) / 1024


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
    before, began = cpu_seconds(mine), time.monotonic()
    time.sleep(WINDOW_SECONDS)
    used = cpu_seconds(mine) - before
    percent = 100 * used / (time.monotonic() - began)
    return Result(name, "% of a core", percent, None, "–", 1, Goal("ours", most=most))


def cpu_seconds(pids: Iterable[int]) -> float:
    """What these processes used since they began."""
    return sum(map(_ticks, pids)) / TICKS


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])
