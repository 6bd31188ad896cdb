"""Invariant 11: a clock that jumps by more than a minute stops no run and ends no session."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mydocker.steady import SteadyClock

START = 1_800_000_000.0


class Machine:
    """Both clocks of a machine, moved by hand."""

    def __init__(self) -> None:
        self.offset, self.counted = START, 0.0

    def wall(self) -> float:
        return self.offset + self.counted

    def uptime(self) -> float:
        return self.counted


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


@given(jump=st.floats(-86_400, 86_400), passed=st.floats(0, 3_600))
def test_a_jump_moves_no_deadline_by_more_than_a_hundredth_of_the_time(
    jump: float, passed: float
) -> None:
    machine = Machine()
    clock = SteadyClock(machine.wall, machine.uptime)
    machine.offset += jump
    machine.counted += passed
    drift = abs((clock.now() - _at(passed)).total_seconds())
    assert drift <= passed * 0.01 + 1e-5


def test_an_hour_forward_is_reported_and_not_followed_at_once() -> None:
    machine = Machine()
    clock = SteadyClock(machine.wall, machine.uptime)
    assert clock.jump() is None
    machine.offset += 3_600
    machine.counted += 1
    assert clock.jump() is not None
    assert clock.now() < _at(2)


def test_small_corrections_are_followed() -> None:
    machine = Machine()
    clock = SteadyClock(machine.wall, machine.uptime)
    machine.offset += 2
    machine.counted += 1_000
    assert abs(clock.now() - _at(1_002)) < timedelta(seconds=0.001)


@given(st.lists(st.tuples(st.floats(-5_000, 5_000), st.floats(0, 100)), max_size=20))
def test_it_never_goes_back(moves: list[tuple[float, float]]) -> None:
    machine = Machine()
    clock = SteadyClock(machine.wall, machine.uptime)
    before = clock.now()
    for jump, passed in moves:
        machine.offset += jump
        machine.counted += passed
        assert clock.now() >= before
        before = clock.now()
