"""A run: one container of a workspace, from the wish to its end. The heart of the product.

`next_step` is total: for whatever is wanted, however far the run got and whatever is seen
outside, it names the one thing to do now. The loop does it, looks again, and asks again.
Every step may be repeated after a crash.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from mydocker.domain.failures import Cause, Reason


class Phase(IntEnum):
    """How far a run got. It only moves forward; `failed` is a reason, not a phase."""

    NEW = 0
    """Wanted; nothing exists outside yet (it may wait for its turn or its image)."""
    STARTING = 1
    """Homes are attached and the container is created and started."""
    ANSWERING = 2
    """The container runs; its ports do not all answer yet."""
    READY = 3
    """Every required port answered and the routes are put."""
    STOPPING = 4
    """Traffic is cut, the container removed, the homes detached, in that order."""
    ENDED = 5
    """Nothing of it is left outside."""

    @property
    def is_live(self) -> bool:
        """Whether something of the run may exist outside."""
        return self is not Phase.ENDED


class Standing(StrEnum):
    """Whose a run is, and since when."""

    COLD = "cold"
    """Made for its person, who was there first."""
    COMING = "coming"
    """A spare that cannot be claimed yet."""
    WAITING = "waiting"
    """A spare that can be claimed: it stands by."""
    CLAIMED = "claimed"
    """A spare that stood by, and has a person since."""


class ContainerStatus(StrEnum):
    """What the engine says of a run's container."""

    ABSENT = "absent"
    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class Exit:
    """How a container's main process ended.

    `status` is its exit status (128 + n for signal n); `error` is the engine's own sentence
    where the process never started.
    """

    status: int
    out_of_memory: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look at the engine showed of a run."""

    status: ContainerStatus
    address: str | None = None
    """IPv4 address by which the gateway reaches it; None until it runs."""
    exit: Exit | None = None
    """Set if and only if the status is EXITED."""
    container: str = ""
    """The engine's own id, 64 hex digits; empty when absent."""


ABSENT = Sighting(ContainerStatus.ABSENT)


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything seen of a run outside, at one look."""

    container: Sighting
    image_here: bool = True
    answers: bool = False
    """Every port that must answer did, just now."""
    published: bool = False
    """Routes of this run may exist in the gateway."""
    attached: bool = False
    """Homes of this run may be attached on its node."""
    bound: bool = False
    """A claimed run has its homes and knows its person."""
    frozen: bool = False
    """Its container is frozen, and nobody rang for it since."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the database says of a run, as far as the next step depends on it."""

    phase: Phase
    phase_since: datetime
    launched: bool = False
    """A container was started in this run's name once; it is never started twice."""
    failure: Reason | None = None
    standing: Standing = Standing.COLD
    has_turn: bool = False
    """Its turn to start came; a spare needs none."""
    should_sleep: bool = False
    """Somebody judged that nobody uses it."""
    asleep: bool = False
    """Its container may be frozen."""
    claimed_at: datetime | None = None

    @property
    def sleeps(self) -> bool:
        """Whether it is asleep, as people see it."""
        return self.asleep and self.should_sleep


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each part may take."""

    to_answer: timedelta = timedelta(seconds=120)
    to_stop: timedelta = timedelta(seconds=10)
    """What a program gets between the polite signal and the end."""
    ahead: timedelta = timedelta(minutes=5)
    """To answer, for a spare: it takes what CPU people leave."""
    to_bind: timedelta = timedelta(seconds=30)
    """Until a claimed spare has its person; then a cold start is tried."""


@dataclass(frozen=True, slots=True)
class Record:
    """Write down that the run moved to `phase`; `reason` says why it ends, where it does."""

    phase: Phase
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Pull:
    """Fetch the image; then look again."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Stand in the queue; nothing else to do until it is its turn."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Attach the homes, create the container and start it; all idempotent."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask the ports until they answer, the container ends or `until` has come."""

    until: datetime


@dataclass(frozen=True, slots=True)
class StandBy:
    """Write down that the spare can be claimed from now on."""


@dataclass(frozen=True, slots=True)
class Bind:
    """Give a claimed run its homes and its person."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Put the run's routes into the gateway."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """Let the gateway ring for whoever wants it, then freeze its container."""


@dataclass(frozen=True, slots=True)
class Thaw:
    """Let its container go on, and write down that it is awake."""


@dataclass(frozen=True, slots=True)
class Unpublish:
    """Take the run's routes and grants out of the gateway and cut what is open."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Stop the container politely within `grace`, then remove it."""

    grace: timedelta


@dataclass(frozen=True, slots=True)
class Detach:
    """Detach the run's homes."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do until something changes."""


Step = (
    Record
    | Pull
    | Wait
    | Launch
    | Probe
    | StandBy
    | Bind
    | Publish
    | Freeze
    | Thaw
    | Unpublish
    | Remove
    | Detach
    | Rest
)


def next_step(
    wanted: bool, why_not: Reason, run: RunFacts, seen: Seen, now: datetime, patience: Patience
) -> Step:
    """Say what to do next for one run. Total over all inputs; never names a backward move.

    `wanted` is whether this very run is still wanted; `why_not` is recorded when it is not.
    """
    if run.phase is Phase.ENDED:
        return Rest()
    if run.phase is Phase.STOPPING:
        return _towards_end(run, seen, patience)
    if not wanted:
        return Record(Phase.STOPPING, why_not)
    if run.phase is Phase.NEW:
        return _towards_its_turn(run, seen)
    if run.phase is Phase.STARTING:
        return _towards_running(run, seen)
    return _while_running(run, seen, now, patience)


