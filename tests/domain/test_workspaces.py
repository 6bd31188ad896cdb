"""States of workspaces, for everything that can be wanted and have happened."""

import itertools
from datetime import UTC, datetime

import pytest

from mydocker.domain.environments import Status
from mydocker.domain.failures import Cause, Reason
from mydocker.domain.runs import Phase, RunFacts
from mydocker.domain.state_words import CHECKING, LOOKS, NEVER_STARTED, STATUS_LOOKS, look_of
from mydocker.domain.workspaces import State, is_run_due, is_run_wanted, reason_of, state_of

NOW = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
RUNS = [
    RunFacts(phase, NOW, failure=Reason(cause) if cause else None)
    for phase, cause in itertools.product(Phase, (None, *Cause))
]


def test_the_values_are_those_of_the_api() -> None:
    assert [state.value for state in State] == [
        "stopped", "queued", "pulling", "starting", "ready", "asleep", "stopping", "failed",
    ]  # fmt: skip


def test_there_is_a_state_for_everything() -> None:
    for wanted, generation, run, of_run, pulling in itertools.product(
        (False, True), range(3), (None, *RUNS), range(4), (False, True)
    ):
        state = state_of(wanted, generation, run, of_run, pulling=pulling)
        assert isinstance(state, State)
        look_of(state, run)
        reason_of(state, run)


@pytest.mark.parametrize(
    ("phase", "pulling", "state"),
    [
        (Phase.NEW, False, State.QUEUED),
        (Phase.NEW, True, State.PULLING),
        (Phase.STARTING, False, State.STARTING),
        (Phase.ANSWERING, False, State.STARTING),
        (Phase.READY, False, State.READY),
        (Phase.STOPPING, False, State.STOPPING),
        (Phase.ENDED, False, State.STOPPED),
    ],
)
def test_the_state_of_a_wanted_run_is_how_far_it_got(
    phase: Phase, pulling: bool, state: State
) -> None:
    assert state_of(True, 3, RunFacts(phase, NOW), 3, pulling=pulling) is state


def test_nothing_wanted_and_nothing_there_is_stopped() -> None:
    assert state_of(False, 0, None, 0) is State.STOPPED
    assert look_of(State.STOPPED, None) is NEVER_STARTED


def test_a_wish_without_a_run_waits_for_its_turn() -> None:
    assert state_of(True, 1, None, 0) is State.QUEUED
    assert state_of(True, 2, RunFacts(Phase.ENDED, NOW), 1) is State.QUEUED


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase.is_live])
def test_a_run_of_an_older_wish_is_stopping(phase: Phase) -> None:
    assert state_of(True, 2, RunFacts(phase, NOW), 1) is State.STOPPING
    assert state_of(False, 1, RunFacts(phase, NOW), 1) is State.STOPPING


@pytest.mark.parametrize("cause", Cause)
def test_it_has_failed_until_the_person_asks_again(cause: Cause) -> None:
    run = RunFacts(Phase.ENDED, NOW, launched=True, failure=Reason(cause))
    ended = State.FAILED if cause.is_failure else State.STOPPED
    assert state_of(True, 1, run, 1) is ended
    assert state_of(True, 2, run, 1) is State.QUEUED
    assert state_of(False, 1, run, 1) is State.STOPPED


def test_a_run_is_due_only_when_none_lives_and_none_was_made_for_the_wish() -> None:
    for wanted, generation, run, of_run in itertools.product(
        (False, True), range(3), (None, *RUNS), range(3)
    ):
        if is_run_due(wanted, generation, run, of_run):
            assert wanted
            assert run is None or (not run.phase.is_live and of_run < generation)
            assert state_of(wanted, generation, run, of_run) is State.QUEUED


def test_a_wish_is_met_or_due_or_waits_for_an_end() -> None:
    for generation, run, of_run in itertools.product(range(1, 3), RUNS, range(3)):
        if of_run > generation:
            continue
        met = is_run_wanted(True, generation, of_run)
        due = is_run_due(True, generation, run, of_run)
        assert met + due + (of_run < generation and run.phase.is_live) == 1


def test_a_reason_is_shown_only_for_what_ended_or_ends() -> None:
    reason = Reason(Cause.OUT_OF_MEMORY)
    run = RunFacts(Phase.ENDED, NOW, failure=reason)
    shown = {state for state in State if reason_of(state, run)}
    assert shown == {State.STOPPED, State.STOPPING, State.FAILED}


def test_every_state_has_three_signs_of_its_own() -> None:
    assert set(LOOKS) == set(State) and set(STATUS_LOOKS) == set(Status)
    for looks in (LOOKS.values(), STATUS_LOOKS.values()):
        assert all(look.icon and look.word for look in looks)
        assert len({look.word for look in looks}) == len(looks)
    assert look_of(State.STARTING, RunFacts(Phase.ANSWERING, NOW)) is CHECKING
