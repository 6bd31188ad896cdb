"""Figures: taken in turns, told with their goal."""

from collections.abc import Callable

import pytest

from bench.results import Goal, Result, interleaved, p95, table


def test_sides_take_turns_and_each_goes_first_as_often() -> None:
    order: list[str] = []

    def side(name: str) -> Callable[[], int]:
        def measured() -> int:
            order.append(name)
            return len(order)

        return measured

    pairs = interleaved(side("ours"), side("theirs"), 4)

    assert len(pairs) == 4
    firsts = [order[at] for at in range(2, len(order), 2)]
    assert sorted(firsts) == ["ours", "ours", "theirs", "theirs"]
    for ours, theirs in pairs:
        assert (order[ours - 1], order[theirs - 1]) == ("ours", "theirs")
        assert abs(ours - theirs) == 1


def test_the_pair_that_warms_up_is_not_told() -> None:
    times = iter([9.0, 1.0, 2.0])
    assert interleaved(lambda: next(times), lambda: 0.0, 2) == [(1.0, 0.0), (2.0, 0.0)]
    assert interleaved(lambda: 9.0, lambda: 0.0, 1, warm_ups=0) == [(9.0, 0.0)]


@pytest.mark.parametrize("values", [[3.0], [1.0, 3.0], [1.0, 2.0, 3.0] * 20])
def test_the_95th_percentile_is_never_above_the_largest(values: list[float]) -> None:
    assert 1.0 <= p95(values) <= 3.0


def test_a_figure_without_a_goal_is_told_and_holds() -> None:
    known = Result("memory", "MiB", 180.0, 140.0, "–", 1, Goal("ours"))
    assert known.holds
    assert known.as_json()["goal"] == {"of": "ours"}
    assert "| – | yes |" in table([known.as_json()])


def test_a_goal_of_a_ratio_is_judged_by_both_figures() -> None:
    goal = Goal("ratio", most=1 / 25)
    assert goal.holds(150, 3800)
    assert not goal.holds(160, 3800)