def _towards_its_turn(run: RunFacts, seen: Seen) -> Step:
    if not seen.image_here:
        return Pull()  # also while others go first
    may_start = run.has_turn or run.standing is not Standing.COLD
    return Record(Phase.STARTING) if may_start else Wait()


def _towards_running(run: RunFacts, seen: Seen) -> Step:
    match seen.container.status:
        case ContainerStatus.RUNNING:
            return Record(Phase.ANSWERING)
        case ContainerStatus.EXITED:
            return Record(Phase.STOPPING, reason_of_exit(seen.container.exit, was_ready=False))
        case ContainerStatus.ABSENT if run.launched:
            return Record(Phase.STOPPING, Reason(Cause.VANISHED))
    return Launch()


def _while_running(run: RunFacts, seen: Seen, now: datetime, patience: Patience) -> Step:
    if seen.container.status is not ContainerStatus.RUNNING:
        return Record(Phase.STOPPING, _why_it_ended(run, seen.container))
    if run.phase is Phase.READY:
        return _while_ready(run, seen)
    match run.standing:
        case Standing.WAITING:
            return _towards_sleep(run, seen)
        case Standing.CLAIMED:
            return _towards_its_person(run, seen, now, patience)
        case Standing.COMING if seen.answers:
            return StandBy()
        case Standing.COLD if seen.answers:
            return Record(Phase.READY) if seen.published else Publish()
    is_cold = run.standing is Standing.COLD
    until = run.phase_since + (patience.to_answer if is_cold else patience.ahead)
    if now >= until:
        return Record(Phase.STOPPING, Reason(Cause.NO_ANSWER))
    return Probe(until)


def _while_ready(run: RunFacts, seen: Seen) -> Step:
    if run.standing in (Standing.COMING, Standing.WAITING):
        return Record(Phase.STOPPING, Reason(Cause.SPARE_RETIRED))  # reachable, and nobody's
    return _towards_sleep(run, seen) if seen.published else Publish()


def _towards_sleep(run: RunFacts, seen: Seen) -> Step:
    if run.should_sleep and not run.asleep:
        return Freeze()
    # Frozen no more, whoever saw to that: somebody uses it.
    return Thaw() if run.asleep and not (run.should_sleep and seen.frozen) else Rest()


def _towards_its_person(run: RunFacts, seen: Seen, now: datetime, patience: Patience) -> Step:
    # The homes first: nobody must be let in to a container that is not theirs yet.
    if not seen.bound:
        is_late = run.claimed_at is not None and now - run.claimed_at >= patience.to_bind
        return Record(Phase.STOPPING, Reason(Cause.SPARE_LOST)) if is_late else Bind()
    if run.asleep:
        return Thaw()
    return Record(Phase.READY) if seen.published else Publish()


def _why_it_ended(run: RunFacts, container: Sighting) -> Reason:
    was_ready = run.phase is Phase.READY
    if run.standing is Standing.CLAIMED and not was_ready:
        return Reason(Cause.SPARE_LOST)
    if container.status is ContainerStatus.EXITED:
        return reason_of_exit(container.exit, was_ready=was_ready)
    return Reason(Cause.VANISHED)


def _towards_end(run: RunFacts, seen: Seen, patience: Patience) -> Step:
    # Traffic first: nobody must be sent to a container that is being removed.
    if seen.published:
        return Unpublish()
    # Asleep it would not hear that it is to end.
    if run.asleep:
        return Thaw()
    if seen.container.status is not ContainerStatus.ABSENT:
        # A spare that is nobody's has nothing to save.
        is_nobodys = run.standing in (Standing.COMING, Standing.WAITING)
        return Remove(timedelta(0) if is_nobodys else patience.to_stop)
    # The container is gone, so nothing in it can hold the homes any more.
    if seen.attached:
        return Detach()
    return Record(Phase.ENDED)


def reason_of_exit(exit: Exit | None, *, was_ready: bool) -> Reason:
    """Tell the kinds of exit apart.

    Status 0 after the run was ready is the program's own end, not a failure.
    """
    if exit is None:
        return Reason(Cause.VANISHED)
    if exit.out_of_memory:
        return Reason(Cause.OUT_OF_MEMORY)
    if exit.error:
        return Reason(_cause_of_engine_error(exit.error), {"detail": exit.error})
    if exit.status == 0 and was_ready:
        return Reason(Cause.ENDED_ITSELF)
    if exit.status > 128:
        return Reason(Cause.KILLED, {"signal": str(exit.status - 128)})
    return Reason(Cause.EXITED, {"status": str(exit.status)})


_NO_PROGRAM = (
    "executable file not found",
    "no such file or directory",
    "permission denied",
    "exec format error",
)


def _cause_of_engine_error(sentence: str) -> Cause:
    lowered = sentence.lower()
    if "no space left" in lowered:
        return Cause.DISK_FULL
    if any(sign in lowered for sign in _NO_PROGRAM):
        return Cause.COMMAND_MISSING
    return Cause.ENGINE_REFUSED
