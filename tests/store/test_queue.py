"""The queue in the database: one place each, one turn each, told in measured seconds."""

from datetime import datetime, timedelta

import pytest

from mydocker.domain.queue import line_up
from mydocker.domain.runs import Phase
from mydocker.services import queue as shown
from mydocker.services import workspaces as services
from mydocker.store import queue, runs
from mydocker.store.models import Run
from tests.people import student, tiny

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _node() -> None:
    runs.make_local_node()
    shown.forget()


def stands(mail: str, at: datetime, slug: str = "tiny") -> runs.RunRow:
    """Somebody asked, and waits."""
    asked = services.ask(student(at, mail), slug, at)
    known = tiny(at, slug=slug, join_code=f"{slug}-code")
    run = runs.make(asked.workspace, 1, known.row, [8888], "apps.test", at, at)
    assert run is not None and queue.stand(run, at)
    return run


def test_who_comes_has_the_last_place_and_keeps_it(now: datetime) -> None:
    tiny(now)
    first, second = (
        stands("a@example.org", now),
        stands("b@example.org", now + timedelta(seconds=1)),
    )
    assert not queue.stand(second, now + timedelta(hours=1))
    found = runs.find(second.id)
    assert found is not None and (found.queued_place, found.turn_at) == (2, None)
    head = queue.first()
    assert head is not None and head.run == first.id


def test_turns_come_in_the_order_that_places_say(now: datetime) -> None:
    tiny(now)
    for slug in ("one", "two"):
        tiny(now, slug=slug, join_code=f"{slug}-code")
    mine = [
        stands("a@example.org", now + timedelta(seconds=n), slug)
        for n, slug in enumerate(("tiny", "one", "two"))
    ]
    late = now + timedelta(seconds=5)
    others = [stands(f"{n}@example.org", late, "tiny") for n in "bc"]
    said = [each.run for each in line_up(queue.everybody())]
    given, at = [], now + timedelta(minutes=1)
    while (who := queue.first()) is not None:
        at += timedelta(seconds=1)
        assert queue.give_turn(who, at) and not queue.give_turn(who, at)
        given.append(who.run)
    assert given == said
    assert given[0] == mine[0].id and set(given[1:3]) == {other.id for other in others}


def test_an_image_on_its_way_keeps_the_place_and_stops_nobody(now: datetime) -> None:
    known = tiny(now)
    asked = services.ask(student(now, "a@example.org"), "tiny", now)
    pulling = runs.make(asked.workspace, 1, known.row, [8888], "apps.test", now, now)
    other = stands("b@example.org", now + timedelta(seconds=1))
    assert pulling is not None
    head = queue.first()
    assert head is not None and head.run == other.id
    standing = shown.standing(other.id, None, now)
    assert standing is not None and (standing.place, standing.of) == (2, 2)
    assert queue.stand(pulling, now + timedelta(seconds=9))
    head = queue.first()
    assert head is not None and head.run == pulling.id


def test_the_usual_time_of_a_start_leaves_the_queue_out(now: datetime) -> None:
    tiny(now)
    run = stands("a@example.org", now)
    turn, ready = now + timedelta(seconds=60), now + timedelta(seconds=64)
    Run.objects.filter(id=run.id).update(turn_at=turn, ready_at=ready, phase=Phase.READY)
    assert runs.usual_seconds(run.environment) == 4.0
    lately = queue.lately(ready, timedelta(minutes=5))
    assert (lately.start_seconds, list(lately.ready_at)) == (4.0, [ready])


def test_a_place_is_told_with_seconds_and_is_none_for_who_does_not_wait(now: datetime) -> None:
    tiny(now)
    waiting = [stands(f"{n}@example.org", now + timedelta(seconds=n)) for n in range(3)]
    standing = shown.standing(waiting[2].id, 4.0, now + timedelta(seconds=3))
    assert standing is not None and (standing.place, standing.of) == (3, 3)
    assert standing.seconds is not None and standing.seconds > 4.0
    assert shown.ahead(4.0, now + timedelta(seconds=3)).place == 4
    assert shown.standing("nobody", 4.0, now + timedelta(seconds=3)) is None
