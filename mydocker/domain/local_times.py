"""Times as the clock on a wall shows them, and the instants they mean.

Twice a year a wall clock is moved. What is written here holds for schedules and class sessions:

- A time that the clock shows **twice** (02:30 on the last Sunday of October in Paris) means its
  first occurrence where something begins, and its second where something ends: whatever lies
  between two times as written lies between the two instants.
- A time that the clock **skips** (02:30 on the last Sunday of March) means the instant of the
  jump, which is also what the first time after it means. A span that lies in the gap is empty.

So a later wall time never means an earlier instant, and every day is as long as it is there: 23,
24 or 25 hours.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

DEFAULT_ZONE = "Europe/Paris"
MINUTES_OF_DAY = 24 * 60


@cache
def known_zones() -> frozenset[str]:
    """Name the zones of the system's IANA database; looked up once."""
    # Two that are no places: what this machine has, and what it has before it was set up.
    return frozenset(available_timezones() - {"localtime", "Factory"})


def begin_instant(wall: datetime, zone: str) -> datetime:
    """Return when something begins that begins at `wall`, a time without zone, in `zone`; UTC."""
    return _instant(wall, ZoneInfo(zone), fold=0)


def end_instant(wall: datetime, zone: str) -> datetime:
    """Return when something ends that ends at `wall`, a time without zone, in `zone`; UTC."""
    return _instant(wall, ZoneInfo(zone), fold=1)


def wall_time(instant: datetime, zone: str) -> datetime:
    """Return what the clock shows in `zone`, as a time without zone."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def on_day(day: date, minutes: int) -> datetime:
    """Return the wall time so many minutes after midnight by the clock; 1440 is the day's end."""
    return datetime.combine(day, time()) + timedelta(minutes=minutes)


def _instant(wall: datetime, zone: ZoneInfo, fold: int) -> datetime:
    # PEP 495: in a gap, fold=0 counts with the offset from before the jump and so lies after it.
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if second >= first:
        return second if fold else first
    return _jump(second, first, zone)


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the second between two instants at which the clock is moved."""
    offset = before.astimezone(zone).utcoffset()

    def has_jumped(seconds: int) -> int:
        return (before + timedelta(seconds=seconds)).astimezone(zone).utcoffset() != offset

    seconds = range(int((after - before).total_seconds()) + 1)
    return before + timedelta(seconds=bisect_left(seconds, 1, key=has_jumped))
