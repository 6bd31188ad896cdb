"""What is retired, what is made, what is told: a plan for the spares of a pool."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydocker.domain.spares import (
    Limits,
    Pause,
    Plan,
    Room,
    Shelf,
    Shortage,
    Spare,
    WhyRetired,
    WhyShort,
    plan_stock,
)
from mydocker.domain.spares.stock import TOLD

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MB = 10**6
LIMITS = Limits()
ROOM = Room(total_bytes=10_000 * MB, available_bytes=8_000 * MB)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def spare(number: int | str, age: timedelta = HOUR, **entries: object) -> Spare:
    return replace(Spare(str(number), NOW - age, stands_by=True), **entries)  # type: ignore[arg-type]


def starting(number: int | str, age: timedelta = MINUTE) -> Spare:
    return Spare(str(number), NOW - age)


def spares(count: int, age: timedelta = HOUR) -> tuple[Spare, ...]:
    return tuple(spare(f"s{number:03}", age) for number in range(count))


def shelf(wanted: int, *there: Spare, name: str = "lab", **entries: object) -> Shelf:
    return replace(Shelf(name, wanted, 100 * MB, there), **entries)  # type: ignore[arg-type]


def plan(*shelves: Shelf, room: Room = ROOM, limits: Limits = LIMITS) -> Plan:
    return plan_stock(shelves, room, NOW, limits)


def retired(found: Plan) -> dict[str, WhyRetired]:
    return {gone.id: gone.why for gone in found.retire}


def test_nothing_to_do() -> None:
    assert plan() == Plan()
    assert plan(shelf(2, spare(1), spare(2))) == Plan()


def test_what_lacks_is_made_a_few_at_a_time() -> None:
    assert plan(shelf(1)).make == {"lab": 1}
    assert plan(shelf(9)).make == {"lab": 2}
    assert plan(shelf(9, starting(1))).make == {"lab": 1}
    assert plan(shelf(9, starting(1)), shelf(9, starting(2), name="other")).make == {}
    assert plan(shelf(9), limits=replace(LIMITS, at_once=20)).make == {"lab": 9}


def test_one_that_is_starting_is_not_made_again() -> None:
    assert plan(shelf(1, starting(1))) == Plan()


@pytest.mark.parametrize(
    ("room", "pause"),
    [
        (replace(ROOM, starts=1), Pause.STARTS),
        (replace(ROOM, asked_lately=3), Pause.BURST),
        (replace(ROOM, cpu_busy=0.71), Pause.CPU),
        (replace(ROOM, cpu_busy=0.7, asked_lately=2), None),
    ],
)
def test_nothing_is_made_while_people_need_the_machine(room: Room, pause: Pause | None) -> None:
    found = plan(shelf(9), room=room)
    assert found.pause is pause
    assert found.make == ({} if pause else {"lab": 2})
    assert found.shortages == ()


def test_what_is_of_no_use_goes_at_once() -> None:
    found = plan(
        shelf(
            9,
            spare("old image", is_current=False),
            replace(starting("old image, starting"), is_current=False),
            starting("slow", 40 * MINUTE),
            spare("silent", answered_at=NOW - MINUTE),
            spare("answers", answered_at=NOW - MINUTE / 2),
            spare("sleeps", answered_at=None),
        )
    )
    assert retired(found) == {
        "old image": WhyRetired.OUT_OF_DATE,
        "old image, starting": WhyRetired.OUT_OF_DATE,
        "silent": WhyRetired.SILENT,
    }
    assert found.make == {"lab": 1}


def test_more_than_wanted_goes_but_not_for_a_wobble() -> None:
    assert plan(shelf(2, *spares(3))) == Plan()
    assert retired(plan(shelf(2, *spares(4)))) == {"s000": WhyRetired.TOO_MANY}
    assert plan(shelf(50, *spares(55))) == Plan()
    assert len(plan(shelf(50, *spares(60))).retire) == 5


def test_where_none_is_wanted_the_last_ones_go_after_a_while() -> None:
    found = plan(shelf(0, spare("new", 9 * MINUTE), spare("settled", 10 * MINUTE)))
    assert retired(found) == {"settled": WhyRetired.TOO_MANY}


def test_of_too_many_those_go_that_are_missed_least() -> None:
    there = (
        spare("oldest", 3 * HOUR), spare("old", 2 * HOUR), spare("young", HOUR),
        starting("half", 2 * MINUTE), starting("begun", MINUTE),
    )  # fmt: skip
    order = ["begun", "half", "oldest"]
    for count in (1, 2, 3):
        found = plan(shelf(5 - count, *there), limits=replace(LIMITS, slack=0))
        # One beyond the wanted is always left alone.
        assert [gone.id for gone in found.retire] == order[: count - 1]


def test_old_spares_are_replaced_a_few_at_a_time() -> None:
    limits = replace(LIMITS, age=HOUR)
    found = plan(shelf(5, *spares(5)), limits=limits)
    assert retired(found) == {"s000": WhyRetired.TOO_OLD, "s001": WhyRetired.TOO_OLD}
    assert found.make == {"lab": 2}


@pytest.mark.parametrize(
    ("there", "room"),
    [
        (shelf(6, *spares(5)), ROOM),
        (shelf(6, *spares(5), starting("x")), ROOM),
        (shelf(5, *spares(5)), replace(ROOM, starts=1)),
        (shelf(5, *spares(5), failures=1, failed_at=NOW), ROOM),
    ],
)
def test_old_spares_serve_until_their_like_can_be_made(there: Shelf, room: Room) -> None:
    assert plan(there, room=room, limits=replace(LIMITS, age=HOUR)).retire == ()
    found = plan(there, room=room, limits=replace(LIMITS, age=HOUR / 2))
    assert list(retired(found).values()) == [WhyRetired.TOO_OLD] * 5


def test_the_neediest_shelf_is_filled_first() -> None:
    one = replace(LIMITS, at_once=1)
    quarter = shelf(8, *spares(2), name="quarter")
    half = shelf(2, *spares(1), name="half")
    assert plan(half, quarter, limits=one).make == {"quarter": 1}
    assert plan(shelf(1, name="a"), shelf(50, name="b"), limits=one).make == {"b": 1}
    assert plan(shelf(5, name="b"), shelf(5, name="a"), limits=one).make == {"a": 1}
    assert list(plan(half, quarter, limits=replace(LIMITS, at_once=4)).make.items()) == [
        ("quarter", 3), ("half", 1)
    ]  # fmt: skip


def test_memory_is_kept_for_people() -> None:
    # A fifth of 10 GB stays free.
    full = replace(ROOM, available_bytes=2_099 * MB)
    found = plan(shelf(3, *spares(1)), room=full)
    assert found.make == {}
    assert [(each.wanted, each.possible, each.why) for each in found.shortages] == [
        (3, 1, WhyShort.MEMORY)
    ]
    found = plan(shelf(3, *spares(1)), room=replace(full, available_bytes=2_100 * MB))
    assert found.make == {"lab": 1}
    assert found.shortages[0].possible == 2


def test_one_that_is_starting_takes_its_memory_in_full() -> None:
    room = replace(ROOM, available_bytes=2_199 * MB)
    assert plan(shelf(3, starting(1)), room=room).make == {}
    assert plan(shelf(3, spare(1)), room=room).make == {"lab": 1}


def test_a_shelf_that_does_not_fit_lets_smaller_ones_pass() -> None:
    large = shelf(2, name="large", spare_bytes=7_000 * MB)
    found = plan(large, shelf(1, name="small"))
    assert found.make == {"small": 1}
    assert [(each.environment, each.possible) for each in found.shortages] == [("large", 0)]


def test_a_machine_that_is_too_small_is_told_how_many_it_takes() -> None:
    found = plan(shelf(500))
    assert found.shortages == (
        Shortage("lab", 500, 60, WhyShort.MEMORY, {
            "wanted": 500, "possible": 60, "memory": "100 MB", "failures": 0}),
    )  # fmt: skip
    message, _hint = TOLD[WhyShort.MEMORY]
    assert message % found.shortages[0].facts == (
        "500 spares are wanted and memory allows 60: one takes 100 MB."
    )


def test_every_shortage_has_its_sentence() -> None:
    assert set(TOLD) == set(WhyShort)
    facts = plan(shelf(500)).shortages[0].facts
    assert all(part % facts for sentences in TOLD.values() for part in sentences)


def test_scarce_memory_is_taken_back_from_the_fullest_shelf() -> None:
    # Less than a tenth of 10 GB: 150 MB lack.
    scarce = replace(ROOM, available_bytes=850 * MB)
    full = shelf(2, spare("f1", 2 * HOUR), spare("f2", HOUR), name="full")
    half = shelf(4, spare("h1"), spare("h2"), name="half")
    found = plan(half, full, room=scarce)
    assert retired(found) == {"f1": WhyRetired.MEMORY, "h1": WhyRetired.MEMORY}
    assert found.make == {}
    enough = replace(scarce, returning_bytes=150 * MB)
    assert plan(half, full, room=enough).retire == ()


def test_what_nobody_wants_gives_its_memory_first() -> None:
    scarce = replace(ROOM, available_bytes=950 * MB)
    unwanted = shelf(0, spare("x", MINUTE), name="z")
    assert retired(plan(shelf(2, *spares(2)), unwanted, room=scarce)) == {"x": WhyRetired.MEMORY}


def test_between_scarce_and_kept_free_nothing_happens() -> None:
    between = replace(ROOM, available_bytes=1_500 * MB)
    found = plan(shelf(3, *spares(2)), room=between)
    assert (found.retire, found.make) == ((), {})


def test_what_was_just_retired_is_no_shortage() -> None:
    old = tuple(replace(each, is_current=False) for each in spares(10))
    found = plan(shelf(10, *old), room=replace(ROOM, available_bytes=2_000 * MB))
    assert found.make == {}, "their memory is not back yet"
    assert found.shortages == ()


@pytest.mark.parametrize(
    ("failures", "pause"),
    [(1, 30), (2, 60), (3, 120), (4, 240)],
)
def test_a_failing_environment_is_tried_again_after_longer_and_longer(
    failures: int, pause: int
) -> None:
    ended = timedelta(seconds=pause)
    early = plan(shelf(9, failures=failures, failed_at=NOW - ended + MINUTE / 60))
    assert early.make == {}
    assert [(each.possible, each.why) for each in early.shortages] == [(0, WhyShort.FAILING)]
    again = plan(shelf(9, failures=failures, failed_at=NOW - ended))
    assert again.make == {"lab": 1}, "one is tried, no more"
    trying = plan(shelf(9, starting(1), failures=failures, failed_at=NOW - ended))
    assert trying.make == {}


def test_after_many_failures_it_is_given_up_until_something_changes() -> None:
    found = plan(shelf(9, *spares(1), failures=5, failed_at=NOW - 1_000 * HOUR))
    assert (found.make, found.retire) == ({}, ())
    assert [(each.possible, each.why) for each in found.shortages] == [(1, WhyShort.GIVEN_UP)]
    # The caller counts failures of the present revision.
    assert plan(shelf(9, *spares(1))).make == {"lab": 2}


def test_a_failing_environment_does_not_keep_others_from_theirs() -> None:
    failing = shelf(9, name="a", failures=2, failed_at=NOW)
    assert plan(failing, shelf(1, name="b")).make == {"b": 1}


# --- any pool ----------------------------------------------------------------------------------

ages = st.integers(-60, 60 * 60).map(lambda minutes: timedelta(minutes=minutes))


@st.composite
def some_shelf(draw: st.DrawFn, name: str) -> Shelf:
    there = [
        Spare(
            id=f"{name}{number}",
            made_at=NOW - draw(ages),
            stands_by=draw(st.booleans()),
            is_current=draw(st.sampled_from([True, True, True, False])),
            answered_at=draw(st.none() | st.integers(0, 120).map(
                lambda seconds: NOW - timedelta(seconds=seconds))),
        )
        for number in range(draw(st.integers(0, 8)))
    ]  # fmt: skip
    return Shelf(
        environment=name,
        wanted=draw(st.integers(0, 12)),
        spare_bytes=draw(st.sampled_from([0, 30 * MB, 100 * MB, 2_000 * MB])),
        spares=there,
        failures=draw(st.sampled_from([0, 0, 0, 1, 4, 5, 100])),
        failed_at=draw(st.none() | ages.map(lambda age: NOW - age)),
    )


@st.composite
def pools(draw: st.DrawFn) -> list[Shelf]:
    return [draw(some_shelf(name)) for name in "abcd"[: draw(st.integers(0, 4))]]


rooms = st.builds(
    Room,
    total_bytes=st.just(10_000 * MB),
    available_bytes=st.integers(0, 10_000).map(lambda number: number * MB),
    returning_bytes=st.integers(0, 300).map(lambda number: number * MB),
    cpu_busy=st.floats(0, 1),
    starts=st.sampled_from([0, 0, 1]),
    asked_lately=st.integers(0, 4),
)


@settings(max_examples=300)
@given(pools(), rooms, st.integers(0, 6), st.randoms())
def test_any_plan_keeps_its_promises(
    shelves: list[Shelf], room: Room, at_once: int, random: Random
) -> None:
    limits = replace(LIMITS, at_once=at_once)
    found = plan_stock(shelves, room, NOW, limits)
    by_name = {each.environment: each for each in shelves}
    there = {each.id: each for one in shelves for each in one.spares}
    gone = [each.id for each in found.retire]

    assert len(set(gone)) == len(gone)
    assert all(there[each.id] in by_name[each.environment].spares for each in found.retire)

    left = {
        name: [each for each in one.spares if each.id not in gone] for name, one in by_name.items()
    }
    assert all(each.is_current for these in left.values() for each in these)
    under_way = {name: sum(not each.stands_by for each in these) for name, these in left.items()}
    made = sum(found.make.values())
    if found.make:
        assert found.pause is None
        assert min(found.make.values()) >= 1
        assert made + sum(under_way.values()) <= at_once
        taken = sum(
            (under_way[name] + found.make.get(name, 0)) * by_name[name].spare_bytes for name in left
        )
        cheap = all(by_name[name].spare_bytes == 0 for name in found.make)
        assert cheap or room.available_bytes - taken >= limits.kept_free * room.total_bytes
    for name, number in found.make.items():
        assert len(left[name]) + number <= by_name[name].wanted
        assert by_name[name].failures < limits.give_up
        assert number == 1 or not by_name[name].failures

    short = {each.environment: each for each in found.shortages}
    for name, one in by_name.items():
        if name in short:
            assert len(left[name]) + found.make.get(name, 0) <= short[name].possible < one.wanted
            assert (short[name].why is WhyShort.MEMORY) == (one.failures == 0)
    if any(each.why is WhyRetired.MEMORY for each in found.retire):
        assert room.available_bytes < limits.scarce * room.total_bytes
        assert not any(by_name[name].spare_bytes for name in found.make)

    random.shuffle(shelves)
    mixed = [replace(each, spares=list(reversed(each.spares))) for each in shelves]
    again = plan_stock(mixed, room, NOW, limits)
    assert (again.make, again.shortages, again.pause) == (found.make, found.shortages, found.pause)
    assert set(again.retire) == set(found.retire)


@settings(max_examples=60)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(0, 60), st.integers(1, 5))
def test_stock_grows_evenly(wanted: list[int], places: int, at_once: int) -> None:
    stock = dict.fromkeys(range(len(wanted)), 0)
    room = replace(ROOM, available_bytes=(2_000 + places * 100) * MB)
    limits = replace(LIMITS, at_once=at_once)
    for _round in range(sum(wanted) + 2):
        found = plan_stock(_stand_by(stock, wanted), room, NOW, limits)
        assert not found.retire
        room = replace(
            room, available_bytes=room.available_bytes - sum(found.make.values()) * 100 * MB
        )
        stock.update({int(name): stock[int(name)] + made for name, made in found.make.items()})
        parts = [(stock[number] / each, 1 / each) for number, each in enumerate(wanted)]
        for part, step in parts:
            assert all(part <= other + step + 1e-9 for other, _step in parts)
    assert sum(stock.values()) == min(places, sum(wanted))


def _stand_by(stock: dict[int, int], wanted: Sequence[int]) -> list[Shelf]:
    return [
        shelf(each, *spares(stock[number]), name=str(number)) for number, each in enumerate(wanted)
    ]


class Pool:
    """A pool in which what is planned happens at once, minute by minute."""

    def __init__(self, available_bytes: int) -> None:
        self.now = NOW
        self.available = available_bytes
        self.there: dict[str, list[Spare]] = {}
        self.moves: Counter[str] = Counter()

    def step(self, **wanted: int) -> Plan:
        self.now += MINUTE
        shelves = [
            Shelf(name, number, 100 * MB, tuple(self.there.get(name, ())))
            for name, number in wanted.items()
        ]
        room = replace(ROOM, available_bytes=self.available)
        found = plan_stock(shelves, room, self.now, LIMITS)
        gone = {each.id for each in found.retire}
        for name, there in self.there.items():
            self.there[name] = [each for each in there if each.id not in gone]
        for name, number in found.make.items():
            for _each in range(number):
                self.moves["made"] += 1
                made = Spare(f"{name}{self.moves['made']}", self.now, stands_by=True)
                self.there.setdefault(name, []).append(made)
        self.moves["retired"] += len(gone)
        self.available += (len(gone) - sum(found.make.values())) * 100 * MB
        return found


@settings(max_examples=40)
@given(st.integers(1, 20), st.lists(st.booleans(), min_size=30, max_size=60))
def test_a_number_that_wobbles_by_one_moves_nothing(wanted: int, ups: list[bool]) -> None:
    pool = Pool(8_000 * MB)
    for up in ups:
        pool.step(lab=wanted + up)
    assert pool.moves["retired"] == 0
    assert pool.moves["made"] <= wanted + 1


def test_one_that_is_wanted_now_and_then_is_not_made_each_time() -> None:
    pool = Pool(8_000 * MB)
    for minute in range(60):
        pool.step(lab=minute % 2)
    assert pool.moves["made"] <= 6


def test_memory_that_comes_and_goes_settles() -> None:
    pool = Pool(4_000 * MB)
    for _minute in range(30):
        pool.step(lab=30, other=10)
    assert pool.available == 2_000 * MB
    pool.available -= 1_200 * MB  # People came.
    assert len(pool.step(lab=30, other=10).retire) == 2
    assert pool.available == 1_000 * MB
    before = pool.moves.copy()
    for _minute in range(30):
        pool.step(lab=30, other=10)
    assert pool.moves == before


def test_a_day_turns_a_full_shelf_over_without_ever_emptying_it() -> None:
    pool = Pool(8_000 * MB)
    for _minute in range(20):
        pool.step(lab=10)
    first = {each.id for each in pool.there["lab"]}
    least = 10
    for _minute in range(25 * 60):
        pool.step(lab=10)
        least = min(least, len(pool.there["lab"]))
    assert least >= 8
    assert not first & {each.id for each in pool.there["lab"]}
