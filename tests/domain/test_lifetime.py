"""When a run ends by itself, and that a clock cannot end it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.environments import Lifetime
from mydocker.domain.failures import TELLINGS, Cause
from mydocker.domain.lifetime import (
    EXTENSION,
    MOST_EXTENSIONS,
    Keep,
    Stop,
    Warn,
    extended,
    judge_idleness,
)
from mydocker.domain.refusals import Refusal

READY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
USUAL = Lifetime(idle=20 * MINUTE, absolute=timedelta(hours=8), warning=5 * MINUTE)

moments = st.integers(-3 * 86_400, 3 * 86_400).map(lambda s: READY + timedelta(seconds=s))
signs = st.none() | moments
limits = st.none() | st.integers(10, 86_400).map(lambda s: timedelta(seconds=s))


@st.composite
def lifetimes(draw: st.DrawFn) -> Lifetime:
    idle, absolute = draw(limits), draw(limits)
    shortest = min((limit for limit in (idle, absolute) if limit), default=timedelta(hours=1))
    warning = timedelta(seconds=draw(st.integers(0, int(shortest.total_seconds()) - 1)))
    return Lifetime(idle, absolute, warning)


def test_it_goes_on_then_warns_then_stops() -> None:
    verdicts = [
        judge_idleness(USUAL, READY, None, None, None, READY + minutes * MINUTE)
        for minutes in (0, 14, 15, 19, 20)
    ]
    end = READY + 20 * MINUTE
    assert verdicts[0] == verdicts[1] == Keep(READY + 15 * MINUTE, end)
    assert verdicts[2] == verdicts[3] == Warn(end, Cause.IDLE)
    assert isinstance(verdicts[4], Stop)
    assert verdicts[4].reason.facts == {"minutes": "20"}


@pytest.mark.parametrize("signs", [(READY + 10 * MINUTE, None), (None, READY + 10 * MINUTE)])
def test_interaction_and_work_each_keep_it(signs: tuple[datetime | None, datetime | None]) -> None:
    verdict = judge_idleness(USUAL, READY, *signs, None, READY + 20 * MINUTE)
    assert verdict == Keep(READY + 25 * MINUTE, READY + 30 * MINUTE)


def test_what_happened_before_it_was_ready_does_not_count_against_it() -> None:
    verdict = judge_idleness(USUAL, READY, READY - timedelta(days=3), None, None, READY)
    assert isinstance(verdict, Keep)


def test_the_absolute_limit_comes_whatever_happens() -> None:
    end = READY + timedelta(hours=8)
    verdict = judge_idleness(USUAL, READY, end, end, None, end)
    assert isinstance(verdict, Stop) and verdict.reason.cause is Cause.TIME_UP
    assert verdict.reason.facts == {"hours": "8"}


def test_neither_limit_ends_what_was_extended() -> None:
    until = READY + timedelta(hours=9)
    verdict = judge_idleness(USUAL, READY, None, None, until, until - MINUTE)
    assert verdict == Warn(until, Cause.IDLE)
    assert isinstance(judge_idleness(USUAL, READY, None, None, until, until), Stop)


@given(lifetimes(), moments, signs, signs, signs, moments)
def test_every_stop_says_why_and_every_wait_has_an_end(
    lifetime: Lifetime, ready: datetime, seen: datetime | None, work: datetime | None,
    extension: datetime | None, now: datetime,
) -> None:  # fmt: skip
    verdict = judge_idleness(lifetime, ready, seen, work, extension, now)
    match verdict:
        case Keep(None, None):
            assert lifetime.idle is None and lifetime.absolute is None
        case Keep(until, stops_at):
            assert until is not None and stops_at is not None
            assert now < until <= stops_at
        case Warn(stops_at, why):
            assert now < stops_at <= now + lifetime.warning
            assert why in (Cause.IDLE, Cause.TIME_UP)
        case Stop(reason):
            assert not reason.cause.is_failure
            assert TELLINGS[reason.cause].message % reason.facts


@given(lifetimes(), moments, signs, signs, signs, st.integers(0, 100_000))
def test_only_what_really_passed_ends_it(
    lifetime: Lifetime, ready: datetime, seen: datetime | None, work: datetime | None,
    extension: datetime | None, seconds: int,
) -> None:  # fmt: skip
    """Times in the future (a clock set back) never end it sooner than a full limit from now."""
    now = ready - timedelta(seconds=seconds + 1)
    ends = [limit for limit in (lifetime.idle, lifetime.absolute) if limit]
    verdict = judge_idleness(lifetime, ready, seen, work, extension, now)
    assert not isinstance(verdict, Stop)
    if isinstance(verdict, Keep) and verdict.stops_at:
        assert verdict.stops_at >= now + min(ends)


def test_one_click_adds_an_hour_from_when_it_would_stop() -> None:
    stops = READY + 20 * MINUTE
    assert extended(USUAL, READY, stops, READY + 16 * MINUTE) == stops + EXTENSION
    assert extended(USUAL, READY, None, READY) == READY + EXTENSION


def test_extension_has_an_end() -> None:
    assert USUAL.absolute is not None
    stops, last = READY, READY + USUAL.absolute + MOST_EXTENSIONS * EXTENSION
    for _click in range(20):
        stops = extended(USUAL, READY, stops, READY)
    assert stops == last
    with pytest.raises(Refusal):
        extended(USUAL, READY, stops, READY)


def test_without_an_absolute_limit_extension_has_none() -> None:
    lifetime = Lifetime(idle=20 * MINUTE, absolute=None)
    late = READY + timedelta(days=300)
    assert extended(lifetime, READY, late, READY) == late + EXTENSION
