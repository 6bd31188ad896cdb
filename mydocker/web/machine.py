"""How the machine that serves the pages is doing, as Linux says it. Takes microseconds."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from mydocker.domain.reserves import reserve_bytes

_MEMORY = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """One look. Bytes; the load is the mean number of programs that wanted a CPU in a minute."""

    cpus: int
    load: float
    memory_total: int
    memory_used: int
    disk_total: int
    disk_used: int
    disk_reserve: int
    swap_total: int
    swap_used: int

    @property
    def load_percent(self) -> int:
        """Of all CPUs, at most 100."""
        return min(100, round(100 * self.load / self.cpus))

    @property
    def memory_percent(self) -> int:
        """In use."""
        return round(100 * self.memory_used / self.memory_total)

    @property
    def swap_percent(self) -> int:
        """In use; 0 where there is none."""
        return round(100 * self.swap_used / self.swap_total) if self.swap_total else 0

    @property
    def disk_percent(self) -> int:
        """In use."""
        return round(100 * self.disk_used / self.disk_total)

    @property
    def is_disk_short(self) -> bool:
        """Whether the reserve for database and engine is touched."""
        return self.disk_total - self.disk_used < self.disk_reserve


def look(data: Path) -> Machine:
    """Look now; `data` says which disk."""
    memory = _memory()
    disk = shutil.disk_usage(data)
    total = memory["MemTotal"]
    return Machine(
        os.cpu_count() or 1,
        os.getloadavg()[0],
        total,
        total - memory["MemAvailable"],
        disk.total,
        disk.total - disk.free,
        reserve_bytes(disk.total),
        memory["SwapTotal"],
        memory["SwapTotal"] - memory["SwapFree"],
    )


def _memory() -> dict[str, int]:
    lines = (line.split() for line in _MEMORY.read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if len(words) > 1}
