"""Schedules and class sessions of an environment, in words."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from mydocker.domain.environments import Environment
from mydocker.domain.environments.values import ClassSession, Day, ScheduleLine
from mydocker.domain.local_times import MINUTES_OF_DAY, wall_time
from mydocker.domain.spares import next_change, wanted_spares
from mydocker.web.amounts import duration_text
from mydocker.web.templatetags.mydocker import time_text, when_text

SHOWN_SESSIONS = 5
_WEEK = tuple(Day)


def lines_of(definition: Environment) -> list[tuple[str, str]]:
    """When each line of the weekly schedule holds, and how many spares it asks for."""
    here = timezone.get_current_timezone_name()
    return [(_hours(line, here), _spares(line.spares)) for line in definition.spares.schedule]


def sessions_of(definition: Environment, now: datetime) -> list[tuple[str, str]]:
    """The next class sessions: when, and how many students with spares from when on."""
    coming = sorted(
        (each for each in definition.sessions if each.end > now), key=lambda each: each.start
    )
    return [_session(each) for each in coming[:SHOWN_SESSIONS]]


def more_sessions(definition: Environment, now: datetime) -> int:
    """How many class sessions follow after those that are shown."""
    return max(0, sum(each.end > now for each in definition.sessions) - SHOWN_SESSIONS)


def next_change_of(definition: Environment, now: datetime) -> str:
    """When calendars next ask for another number, and for how many; empty if never soon."""
    spares, sessions = definition.spares, definition.sessions
    at = next_change(spares, sessions, now)
    if at is None:
        return ""
    number = wanted_spares(spares, sessions, (), at).number
    return gettext("Next change: %(number)s, %(when)s.") % {
        "number": _spares(number),
        "when": when_text(at, now),
    }


def _spares(number: int) -> str:
    if number == 0:
        return gettext("no spare")
    return ngettext("%(count)s spare", "%(count)s spares", number) % {"count": number}


def _hours(line: ScheduleLine, here: str) -> str:
    told = {
        "days": _days(line.days),
        "from": _clock(line.from_minutes),
        "to": _clock(line.to_minutes),
        "zone": line.zone,
    }
    if (line.from_minutes, line.to_minutes) == (0, MINUTES_OF_DAY):
        text = gettext("%(days)s, all day") % told
    elif line.to_minutes < line.from_minutes:
        text = gettext("%(days)s, from %(from)s to %(to)s of the next day") % told
    else:
        text = gettext("%(days)s, from %(from)s to %(to)s") % told
    return text if line.zone == here else f"{text} ({line.zone})"


def _days(days: Sequence[Day]) -> str:
    """`Monday to Friday`, `every day`, `Monday, Wednesday`."""
    if len(days) == len(_WEEK):
        return gettext("Every day")
    parts = []
    for first, last in _ranges([_WEEK.index(day) for day in days]):
        names = {"first": WEEKDAYS[first], "last": WEEKDAYS[last]}
        if last - first >= 2:
            parts.append(gettext("%(first)s to %(last)s") % names)
        else:
            parts += [str(WEEKDAYS[day]) for day in range(first, last + 1)]
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def _ranges(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of numbers that follow one another."""
    first = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield first, last
            first = number
        last = number
    yield first, last


def _clock(minutes: int) -> str:
    """A time by the clock of a line's zone; the day's end is its own time."""
    if minutes == MINUTES_OF_DAY:
        return gettext("midnight")
    return time_text(datetime.min + timedelta(minutes=minutes))  # noqa: DTZ901 -- a wall clock's


def _session(session: ClassSession) -> tuple[str, str]:
    """A class session, by the clock there."""
    here = timezone.get_current_timezone_name()
    start, end, since = (
        wall_time(at, session.zone)
        for at in (session.start, session.end, session.start - session.lead)
    )
    told = {
        "day": date_format(start, gettext("l j F")),
        "from": time_text(start),
        "to": time_text(end),
    }
    if end.date() != start.date():
        told["to"] = f"{time_text(end)}, {date_format(end, gettext('l j F'))}"
    when = gettext("%(day)s, from %(from)s to %(to)s") % told
    when = when[:1].upper() + when[1:]
    if session.zone != here:
        when = f"{when} ({session.zone})"
    students = ngettext(
        "%(count)s student, spares from %(time)s on (%(lead)s before)",
        "%(count)s students, spares from %(time)s on (%(lead)s before)",
        session.students,
    )
    return when, students % {
        "count": session.students, "time": time_text(since), "lead": duration_text(session.lead),
    }  # fmt: skip
