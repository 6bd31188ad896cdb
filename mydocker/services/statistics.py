"""Figures of spares, sleepers, the queue and the last day, for teachers and administrators.

Nothing here changes anything. Each question is asked once, however many environments there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from mydocker.domain.people import Action, Person, may
from mydocker.domain.spares import WhyShort
from mydocker.domain.spares.stock import TOLD
from mydocker.domain.statistics import Day, Quarter, day_of, first_quarter
from mydocker.services.summaries import iso, not_administrator
from mydocker.store import statistics as store
from mydocker.store.statistics import Census, Decision, Named, Slept


@dataclass(frozen=True, slots=True)
class Figures:
    """An environment now, and its last day."""

    census: Census
    decision: Decision
    slept: Slept
    day: Day


@dataclass(frozen=True, slots=True)
class Line:
    """An environment in the list of all."""

    named: Named
    census: Census
    decision: Decision


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything now, the last day, and a part of the list of environments."""

    total: Census
    wanted: int
    shortages: Sequence[Line]
    """All environments that have, and will have, fewer spares than wanted."""
    slept: Slept
    day: Day
    lines: Sequence[Line]
    next: str
    """The slug after which the list goes on; empty at its end."""


def of_environment(environment: str, now: datetime) -> Figures:
    """Figures of the environment of this id. Who may see them is for the caller to say."""
    return Figures(
        store.census_of(environment),
        store.decisions([environment]).get(environment, Decision(environment)),
        store.slept().get(environment, Slept()),
        _day(now, environment),
    )


def overview(person: Person, now: datetime, *, after: str = "", limit: int = 50) -> Overview:
    """Figures of all together, and so many environments by slug, after `after`. Refuses others
    than administrators.
    """
    if not may(person, Action.ADMINISTER):
        raise not_administrator()
    census = store.census()
    found = store.named(limit + 1, after)
    wanted = {each.environment: each for each in store.wanted()}
    short = [each.environment for each in wanted.values() if each.short]
    shown = found[:limit]
    return Overview(
        total=_together(census),
        wanted=sum(each.wanted for each in wanted.values()),
        shortages=[_line(each, census, wanted) for each in store.named_by_id(short)],
        slept=store.slept().get("", Slept()),
        day=_day(now),
        lines=[_line(each, census, wanted) for each in shown],
        next=shown[-1].slug if len(found) > limit else "",
    )


def told_shortage(decision: Decision) -> tuple[str, str] | None:
    """Why there are fewer spares than wanted, and what to do, in the active language; or None."""
    if not decision.short:
        return None
    message, hint = TOLD[WhyShort(decision.short)]
    return gettext(message) % decision.short_facts, gettext(hint)


def as_json(figures: Figures) -> dict[str, object]:
    """Return the API's statistics, told in the active language."""
    census, decision = figures.census, figures.decision
    told = told_shortage(decision)
    return {
        "wanted": decision.wanted,
        "standing": census.standing,
        "coming": census.coming,
        "awake": census.awake,
        "asleep": census.asleep,
        "waiting": census.waiting,
        "shortage": {"code": decision.short, "message": told[0], "hint": told[1]} if told else None,
        "quarters": [_quarter_as_json(each) for each in figures.day.quarters],
    }


def _quarter_as_json(quarter: Quarter) -> dict[str, object]:
    waits, most = quarter.waits, quarter.most
    return {
        "begins": iso(quarter.begins),
        "claimed": quarter.claimed,
        "cold": quarter.cold,
        "failed": quarter.failed,
        "p50_seconds": round(waits.p50, 3) if waits else None,
        "p95_seconds": round(waits.p95, 3) if waits else None,
        "spares": most.spares if most else None,
        "awake": most.awake if most else None,
        "asleep": most.asleep if most else None,
        "waiting": most.waiting if most else None,
    }


def _day(now: datetime, environment: str = "") -> Day:
    since = first_quarter(now)
    return day_of(store.starts(since, environment), store.counts(since, environment), now)


def _line(named: Named, census: Mapping[str, Census], wanted: Mapping[str, Decision]) -> Line:
    return Line(
        named,
        census.get(named.id, Census(named.id)),
        wanted.get(named.id, Decision(named.id)),
    )


def _together(census: Mapping[str, Census]) -> Census:
    each = census.values()
    return Census(
        standing=sum(one.standing for one in each),
        coming=sum(one.coming for one in each),
        awake=sum(one.awake for one in each),
        asleep=sum(one.asleep for one in each),
        waiting=sum(one.waiting for one in each),
        waits_since=min((one.waits_since for one in each if one.waits_since), default=None),
    )
