"""Who goes next, whether there is room, and how long it takes: promises to everybody who waits."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.queue import (
    Hold,
    Limits,
    Memory,
    Pace,
    Start,
    Waiting,
    after_turn,
    asked_bytes,
    first,
    line_up,
    seconds_until_ready,
    usual_bytes,
    why_not,
)

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
GIB = 2**30
LIMITS = Limits(at_once=2, reserve=0.1, holds=timedelta(seconds=60))
ROOMY = Memory(8 * GIB, 8 * GIB)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def waits(run: str, person: str, seconds: float) -> Waiting:
    return Waiting(run, person, at(seconds), at(seconds))


def names(line: Sequence[Waiting]) -> str:
    return " ".join(each.run for each in line)


def served(waiting: Sequence[Waiting], now: datetime) -> list[Waiting]:
    """Everybody in the order in which turns are really given, one after the other."""
    left, gone = list(waiting), []
    while (who := first(left)) is not None:
        now += timedelta(seconds=1)
        left = after_turn(left, who, now)
        gone.append(who)
    return gone


@st.composite
def queues(draw: st.DrawFn) -> list[Waiting]:
    """People with one or several workspaces that wait, all asked for before `NOW`."""
    people = draw(st.lists(st.sampled_from("abcdef"), max_size=12))
    moments = draw(st.lists(st.integers(-60, -1), min_size=len(people), max_size=len(people)))
    return [
        waits(f"{person}{n}", person, seconds)
        for n, (person, seconds) in enumerate(zip(people, moments, strict=True))
    ]


def test_people_go_in_order_of_arrival() -> None:
    line = [waits("c", "c", 3), waits("a", "a", 1), waits("b", "b", 2)]
    assert names(line_up(line)) == "a b c"


def test_the_second_workspace_of_a_person_comes_after_the_first_of_everybody() -> None:
    greedy = [waits(f"a{n}", "a", n) for n in range(5)]
    line = line_up([*greedy, waits("b", "b", 10), waits("c", "c", 11)])
    assert names(line) == "a0 b c a1 a2 a3 a4"


def test_who_had_a_turn_long_ago_pays_nothing_for_it() -> None:
    line = after_turn([waits("a0", "a", 0), waits("b", "b", 9)], waits("a0", "a", 0), at(1))
    assert names(line_up([*line, waits("a1", "a", 5)])) == "a1 b"


@given(queues())
def test_places_say_in_which_order_turns_come(queue: list[Waiting]) -> None:
    assert [each.run for each in line_up(queue)] == [each.run for each in served(queue, NOW)]


def place(run: str, queue: Sequence[Waiting]) -> int:
    return [each.run for each in line_up(queue)].index(run) + 1


@given(queues(), st.lists(st.tuples(st.sampled_from("abcxyz"), st.booleans()), max_size=15))
def test_a_place_never_grows_but_for_those_who_have_none_of_their_own_before_it(
    queue: list[Waiting], happens: list[tuple[str, bool]]
) -> None:
    """Somebody comes, or a turn is given, in any order. A first workspace is never overtaken; a
    second one only by firsts, and only while the person's own first waits.
    """
    now = NOW
    for n, (person, comes) in enumerate(happens):
        now += timedelta(seconds=1)
        before = {each.run: place(each.run, queue) for each in queue}
        firsts = {first([o for o in queue if o.person == each.person]) for each in queue}
        if comes:
            queue = [*queue, Waiting(f"new{n}", person, now, now)]
        elif (who := first(queue)) is not None:
            queue = after_turn(queue, who, now)
        for each in queue:
            if each.run in before and (each in firsts or not comes):
                assert place(each.run, queue) <= before[each.run]


@given(st.integers(0, 8), st.integers(1, 3), st.integers(2, 3))
def test_nobody_starves_however_many_keep_coming(others: int, own: int, rate: int) -> None:
    """With several newcomers at every turn, the next workspace of a person comes after those who
    had come when the one before had its turn, and before all who came later.
    """
    queue = [waits(f"o{n}", f"o{n}", n - 60) for n in range(others)]
    queue += [waits(f"mine{n}", "me", n - 30) for n in range(own)]
    now, turns, bound = NOW, 0, others + 1
    while any(each.person == "me" for each in queue):
        turns, now = turns + 1, now + timedelta(seconds=1)
        queue += [Waiting(f"{turns}.{k}", f"{turns}.{k}", now, now) for k in range(rate)]
        who = first(queue)
        assert who is not None and turns <= bound
        queue = after_turn(queue, who, now)
        if who.person == "me":
            bound = turns + len(queue)


def test_so_many_start_at_once_and_no_more() -> None:
    starts = [Start(NOW, GIB // 10)] * 2
    assert why_not(GIB, starts[:1], ROOMY, NOW, LIMITS) is None
    assert why_not(GIB, starts, ROOMY, NOW, LIMITS) is Hold.TURNS


def test_a_program_that_never_answers_stops_nobody_but_keeps_its_memory() -> None:
    silent = [Start(NOW - LIMITS.holds, 3 * GIB)] * 2
    assert why_not(GIB, silent, ROOMY, NOW, LIMITS) is None
    assert why_not(2 * GIB, silent, ROOMY, NOW, LIMITS) is Hold.MEMORY


def test_what_starts_is_counted_before_it_has_taken_anything() -> None:
    memory = Memory(10 * GIB, 3 * GIB)
    assert why_not(GIB, [], memory, NOW, LIMITS) is None
    assert why_not(GIB, [Start(NOW, GIB)], memory, NOW, LIMITS) is None
    assert why_not(GIB, [Start(NOW, GIB + 1)], memory, NOW, LIMITS) is Hold.MEMORY
    assert asked_bytes(GIB, [Start(NOW, GIB)]) == 2 * GIB


@given(st.integers(0, 100 * GIB), st.integers(0, 8 * GIB))
def test_where_nobody_runs_the_first_goes_whatever_the_figures_say(size: int, free: int) -> None:
    assert why_not(size, [], Memory(8 * GIB, free), NOW, LIMITS, nobody_runs=True) is None


def test_the_first_start_of_an_empty_node_does_not_open_it_to_all() -> None:
    one = [Start(NOW, GIB)]
    assert why_not(GIB, one, Memory(GIB, 0), NOW, LIMITS, nobody_runs=True) is Hold.MEMORY


def test_a_start_counts_with_what_was_measured_else_with_a_share_of_its_limit() -> None:
    assert usual_bytes(100, 8 * GIB) == 100
    assert usual_bytes(None, 8 * GIB) == GIB
    assert usual_bytes(9 * GIB, 8 * GIB) == 8 * GIB


BUSY = Pace(at_once=8, under_way=8, waiting=14, start_seconds=4.0, finished=0, waited_seconds=1.0)


def test_a_place_is_told_in_seconds_from_measured_starts() -> None:
    assert seconds_until_ready(1, 3.0, BUSY) == pytest.approx(4.0 / 8 + 4.0)
    assert seconds_until_ready(16, 3.0, BUSY) == pytest.approx(2 * 4.0 + 4.0)
    assert seconds_until_ready(8, 6.0, BUSY) == pytest.approx(6.0 + 6.0)


def test_an_estimate_is_never_less_than_how_fast_people_came_through() -> None:
    slow = replace(BUSY, finished=10, waited_seconds=20.0)
    assert seconds_until_ready(10, 3.0, slow) == pytest.approx(20.0 + 4.0)


def test_who_finds_nobody_waiting_is_told_a_start_and_no_more() -> None:
    free = replace(BUSY, under_way=1, waiting=0, waited_seconds=0.0)
    assert seconds_until_ready(1, 3.0, free) == 4.0
    assert seconds_until_ready(1, 3.0, replace(free, start_seconds=None)) == 3.0


def test_nothing_is_told_that_was_not_measured() -> None:
    assert seconds_until_ready(1, None, replace(BUSY, start_seconds=None)) is None
    held = replace(BUSY, under_way=0, waited_seconds=30.0)
    assert seconds_until_ready(1, 3.0, held) is None


@given(st.integers(1, 500), st.integers(0, 60), st.floats(0.1, 600))
def test_a_better_place_never_waits_longer(place: int, finished: int, waited: float) -> None:
    pace = replace(BUSY, finished=finished, waited_seconds=waited)
    nearer, farther = (seconds_until_ready(p, 3.0, pace) for p in (place, place + 1))
    assert nearer is not None and farther is not None and nearer < farther
