"""Promises of the rules of sleep: who is frozen, and who ends when memory is short."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.environments import Environment, Lifetime, Text
from mydocker.domain.queue import Limits
from mydocker.domain.sleep import (
    AWAKE_AT_LEAST,
    MEMORY_RESERVE,
    SETTLING,
    SPARES_AWAKE,
    Sleeper,
    Standby,
    as_it_runs,
    ending_for_memory,
    may_sleep,
    spares_asleep,
)

NOW = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
spans = st.integers(-3_600, 86_400).map(lambda seconds: timedelta(seconds=seconds))
sleepers = st.lists(
    st.builds(
        Sleeper,
        run=st.text("abcdef", min_size=1, max_size=4),
        since=spans.map(lambda span: NOW - span),
        holds_bytes=st.integers(0, 2**30),
    ),
    unique_by=lambda sleeper: sleeper.run,
    max_size=12,
)


@given(after=spans.filter(lambda span: span > timedelta(0)), quiet=spans, awake=spans)
def test_who_was_used_lately_or_just_woke_up_stays_awake(
    after: timedelta, quiet: timedelta, awake: timedelta
) -> None:
    sleeps = may_sleep(after, NOW - quiet, NOW - awake, NOW)
    assert sleeps == (quiet >= after and awake >= min(after, AWAKE_AT_LEAST))


@given(quiet=spans, awake=spans)
def test_who_never_sleeps_never_sleeps(quiet: timedelta, awake: timedelta) -> None:
    assert not may_sleep(None, NOW - quiet, NOW - awake, NOW)


@given(st.lists(spans, unique=True, max_size=12))
def test_the_spares_that_are_claimed_next_stay_awake(ages: list[timedelta]) -> None:
    spares = [Standby(str(age), NOW - age) for age in ages]
    asleep = spares_asleep(spares, NOW)
    awake = [spare for spare in spares if spare.run not in asleep]
    assert len(awake) >= min(SPARES_AWAKE, len(spares))
    first = sorted(spares, key=lambda spare: spare.since)[:SPARES_AWAKE]
    assert all(spare in awake for spare in first)
    for spare in awake:
        assert spare in first or NOW - spare.since < SETTLING


@given(sleepers, st.integers(1, 2**36), st.integers(0, 2**36), st.integers(0, 2**34))
def test_sleepers_end_for_memory_from_the_oldest_on_and_no_more_than_needed(
    asleep: list[Sleeper], total: int, available: int, asked: int
) -> None:
    ending = ending_for_memory(asleep, total, available, asked)
    in_turn = sorted(asleep, key=lambda sleeper: (sleeper.since, sleeper.run))
    assert list(ending) == [sleeper.run for sleeper in in_turn[: len(ending)]]
    lacking = (Limits().reserve if asked else MEMORY_RESERVE) * total + asked - available
    assert bool(ending) == (lacking > 0 and bool(asleep))
    freed = [sleeper.holds_bytes for sleeper in in_turn[: len(ending)]]
    assert not ending or sum(freed[:-1]) < lacking
    assert sum(freed) >= lacking or len(ending) == len(asleep)


def environment(command: str, lifetime: Lifetime) -> Environment:
    return Environment("lab", Text("Lab", "Lab"), "lab", command=command, lifetime=lifetime)


@pytest.mark.parametrize(
    ("command", "idle", "sleep"),
    [
        ("jupyter lab", 120, 10),
        ("jupyter lab --ServerApp.shutdown_no_activity_timeout=1200", 20, 10),
        ("jupyter lab --ServerApp.shutdown_no_activity_timeout=36000", 120, 10),
        ("jupyter lab --MappingKernelManager.cull_idle_timeout=60", 120, 10),
        ("sh -c 'jupyter lab --ServerApp.shutdown_no_activity_timeout=1200'", 120, None),
        ("jupyter lab {{", 120, 10),
    ],
)
def test_jupyters_own_culling_is_taken_over_or_keeps_it_awake(
    command: str, idle: int, sleep: int | None
) -> None:
    lifetime = Lifetime(idle=120 * MINUTE, sleep=10 * MINUTE)
    ours = as_it_runs(environment(command, lifetime)).lifetime
    assert (ours.idle, ours.sleep) == (idle * MINUTE, sleep * MINUTE if sleep else None)


def test_a_workspace_without_idle_time_gets_jupyters_own() -> None:
    command = "jupyter lab --ServerApp.shutdown_no_activity_timeout=600"
    lifetime = as_it_runs(environment(command, Lifetime(idle=None))).lifetime
    assert lifetime.idle == 10 * MINUTE
