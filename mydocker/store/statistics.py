"""Figures: what there is now and was at moments of the past days, who started when, and what the
storekeeper decided. Frozen values; whoever counts does it in one statement.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mydocker.domain.runs import Phase
from mydocker.domain.statistics import Count, Start
from mydocker.store import sql
from mydocker.store.models import Demand, Environment, Sample


@dataclass(frozen=True, slots=True)
class Census:
    """The live runs of an environment now."""

    environment: str = ""
    standing: int = 0
    """Spares that can be claimed."""
    coming: int = 0
    """Spares on their way."""
    awake: int = 0
    asleep: int = 0
    waiting: int = 0
    waits_since: datetime | None = None
    """When the one that waits longest was asked for."""


@dataclass(frozen=True, slots=True)
class Slept:
    """Memory of what slept when somebody last looked."""

    resident_bytes: int = 0
    swapped_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """How many spares the storekeeper wants of an environment, and why there are fewer."""

    environment: str
    wanted: int = 0
    why: str = "nothing"
    asked: int = 0
    spare_bytes: int | None = None
    short: str = ""
    short_facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """An environment, as far as a list of figures shows it."""

    id: str
    slug: str
    title_en: str
    title_fr: str
    join_code: str


_OF_PERSON = "workspace_id IS NOT NULL"
_GOES_ON = f"phase > {Phase.NEW:d} AND phase < {Phase.STOPPING:d}"
_SPARE = f"workspace_id IS NULL AND retired = '' AND phase < {Phase.STOPPING:d}"
_KEY = "environment_id || ''"
"""The environment, so that no index of it is taken: it would lead through all runs ever made."""
_CENSUS = f"""
SELECT {_KEY},
       SUM(CASE WHEN {_SPARE} AND stands_by_at IS NOT NULL THEN 1 ELSE 0 END),
       SUM(CASE WHEN {_SPARE} AND stands_by_at IS NULL THEN 1 ELSE 0 END),
       SUM(CASE WHEN {_OF_PERSON} AND {_GOES_ON} AND asleep_at IS NULL THEN 1 ELSE 0 END),
       SUM(CASE WHEN {_OF_PERSON} AND {_GOES_ON} AND asleep_at IS NOT NULL THEN 1 ELSE 0 END),
       SUM(CASE WHEN {_OF_PERSON} AND phase = {Phase.NEW:d} THEN 1 ELSE 0 END),
       MIN(CASE WHEN {_OF_PERSON} AND phase = {Phase.NEW:d} THEN created_at END)
  FROM run WHERE phase < {Phase.ENDED:d}"""
_SLEEPERS = f"""
SELECT environment_id, container FROM run
 WHERE phase < {Phase.STOPPING:d} AND phase < {Phase.ENDED:d} AND asleep_at IS NOT NULL
   AND container <> ''"""
_STARTS = """
SELECT created_at, ready_at, is_spare, ended_at FROM run
 WHERE workspace_id IS NOT NULL AND created_at >= %s"""
_COUNTS = """
SELECT moment, spares, awake, asleep, waiting FROM sample
 WHERE environment_id IS NULL AND moment >= %s ORDER BY moment"""
_COUNTS_OF_ONE = """
SELECT a.moment, COALESCE(o.spares, 0), COALESCE(o.awake, 0), COALESCE(o.asleep, 0),
       COALESCE(o.waiting, 0)
  FROM sample a LEFT JOIN sample o ON o.environment_id = %s AND o.moment = a.moment
 WHERE a.environment_id IS NULL AND a.moment >= %s ORDER BY a.moment"""
_LAST = "(SELECT MAX(moment) FROM sample WHERE environment_id IS NULL)"
_SLEPT = f"""
SELECT environment_id, resident_bytes, swapped_bytes FROM sample WHERE moment = {_LAST}"""
_DECIDED = """
SELECT environment_id, wanted, why, asked, spare_bytes, short, short_facts FROM demand
 WHERE """
_NAMED = "SELECT id, slug, title_en, title_fr, join_code FROM environment WHERE "


def census() -> Mapping[str, Census]:
    """Count the live runs of every environment that has some, by its id."""
    return {row[0]: _census(row) for row in sql.rows(f"{_CENSUS} GROUP BY 1")}


def census_of(environment: str) -> Census:
    """Count the live runs of one environment."""
    row = sql.row(f"{_CENSUS} AND {_KEY} = %s GROUP BY 1", environment)
    return _census(row) if row else Census(environment)


def sleepers() -> Mapping[str, str]:
    """The environment of each container that may be frozen, spares included."""
    return {container: environment for environment, container in sql.rows(_SLEEPERS)}


def record(moment: datetime, present: Collection[Census], slept: Mapping[str, Slept]) -> None:
    """Write what there is at a moment. What was written of that moment before stays."""
    of_each = {each.environment: each for each in present}
    samples = [
        _sample(moment, id, of_each.get(id, Census(id)), slept.get(id, Slept()))
        for id in of_each.keys() | slept.keys()
    ]
    total = Sample(moment=moment, environment_id=None)
    for name in ("spares", "awake", "asleep", "waiting", "resident_bytes", "swapped_bytes"):
        setattr(total, name, sum(getattr(each, name) for each in samples))
    shown = [each for each in samples if each.spares or each.awake or each.asleep or each.waiting]
    Sample.objects.bulk_create([total, *shown], ignore_conflicts=True)


def forget(before: datetime) -> int:
    """Remove samples of earlier moments; how many."""
    return sql.change("DELETE FROM sample WHERE moment < %s", before)


def counts(since: datetime, environment: str = "") -> Sequence[Count]:
    """What there was whenever somebody looked since then; of all together, or of one."""
    if environment:
        found = sql.rows(_COUNTS_OF_ONE, environment, since)
    else:
        found = sql.rows(_COUNTS, since)
    return [Count(sql.moment(row[0]), *row[1:]) for row in found]


def starts(since: datetime, environment: str = "") -> Sequence[Start]:
    """Who asked since then and got a run; for all environments, or for one."""
    if environment:
        found = sql.rows(f"{_STARTS} AND {_KEY} = %s", since, environment)
    else:
        found = sql.rows(_STARTS, since)
    return [
        Start(sql.moment(asked), sql.moment_or_none(ready), bool(is_spare), ended is not None)
        for asked, ready, is_spare, ended in found
    ]


def slept() -> Mapping[str, Slept]:
    """Memory of sleepers at the last look, by environment; of all together under ``""``."""
    return {environment or "": Slept(*sizes) for environment, *sizes in sql.rows(_SLEPT)}


def decisions(environments: Sequence[str]) -> Mapping[str, Decision]:
    """What was decided about these environments."""
    if not environments:
        return {}
    places = ", ".join(["%s"] * len(environments))
    found = sql.rows(f"{_DECIDED} environment_id IN ({places})", *environments)
    return {row[0]: _decision(row) for row in found}


def wanted() -> Sequence[Decision]:
    """What was decided about every environment of which spares are wanted."""
    return [_decision(row) for row in sql.rows(f"{_DECIDED} wanted > 0")]


def decide(changed: Collection[Decision], now: datetime) -> None:
    """Write what was decided about some environments; those deleted meanwhile are left out."""
    ids = [each.environment for each in changed]
    there = frozenset(Environment.objects.filter(id__in=ids).values_list("id", flat=True))
    Demand.objects.bulk_create(
        [
            Demand(
                environment_id=each.environment, wanted=each.wanted, why=each.why,
                asked=each.asked, spare_bytes=each.spare_bytes, short=each.short,
                short_facts=dict(each.short_facts), decided_at=now,
            )
            for each in changed
            if each.environment in there
        ],
        update_conflicts=True,
        unique_fields=["environment"],
        update_fields=[
            "wanted", "why", "asked", "spare_bytes", "short", "short_facts", "decided_at",
        ],
    )  # fmt: skip


def named(count: int, after: str = "") -> Sequence[Named]:
    """Environments that are not archived, by slug, after `after`."""
    which = "slug > %s AND status <> 'archived' ORDER BY slug LIMIT %s"
    return [Named(*row) for row in sql.rows(_NAMED + which, after, count)]


def named_by_id(environments: Sequence[str]) -> Sequence[Named]:
    """These environments, by slug."""
    if not environments:
        return []
    places = ", ".join(["%s"] * len(environments))
    found = sql.rows(f"{_NAMED} id IN ({places}) ORDER BY slug", *environments)
    return [Named(*row) for row in found]


def _census(row: Sequence[Any]) -> Census:
    environment, *numbers, since = row
    standing, coming, awake, asleep, waiting = map(int, numbers)
    return Census(
        environment, standing, coming, awake, asleep, waiting, sql.moment_or_none(since)
    )  # fmt: skip


def _sample(moment: datetime, environment: str, present: Census, slept: Slept) -> Sample:
    return Sample(
        moment=moment, environment_id=environment, spares=present.standing, awake=present.awake,
        asleep=present.asleep, waiting=present.waiting, resident_bytes=slept.resident_bytes,
        swapped_bytes=slept.swapped_bytes,
    )  # fmt: skip


def _decision(row: Sequence[Any]) -> Decision:
    environment, wanted, why, asked, spare_bytes, short, facts = row
    return Decision(environment, wanted, why, asked, spare_bytes, short, sql.json_of(facts))
