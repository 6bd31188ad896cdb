"""A workspace as people see it: its state, from what is wanted and how far its run got.

Each start, restart and reset is a new wish, numbered by the workspace's `generation`; a run
carries the number of the wish that it was made for. A run of an older wish is unwanted. At most
one run is made for a wish, and at most one run of a workspace lives.
"""

from enum import StrEnum

from mydocker.domain.failures import Reason
from mydocker.domain.runs import Phase, RunFacts


class State(StrEnum):
    """What a person sees. The values are part of the API."""

    STOPPED = "stopped"
    """Nothing runs, and nothing is wanted."""
    QUEUED = "queued"
    """Wanted; its turn comes."""
    PULLING = "pulling"
    """Wanted; the image is on its way to the node."""
    STARTING = "starting"
    """The container is being started, or runs but does not answer yet."""
    READY = "ready"
    """Its interfaces open."""
    ASLEEP = "asleep"
    """Frozen; the next request wakes it."""
    STOPPING = "stopping"
    """Traffic is cut, the container ends."""
    FAILED = "failed"
    """The run of the present wish failed; it stays so until the person asks again."""


def is_run_wanted(wanted: bool, generation: int, run_generation: int) -> bool:
    """Whether this run is the one that is wanted now."""
    return wanted and run_generation == generation


def is_run_due(wanted: bool, generation: int, run: RunFacts | None, run_generation: int) -> bool:
    """Whether a run is to be made for the present wish: none was, and no earlier one lives."""
    if not wanted:
        return False
    return run is None or (run.phase is Phase.ENDED and run_generation < generation)


def state_of(
    wanted: bool,
    generation: int,
    run: RunFacts | None,
    run_generation: int,
    *,
    pulling: bool = False,
) -> State:
    """Say in which state a workspace is. `run` is its newest run, live or ended.

    `pulling`: the run waits for its image. Total over all inputs.
    """
    if run is None or (run.phase is Phase.ENDED and run_generation < generation):
        return State.QUEUED if wanted else State.STOPPED
    if not is_run_wanted(wanted, generation, run_generation):
        return State.STOPPED if run.phase is Phase.ENDED else State.STOPPING
    match run.phase:
        case Phase.NEW:
            return State.PULLING if pulling else State.QUEUED
        case Phase.STARTING | Phase.ANSWERING:
            return State.STARTING
        case Phase.READY:
            return State.ASLEEP if run.sleeps else State.READY
        case Phase.STOPPING:
            return State.STOPPING
        case Phase.ENDED:
            return State.FAILED if run.failure and run.failure.cause.is_failure else State.STOPPED


def reason_of(state: State, run: RunFacts | None) -> Reason | None:
    """Say why a workspace ended or is ending; None while it lives or was never started."""
    if run is None or state not in (State.STOPPING, State.STOPPED, State.FAILED):
        return None
    return run.failure
