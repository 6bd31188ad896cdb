"""The last day in quarters of an hour."""

import statistics
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.statistics import (
    QUARTER,
    QUARTERS,
    Count,
    Start,
    day_of,
    first_quarter,
    percentile,
    waits_of,
)

NOW = datetime(2026, 11, 23, 7, 52, 10, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
SECONDS = st.floats(0, 10_000, allow_nan=False)
MOMENTS = st.floats(-3 * 86400, 0).map(lambda seconds: NOW + timedelta(seconds=seconds))
STARTS = st.builds(
    Start,
    asked_at=MOMENTS,
    ready_at=st.none() | MOMENTS,
    is_claimed=st.booleans(),
    has_ended=st.booleans(),
)


def start(minutes_ago: float, seconds: float, *, is_claimed: bool = False) -> Start:
    asked = NOW - timedelta(minutes=minutes_ago)
    return Start(asked, asked + timedelta(seconds=seconds), is_claimed)


@given(st.lists(SECONDS, min_size=2))
def test_percentiles_are_those_of_the_standard_library(took: list[float]) -> None:
    ordered = sorted(took)
    parts = statistics.quantiles(ordered, n=20, method="inclusive")
    scale = max(1.0, ordered[-1])
    assert abs(percentile(ordered, 50) - statistics.median(ordered)) <= 1e-9 * scale
    assert abs(percentile(ordered, 95) - parts[18]) <= 1e-9 * scale


@given(SECONDS)
def test_the_percentile_of_one_is_that_one(seconds: float) -> None:
    assert percentile([seconds], 95) == seconds


def test_a_day_is_96_quarters_that_end_with_the_one_that_goes_on() -> None:
    day = day_of((), (), NOW)
    assert len(day.quarters) == QUARTERS
    assert day.quarters[-1].begins == datetime(2026, 11, 23, 7, 45, tzinfo=UTC)
    assert (
        day.quarters[0].begins
        == first_quarter(NOW)
        == NOW.replace(day=22, hour=8, minute=0, second=0)
    )
    assert not day.has_starts and not day.has_counts


def test_claimed_and_cold_starts_are_told_apart() -> None:
    day = day_of(
        [start(1, 0.1, is_claimed=True), start(2, 0.3, is_claimed=True), start(20, 8)], (), NOW
    )
    now, before = day.quarters[-1], day.quarters[-2]
    assert (now.claimed, now.cold, before.claimed, before.cold) == (2, 0, 0, 1)
    assert day.claimed and day.cold and day.waits
    assert (round(day.claimed.p50, 6), day.cold.p95, day.waits.number) == (0.2, 8.0, 3)


def test_what_was_never_ready_is_no_start_but_a_failure_once_it_has_ended() -> None:
    waiting = Start(NOW, None, is_claimed=False)
    failed = Start(NOW, None, is_claimed=False, has_ended=True)
    last = day_of([waiting, failed], (), NOW).quarters[-1]
    assert (last.claimed, last.cold, last.failed, last.waits) == (0, 0, 1, None)


@given(st.lists(STARTS))
def test_every_start_of_the_day_is_in_one_quarter_and_no_other(starts: list[Start]) -> None:
    day = day_of(starts, (), NOW)
    since = first_quarter(NOW)
    ready = [each for each in starts if each.asked_at >= since and each.ready_at is not None]
    assert sum(each.claimed + each.cold for each in day.quarters) == len(ready)
    assert (day.waits.number if day.waits else 0) == len(ready)
    for quarter in day.quarters:
        if quarter.waits:
            assert 0 <= quarter.waits.p50 <= quarter.waits.p95


def test_the_largest_number_of_a_quarter_is_shown_and_none_where_nobody_looked() -> None:
    at = NOW.replace(minute=45, second=0)
    counts = [Count(at, spares=3, awake=1), Count(at + timedelta(minutes=5), spares=1, awake=9)]
    day = day_of((), counts, NOW)
    assert day.quarters[-1].most == Count(at, spares=3, awake=9)
    assert day.quarters[-2].most is None
    assert day.has_counts


@pytest.mark.parametrize("month", [3, 10])
def test_a_quarter_of_the_clock_is_one_also_on_the_day_on_which_clocks_are_moved(
    month: int,
) -> None:
    now = datetime(2026, month, {3: 29, 10: 25}[month], 12, 7, tzinfo=UTC)
    begins = [each.begins for each in day_of((), (), now).quarters]
    assert all(each.astimezone(PARIS).minute % 15 == 0 for each in begins)
    assert {after - before for before, after in pairwise(begins)} == {QUARTER}


def test_an_hour_that_clocks_show_twice_is_two_hours() -> None:
    half_past_two = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert {f"{at.astimezone(PARIS):%H:%M}" for at in half_past_two} == {"02:30"}
    starts = [Start(at, at + timedelta(seconds=1), is_claimed=False) for at in half_past_two]
    day = day_of(starts, (), datetime(2026, 10, 25, 12, 7, tzinfo=UTC))
    assert [each.begins for each in day.quarters if each.cold] == half_past_two


def test_who_was_ready_before_asking_by_another_clock_waited_no_time() -> None:
    assert waits_of([start(1, -3)]) == waits_of([start(1, 0)])
