"""What calendars ask for: lines of the weekly schedule, and class sessions.

A line of the schedule holds from its beginning on each of its days until its end, both by the wall
clock of its zone (`local_times` says what that means on days on which clocks are moved). A line
whose end comes before its beginning goes on into the next day. At its end it holds no more.

A class session asks for a spare for each student who may still come. That is everybody from `lead`
before its start until ten minutes after it; then half of the class, after twenty minutes a
quarter, after thirty one in twenty until its end. Nobody is counted twice: who has a workspace that
was asked for since the session's spares began is there already. Sessions at the same time add up:
they are different people. Whoever was there before is not counted as present, because they are the
people of the session before.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from mydocker.domain.environments.values import ClassSession, Day, ScheduleLine
from mydocker.domain.local_times import begin_instant, end_instant, on_day, wall_time

_WEEK = tuple(Day)
_ONE_DAY = timedelta(days=1)

STILL_TO_COME: Sequence[tuple[timedelta, int]] = (
    (timedelta(minutes=10), 2),
    (timedelta(minutes=20), 4),
    (timedelta(minutes=30), 20),
)
"""So long after its start, one student in so many may still come."""


def scheduled(schedule: Iterable[ScheduleLine], now: datetime) -> int:
    """Return how many spares the schedule asks for: the largest line that holds, or 0."""
    return max((line.spares for line in schedule if _holds(line, now)), default=0)


def _holds(line: ScheduleLine, now: datetime) -> bool:
    return any(begin <= now < end for begin, end in _spans(line, now, days=0))


def _spans(line: ScheduleLine, now: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
    """Yield when the line holds: from the day before `now` until `days` after, there."""
    today = wall_time(now, line.zone).date()
    runs_over = line.to_minutes < line.from_minutes
    for passed in range(-1, days + 1):
        day = today + passed * _ONE_DAY
        if _WEEK[day.weekday()] in line.days:
            last = day + _ONE_DAY if runs_over else day
            yield (
                begin_instant(on_day(day, line.from_minutes), line.zone),
                end_instant(on_day(last, line.to_minutes), line.zone),
            )


def expected(sessions: Iterable[ClassSession], present: Iterable[datetime], now: datetime) -> int:
    """Return how many students of the sessions at `now` may still come; at least 0.

    `present`: when each workspace of the environment that lives was asked for, in any order. Each
    counts for one session, the earliest that it fits and that is not complete.
    """
    since = sorted(present)
    number = 0
    for session in sorted(sessions, key=lambda each: (each.start, each.end, each.students)):
        if not session.start - session.lead <= now < session.end:
            continue
        came = [each for each in since if session.start - session.lead <= each <= now]
        came = came[: session.students]
        since = _without(since, came)
        number += min(session.students - len(came), _still_to_come(session, now))
    return number


def _without(since: list[datetime], came: list[datetime]) -> list[datetime]:
    if not came:
        return since
    first = since.index(came[0])
    return since[:first] + since[first + len(came) :]


def _still_to_come(session: ClassSession, now: datetime) -> int:
    one_in = max((part for after, part in STILL_TO_COME if now >= session.start + after), default=1)
    return -(-session.students // one_in)


def changes(
    schedule: Iterable[ScheduleLine],
    sessions: Iterable[ClassSession],
    now: datetime,
    until: datetime,
) -> list[datetime]:
    """Return when calendars may ask for another number, after `now` and up to `until`.

    In order, each instant once, UTC.
    """
    days = (until - now).days + 1
    instants = {
        instant for line in schedule for span in _spans(line, now, days) for instant in span
    } | {instant for session in sessions for instant in _turns(session)}
    return sorted(each.astimezone(UTC) for each in instants if now < each <= until)


def _turns(session: ClassSession) -> Iterator[datetime]:
    yield session.start - session.lead
    yield session.end
    yield from (session.start + after for after, _part in STILL_TO_COME)
