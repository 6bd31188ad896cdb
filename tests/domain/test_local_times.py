"""Wall clocks, also on the two days of the year on which they are moved."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.local_times import begin_instant, end_instant, known_zones, on_day, wall_time
from tests.domain.strategies import zones

PARIS = "Europe/Paris"
MARCH, OCTOBER = date(2026, 3, 29), date(2026, 10, 25)
"""Clocks go from 02:00 to 03:00, and from 03:00 back to 02:00; both at 01:00 UTC."""


def begins(day: date, minutes: int, zone: str = PARIS) -> datetime:
    return begin_instant(on_day(day, minutes), zone)


def ends(day: date, minutes: int, zone: str = PARIS) -> datetime:
    return end_instant(on_day(day, minutes), zone)


def utc(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def test_on_most_days_a_time_means_one_instant() -> None:
    winter, summer = date(2026, 1, 12), date(2026, 7, 13)
    assert begins(winter, 8 * 60 + 30) == ends(winter, 8 * 60 + 30) == utc(winter, 7, 30)
    assert begins(summer, 8 * 60 + 30) == ends(summer, 8 * 60 + 30) == utc(summer, 6, 30)


def test_a_time_shown_twice_begins_the_first_time_and_ends_the_second() -> None:
    assert begins(OCTOBER, 150) == utc(OCTOBER, 0, 30)
    assert ends(OCTOBER, 150) == utc(OCTOBER, 1, 30)


def test_a_skipped_time_is_the_instant_of_the_jump() -> None:
    for minutes in (120, 121, 150, 179, 180):
        assert begins(MARCH, minutes) == ends(MARCH, minutes) == utc(MARCH, 1)
    assert begins(MARCH, 119) == utc(MARCH, 0, 59)
    assert begins(MARCH, 181) == utc(MARCH, 1, 1)


def test_days_are_as_long_as_they_are() -> None:
    for day, hours in ((MARCH, 23), (OCTOBER, 25), (date(2026, 5, 4), 24)):
        assert ends(day, 1440) - begins(day, 0) == timedelta(hours=hours)


def test_a_day_that_was_skipped_is_one_instant() -> None:
    # Samoa went over the date line at the end of 2011.
    day = date(2011, 12, 30)
    assert begins(day, 0, "Pacific/Apia") == ends(day, 1440, "Pacific/Apia")
    assert begins(day, 720, "Pacific/Apia") == utc(day, 10)


days_around_changes = (
    st.integers(-2, 2)
    .map(timedelta)
    .flatmap(lambda shift: st.sampled_from([MARCH + shift, OCTOBER + shift]))
)


@given(days_around_changes, st.integers(0, 1440), st.integers(0, 1440), zones)
def test_a_later_time_never_means_an_earlier_instant(
    day: date, one: int, other: int, zone: str
) -> None:
    first, last = sorted((one, other))
    assert begins(day, first, zone) <= begins(day, last, zone)
    assert ends(day, first, zone) <= ends(day, last, zone)
    assert begins(day, first, zone) <= ends(day, last, zone)


@given(days_around_changes, st.integers(0, 1439), zones)
def test_what_the_clock_shows_means_the_same_again(day: date, minutes: int, zone: str) -> None:
    for meaning in (begin_instant, end_instant):
        instant = meaning(on_day(day, minutes), zone)
        assert meaning(wall_time(instant, zone), zone) == instant


def test_zones_are_those_of_the_system() -> None:
    assert {"Europe/Paris", "UTC"} <= known_zones()
    assert not {"Europe", "localtime", "posix/Europe/Paris"} & known_zones()
