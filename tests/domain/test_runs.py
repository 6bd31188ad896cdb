"""Promises of `next_step`, tried on every combination."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from mydocker.domain.failures import TELLINGS, Cause, Reason
from mydocker.domain.runs import (
    ABSENT,
    Bind,
    ContainerStatus,
    Detach,
    Exit,
    Freeze,
    Launch,
    Patience,
    Phase,
    Probe,
    Publish,
    Pull,
    Record,
    Remove,
    Rest,
    RunFacts,
    Seen,
    Sighting,
    StandBy,
    Standing,
    Step,
    Thaw,
    Unpublish,
    Wait,
    next_step,
    reason_of_exit,
)

NOW = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
PATIENCE = Patience()
ASKED = Reason(Cause.ASKED)
EXITS = (
    None,
    Exit(0),
    Exit(1),
    Exit(137),
    Exit(137, out_of_memory=True),
    Exit(127, error="no such file or directory"),
)
SIGHTINGS = (
    ABSENT,
    Sighting(ContainerStatus.CREATED),
    Sighting(ContainerStatus.RUNNING, address="172.30.0.2"),
    *(Sighting(ContainerStatus.EXITED, exit=exit) for exit in EXITS),
)
BOTH = (False, True)


@dataclass(frozen=True, slots=True)
class Case:
    wanted: bool
    run: RunFacts
    seen: Seen
    now: datetime
    step: Step


def every_case() -> Iterator[Case]:
    runs = [
        RunFacts(phase, NOW, launched, failure, standing)
        for phase, launched, failure, standing in itertools.product(
            Phase, BOTH, (None, Reason(Cause.OUT_OF_MEMORY)), Standing
        )
    ]
    runs += [replace(run, has_turn=True) for run in runs if run.phase is Phase.NEW]
    runs += [
        replace(run, should_sleep=should_sleep, asleep=asleep)
        for run in runs
        for should_sleep, asleep in ((True, False), (True, True), (False, True))
        if run.phase in (Phase.ANSWERING, Phase.READY, Phase.STOPPING) and not run.failure
    ]
    seens = [Seen(*each) for each in itertools.product(SIGHTINGS, BOTH, BOTH, BOTH, BOTH)]
    seens += [replace(seen, bound=True) for seen in seens if seen.published]
    seens += [
        replace(seen, frozen=True)
        for seen in seens
        if seen.container.status is ContainerStatus.RUNNING
    ]
    moments = (NOW - timedelta(hours=1), NOW, NOW + PATIENCE.to_answer, NOW + timedelta(days=1))
    for wanted, run, seen, now in itertools.product(BOTH, runs, seens, moments):
        yield Case(wanted, run, seen, now, next_step(wanted, ASKED, run, seen, now, PATIENCE))


CASES = tuple(every_case())
"""Everything there is; `bound` matters nowhere but before a publication, `frozen` only of what
runs, and sleep only of what may."""


def test_there_is_a_step_for_everything() -> None:
    kinds = (
        Record, Pull, Wait, Launch, Probe, StandBy, Bind, Publish, Freeze, Thaw, Unpublish,
        Remove, Detach, Rest,
    )  # fmt: skip
    assert {type(case.step) for case in CASES} == set(kinds)


def test_a_run_never_moves_backwards() -> None:
    for case in CASES:
        if isinstance(case.step, Record):
            assert case.step.phase > case.run.phase, case


def test_a_run_moves_by_one_phase_or_to_its_end() -> None:
    for case in CASES:
        if isinstance(case.step, Record) and case.step.phase is not Phase.STOPPING:
            assert case.step.phase == case.run.phase + 1, case


def test_traffic_is_cut_before_the_container_is_removed() -> None:
    for case in CASES:
        if isinstance(case.step, Remove):
            assert not case.seen.published, case


def test_the_container_is_gone_before_its_homes_are_detached() -> None:
    for case in CASES:
        if isinstance(case.step, Detach):
            assert case.seen.container.status is ContainerStatus.ABSENT, case
            assert not case.seen.published, case


def test_an_ended_run_leaves_nothing_behind() -> None:
    for case in CASES:
        if isinstance(case.step, Record) and case.step.phase is Phase.ENDED:
            nothing = case.seen.container.status is ContainerStatus.ABSENT
            assert nothing and not case.seen.published and not case.seen.attached, case


def test_an_ended_run_is_left_alone() -> None:
    assert all(isinstance(c.step, Rest) for c in CASES if c.run.phase is Phase.ENDED)


def test_a_live_run_rests_only_when_it_is_ready_and_reachable_or_stands_by() -> None:
    for case in CASES:
        if isinstance(case.step, Rest) and case.run.phase.is_live:
            assert case.wanted and case.seen.container.status is ContainerStatus.RUNNING, case
            stands_by = case.run.standing is Standing.WAITING
            if stands_by:
                assert case.run.phase is Phase.ANSWERING, case
            else:
                assert case.run.phase is Phase.READY and case.seen.published, case


def test_a_spare_that_is_nobodys_is_never_reachable() -> None:
    for case in CASES:
        if case.run.standing in (Standing.COMING, Standing.WAITING):
            assert not isinstance(case.step, Publish | Bind), case
            assert case.step != Record(Phase.READY), case


def test_a_claimed_run_has_its_person_before_anybody_is_let_in() -> None:
    for case in CASES:
        if case.run.standing is Standing.CLAIMED and case.run.phase is Phase.ANSWERING:
            reachable = isinstance(case.step, Publish) or case.step == Record(Phase.READY)
            assert case.seen.bound or not reachable, case


def test_only_a_claimed_run_gets_a_person_and_only_once_it_runs() -> None:
    for case in CASES:
        if isinstance(case.step, Bind):
            assert case.run.standing is Standing.CLAIMED, case
            assert case.run.phase is Phase.ANSWERING and not case.seen.bound, case
            assert case.seen.container.status is ContainerStatus.RUNNING, case


def test_only_what_is_ready_or_stands_by_is_frozen_and_only_while_that_is_wished() -> None:
    for case in CASES:
        if isinstance(case.step, Freeze):
            assert case.wanted and case.run.should_sleep and not case.run.asleep, case
            assert case.seen.container.status is ContainerStatus.RUNNING, case
            stands_by = case.run.standing is Standing.WAITING
            assert stands_by or (case.run.phase is Phase.READY and case.seen.published), case


def test_nothing_asleep_is_told_to_end_or_given_to_its_person() -> None:
    for case in CASES:
        is_given = case.step == Record(Phase.READY) and case.run.standing is Standing.CLAIMED
        if isinstance(case.step, Remove) or is_given:
            assert not case.run.asleep, case


def test_whoever_was_woken_from_outside_counts_as_awake() -> None:
    for case in CASES:
        if isinstance(case.step, Rest) and case.run.phase.is_live and case.run.asleep:
            assert case.run.should_sleep and case.seen.frozen, case


def test_a_spare_stands_by_once_it_answers() -> None:
    for case in CASES:
        if isinstance(case.step, StandBy):
            assert case.run.standing is Standing.COMING and case.seen.answers, case
            assert case.run.phase is Phase.ANSWERING, case


def test_a_spare_that_dies_while_it_is_claimed_is_told_apart() -> None:
    for case in CASES:
        if isinstance(case.step, Record) and case.step.reason == Reason(Cause.SPARE_LOST):
            assert case.run.standing is Standing.CLAIMED and case.wanted, case
            assert case.run.phase is Phase.ANSWERING, case


def test_a_claim_that_comes_to_nothing_ends_in_a_cold_start() -> None:
    claimed = RunFacts(Phase.ANSWERING, NOW, launched=True, standing=Standing.CLAIMED)
    claimed = replace(claimed, claimed_at=NOW)
    there = Seen(Sighting(ContainerStatus.RUNNING, "192.0.2.1"), attached=True)

    def step(seconds: float, seen: Seen) -> object:
        now = NOW + timedelta(seconds=seconds)
        return next_step(True, Reason(Cause.ASKED), claimed, seen, now, PATIENCE)

    late = PATIENCE.to_bind.total_seconds()
    assert isinstance(step(late - 1, there), Bind)
    assert step(late, there) == Record(Phase.STOPPING, Reason(Cause.SPARE_LOST))
    assert isinstance(step(late, replace(there, bound=True)), Publish)


def test_nothing_is_begun_for_a_run_that_nobody_wants() -> None:
    for case in CASES:
        if not case.wanted:
            assert not isinstance(case.step, Pull | Launch | Probe | Publish), case


def test_nothing_is_begun_for_a_run_that_ends() -> None:
    for case in CASES:
        if case.run.phase >= Phase.STOPPING:
            assert not isinstance(case.step, Pull | Launch | Probe | Publish), case


def test_a_container_that_was_started_once_is_not_made_again() -> None:
    for case in CASES:
        if isinstance(case.step, Launch) and case.run.launched:
            assert case.seen.container.status is ContainerStatus.CREATED, case


def test_a_run_is_ready_only_when_its_ports_answer_and_its_routes_are_put() -> None:
    for case in CASES:
        if isinstance(case.step, Record) and case.step.phase is Phase.READY:
            was_ready = case.run.standing is Standing.CLAIMED  # for whom it would be
            assert (case.seen.answers or was_ready) and case.seen.published, case
            assert case.seen.container.status is ContainerStatus.RUNNING, case


def test_whoever_ends_a_run_says_why() -> None:
    for case in CASES:
        if isinstance(case.step, Record):
            assert (case.step.reason is not None) is (case.step.phase is Phase.STOPPING), case


def test_a_run_that_is_not_wanted_ends_for_the_reason_given() -> None:
    for case in CASES:
        if not case.wanted and case.run.phase < Phase.STOPPING:
            assert case.step == Record(Phase.STOPPING, ASKED), case


def test_an_image_is_fetched_only_where_it_is_missing() -> None:
    for case in CASES:
        if isinstance(case.step, Pull):
            assert not case.seen.image_here and case.run.phase is Phase.NEW, case


def test_nobody_starts_before_their_turn_and_a_spare_needs_none() -> None:
    for case in CASES:
        if case.wanted and case.run.phase is Phase.NEW and case.seen.image_here:
            may_start = case.run.has_turn or case.run.standing is not Standing.COLD
            assert case.step == (Record(Phase.STARTING) if may_start else Wait()), case


def test_an_image_arrives_while_others_go_first() -> None:
    for case in CASES:
        if case.wanted and case.run.phase is Phase.NEW and not case.seen.image_here:
            assert case.step == Pull(), case


def test_ports_have_two_minutes_and_programs_ten_seconds() -> None:
    assert (PATIENCE.to_answer, PATIENCE.to_stop) == (timedelta(minutes=2), timedelta(seconds=10))


def test_only_what_is_somebodys_gets_time_to_save() -> None:
    for case in CASES:
        if isinstance(case.step, Remove):
            is_somebodys = case.run.standing in (Standing.COLD, Standing.CLAIMED)
            assert case.step.grace == (PATIENCE.to_stop if is_somebodys else timedelta(0)), case


def test_patience_with_silent_ports_has_an_end() -> None:
    for case in CASES:
        if isinstance(case.step, Probe):
            is_cold = case.run.standing is Standing.COLD
            patience = PATIENCE.to_answer if is_cold else PATIENCE.ahead
            assert case.now < case.step.until == case.run.phase_since + patience, case


def test_a_container_that_answers_late_is_still_welcome() -> None:
    seen = Seen(SIGHTINGS[2], answers=True, published=True)
    run = RunFacts(Phase.ANSWERING, NOW, launched=True)
    step = next_step(True, ASKED, run, seen, NOW + timedelta(hours=1), PATIENCE)
    assert step == Record(Phase.READY)


@pytest.mark.parametrize(
    ("exit", "was_ready", "cause"),
    [
        (None, True, Cause.VANISHED),
        (Exit(137, out_of_memory=True), True, Cause.OUT_OF_MEMORY),
        (Exit(0, out_of_memory=True), True, Cause.OUT_OF_MEMORY),
        (Exit(0), True, Cause.ENDED_ITSELF),
        (Exit(0), False, Cause.EXITED),
        (Exit(1), True, Cause.EXITED),
        (Exit(128), True, Cause.EXITED),
        (Exit(137), True, Cause.KILLED),
        (Exit(128, error="write: no space left on device"), False, Cause.DISK_FULL),
        (
            Exit(127, error='exec: "x": executable file not found in $PATH'),
            False,
            Cause.COMMAND_MISSING,
        ),
        (Exit(128, error="something else"), False, Cause.ENGINE_REFUSED),
    ],
)
def test_the_kinds_of_exit_are_told_apart(exit: Exit | None, was_ready: bool, cause: Cause) -> None:
    assert reason_of_exit(exit, was_ready=was_ready).cause is cause


@pytest.mark.parametrize("was_ready", BOTH)
@pytest.mark.parametrize("exit", EXITS)
def test_a_reason_has_the_facts_of_its_sentence_or_leaves_them_to_the_loop(
    exit: Exit | None, was_ready: bool
) -> None:
    reason = reason_of_exit(exit, was_ready=was_ready)
    known = {"image", "memory", "port", "seconds", *reason.facts}
    TELLINGS[reason.cause].message % dict.fromkeys(known, "x")
