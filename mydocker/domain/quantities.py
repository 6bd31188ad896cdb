"""Sizes, durations and shares of CPU as people write them, and back. Exact both ways."""

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

_UNITS_OF_SIZE: Mapping[str, int] = MappingProxyType(
    {"b": 1, "o": 1}
    | {f"{prefix}{unit}": 1000**power for unit in "bo" for power, prefix in enumerate("kmgt", 1)}
    | {f"{prefix}i{unit}": 1024**power for unit in "bo" for power, prefix in enumerate("kmgt", 1)}
)
_WRITTEN_UNITS = (
    ("TiB", 1024**4),
    ("TB", 1000**4),
    ("GiB", 1024**3),
    ("GB", 1000**3),
    ("MiB", 1024**2),
    ("MB", 1000**2),
    ("KiB", 1024),
    ("kB", 1000),
    ("B", 1),
)
_SECONDS: Mapping[str, int] = MappingProxyType(
    {
        name: seconds
        for seconds, names in (
            (1, "s sec second seconds seconde secondes"),
            (60, "m min mn minute minutes"),
            (3600, "h hour hours heure heures"),
            (86400, "d day days j jour jours"),
        )
        for name in names.split()
    }
)
_SIZE = re.compile(r"([0-9]{1,18}(?:[.,][0-9]{1,9})?)[ \u00a0\u202f]*([A-Za-z]{1,3})")
_DURATION_PART = re.compile(r"([0-9]{1,6})[ \u00a0\u202f]*([A-Za-z]{1,8})[ \u00a0\u202f]*")


def read_bytes(text: str) -> int:
    """Read `4 GiB`, `512 MB`, `4 Go`, `1.5 GiB`. Raises ValueError for anything else."""
    found = _SIZE.fullmatch(text.strip())
    factor = _UNITS_OF_SIZE.get(found[2].lower()) if found else None
    if not found or factor is None:
        raise ValueError(text)
    size = Decimal(found[1].replace(",", ".")) * factor
    if size != size.to_integral_value():
        raise ValueError(text)
    return int(size)


def write_bytes(size: int) -> str:
    """Write a size in the largest unit that divides it: `4 GiB`. `read_bytes` undoes it."""
    unit, factor = next((u, f) for u, f in _WRITTEN_UNITS if size % f == 0 and (size or f == 1))
    return f"{size // factor} {unit}"


def read_duration(text: str) -> timedelta:
    """Read `20 min`, `1 h 30 min`, `90 s`, `2 days`, `1 j`. Raises ValueError for anything else."""
    rest, seconds, last = text.strip().lower(), 0, 10**9
    if not rest:
        raise ValueError(text)
    while rest:
        found = _DURATION_PART.match(rest)
        factor = _SECONDS.get(found[2]) if found else None
        # Each unit once, larger before smaller: "5 min 5 min" is a slip of the pen.
        if not found or factor is None or factor >= last:
            raise ValueError(text)
        seconds, last, rest = seconds + int(found[1]) * factor, factor, rest[found.end() :]
    return timedelta(seconds=seconds)


def write_duration(duration: timedelta) -> str:
    """Write whole seconds: `1 h 30 min`. `read_duration` undoes it."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def read_cpus(number: float) -> int:
    """Return billionths of a CPU, for `2` or `0.5`."""
    return round(Decimal(str(number)) * 10**9)


def write_cpus(nanos: int) -> int | float:
    """Write whole numbers as such. `read_cpus` undoes it."""
    return nanos // 10**9 if nanos % 10**9 == 0 else float(Decimal(nanos) / 10**9)
