"""Reading spares and class sessions: numbers, days of the week, times of the wall clock, zones."""

import re
from contextlib import suppress
from datetime import datetime, timedelta
from difflib import get_close_matches

from mydocker.domain.environments import fields, limits
from mydocker.domain.environments.fields import Place
from mydocker.domain.environments.values import (
    LEAD,
    ClassSession,
    Day,
    ScheduleLine,
    SpareMode,
    Spares,
)
from mydocker.domain.local_times import (
    DEFAULT_ZONE,
    MINUTES_OF_DAY,
    begin_instant,
    end_instant,
    known_zones,
)
from mydocker.domain.words import gettext_noop as _

MOST_SPARES = 500
MOST_STUDENTS = 5_000
MOST_LINES = 50
MOST_SESSIONS = 500
LONGEST_SESSION = timedelta(days=7)
LONGEST_LEAD = timedelta(days=1)

KEYS_OF_SPARES = ("wanted", "learnt", "most", "mode", "schedule")
KEYS_OF_LINE = ("days", "from", "to", "zone", "spares")
KEYS_OF_SESSION = ("start", "end", "zone", "students", "lead")

_WEEK = tuple(Day)
_TIME = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])")
# The years for which wall clocks can be foretold at all.
_MOMENT = re.compile(r"(20[0-9]{2}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})")


def spares(place: Place) -> Spares:
    """Read how many spares are wanted."""
    entries = fields.named(place, KEYS_OF_SPARES, {})
    default = Spares()
    wanted = fields.whole(entries["wanted"], 0, MOST_SPARES) if "wanted" in entries else None
    learnt = fields.flag(entries["learnt"]) if "learnt" in entries else None
    most = fields.whole(entries["most"], 0, MOST_SPARES) if "most" in entries else None
    mode = fields.choice(entries["mode"], SpareMode) if "mode" in entries else None
    return Spares(
        wanted=wanted or 0,
        learnt=default.learnt if learnt is None else learnt,
        most=default.most if most is None else most,
        mode=mode or default.mode,
        schedule=fields.listed(entries["schedule"], MOST_LINES, _line)
        if "schedule" in entries
        else (),
    )


def _line(place: Place) -> ScheduleLine | None:
    entries = fields.named(place, KEYS_OF_LINE, {})
    days = _days(_needed(place, entries, "days", _("Say on which days, such as mon-fri.")))
    first = _time(_needed(place, entries, "from", _("Say from when, such as 08:00.")))
    last = _time(_needed(place, entries, "to", _("Say until when, such as 18:00.")))
    number = _needed(place, entries, "spares", _("Say how many spares."))
    many = fields.whole(number, 1, MOST_SPARES) if number else None
    zone = _zone(entries["zone"]) if "zone" in entries else DEFAULT_ZONE
    if first == MINUTES_OF_DAY:
        place.at("from", None).wrong(_("No day begins at its end."), _("Write 00:00."))
    elif first is not None and first == last:
        place.at("to", None).wrong(
            _("This line lasts no time: it ends when it begins."),
            _("For a whole day, write from 00:00 to 24:00."),
        )
    if not days or first is None or last is None or not many or not zone:
        return None
    return ScheduleLine(days, first, last, many, zone)


def _needed(place: Place, entries: dict[str, Place], key: str, hint: str) -> Place | None:
    if key not in entries and isinstance(place.value, dict) and place.is_sound(key):
        place.lacks(key, hint)
    return entries.get(key)


def _days(place: Place | None) -> tuple[Day, ...]:
    if place is None:
        return ()
    if isinstance(place.value, list):
        parts = list(fields.items(place, len(_WEEK)))
        if not parts:
            place.wrong(_("No day is listed."), _("Write a day such as mon, or mon-fri."))
    else:
        parts = [place]
    found = {day for part in parts for day in _range(part)}
    return tuple(day for day in _WEEK if day in found)


def _range(place: Place) -> list[Day]:
    """Read `mon`, or `mon-fri`; `sat-mon` goes over the end of the week."""
    value = fields.text(place, 40)
    if value is None:
        return []
    names = [name.strip() for name in value.lower().split("-")]
    if len(names) > 2 or not set(names) <= set(_WEEK):
        place.wrong(
            _("%(value)s is no day of the week."),
            _("Write mon, tue, wed, thu, fri, sat, sun, a range such as mon-fri, or a list."),
            value=value,
        )
        return []
    first, last = (_WEEK.index(Day(name)) for name in (names[0], names[-1]))
    return [_WEEK[(first + passed) % 7] for passed in range((last - first) % 7 + 1)]


def _time(place: Place | None) -> int | None:
    """Read a time of the day, in minutes since midnight; `24:00` is its end."""
    if place is None:
        return None
    found = _TIME.fullmatch(place.value) if isinstance(place.value, str) else None
    minutes = 60 * int(found[1]) + int(found[2]) if found else None
    if minutes is None or minutes > MINUTES_OF_DAY:
        place.wrong(
            _("Here comes a time of the day."),
            _("Write it between quotes, such as '08:00'; '24:00' is the end of the day."),
        )
        return None
    return minutes


def _zone(place: Place) -> str | None:
    value = fields.text(place, 60)
    if value is None or value in known_zones():
        return value
    near = [zone for zone in known_zones() if zone.lower() == value.lower()]
    near = near or get_close_matches(value, sorted(known_zones()), n=1, cutoff=0.6)
    place.wrong(
        _("There is no time zone %(value)s."),
        _("Did you mean %(near)s?") if near else _("Write its IANA name, such as Europe/Paris."),
        value=value,
        near=near[0] if near else "",
    )
    return None


def sessions(place: Place) -> tuple[ClassSession, ...]:
    """Read class sessions, in their order; the same one twice counts once."""
    return fields.listed(place, MOST_SESSIONS, _session)


def _session(place: Place) -> ClassSession | None:
    entries = fields.named(place, KEYS_OF_SESSION, {})
    start = _moment(_needed(place, entries, "start", _("Say when it starts: 2026-11-23T08:30.")))
    end = _moment(_needed(place, entries, "end", _("Say when it ends: 2026-11-23T10:30.")))
    expected = _needed(place, entries, "students", _("Say how many students are expected."))
    students = fields.whole(expected, 1, MOST_STUDENTS) if expected else None
    zone = _zone(entries["zone"]) if "zone" in entries else DEFAULT_ZONE
    lead = limits.lead(entries["lead"], LONGEST_LEAD) if "lead" in entries else LEAD
    if start is None or end is None or zone is None:
        return None
    begins, ends = begin_instant(start, zone), end_instant(end, zone)
    if not begins < ends <= begins + LONGEST_SESSION:
        place.at("end", None).wrong(
            _("A class session ends after it starts, at most %(most)s days later."),
            _("Write its end such as 2026-11-23T10:30."),
            most=LONGEST_SESSION.days,
        )
        return None
    if not students or lead is None:
        return None
    return ClassSession(begins, ends, students, lead, zone)


def _moment(place: Place | None) -> datetime | None:
    """Read a date and a time of the wall clock, without zone."""
    if place is None:
        return None
    found = _MOMENT.fullmatch(place.value.strip()) if isinstance(place.value, str) else None
    if found:
        # The 30th of February, 25 o'clock.
        with suppress(ValueError):
            return datetime.fromisoformat(f"{found[1]}T{found[2]}")
    place.wrong(
        _("Here comes a date with a time of the day."),
        _("Write it such as 2026-11-23T08:30, as clocks show it there; the zone has its own key."),
    )
    return None
