"""Figures in the database: counted in one statement, written once a moment, read by an index."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mydocker.domain.runs import Phase
from mydocker.domain.statistics import Count, Start
from mydocker.services.catalogue import Known
from mydocker.store import environments, runs, statistics
from mydocker.store.models import Run, Sample, Workspace
from mydocker.store.statistics import Census, Decision, Named, Slept
from tests.people import student, tiny

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(now: datetime) -> Known:
    runs.make_local_node()
    return tiny(now)


def run_of(known: Known, now: datetime, phase: Phase, **facts: object) -> str:
    """A run as a test wants it; somebody's, unless it is said to be a spare."""
    made = runs.make(None, 0, known.row, [], "apps.test", now, now)
    assert made is not None
    changes = {"phase": phase, **facts}
    if not facts.pop("is_nobodys", False):
        person = student(now, f"{made.id}@example.org")
        changes["workspace"] = Workspace.objects.create(
            environment_id=known.row.id, person_id=person.id, created_at=now
        )
        changes.setdefault("is_spare", False)
    changes.pop("is_nobodys", None)
    Run.objects.filter(id=made.id).update(**changes)
    return made.id


def test_the_living_are_counted_by_what_they_do(known: Known, now: datetime) -> None:
    earlier = now - timedelta(minutes=3)
    run_of(known, now, Phase.READY)
    run_of(known, now, Phase.STARTING)
    run_of(known, now, Phase.READY, asleep_at=now)
    run_of(known, now, Phase.NEW, created_at=now)
    run_of(known, now, Phase.NEW, created_at=earlier)
    run_of(known, now, Phase.STOPPING)
    run_of(known, now, Phase.ENDED)
    run_of(known, now, Phase.ANSWERING, is_nobodys=True, stands_by_at=now)
    run_of(known, now, Phase.ANSWERING, is_nobodys=True, stands_by_at=now, asleep_at=now)
    run_of(known, now, Phase.ANSWERING, is_nobodys=True, stands_by_at=now, retired="too_old")
    run_of(known, now, Phase.STARTING, is_nobodys=True)
    found = Census(known.row.id, 2, 1, 2, 1, 2, earlier)
    assert statistics.census() == {known.row.id: found}
    assert statistics.census_of(known.row.id) == found
    assert statistics.census_of("another") == Census("another")


def test_what_is_written_of_a_moment_is_written_once(known: Known, now: datetime) -> None:
    id = known.row.id
    slept = {id: Slept(600_000, 24_000_000)}
    statistics.record(now, [Census(id, standing=3, asleep=2)], slept)
    statistics.record(now, [Census(id, standing=9)], {})
    later = now + timedelta(minutes=5)
    statistics.record(later, [Census(id)], {})
    assert Sample.objects.count() == 3  # of the second moment only that somebody looked
    of_one = [Count(now, spares=3, asleep=2), Count(later)]
    assert statistics.counts(now, id) == of_one
    assert statistics.counts(now) == of_one
    assert statistics.counts(now + timedelta(seconds=1)) == of_one[1:]
    assert statistics.slept() == {"": Slept()}


def test_sleepers_memory_is_that_of_the_last_look(known: Known, now: datetime) -> None:
    slept = {known.row.id: Slept(600_000, 24_000_000)}
    statistics.record(now, [Census(known.row.id, asleep=1)], slept)
    assert statistics.slept() == {**slept, "": slept[known.row.id]}


def test_what_is_old_is_forgotten(known: Known, now: datetime) -> None:
    statistics.record(now, [Census(known.row.id, standing=1)], {})
    assert statistics.forget(now) == 0
    assert statistics.forget(now + timedelta(seconds=1)) == 2


def test_who_asked_is_told_of_one_environment_and_of_all(known: Known, now: datetime) -> None:
    ready = now + timedelta(seconds=2)
    run_of(known, now, Phase.READY, ready_at=ready)
    run_of(known, now, Phase.ENDED, is_spare=True, ended_at=ready)
    run_of(known, now, Phase.READY, created_at=now - timedelta(days=2))
    run_of(known, now, Phase.ANSWERING, is_nobodys=True, stands_by_at=now)
    found = [
        Start(now, ready, is_claimed=False), Start(now, None, is_claimed=True, has_ended=True),
    ]  # fmt: skip
    since = now - timedelta(days=1)
    assert sorted(statistics.starts(since), key=lambda each: each.is_claimed) == found
    assert len(statistics.starts(since, known.row.id)) == 2
    assert statistics.starts(since, "another") == []


def test_a_decision_is_the_last_one_and_goes_with_its_environment(
    known: Known, now: datetime
) -> None:
    id = known.row.id
    first = Decision(id, 30, "session", 60, 98 << 20, "memory", {"possible": 4})
    statistics.decide([first, Decision("deleted-meanwhile", 3)], now)
    assert statistics.wanted() == [first]
    assert statistics.decisions([id, "another"]) == {id: first}
    statistics.decide([Decision(id)], now)
    assert statistics.wanted() == []
    assert statistics.decisions([]) == {}
    statistics.record(now, [Census(id, standing=1)], {})
    assert environments.delete(id)
    assert statistics.decisions([id]) == {}


def test_environments_are_listed_in_parts_and_by_id(known: Known, now: datetime) -> None:
    row = known.row
    shown = Named(row.id, "tiny", row.title_en, row.title_fr, row.join_code)
    assert statistics.named(5) == [shown]
    assert statistics.named(5, "tiny") == []
    assert statistics.named_by_id([row.id]) == [shown]
    assert statistics.named_by_id([]) == []


def test_counting_and_writing_are_one_statement_each(known: Known, now: datetime) -> None:
    run_of(known, now, Phase.READY)
    with CaptureQueriesContext(connection) as asked:
        statistics.record(now, statistics.census().values(), {})
    kinds = [query["sql"].split()[0] for query in asked]
    assert kinds == ["SELECT", "INSERT"]


def test_the_total_is_of_all_environments(known: Known, now: datetime) -> None:
    other = tiny(now, slug="other", join_code="other-code").row.id
    present = [Census(known.row.id, standing=1, awake=2), Census(other, standing=3)]
    statistics.record(now, present, {})
    assert statistics.counts(now) == [Count(now, spares=4, awake=2)]
    assert statistics.counts(now, other) == [Count(now, spares=3)]
