"""Reading resources and lifetime: numbers with units."""

from dataclasses import replace
from datetime import timedelta

from mydocker.domain.environments import fields
from mydocker.domain.environments.fields import Place
from mydocker.domain.environments.values import MEBIBYTE, Lifetime, Resources
from mydocker.domain.quantities import (
    read_bytes,
    read_cpus,
    read_duration,
    write_bytes,
    write_cpus,
    write_duration,
)
from mydocker.domain.words import gettext_noop as _

KEYS_OF_RESOURCES = ("cpu", "memory", "pids", "shm", "tmp")
KEYS_OF_LIFETIME = ("idle", "absolute", "warning", "sleep")

LEAST_CPU_NANOS = 10_000_000
"""The engine refuses less than a hundredth of a CPU."""
MOST_CPU_NANOS = 1_024 * 10**9
LEAST_MEMORY_BYTES = 16 * MEBIBYTE
MOST_BYTES = 16 * 1024**4
LEAST_PIDS = 16
MOST_PIDS = 100_000
SHORTEST = timedelta(seconds=10)
LONGEST = timedelta(days=366)


def resources(place: Place) -> Resources:
    """Read resources. `/tmp` is at most half of the memory where it is not given."""
    entries = fields.named(place, KEYS_OF_RESOURCES, {})
    default = Resources()
    cpu = _cpus(entries["cpu"]) if "cpu" in entries else None
    memory = _bytes(entries["memory"], LEAST_MEMORY_BYTES) if "memory" in entries else None
    pids = fields.whole(entries["pids"], LEAST_PIDS, MOST_PIDS) if "pids" in entries else None
    shm = _bytes(entries["shm"], MEBIBYTE) if "shm" in entries else None
    tmp = _bytes(entries["tmp"], MEBIBYTE) if "tmp" in entries else None
    memory = memory or default.memory_bytes
    return Resources(
        cpu_nanos=cpu or default.cpu_nanos,
        memory_bytes=memory,
        pids=pids or default.pids,
        shm_bytes=shm or default.shm_bytes,
        tmp_bytes=tmp or min(default.tmp_bytes, memory // 2),
    )


def _cpus(place: Place) -> int | None:
    value = place.value
    # NaN fails the comparison, and a number too large for a float cannot be compared at all.
    if isinstance(value, bool) or not isinstance(value, int | float):
        place.wrong(_("Here comes a number of CPUs, such as 2 or 0.5, without unit or quotes."))
        return None
    if not LEAST_CPU_NANOS / 10**9 <= value <= MOST_CPU_NANOS // 10**9:
        place.wrong(
            _("This number must lie between %(least)s and %(most)s."),
            least=write_cpus(LEAST_CPU_NANOS),
            most=write_cpus(MOST_CPU_NANOS),
        )
        return None
    return read_cpus(value)


def _bytes(place: Place, least: int) -> int | None:
    try:
        if not isinstance(place.value, str):
            raise ValueError
        size = read_bytes(place.value)
    except ValueError:
        place.wrong(
            _("Here comes a size with its unit."), _("Write 4 GiB (1024³ bytes) or 4 GB (1000³).")
        )
        return None
    if not least <= size <= MOST_BYTES:
        place.wrong(
            _("This size must lie between %(least)s and %(most)s."),
            least=write_bytes(least),
            most=write_bytes(MOST_BYTES),
        )
        return None
    return size


def lifetime(place: Place) -> Lifetime:
    """Read a lifetime. The warning comes at most half-way through where it is not given."""
    entries = fields.named(place, KEYS_OF_LIFETIME, {})
    given = Lifetime()
    if "idle" in entries:
        given = replace(given, idle=_limit(entries["idle"]))
    if "absolute" in entries:
        given = replace(given, absolute=_limit(entries["absolute"]))
    if "sleep" in entries:
        given = replace(given, sleep=_limit(entries["sleep"]))
    if "warning" in entries:
        warning = _duration(entries["warning"], timedelta(0))
        return replace(given, warning=warning or timedelta(0))
    half = [limit // 2 for limit in (given.idle, given.absolute) if limit]
    whole_seconds = timedelta(seconds=int(min([given.warning, *half]).total_seconds()))
    return replace(given, warning=whole_seconds)


def _limit(place: Place) -> timedelta | None:
    return None if place.value == "never" else _duration(place, SHORTEST)


def lead(place: Place, longest: timedelta) -> timedelta | None:
    """Read how long before something spares for it are made."""
    return _duration(place, timedelta(0), longest)


def _duration(place: Place, shortest: timedelta, longest: timedelta = LONGEST) -> timedelta | None:
    try:
        if not isinstance(place.value, str):
            raise ValueError
        duration = read_duration(place.value)
    except ValueError:
        place.wrong(
            _("Here comes a duration with its unit."),
            _("Write 20 min, 1 h 30 min, 2 days; for a limit, also never."),
        )
        return None
    if not shortest <= duration <= longest:
        place.wrong(
            _("This duration must lie between %(least)s and %(most)s."),
            least=write_duration(shortest),
            most=write_duration(longest),
        )
        return None
    return duration
