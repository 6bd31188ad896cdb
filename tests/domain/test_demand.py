"""How many spares are wanted: always, by schedule, for class sessions, from recent arrivals."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydocker.domain.environments import ClassSession, Day, ScheduleLine, SpareMode, Spares
from mydocker.domain.spares import Wanted, Why, learnt, next_change, next_excess, wanted_spares
from mydocker.domain.spares.demand import LOOK_AHEAD, TOLD
from tests.domain.strategies import class_sessions, moments, some_spares

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WEEKDAYS, WEEK = tuple(Day)[:5], tuple(Day)
NONE = Spares(learnt=False)
CLASS = ClassSession(
    start=datetime(2026, 11, 23, 7, 30, tzinfo=UTC),
    end=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
    students=60,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def by_schedule(text: str, *lines: ScheduleLine) -> int:
    return wanted_spares(replace(NONE, schedule=lines), (), (), at(text)).number


def for_class(
    now: datetime, *present: datetime, sessions: Sequence[ClassSession] = (CLASS,)
) -> int:
    return wanted_spares(replace(NONE, most=500), sessions, (), now, present=present).number


def test_every_source_is_told() -> None:
    assert set(TOLD) == set(Why)
    assert all("!" not in text % {"asked": 3} for text in TOLD.values())


def test_the_largest_source_holds_and_is_named() -> None:
    spares = Spares(wanted=2, schedule=(ScheduleLine(WEEK, 0, 1440, 3),))
    now = CLASS.start
    students = [replace(CLASS, students=4)]
    arrivals = [now - timedelta(seconds=second) for second in range(5)]
    assert wanted_spares(replace(NONE, wanted=2), (), (), now) == Wanted(2, Why.FIXED, 2)
    assert wanted_spares(spares, (), (), now) == Wanted(3, Why.SCHEDULE, 3)
    assert wanted_spares(spares, students, (), now) == Wanted(4, Why.SESSION, 4)
    assert wanted_spares(spares, students, arrivals, now) == Wanted(5, Why.LEARNT, 5)
    assert wanted_spares(replace(spares, learnt=False), students, arrivals, now).number == 4
    assert wanted_spares(replace(spares, most=1), students, arrivals, now) == Wanted(
        1, Why.LEARNT, 5
    )
    assert wanted_spares(NONE, (), arrivals, now) == Wanted(0, Why.NOTHING, 0)


def test_a_calendar_is_named_before_what_cannot_be_seen() -> None:
    spares = Spares(wanted=1, schedule=(ScheduleLine(WEEK, 0, 1440, 1),))
    one = [replace(CLASS, students=1)]
    now = CLASS.start
    assert wanted_spares(spares, one, [now], now).why is Why.SESSION
    assert wanted_spares(spares, (), [now], now).why is Why.SCHEDULE
    assert wanted_spares(replace(spares, schedule=()), (), [now], now).why is Why.FIXED


def test_never_is_never() -> None:
    spares = Spares(wanted=9, mode=SpareMode.NEVER, schedule=(ScheduleLine(WEEKDAYS, 0, 1440, 9),))
    assert wanted_spares(spares, [CLASS], [CLASS.start], CLASS.start) == Wanted()
    assert next_change(spares, [CLASS], CLASS.start - DAY) is None


def test_a_line_holds_from_its_beginning_until_before_its_end() -> None:
    line = ScheduleLine(WEEKDAYS, 8 * 60, 18 * 60, 10)
    # Monday; Paris is an hour ahead of UTC.
    assert by_schedule("2026-11-23 06:59:59", line) == 0
    assert by_schedule("2026-11-23 07:00", line) == 10
    assert by_schedule("2026-11-23 16:59:59", line) == 10
    assert by_schedule("2026-11-23 17:00", line) == 0
    assert by_schedule("2026-11-22 12:00", line) == 0
    assert by_schedule("2026-11-23 07:00", replace(line, zone="America/New_York")) == 0


def test_of_overlapping_lines_the_largest_holds() -> None:
    lines = (
        ScheduleLine(WEEK, 8 * 60, 18 * 60, 10, "UTC"),
        ScheduleLine(WEEK, 10 * 60, 12 * 60, 30, "UTC"),
        ScheduleLine(WEEK, 11 * 60, 17 * 60, 20, "UTC"),
    )
    numbers = [by_schedule(f"2026-11-23 {hour:02}:00", *lines) for hour in range(7, 19)]
    assert numbers == [0, 10, 10, 30, 30, 20, 20, 20, 20, 20, 10, 0]


def test_a_line_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    friday = ScheduleLine((Day.FRI,), 22 * 60, 2 * 60, 5, "UTC")
    held = {
        text: by_schedule(text, friday)
        for text in ("2026-11-27 01:00", "2026-11-27 22:00", "2026-11-28 01:59", "2026-11-28 02:00",
                     "2026-11-28 22:00")
    }  # fmt: skip
    assert list(held.values()) == [0, 5, 5, 0, 0]
    whole_day = ScheduleLine((Day.FRI,), 0, 1440, 5, "UTC")
    assert by_schedule("2026-11-27 23:59:59", whole_day) == 5
    assert by_schedule("2026-11-28 00:00", whole_day) == 0


def test_when_clocks_go_forward_a_line_begins_at_the_jump() -> None:
    # 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC.
    late = ScheduleLine((Day.SUN,), 150, 240, 5)
    assert by_schedule("2026-03-29 00:59:59", late) == 0
    assert by_schedule("2026-03-29 01:00", late) == 5
    assert by_schedule("2026-03-29 02:00", late) == 0
    skipped = ScheduleLine((Day.SUN,), 130, 170, 5)
    assert {by_schedule(f"2026-03-29 {hour:02}:{minute:02}", skipped)
            for hour in range(4) for minute in range(60)} == {0}  # fmt: skip
    all_day = ScheduleLine((Day.SUN,), 0, 1440, 5)
    hours = sum(by_schedule(f"2026-03-{day} {h:02}:30", all_day) for day in (28, 29, 30)
                for h in range(24))  # fmt: skip
    assert hours == 23 * 5


def test_when_clocks_go_back_a_line_holds_until_its_end_comes_the_second_time() -> None:
    # 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC.
    line = ScheduleLine((Day.SUN,), 150, 165, 5)
    held = [minute for minute in range(180)
            if by_schedule(f"2026-10-25 {minute // 60:02}:{minute % 60:02}", line)]  # fmt: skip
    assert held == list(range(30, 105))
    over_night = ScheduleLine((Day.SAT,), 22 * 60, 8 * 60, 5)
    assert by_schedule("2026-10-24 19:59", over_night) == 0
    assert by_schedule("2026-10-24 20:00", over_night) == 5
    assert by_schedule("2026-10-25 06:59", over_night) == 5
    assert by_schedule("2026-10-25 07:00", over_night) == 0


def test_a_class_is_expected_from_its_lead_until_its_end() -> None:
    steps = [
        (-20 * MINUTE - timedelta(seconds=1), 0), (-20 * MINUTE, 60), (timedelta(0), 60),
        (10 * MINUTE - timedelta(seconds=1), 60), (10 * MINUTE, 30), (20 * MINUTE, 15),
        (30 * MINUTE, 3), (2 * HOUR - timedelta(seconds=1), 3), (2 * HOUR, 0),
    ]  # fmt: skip
    assert [for_class(CLASS.start + after) for after, _number in steps] == [
        number for _after, number in steps
    ]


def test_who_came_is_not_expected_again() -> None:
    came = [CLASS.start - MINUTE * number for number in range(10)]
    assert for_class(CLASS.start, *came) == 50
    assert for_class(CLASS.start + 10 * MINUTE, *came) == 30
    assert for_class(CLASS.start + 31 * MINUTE, *came * 5, *came[:8]) == 2
    assert for_class(CLASS.start, *came * 7) == 0


def test_the_people_of_the_class_before_are_not_those_of_the_next() -> None:
    following = replace(CLASS, start=CLASS.end, end=CLASS.end + 2 * HOUR)
    before = [CLASS.start] * 60
    classes = (CLASS, following)
    assert for_class(CLASS.end - 10 * MINUTE, *before, sessions=classes) == 60
    assert for_class(CLASS.end, *before, sessions=classes) == 60
    early = [CLASS.end - 5 * MINUTE] * 4
    assert for_class(CLASS.end, *before, *early, sessions=classes) == 56
    # The tail of the first class is not complete: the first who come now may be its.
    assert for_class(CLASS.end - MINUTE, *before[:59], *early, sessions=classes) == 57


def test_classes_at_the_same_time_are_different_people() -> None:
    both = (CLASS, replace(CLASS, students=20))
    assert for_class(CLASS.start, sessions=both) == 80
    assert for_class(CLASS.start, *[CLASS.start] * 70, sessions=both) == 10
    assert for_class(CLASS.start, *[CLASS.start] * 90, sessions=both) == 0
    # Three came though one was expected: the others are of the large class.
    small = replace(CLASS, students=1)
    assert for_class(CLASS.start, *[CLASS.start] * 3, sessions=(small, CLASS)) == 58
    assert for_class(CLASS.start + 10 * MINUTE, *[CLASS.start] * 3, sessions=(small, CLASS)) == 30


def test_half_a_student_is_one() -> None:
    odd = [replace(CLASS, students=21)]
    after = [for_class(CLASS.start + minutes * MINUTE, sessions=odd) for minutes in (10, 20, 30)]
    assert after == [11, 6, 2]


def test_a_burst_asks_for_as_many_as_came_while_a_stock_is_filled() -> None:
    now = at("2026-11-23 08:00")
    burst = [now - timedelta(seconds=second) for second in range(30)]
    assert learnt(burst, now) == 29
    assert learnt(burst, now, refill=timedelta(seconds=10)) == 10
    spread = [now - MINUTE * number for number in range(15)]
    assert learnt(spread, now, refill=2 * MINUTE) == 2
    assert learnt(burst, now + 14 * MINUTE) == 29
    assert learnt(burst, now + 16 * MINUTE) == 0


def test_what_met_last_week_is_expected_half_an_hour_ahead() -> None:
    lesson = [at("2026-11-16 08:30") + timedelta(seconds=number) for number in range(12)]
    week = 7 * DAY
    for weeks in (1, 2):
        now = lesson[0] + weeks * week
        assert learnt(lesson, now - 31 * MINUTE) == 0
        assert learnt(lesson, now - 29 * MINUTE) == 12
        assert learnt(lesson, now) == 12
        assert learnt(lesson, now + 31 * MINUTE) == 0
        assert learnt(lesson, now + DAY) == 0
    assert learnt(lesson, lesson[0] + 3 * week) == 0


def test_a_lesson_is_expected_by_the_wall_clock_after_clocks_were_moved() -> None:
    # 08:30 in Paris on the Monday before and after 25 October 2026.
    lesson = [at("2026-10-19 06:30")] * 3
    assert learnt(lesson, at("2026-10-26 07:30")) == 3
    assert learnt(lesson, at("2026-10-26 06:30")) == 0
    assert learnt(lesson, at("2026-10-26 06:30"), zone="UTC") == 3


def test_one_in_twenty_moments_may_find_too_few() -> None:
    now = at("2026-11-23 08:00")
    # Nineteen who came alone, and two at once.
    alone = [now - 7 * DAY - 29 * MINUTE + 3 * MINUTE * number for number in range(19)]
    assert learnt(alone, now) == 1
    assert learnt([*alone, alone[-1]], now) == 1
    assert learnt([*alone, alone[-1], alone[0]], now) == 2


arrivals_before = st.lists(st.integers(0, 15 * 24 * 60), max_size=40)


@settings(max_examples=60)
@given(some_spares(), st.lists(class_sessions(), max_size=3), arrivals_before, moments, st.data())
def test_the_number_is_bounded_explained_and_depends_on_no_order(
    spares: Spares,
    sessions: list[ClassSession],
    minutes: list[int],
    now: datetime,
    data: st.DataObject,
) -> None:
    if data.draw(st.booleans()) and sessions:
        now = sessions[0].start + data.draw(st.integers(-60, 120)) * MINUTE
    arrivals = [now - each * MINUTE for each in minutes]
    present = arrivals[: data.draw(st.integers(0, 10))]
    found = wanted_spares(spares, sessions, arrivals, now, present=present)
    assert 0 <= found.number <= spares.most
    assert found.number == min(found.asked, spares.most)
    assert (found.why is Why.NOTHING) == (found.asked == 0)
    if spares.mode is not SpareMode.NEVER:
        assert found.number >= min(spares.wanted, spares.most)
    fewer = wanted_spares(spares, sessions, arrivals, now, present=[*present, now])
    assert fewer.number <= found.number
    wider = replace(spares, wanted=min(500, spares.wanted + 1))
    more = wanted_spares(wider, sessions, arrivals, now, present=present)
    assert more.number >= found.number
    mixed = Random(1)
    for some in (arrivals, present, sessions):
        mixed.shuffle(some)
    assert wanted_spares(spares, sessions, arrivals, now, present=present) == found


@settings(max_examples=60)
@given(arrivals_before, moments, st.integers(0, 600))
def test_what_is_learnt_is_never_more_than_who_came(
    minutes: list[int], now: datetime, refill_seconds: int
) -> None:
    arrivals = [now - each * MINUTE for each in minutes]
    refill = timedelta(seconds=refill_seconds)
    number = learnt(arrivals, now, refill=refill)
    assert 0 <= number <= len(arrivals)
    assert number <= learnt(arrivals, now, refill=refill * 2)
    assert (number > 0) >= any(now - each < 15 * MINUTE for each in arrivals)
    assert number == learnt([*arrivals, now + MINUTE], now, refill=refill)


def test_the_next_change_is_told() -> None:
    spares = replace(NONE, wanted=2, schedule=(ScheduleLine(WEEKDAYS, 8 * 60, 18 * 60, 10, "UTC"),))
    assert next_change(spares, (), at("2026-11-27 09:00")) == at("2026-11-27 18:00")
    assert next_change(spares, (), at("2026-11-27 18:00")) == at("2026-11-30 08:00")
    assert next_change(replace(spares, wanted=10), (), at("2026-11-27 18:00")) is None
    assert next_change(NONE, [CLASS], CLASS.start - HOUR) == CLASS.start - 20 * MINUTE
    assert next_change(NONE, [CLASS], CLASS.start) == CLASS.start + 10 * MINUTE
    assert next_change(replace(NONE, most=30), [CLASS], CLASS.start) == CLASS.start + 20 * MINUTE
    assert next_change(NONE, [CLASS], CLASS.start - LOOK_AHEAD - HOUR) is None
    assert next_change(NONE, [CLASS], CLASS.end - HOUR) == CLASS.end
    assert next_change(NONE, [CLASS], CLASS.end) is None


@settings(max_examples=60)
@given(some_spares(), st.lists(class_sessions(), max_size=2), moments, st.data())
def test_nothing_changes_before_the_next_change_and_then_it_does(
    spares: Spares, sessions: list[ClassSession], now: datetime, data: st.DataObject
) -> None:
    spares = replace(spares, learnt=False)
    if data.draw(st.booleans()) and sessions:
        now = sessions[0].start + data.draw(st.integers(-180, 180)) * MINUTE

    def number(instant: datetime) -> int:
        return wanted_spares(spares, sessions, (), instant).number

    then = next_change(spares, sessions, now)
    if then is not None:
        assert now < then <= now + LOOK_AHEAD
        assert number(then) != number(now)
    seconds = int(((then or now + LOOK_AHEAD) - now).total_seconds())
    for passed in data.draw(st.lists(st.integers(0, seconds - 1), min_size=5, max_size=20)):
        assert number(now + timedelta(seconds=passed)) == number(now)


@pytest.mark.parametrize("days", range(-3, 4))
def test_changes_around_moved_clocks_are_told(days: int) -> None:
    line = ScheduleLine(WEEK, 150, 165, 5)
    spares = replace(NONE, schedule=(line,))
    for change in (at("2026-03-29 01:00"), at("2026-10-25 01:00")):
        now = change + days * DAY
        then = next_change(spares, (), now)
        assert then is not None
        assert by_schedule(then.isoformat(sep=" ")[:19], line) != by_schedule(
            now.isoformat(sep=" ")[:19], line
        )


def test_the_next_time_at_which_more_is_asked_for_than_possible() -> None:
    spares = replace(NONE, most=500, schedule=(ScheduleLine(WEEKDAYS, 480, 1080, 20),))
    now = at("2026-11-23T04:00")
    opening, lead = at("2026-11-23T07:00"), CLASS.start - CLASS.lead
    assert next_excess(spares, (CLASS,), 19, now) == (opening, 20)
    assert next_excess(spares, (CLASS,), 20, now) == (lead, 60)
    assert next_excess(spares, (CLASS,), 60, now) is None
    assert next_excess(spares, (CLASS,), 30, CLASS.start) == (CLASS.start, 60)
    assert next_excess(replace(spares, most=10), (CLASS,), 10, now) is None
    assert next_excess(replace(spares, mode=SpareMode.NEVER), (CLASS,), 0, now) is None
