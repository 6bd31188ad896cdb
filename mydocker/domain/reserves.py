"""Disk space: what is kept free for database and engine, and when people are warned.

Where the file system has no quotas, somebody has to stop before the disk is full for everybody.
"""

from collections.abc import Mapping
from enum import Enum

LEAST_RESERVE_BYTES = 2 * 1000**3
RESERVED_PERCENT = 5
WARNING_PERCENT = 80


class Fill(Enum):
    """How full a home is, measured against what its person may use."""

    FINE = "fine"
    NEARLY_FULL = "nearly_full"
    """80 % or more: the person is warned."""
    FULL = "full"


def reserve_bytes(total_bytes: int) -> int:
    """Return how much of a disk of this size is never given to homes: max(5 %, 2 GB)."""
    # Rounded up, so that the reserve is never less than its share.
    return max(LEAST_RESERVE_BYTES, -(-total_bytes * RESERVED_PERCENT // 100))


def is_reserve_touched(free_bytes: int, total_bytes: int) -> bool:
    """Whether less than the reserve is free: nothing new starts, and somebody has to stop."""
    return free_bytes < reserve_bytes(total_bytes)


def judge_fill(used_bytes: int, allowed_bytes: int) -> Fill:
    """Say how full a home is. `allowed_bytes` is its quota, or what it could still grow to."""
    if used_bytes >= allowed_bytes:
        return Fill.FULL
    return Fill.NEARLY_FULL if 100 * used_bytes >= WARNING_PERCENT * allowed_bytes else Fill.FINE


def room_of(used_bytes: int, free_bytes: int, total_bytes: int) -> int:
    """Return how large a home could become on a disk without quotas; at least what it is."""
    return used_bytes + max(0, free_bytes - reserve_bytes(total_bytes))


def run_to_stop(free_bytes: int, total_bytes: int, grown_bytes: Mapping[str, int]) -> str | None:
    """Name the run to stop, if the reserve is touched: the one that wrote the most lately.

    `grown_bytes` says by how much each run's files grew since the last measurements. Nobody is
    stopped for what others did: runs that did not grow are never named. Ties go to the first id.
    """
    if not is_reserve_touched(free_bytes, total_bytes):
        return None
    growing = {run: grown for run, grown in grown_bytes.items() if grown > 0}
    return min(growing, key=lambda run: (-growing[run], run), default=None)
