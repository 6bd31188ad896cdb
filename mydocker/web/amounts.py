"""Sizes, durations and counts as people read them, in the active language."""

from datetime import timedelta
from math import ceil

from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

_STEP = 1024
NO_BREAK = "\N{NO-BREAK SPACE}"


def number_text(value: float, decimals: int = 1) -> str:
    """`6,2` or `6.2`; whole where it is whole or large."""
    if value >= 100 or round(value, decimals) == round(value):
        return number_format(round(value), 0, use_l10n=True)
    return number_format(round(value, decimals), decimals, use_l10n=True)  # it cuts, not rounds


def size_text(count: int) -> str:
    """`0`, `512 Mo`, `6,2 Go`: steps of 1024, the way memory is counted."""
    units = (gettext("bytes"), gettext("kB"), gettext("MB"), gettext("GB"), gettext("TB"))
    value, unit = float(count), 0
    while value >= 1000 and unit < len(units) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{number_text(value)}{NO_BREAK}{units[unit]}"


def cpus_text(nanos: int) -> str:
    """`2 CPU`, `0,5 CPU`."""
    return f"{number_text(nanos / 1e9)}{NO_BREAK}CPU"


def duration_text(duration: timedelta) -> str:
    """`12 s`, `18 min`, `1 h 42`: rounded up, since it is mostly time left."""
    seconds = max(0, ceil(duration.total_seconds()))
    if seconds < 100:
        return f"{seconds}{NO_BREAK}s"
    minutes = ceil(seconds / 60)
    if minutes < 60:
        return f"{minutes}{NO_BREAK}min"
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        days = round(hours / 24)
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
    return f"{hours}{NO_BREAK}h{NO_BREAK}{minutes:02d}" if minutes else f"{hours}{NO_BREAK}h"


def about_text(seconds: float) -> str:
    """`8 s`, `40 s`, `3 min`: no more exact than it can be, and never less."""
    step = 1 if seconds < 10 else 5 if seconds < 30 else 10
    return duration_text(timedelta(seconds=step * ceil(seconds / step)))


def seconds_text(seconds: float) -> str:
    """`0,8 s`, `12 s`: one decimal below ten seconds."""
    shown = number_text(seconds) if seconds < 10 else number_text(round(seconds))
    return f"{shown}{NO_BREAK}s"


def elapsed_text(seconds: float) -> str:
    """`0,8 s`, `48 s`, `1 min 12 s`, `1 h 02`: how long something took."""
    if seconds < 60:
        return seconds_text(max(0.0, seconds))
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}{NO_BREAK}min{NO_BREAK}{rest:02d}{NO_BREAK}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{NO_BREAK}h{NO_BREAK}{minutes:02d}"
