"""Spares in the database: made for nobody, claimed once, never left between two people."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from mydocker.domain.failures import Cause
from mydocker.domain.people import Person
from mydocker.domain.runs import Phase, Standing
from mydocker.services import workspaces as services
from mydocker.services.catalogue import Known
from mydocker.store import pages, runs, spares, story
from mydocker.store import workspaces as store
from mydocker.store.models import Run
from tests.people import student, tiny

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _node() -> None:
    runs.make_local_node()


def coming(known: Known, now: datetime) -> runs.RunRow:
    """A spare whose container runs."""
    made = runs.make(None, 0, known.row, [8888], "apps.test", now, now)
    assert made is not None
    moved = runs.advance(made, Phase.ANSWERING, now)
    assert moved is not None
    return moved


def standing(known: Known, now: datetime) -> runs.RunRow:
    """A spare that can be claimed."""
    spare = coming(known, now)
    assert runs.stand_by(spare.id, now)
    found = runs.find(spare.id)
    assert found is not None and found.standing is Standing.WAITING
    return found


def test_who_asks_gets_the_spare_that_stood_longest(now: datetime) -> None:
    known, person = tiny(now), student(now)
    spare = standing(known, now)
    standing(known, now + timedelta(seconds=1))
    asked = services.ask(person, "tiny", now + timedelta(minutes=5))
    assert asked.is_claimed
    run = runs.live_of(asked.workspace)
    assert run is not None and (run.id, run.generation) == (spare.id, 1)
    assert (run.standing, run.published) == (Standing.CLAIMED, True)
    assert run.created_at == now + timedelta(minutes=5)  # when it was asked for
    assert [event.kind for event in story.since(asked.workspace, 0)] == ["asked", "claimed"]


def test_no_spare_is_given_twice_however_many_ask_at_once(now: datetime) -> None:
    known = tiny(now)
    given = {standing(known, now).id for _ in range(5)}
    people = [student(now, f"p{number}@example.org") for number in range(12)]

    def ask(person: Person) -> str | None:
        try:
            asked = services.ask(person, "tiny", now)
            run = runs.live_of(asked.workspace)
            return run.id if asked.is_claimed and run else None
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        got = [run for run in pool.map(ask, people) if run]
    assert sorted(got) == sorted(given)


@pytest.mark.parametrize("why_not", ["coming", "retired", "edited", "ended"])
def test_what_does_not_stand_by_as_the_environment_is_now_is_not_given(
    now: datetime, why_not: str
) -> None:
    known = tiny(now)
    spare = coming(known, now) if why_not == "coming" else standing(known, now)
    if why_not == "retired":
        assert runs.retire(spare.id, "too_old")
    if why_not == "edited":
        tiny(now, command="tiny serve --again")
    if why_not == "ended":
        assert runs.advance(spare, Phase.STOPPING, now)
    assert not services.ask(student(now), "tiny", now).is_claimed


def test_a_claimed_spare_is_neither_retired_nor_ended_as_a_spare(now: datetime) -> None:
    known = tiny(now)
    spare = standing(known, now)
    services.ask(student(now), "tiny", now)
    assert not runs.retire(spare.id, "too_many")
    assert runs.advance(spare, Phase.STOPPING, now) is None  # as it was before the claim
    assert runs.spares() == []


def test_a_person_whose_run_still_ends_gets_no_second_one(now: datetime) -> None:
    known, person = tiny(now), student(now)
    first = standing(known, now)
    workspace = services.ask(person, "tiny", now).workspace
    standing(known, now)
    services.stop(workspace, Cause.ASKED, person.id, now)
    assert not services.start(person, workspace, now).is_claimed
    run = runs.live_of(workspace)
    assert run is not None and run.id == first.id


def test_the_database_itself_knows_no_run_of_nobody(now: datetime) -> None:
    run = standing(tiny(now), now)
    for wrong in ({"is_spare": False}, {"claimed_at": now}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Run.objects.filter(id=run.id).update(**wrong)


def test_the_wish_is_made_again_for_who_lost_their_spare(now: datetime) -> None:
    known, person = tiny(now), student(now)
    standing(known, now)
    workspace = services.ask(person, "tiny", now).workspace
    services.ask_again(workspace, 1, Cause.SPARE_LOST, now)
    services.ask_again(workspace, 1, Cause.SPARE_LOST, now)  # once for a wish
    row = store.find(workspace)
    assert row is not None and (row.wanted, row.generation) == (True, 2)
    services.stop(workspace, Cause.ASKED, person.id, now)
    services.ask_again(workspace, 2, Cause.SPARE_LOST, now)  # taken back since
    row = store.find(workspace)
    assert row is not None and not row.wanted


def test_failures_count_since_one_stood_by(now: datetime) -> None:
    known = tiny(now)
    for minute in range(3):
        spare = coming(known, now + timedelta(minutes=minute))
        assert runs.advance(spare, Phase.STOPPING, now + timedelta(minutes=minute))
    found = spares.failures(known.row.id, known.row.revision)
    assert (found.count, found.last_at) == (3, now + timedelta(minutes=2))
    standing(known, now + timedelta(minutes=4))
    assert spares.failures(known.row.id, known.row.revision).count == 0
    assert spares.failures(known.row.id, known.row.revision + 1).count == 0


def test_a_claim_clears_no_failures_that_came_after_its_spare(now: datetime) -> None:
    known = tiny(now)
    standing(known, now)
    failed = coming(known, now + timedelta(minutes=1))
    assert runs.advance(failed, Phase.STOPPING, now + timedelta(minutes=1))
    assert services.ask(student(now), "tiny", now + timedelta(minutes=2)).is_claimed
    assert spares.failures(known.row.id, known.row.revision).count == 1


def test_who_was_just_claimed_is_not_put_to_sleep_as_a_spare(now: datetime) -> None:
    known = tiny(now)
    spare = standing(known, now)
    workspace = services.ask(student(now), "tiny", now).workspace
    claimed = runs.live_of(workspace)
    assert claimed is not None and runs.advance(claimed, Phase.READY, now)
    assert not runs.let_sleep(spare)
    assert runs.let_sleep(claimed)


def test_only_young_starts_hold_up_spares(now: datetime) -> None:
    known = tiny(now)
    standing(known, now)
    services.ask(student(now), "tiny", now)
    environment = known.row.id
    assert spares.present(now - timedelta(seconds=1)) == [(environment, now, True)]
    assert spares.present(now) == [(environment, now, False)]


def test_a_spare_is_nobody_who_is_in(now: datetime) -> None:
    known = tiny(now)
    standing(known, now)
    assert pages.live_by_environment([known.row.id]) == {}
    services.ask(student(now), "tiny", now)
    assert pages.live_by_environment([known.row.id]) == {known.row.id: 1}
