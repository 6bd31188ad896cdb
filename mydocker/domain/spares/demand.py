"""How many spares an environment should have now, and which source says so."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from types import MappingProxyType

from mydocker.domain.environments.values import ClassSession, SpareMode, Spares
from mydocker.domain.local_times import DEFAULT_ZONE, begin_instant, wall_time
from mydocker.domain.spares.timetable import changes, expected, scheduled
from mydocker.domain.words import gettext_noop as _

REFILL = timedelta(minutes=2)
"""How long a stock is on its own after a burst began, unless the caller measured it."""
LOOK_BACK = timedelta(days=15)
"""Arrivals from before are of no use to `learnt`: two weeks, half an hour, and what clocks jump."""
LOOK_AHEAD = timedelta(days=15)
"""How far `next_change` looks: a line of the schedule may fall away for one week, where clocks
skip it."""

_AROUND = timedelta(minutes=30)
_JUST_NOW = timedelta(minutes=15)
_WEEKS = (7, 14)
_ENOUGH_PERCENT = 95


class Why(StrEnum):
    """Where a number of spares comes from."""

    NOTHING = "nothing"
    """Nothing asks for any."""
    SESSION = "session"
    """Students of a class session who may still come."""
    SCHEDULE = "schedule"
    """The weekly schedule."""
    FIXED = "fixed"
    """The definition always wants so many."""
    LEARNT = "learnt"
    """What recent arrivals suggest."""


TOLD: Mapping[Why, str] = MappingProxyType(
    {
        Why.NOTHING: _("Nothing asks for spares now."),
        Why.SESSION: _("%(asked)s for students of a class session who may still come."),
        Why.SCHEDULE: _("%(asked)s by the weekly schedule."),
        Why.FIXED: _("%(asked)s at any time, as the definition wants."),
        Why.LEARNT: _("%(asked)s, from when people came lately and in the past two weeks."),
    }
)
"""English msgids, told of a `Wanted`; `asked` fills them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many spares, and why."""

    number: int = 0
    why: Why = Why.NOTHING
    asked: int = 0
    """What the source asks for; more than `number` where that is the most that is made."""


def wanted_spares(
    spares: Spares,
    sessions: Iterable[ClassSession],
    arrivals: Iterable[datetime],
    now: datetime,
    *,
    present: Iterable[datetime] = (),
    refill: timedelta = REFILL,
    zone: str = DEFAULT_ZONE,
) -> Wanted:
    """Return the largest of what is always wanted, schedule, class sessions and arrivals ask for.

    Never more than `spares.most`, and none in the mode `never`. Where two sources ask for the same
    number, the one that a teacher can see in a calendar is named. `arrivals`: when workspaces of
    this environment were asked for in the last `LOOK_BACK`, in any order; `present`: those of
    workspaces that live. `zone` is where the people are, for `learnt`. Depends on nothing else.
    """
    if spares.mode is SpareMode.NEVER:
        return Wanted()
    asked = {
        **_by_calendar(spares, sessions, present, now),
        Why.LEARNT: learnt(arrivals, now, refill=refill, zone=zone) if spares.learnt else 0,
    }
    return _largest(asked, spares.most)


def next_change(spares: Spares, sessions: Sequence[ClassSession], now: datetime) -> datetime | None:
    """Return when the number next becomes another by calendar alone, within `LOOK_AHEAD`; or None.

    That is: if nobody came meanwhile, and nothing was learnt.
    """

    def number(instant: datetime) -> int:
        return _largest(_by_calendar(spares, sessions, (), instant), spares.most).number

    if spares.mode is SpareMode.NEVER:
        return None
    present = number(now)
    instants = changes(spares.schedule, sessions, now, now + LOOK_AHEAD)
    return next((each for each in instants if number(each) != present), None)


def next_excess(
    spares: Spares, sessions: Sequence[ClassSession], possible: int, now: datetime
) -> tuple[datetime, int] | None:
    """Return when calendars next ask for more than is possible, and for how many; or None.

    From `now` on, within `LOOK_AHEAD`, if nobody came meanwhile; never more than `spares.most`.
    """
    if spares.mode is SpareMode.NEVER:
        return None
    for instant in (now, *changes(spares.schedule, sessions, now, now + LOOK_AHEAD)):
        number = _largest(_by_calendar(spares, sessions, (), instant), spares.most).number
        if number > possible:
            return instant, number
    return None


def _by_calendar(
    spares: Spares, sessions: Iterable[ClassSession], present: Iterable[datetime], now: datetime
) -> dict[Why, int]:
    return {
        Why.SESSION: expected(sessions, present, now),
        Why.SCHEDULE: scheduled(spares.schedule, now),
        Why.FIXED: spares.wanted,
    }


def _largest(asked: Mapping[Why, int], most: int) -> Wanted:
    why, number = max(asked.items(), key=lambda each: each[1])
    return Wanted(min(number, most), why, number) if number > 0 else Wanted()


def learnt(
    arrivals: Iterable[datetime],
    now: datetime,
    *,
    refill: timedelta = REFILL,
    zone: str = DEFAULT_ZONE,
) -> int:
    """Return how many spares arrivals suggest: enough for 95 of 100 moments at which people came.

    Who finds an empty shelf is who comes before it is filled again. So for each arrival it is
    counted how many came from then on until `refill` later, itself included; a stock as large as
    that would have served them all. The answer is the 95th percentile of these counts (nearest
    rank: with fewer than twenty arrivals that is the largest), over two sets of arrivals, and the
    larger of both:

    - those half an hour before and after this time of the same day, one and two weeks ago, by the
      wall clock in `zone`: classes meet weekly, and are expected half an hour ahead;
    - those of the last quarter of an hour: what nobody announced, while it goes on.

    Counting by arrival and not by minute keeps the many quiet minutes from hiding the one that
    matters. A single visitor a week ago asks for one spare during that hour, and none otherwise.
    """
    came = sorted(each for each in arrivals if each >= now - LOOK_BACK)
    refill = max(refill, timedelta(seconds=1))
    weeks_ago = [
        count
        for days in _WEEKS
        for then in [begin_instant(wall_time(now, zone) - timedelta(days=days), zone)]
        for count in _counts(came, then - _AROUND, then + _AROUND, refill)
    ]
    return max(
        _enough(weeks_ago),
        _enough(_counts(came, now - _JUST_NOW, now, refill)),
    )


def _counts(
    came: Sequence[datetime], first: datetime, last: datetime, refill: timedelta
) -> list[int]:
    """Count, for each arrival between `first` and `last`, those until `refill` after it."""
    here = came[bisect_left(came, first) : bisect_right(came, last)]
    return [bisect_left(here, each + refill) - number for number, each in enumerate(here)]


def _enough(counts: Sequence[int]) -> int:
    if not counts:
        return 0
    return sorted(counts)[ceil(len(counts) * _ENOUGH_PERCENT / 100) - 1]
