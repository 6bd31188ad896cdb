"""The last day in quarters of an hour: who started, how long they waited, what there was.

Quarters begin where clocks show a full quarter: every zone is whole quarters away from UTC, also on
the days on which clocks are moved. A day is 24 hours, whatever clocks show meanwhile.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

QUARTER = timedelta(minutes=15)
QUARTERS = 96


@dataclass(frozen=True, slots=True)
class Start:
    """Somebody asked for a workspace and got a run."""

    asked_at: datetime
    ready_at: datetime | None
    is_claimed: bool
    """The run was a spare."""
    has_ended: bool = False

    @property
    def seconds(self) -> float | None:
        """From the wish to the ready workspace; None if it was never ready, or is not yet."""
        if self.ready_at is None:
            return None
        return max(0.0, (self.ready_at - self.asked_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Count:
    """What there was at a moment."""

    moment: datetime
    spares: int = 0
    """They could be claimed."""
    awake: int = 0
    """Workspaces whose run goes on, or is on its way."""
    asleep: int = 0
    waiting: int = 0
    """Workspaces that wait for their turn."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from the wish to the ready workspace: half took at most `p50`, 19 of 20 `p95`."""

    number: int
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of an hour. A start belongs to the one in which it was asked for."""

    begins: datetime
    claimed: int
    cold: int
    failed: int
    """Ended without having been ready."""
    waits: Waits | None
    most: Count | None
    """The largest of each number that was seen; None where nobody looked."""


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours, the quarter that goes on included."""

    quarters: Sequence[Quarter]
    claimed: Waits | None
    cold: Waits | None
    waits: Waits | None
    """Of all starts."""
    failed: int

    @property
    def has_starts(self) -> bool:
        """Whether anybody started anything, in vain or not."""
        return self.waits is not None or self.failed > 0

    @property
    def has_counts(self) -> bool:
        """Whether there was anything whenever somebody looked."""
        found = [each.most for each in self.quarters if each.most]
        return any(each.spares or each.awake or each.asleep or each.waiting for each in found)


def first_quarter(now: datetime) -> datetime:
    """Return when the first quarter of the last day begins."""
    return quarter_of(now) - (QUARTERS - 1) * QUARTER


def quarter_of(at: datetime) -> datetime:
    """Return when the quarter begins in which a moment lies."""
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


def day_of(starts: Iterable[Start], counts: Iterable[Count], now: datetime) -> Day:
    """Put what happened into the quarters of the last day. Anything from before is left out."""
    first = first_quarter(now)
    asked: dict[datetime, list[Start]] = defaultdict(list)
    for start in starts:
        if start.asked_at >= first:
            asked[quarter_of(start.asked_at)].append(start)
    seen: dict[datetime, list[Count]] = defaultdict(list)
    for count in counts:
        if count.moment >= first:
            seen[quarter_of(count.moment)].append(count)
    all_starts = [start for each in asked.values() for start in each]
    return Day(
        quarters=tuple(_quarter(first + n * QUARTER, asked, seen) for n in range(QUARTERS)),
        claimed=waits_of(start for start in all_starts if start.is_claimed),
        cold=waits_of(start for start in all_starts if not start.is_claimed),
        waits=waits_of(all_starts),
        failed=sum(_has_failed(start) for start in all_starts),
    )


def waits_of(starts: Iterable[Start]) -> Waits | None:
    """Return how long these took; None if none of them was ready."""
    took = sorted(seconds for start in starts if (seconds := start.seconds) is not None)
    if not took:
        return None
    return Waits(len(took), percentile(took, 50), percentile(took, 95))


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the value below which so many of 100 lie; between two, by their distance.

    As `statistics.quantiles(…, method="inclusive")`. At least one value, in order.
    """
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    if below + 1 == len(ordered):
        return ordered[below]
    return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])


def _quarter(
    begins: datetime,
    asked: Mapping[datetime, Sequence[Start]],
    seen: Mapping[datetime, Sequence[Count]],
) -> Quarter:
    starts, counts = asked.get(begins, ()), seen.get(begins, ())
    ready = [start for start in starts if start.ready_at is not None]
    return Quarter(
        begins=begins,
        claimed=sum(start.is_claimed for start in ready),
        cold=sum(not start.is_claimed for start in ready),
        failed=sum(_has_failed(start) for start in starts),
        waits=waits_of(ready),
        most=Count(
            begins,
            max(count.spares for count in counts),
            max(count.awake for count in counts),
            max(count.asleep for count in counts),
            max(count.waiting for count in counts),
        )
        if counts
        else None,
    )


def _has_failed(start: Start) -> bool:
    return start.has_ended and start.ready_at is None
