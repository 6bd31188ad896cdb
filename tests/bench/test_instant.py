"""Figures of instant start: who waited, who was overtaken, what a sleeper takes."""

import pytest

from bench.definitions import COLD, SLEEPY, ahead, filled, tiny_ahead
from bench.instant.bursts import PATIENCE_SECONDS, Served, for_all, for_some, overtaken
from bench.instant.refill import slowed
from bench.instant.sleepers import each_of_them, first_bytes, in_all
from bench.living import Way
from mydocker.domain.environments import SpareMode
from mydocker.services.definitions import read_definition

# --- bursts ------------------------------------------------------------------------------------


def test_a_wait_begins_with_the_own_click() -> None:
    assert Served(came=0.5, usable=2.0).wait == 1.5


def test_who_was_turned_away_waited_as_long_as_anybody_would() -> None:
    result = for_all([[Served(0.0, 1.0)] * 50, [Served(0.0, 1.0)] * 49 + [Served(0.0, None)]])
    assert result.ours == 1.0  # nineteen in twenty were served, and yet
    assert not result.holds
    assert "refused 1" in result.spread
    assert Served(0.0, None).wait == PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("usable", "by"),
    [
        ([1.0, 2.0, 3.0], 0),
        ([1.0, 3.0, 2.0], 1),
        ([4.0, 3.0, 1.0, 2.0], 3),
        ([5.0, 1.0, None, 2.0], 2),
        ([], 0),
    ],
)
def test_overtaken_counts_who_came_later_and_was_served_before(
    usable: list[float | None], by: int
) -> None:
    assert overtaken([Served(number / 10, end) for number, end in enumerate(usable)]) == by


def test_a_burst_with_some_spares_is_told_by_its_last_beside_the_raw_engine() -> None:
    served = [Served(0.0, 0.3), Served(0.1, 0.4), Served(0.2, 5.0), Served(0.3, 6.0)]
    result = for_some([served] * 3, 2, [5.5, 5.8, 5.9])
    assert (result.name, result.n) == ("burst.4.spares_2", 3)
    assert (result.ours, result.baseline) == (6.0, 5.8)
    assert result.holds


def test_whoever_finds_a_spare_must_not_wait_for_those_who_do_not() -> None:
    late = [Served(0.0, 6.0), Served(0.1, 6.0), Served(0.2, 5.0)]
    assert not for_some([late], 2, [10.0]).holds


def test_places_in_a_queue_are_kept_but_for_those_who_start_at_once() -> None:
    backwards = [Served(0.0, 0.1)] + [Served(0.01 * n, 20.0 - n) for n in range(1, 19)]
    assert not for_some([backwards], 1, [100.0]).holds


# --- sleepers ----------------------------------------------------------------------------------


def test_a_thaw_is_judged_by_its_median_and_its_worst() -> None:
    fine, slow, endless = (0.05, 0.01), (0.08, 0.01), (0.5, 0.01)
    assert first_bytes([fine] * 20).holds
    assert not first_bytes([fine] * 17 + [endless] * 3).holds
    assert not first_bytes([slow] * 20).holds


def test_the_price_of_sleepers_is_told_for_a_hundred_however_many_there_were() -> None:
    result = in_all(0.5e9, 20)
    assert result.ours == pytest.approx(2.5)
    assert result.spread == "25 MB each"
    assert result.holds and not in_all(0.8e9, 20).holds


def test_a_sleeper_takes_a_third_at_most() -> None:
    assert each_of_them(25e6, 77e6, 100).holds
    assert not each_of_them(30e6, 77e6, 100).holds


# --- filling -----------------------------------------------------------------------------------


def test_how_much_a_start_is_slowed_is_the_median_of_pairs() -> None:
    result = slowed([(2.2, 2.0), (3.0, 3.0), (9.0, 3.0)])
    assert result.baseline is not None
    assert result.ours / result.baseline == pytest.approx(1.1)
    assert result.holds and not slowed([(2.5, 2.0)]).holds


# --- what they are measured on -----------------------------------------------------------------


def test_environments_that_are_measured_say_what_their_names_say() -> None:
    cold, sleepy, tiny = (read_definition(each) for each in (COLD, SLEEPY, tiny_ahead(3)))
    assert (cold.spares.mode, tiny.spares.mode) == (SpareMode.NEVER, SpareMode.RUNNING)
    assert sleepy.lifetime.sleep is not None and sleepy.lifetime.sleep.total_seconds() == 10
    for number in (4, 100):
        spares = read_definition(ahead(number)).spares
        assert (spares.wanted, spares.most, spares.learnt) == (number, number, False)


def test_the_environment_that_is_filled_is_another_of_the_same_image() -> None:
    here, other, empty = (read_definition(each) for each in (COLD, filled(30), filled(0)))
    assert other.slug != here.slug and other.join_code != here.join_code
    assert other.image == here.image
    assert (other.spares.wanted, empty.spares.mode) == (30, SpareMode.NEVER)


def test_a_navigation_carries_the_cookie_of_its_host() -> None:
    way = Way("http://run.example:8080/lab?reset", "__Host-grant=secret")
    assert way.headers["Host"] == "run.example:8080"
    assert way.headers["Cookie"] == "__Host-grant=secret"
    assert way.headers["Sec-Fetch-Mode"] == "navigate"
    assert "Cookie" not in Way(way.url, "").headers
