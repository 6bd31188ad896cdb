"""Figures of spares, sleepers, the queue and the last day, for teachers and administrators.

Nothing here changes anything. Each question is asked once, however many environments there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mydocker.domain.people import Action, Person, may
from mydocker.domain.statistics import Day, day_of, first_quarter
from mydocker.services.summaries import not_administrator
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
