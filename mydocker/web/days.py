"""The last day as pages show it: graphs, the finding in a sentence, and the same numbers as a
table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from mydocker.domain.statistics import QUARTERS, Day, Quarter, Waits
from mydocker.web import graphs
from mydocker.web.amounts import NO_BREAK, number_text, seconds_text
from mydocker.web.graphs import Mark, Scale, Tick
from mydocker.web.templatetags.mydocker import moment_text, time_text

HOURS_BETWEEN = 3
PHONE_HOURS_BETWEEN = 6


@dataclass(frozen=True, slots=True)
class Graph:
    """One plot: what its axis says, from the top, and its drawing."""

    labels: Sequence[str]
    plot: SafeString


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; empty where there is nothing to say."""

    time: str
    claimed: int
    cold: int
    p50: str
    p95: str
    awake: str
    asleep: str
    spares: str
    waiting: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The last day, ready for a template. Graphs are None where they would be empty."""

    since: str
    finding: Sequence[str]
    waits: Graph | None
    starts: Graph | None
    present: Graph | None
    peak: str
    axis: SafeString
    rows: Sequence[Row]


def shown(day: Day, now: datetime) -> Shown:
    """Draw and tell the last day in the reader's zone and language."""
    ticks = list(_ticks(day.quarters))
    return Shown(
        since=moment_text(day.quarters[0].begins, now),
        finding=list(_finding(day)),
        waits=_waits(day, ticks) if day.waits else None,
        starts=_starts(day, ticks) if day.waits else None,
        present=_present(day, ticks) if day.has_counts else None,
        peak=_peak(day),
        axis=graphs.axis(ticks, QUARTERS),
        rows=[_row(each) for each in day.quarters if _is_told(each)],
    )


def _finding(day: Day) -> list[str]:
    found = []
    if day.claimed:
        found.append(
            ngettext(
                "%(count)s start from a spare: half within %(p50)s, 19 of 20 within %(p95)s.",
                "%(count)s starts from a spare: half within %(p50)s, 19 of 20 within %(p95)s.",
                day.claimed.number,
            )
            % _told(day.claimed)
        )
    if day.cold:
        found.append(
            ngettext(
                "%(count)s cold start: half within %(p50)s, 19 of 20 within %(p95)s.",
                "%(count)s cold starts: half within %(p50)s, 19 of 20 within %(p95)s.",
                day.cold.number,
            )
            % _told(day.cold)
        )
    if day.failed:
        found.append(
            ngettext(
                "%(count)s start came to nothing.",
                "%(count)s starts came to nothing.",
                day.failed,
            )
            % {"count": _number(day.failed)}
        )
    return found


def _told(waits: Waits) -> dict[str, str]:
    return {
        "count": _number(waits.number),
        "p50": seconds_text(waits.p50),
        "p95": seconds_text(waits.p95),
    }


def _waits(day: Day, ticks: Sequence[Tick]) -> Graph:
    p50 = [each.waits.p50 if each.waits else None for each in day.quarters]
    p95 = [each.waits.p95 if each.waits else None for each in day.quarters]
    scale = graphs.scale_of(p95)
    place = max(range(QUARTERS), key=lambda number: p95[number] or 0)
    peak = Mark(place + 0.5, p95[place] or 0, seconds_text(p95[place] or 0), "p95")
    drawn = graphs.line("p95", p95, scale, is_filled=True) + graphs.line("p50", p50, scale)
    exact = graphs.decimals_of(scale)
    labels = [number_text(tick, exact) for tick in scale.ticks]
    labels[0] = f"{labels[0]}{NO_BREAK}s"
    return Graph(labels, graphs.plot(drawn, scale, ticks, [peak], QUARTERS))


def _starts(day: Day, ticks: Sequence[Tick]) -> Graph:
    claimed, cold = ([getattr(each, kind) for each in day.quarters] for kind in ("claimed", "cold"))
    sums = [sum(each) for each in zip(claimed, cold, strict=True)]
    scale = graphs.scale_of(sums, is_whole=True)
    place = max(range(QUARTERS), key=lambda number: sums[number])
    peak = Mark(place + 0.5, sums[place], _number(sums[place]), "all")
    drawn = graphs.bars([("claimed", claimed), ("cold", cold)], scale)
    return Graph(_labels(scale), graphs.plot(drawn, scale, ticks, [peak], QUARTERS))


def _present(day: Day, ticks: Sequence[Tick]) -> Graph:
    kinds = [
        (kind, [getattr(each.most, kind) if each.most else None for each in day.quarters])
        for kind in ("awake", "asleep", "spares", "waiting")
    ]
    sums = [
        sum(value or 0 for value in each)
        for each in zip(*(values for _kind, values in kinds), strict=True)
    ]
    scale = graphs.scale_of(sums, is_whole=True)
    return Graph(
        _labels(scale), graphs.plot(graphs.areas(kinds, scale), scale, ticks, [], QUARTERS)
    )


def _labels(scale: Scale) -> list[str]:
    return [_number(round(tick)) for tick in scale.ticks]


def _peak(day: Day) -> str:
    """When most came."""
    most = max(day.quarters, key=lambda each: each.claimed + each.cold)
    number = most.claimed + most.cold
    if number < 2:
        return ""
    return gettext("Most came at %(time)s: %(count)s in a quarter of an hour.") % {
        "time": time_text(timezone.localtime(most.begins)),
        "count": _number(number),
    }


def _ticks(quarters: Sequence[Quarter]) -> list[Tick]:
    """Each third hour, by the reader's clock; midnight is the day that begins."""
    found = []
    for place, quarter in enumerate(quarters):
        here = timezone.localtime(quarter.begins)
        if here.minute == 0 and here.hour % HOURS_BETWEEN == 0 and 2 <= place <= QUARTERS - 3:
            word = gettext("%(hour)02d:00") % {"hour": here.hour}
            if here.hour == 0:
                word = str(WEEKDAYS_ABBR[here.weekday()])
            found.append(Tick(place, word, here.hour % PHONE_HOURS_BETWEEN != 0))
    return found


def _is_told(quarter: Quarter) -> bool:
    """Whether the table has a line for it: something began, or an hour, and somebody looked."""
    is_hour = timezone.localtime(quarter.begins).minute == 0
    return quarter.waits is not None or (is_hour and quarter.most is not None)


def _row(quarter: Quarter) -> Row:
    here, most, waits = timezone.localtime(quarter.begins), quarter.most, quarter.waits
    is_twice = here.replace(fold=1 - here.fold).utcoffset() != here.utcoffset()
    return Row(
        time=f"{time_text(here)} ({here.tzname()})" if is_twice else time_text(here),
        claimed=quarter.claimed,
        cold=quarter.cold,
        p50=seconds_text(waits.p50) if waits else "",
        p95=seconds_text(waits.p95) if waits else "",
        awake=_number(most.awake) if most else "",
        asleep=_number(most.asleep) if most else "",
        spares=_number(most.spares) if most else "",
        waiting=_number(most.waiting) if most else "",
    )


def _number(count: int) -> str:
    return number_format(count, 0, use_l10n=True, force_grouping=True)
