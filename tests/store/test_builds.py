"""Builds in the database: numbers given once, moves that lead somewhere, ends that stay."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection

from mydocker.domain.builds import State
from mydocker.store import builds
from mydocker.store.builds import BuildFile, BuildRow, Plan
from tests.images import small

pytestmark = pytest.mark.django_db(transaction=True)
PLAN = Plan(
    {"kind": "dockerfile", "text": "FROM a\n"}, "FROM a\n", (BuildFile("a", "0" * 64, 3, True),)
)
MINUTE = timedelta(minutes=1)

Move = Callable[[str, datetime], bool]
MOVES: dict[str, Move] = {
    "begin": builds.begin,
    "requeue": lambda build, _now: builds.requeue(build),
    "progress": lambda build, _now: builds.progress(build, 2, 3),
    "finish": lambda build, now: builds.finish(
        build, reference="md-1/small:1", engine_id="sha256:1", size_bytes=7,
        layers=[("FROM a", 7)], packages=[("pip", "numpy", "2.4")], now=now,
    ),
    "fail": lambda build, now: builds.fail(build, {"why": "step", "line": 2}, now),
    "cancel": builds.cancel,
    "cancel_waiting": builds.cancel_waiting,
    "ask_cancel": lambda build, _now: builds.ask_cancel(build),
    "collect": builds.collect,
}  # fmt: skip
WAYS = {
    "queued": [],
    "building": ["begin"],
    "unwanted": ["begin", "ask_cancel"],
    "done": ["begin", "finish"],
    "failed": ["begin", "fail"],
    "cancelled": ["cancel"],
    "collected": ["begin", "finish", "collect"],
}
LEADS = {
    "queued": {
        "begin": State.BUILDING, "cancel": State.CANCELLED, "cancel_waiting": State.CANCELLED,
    },
    "building": {
        "requeue": State.QUEUED, "progress": State.BUILDING, "finish": State.DONE,
        "fail": State.FAILED, "ask_cancel": State.BUILDING,
    },
    "unwanted": {
        "progress": State.BUILDING, "fail": State.FAILED, "cancel": State.CANCELLED,
        "ask_cancel": State.BUILDING,
    },
    "done": {"collect": State.DONE},
    "failed": {}, "cancelled": {}, "collected": {},
}  # fmt: skip


def asked(image: str, now: datetime) -> BuildRow:
    build = builds.ask(image, PLAN, asked_by="somebody", now=now)
    assert build is not None
    return build


def again(build: BuildRow) -> BuildRow:
    found = builds.by_id(build.id)
    assert found is not None
    return found


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("way", WAYS)
def test_every_move_leads_where_it_should_and_nowhere_else(
    way: str, move: str, now: datetime
) -> None:
    build = asked(small(now).row.id, now)
    assert all(MOVES[step](build.id, now) for step in WAYS[way])
    before = again(build)
    assert MOVES[move](build.id, now + MINUTE) == (move in LEADS[way])
    after = again(build)
    assert after.state == LEADS[way].get(move, before.state)
    if move not in LEADS[way]:
        assert after == before


def test_a_build_keeps_what_it_was_asked_with(now: datetime) -> None:
    image = small(now).row
    build = asked(image.id, now)
    assert (build.slug, build.number, build.state, build.asked_at) == ("small", 1, "queued", now)
    assert (build.recipe, build.dockerfile) == (PLAN.recipe, PLAN.dockerfile)
    assert build.files[0].digest == "0" * 64 and build.files[0].is_executable
    assert builds.by_number(image.id, 1) == build
    assert builds.by_number(image.id, 2) is None and builds.by_id("nobody") is None


def test_a_build_keeps_what_came_of_it(now: datetime) -> None:
    build = asked(small(now).row.id, now)
    builds.begin(build.id, now)
    builds.progress(build.id, 2, 3)
    assert (again(build).step, again(build).steps, again(build).tries) == (2, 3, 1)
    MOVES["finish"](build.id, now + MINUTE)
    done = again(build)
    assert (done.layers[0].made_by, done.layers[0].size_bytes) == ("FROM a", 7)
    assert (done.packages[0].manager, done.packages[0].version) == ("pip", "2.4")
    assert (done.size_bytes, done.reference, done.ended_at) == (7, "md-1/small:1", now + MINUTE)


def test_a_build_that_was_cut_off_begins_anew_and_counts_its_tries(now: datetime) -> None:
    build = asked(small(now).row.id, now)
    builds.begin(build.id, now)
    builds.progress(build.id, 2, 3)
    assert builds.requeue(build.id)
    waits = again(build)
    assert (waits.began_at, waits.step, waits.tries) == (None, 0, 1)
    assert builds.begin(build.id, now + MINUTE) and again(build).tries == 2


def test_whose_cancelling_was_asked_for_does_not_wait_again(now: datetime) -> None:
    build = asked(small(now).row.id, now)
    builds.begin(build.id, now)
    assert not builds.wants_cancel(build.id)
    builds.ask_cancel(build.id)
    assert builds.wants_cancel(build.id) and builds.wants_cancel("nobody")
    assert not builds.requeue(build.id)


def test_an_image_is_built_once_at_a_time_however_many_ask(now: datetime) -> None:
    image = small(now).row.id

    def ask(_: int) -> int:
        try:
            build = builds.ask(image, PLAN, asked_by="somebody", now=now)
            return build.number if build else 0
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as people:
        assert sorted(people.map(ask, range(8))) == [0] * 7 + [1]


def test_numbers_taken_at_once_are_each_taken_once_and_none_is_left_out(now: datetime) -> None:
    image = small(now).row.id

    def ask(_: int) -> list[int]:
        taken = []
        try:
            while len(taken) < 3:
                if build := builds.ask(image, PLAN, asked_by="somebody", now=now):
                    taken.append(build.number)
                    assert builds.cancel(build.id, now)
        finally:
            connection.close()
        return taken

    with ThreadPoolExecutor(4) as people:
        taken = [number for numbers in people.map(ask, range(4)) for number in numbers]
    assert sorted(taken) == list(range(1, 13))


def test_nobody_builds_what_is_not_there(now: datetime) -> None:
    assert builds.ask("nothing", PLAN, asked_by="somebody", now=now) is None


def test_lists_are_paged_from_the_newest(now: datetime) -> None:
    image = small(now).row.id
    for number in range(5):
        builds.cancel(asked(image, now + number * MINUTE).id, now)
    assert [line.number for line in builds.of_image(image, limit=2)] == [5, 4]
    assert [line.number for line in builds.of_image(image, before=4)] == [3, 2, 1]
    assert builds.of_image(image, before=1) == []


def test_the_newest_of_each_image_and_the_one_that_is_live(now: datetime) -> None:
    one, two, none = (small(now, title=title).row.id for title in ("One", "Two", "None"))
    builds.cancel(asked(one, now).id, now)
    live = asked(one, now)
    builds.cancel(asked(two, now).id, now)
    images = [one, two, none]
    latest = builds.latest_of(images)
    assert {image: line.number for image, line in latest.items()} == {one: 2, two: 1}
    assert {image: line.id for image, line in builds.live_of(images).items()} == {one: live.id}
    assert builds.latest_of([]) == {} and builds.live_of([]) == {}


def test_the_latest_good_build_is_one_that_the_engine_has(now: datetime) -> None:
    image = small(now).row.id
    for move in ("finish", "finish", "fail"):
        build = asked(image, now)
        builds.begin(build.id, now)
        MOVES[move](build.id, now)
    good = builds.latest_good(image)
    assert good is not None and good.number == 2
    builds.collect(good.id, now)
    good = builds.latest_good(image)
    assert good is not None and good.number == 1


def test_who_waits_and_who_had_turns(now: datetime) -> None:
    first, second = (asked(small(now, title=title).row.id, now) for title in ("One", "Two"))
    third = asked(small(now, title="Three").row.id, now - MINUTE)
    assert builds.live()[0].id == third.id
    builds.begin(first.id, now)
    builds.begin(second.id, now - 2 * MINUTE)
    assert builds.begun_lately(now - MINUTE) == ["somebody"]
    builds.fail(first.id, {"why": "time"}, now)
    assert {build.id for build in builds.live()} == {second.id, third.id}
    assert builds.begun_lately(now - MINUTE) == ["somebody"]


def test_what_is_in_an_image_is_noted_once(now: datetime) -> None:
    build = builds.ask(small(now).row.id, Plan({}, ""), asked_by="somebody", now=now)
    assert build is not None and builds.begin(build.id, now)
    assert not builds.list_packages(build.id, [("apt", "bash", "5.2")])
    builds.finish(
        build.id, reference="md-1/small:1", engine_id="", size_bytes=1, layers=[], packages=[],
        now=now,
    )  # fmt: skip
    assert builds.list_packages(build.id, [("apt", "bash", "5.2")])
    assert not builds.list_packages(build.id, [("apt", "bash", "6.0")])
    found = builds.by_id(build.id)
    assert found is not None and found.packages == (("apt", "bash", "5.2"),)
