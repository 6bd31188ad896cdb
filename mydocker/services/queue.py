"""The queue as people see it: their place, and how long it takes from there. Changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings

from mydocker.domain.queue import Pace, line_up, seconds_until_ready
from mydocker.store import queue as store

FRESH = timedelta(seconds=1)
"""One reading serves all who look within this time, however many wait."""
FRESH_FOR_NEWCOMERS = timedelta(seconds=0.2)
LOOK_BACK = timedelta(minutes=5)
"""How far back starts tell how fast the next ones will be."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody's place in the queue."""

    place: int
    """From 1."""
    of: int
    seconds: float | None
    """Until it is ready, never less than what was measured; None where nothing could tell."""


@dataclass(frozen=True, slots=True)
class Line:
    """The whole queue at one moment."""

    read_at: datetime
    places: Mapping[str, int] = field(default_factory=dict)
    """By run."""
    pace: Pace | None = None


_LINE = [Line(_NEVER)]
"""The last reading of this process."""


def standing(run: str, usual_seconds: float | None, now: datetime) -> Standing | None:
    """The place of a run, None if it does not wait. `usual_seconds`: a start of its environment."""
    line = _line(now, FRESH)
    if run not in line.places:
        line = _line(now, FRESH_FOR_NEWCOMERS)
    place = line.places.get(run)
    return _standing(place, len(line.places), usual_seconds, line) if place else None


def ahead(usual_seconds: float | None, now: datetime) -> Standing:
    """The place that somebody would have who asks now; the first where nobody waits."""
    line = _line(now, FRESH)
    waiting = len(line.places)
    return _standing(waiting + 1, waiting + 1, usual_seconds, line)


def forget() -> None:
    """Read anew."""
    _LINE[0] = Line(_NEVER)


def _standing(place: int, of: int, usual_seconds: float | None, line: Line) -> Standing:
    seconds = seconds_until_ready(place, usual_seconds, line.pace) if line.pace else None
    return Standing(place, of, seconds)


def _line(now: datetime, fresh: timedelta) -> Line:
    if not timedelta(0) <= now - _LINE[0].read_at < fresh:
        _LINE[0] = _read(now)
    return _LINE[0]


def _read(now: datetime) -> Line:
    everybody = store.everybody()
    lately = store.lately(now, LOOK_BACK)
    since = max(min((each.asked_at for each in everybody), default=now), now - LOOK_BACK)
    pace = Pace(
        at_once=settings.MYDOCKER.concurrent_starts,
        under_way=store.under_way(),
        waiting=len(everybody),
        start_seconds=lately.start_seconds,
        finished=sum(at >= since for at in lately.ready_at),
        waited_seconds=max(0.0, (now - since).total_seconds()),
    )
    places = {each.run: place for place, each in enumerate(line_up(everybody), 1)}
    return Line(now, places, pace)
