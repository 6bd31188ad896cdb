"""Promises of `next_step`, tried on every combination and in a world that loses things."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@dataclass(slots=True)
class World:
    """The outside, and the database: one run in a place where anything may be lost.

    Each step is done in three parts (act, notice, write down), and a crash may fall after any.
    """

    run: RunFacts = field(default_factory=lambda: RunFacts(Phase.NEW, NOW))
    container: Sighting = ABSENT
    image_here: bool = False
    listens: bool = True
    published: bool = False
    attached: bool = False
    bound: bool = False
    frozen: bool = False
    wanted: bool = True
    now: datetime = NOW
    starts: int = 0
    lost_unnoticed: int = 0
    phases: list[Phase] = field(default_factory=lambda: [Phase.NEW])

    def seen(self) -> Seen:
        running = self.container.status is ContainerStatus.RUNNING
        return Seen(
            self.container, self.image_here, running and self.listens, self.published,
            self.attached, self.bound, running and self.frozen,
        )  # fmt: skip

    def turn(self, survives: int = 3) -> Step:
        """Take one step; the process dies after `survives` of its three parts."""
        step = next_step(self.wanted, ASKED, self.run, self.seen(), self.now, PATIENCE)
        if survives > 0 and isinstance(step, Freeze):
            self.run = replace(self.run, asleep=True)  # written before
        if survives > isinstance(step, Freeze):
            self.act(step)
        if isinstance(step, Wait):
            self.run = replace(self.run, has_turn=True)
        if survives > 2 and isinstance(step, Thaw):
            self.run = replace(self.run, asleep=False, should_sleep=False)
        if survives > 1 and isinstance(step, Launch):
            self.run = replace(self.run, launched=True)
        if survives > 2 and isinstance(step, Record):
            self.write(step)
        if survives > 2 and isinstance(step, StandBy):
            self.run = replace(self.run, standing=Standing.WAITING)
        return step

    def claim(self) -> None:
        """Somebody takes the spare, at any instant: it works only while one stands by."""
        if self.run.standing is Standing.WAITING and self.run.phase is Phase.ANSWERING:
            self.run = replace(self.run, standing=Standing.CLAIMED, should_sleep=False)

    def act(self, step: Step) -> None:
        self.frozen = isinstance(step, Freeze) or (self.frozen and not isinstance(step, Thaw))
        match step:
            case Pull():
                self.image_here = True
            case Launch():
                self.launch()
            case Probe(until):
                self.now = self.now if self.listens else max(self.now, until)
            case Publish():
                self.published = True
            case Unpublish():
                self.published = False
            case Remove():
                assert not self.published and not self.frozen
                self.container = ABSENT
            case Detach():
                assert self.container is ABSENT
                self.attached = False
            case Bind():
                assert self.run.standing is Standing.CLAIMED
                self.bound = True
            case Record() | Rest() | StandBy() | Freeze() | Thaw():
                pass

    def launch(self) -> None:
        self.attached = True
        if self.container.status in (ContainerStatus.ABSENT, ContainerStatus.CREATED):
            self.starts += 1
            self.container = Sighting(ContainerStatus.RUNNING, address="172.30.0.2")

    def write(self, step: Record) -> None:
        assert step.phase > self.run.phase
        self.phases.append(step.phase)
        self.run = replace(
            self.run,
            phase=step.phase,
            phase_since=self.now,
            failure=step.reason or self.run.failure,
        )

    def suffer(self, mishap: str) -> None:
        match mishap:
            case "vanish" if self.container is not ABSENT:
                self.lost_unnoticed += not self.run.launched
                self.container = ABSENT
            case "exit" if self.container.status is ContainerStatus.RUNNING:
                self.container = Sighting(ContainerStatus.EXITED, exit=Exit(1))
            case "claim":
                self.claim()
            case "nobody uses it":
                may = self.run.phase is Phase.READY or self.run.standing is Standing.WAITING
                self.run = replace(self.run, should_sleep=may and self.run.phase < Phase.STOPPING)
            case "clock" | "clock back":
                self.now += timedelta(hours=-1 if mishap == "clock back" else 1)
            case _ if mishap in FORGOTTEN:
                setattr(self, FORGOTTEN[mishap], False)


FORGOTTEN = {
    "forget image": "image_here",
    "gateway forgets": "published",
    "ring": "frozen",
    "unwant": "wanted",
    "fall silent": "listens",
}
MISHAPS = (
    "vanish",
    "exit",
    "forget image",
    "gateway forgets",
    "claim",
    "nobody uses it",
    "ring",
    "unwant",
    "fall silent",
    "clock",
    "clock back",
)
INSTANTS = st.one_of(st.integers(0, 3), st.sampled_from(MISHAPS))


@settings(max_examples=400, deadline=None)
@given(st.lists(INSTANTS, max_size=30), st.booleans())
def test_it_converges_whatever_was_lost_on_the_way(instants: list[int | str], unwant: bool) -> None:
    world = World()
    for instant in instants:
        if isinstance(instant, str):
            world.suffer(instant)
        else:
            world.turn(survives=instant)
    world.wanted = world.wanted and not unwant
    for _turn in range(15):
        world.turn()
    assert isinstance(world.turn(), Rest)
    assert world.phases == sorted(set(world.phases))
    assert world.starts <= 1 + world.lost_unnoticed
    if world.run.phase is Phase.READY:
        assert world.wanted and world.published and world.attached
        assert world.frozen == world.run.asleep == world.run.should_sleep
    else:
        assert world.run.phase is Phase.ENDED and world.run.failure is not None
        assert (world.container, world.published, world.attached) == (ABSENT, False, False)


@settings(max_examples=400, deadline=None)
@given(st.lists(INSTANTS, max_size=30), st.sampled_from(["keep", "claim", "retire"]))
def test_a_spare_stands_by_or_serves_its_person_or_is_gone(
    instants: list[int | str], then: str
) -> None:
    world = World(RunFacts(Phase.NEW, NOW, standing=Standing.COMING))
    for instant in instants:
        if isinstance(instant, str):
            world.suffer(instant)
        else:
            world.turn(survives=instant)
    if then == "claim":
        world.claim()
    world.wanted = world.wanted and then != "retire"
    for _turn in range(15):
        world.turn()
    assert isinstance(world.turn(), Rest)
    match world.run.phase, world.run.standing:
        case Phase.ANSWERING, Standing.WAITING:
            assert world.wanted and not (world.published or world.bound)
            assert world.frozen == world.run.asleep == world.run.should_sleep
        case Phase.READY, Standing.CLAIMED:
            assert world.wanted and world.published and world.attached
            assert world.frozen == world.run.asleep == world.run.should_sleep
        case phase, _:
            assert phase is Phase.ENDED and world.run.failure is not None
            assert (world.container, world.published, world.attached) == (ABSENT, False, False)


def test_without_mishaps_a_spare_takes_the_straight_way_to_its_person() -> None:
    world = World(RunFacts(Phase.NEW, NOW, standing=Standing.COMING))
    steps = [type(world.turn()) for _turn in range(6)]
    assert steps == [Pull, Record, Launch, Record, StandBy, Rest]
    world.claim()
    steps = [type(world.turn()) for _turn in range(5)]
    assert steps == [Bind, Publish, Record, Rest, Rest]


def test_a_claim_wakes_a_spare_that_sleeps() -> None:
    asleep = RunFacts(
        Phase.ANSWERING, NOW, launched=True, standing=Standing.WAITING, should_sleep=True
    )
    world = World(asleep, container=SIGHTINGS[2])
    assert [type(world.turn()) for _turn in range(2)] == [Freeze, Rest]
    world.claim()
    steps = [type(world.turn()) for _turn in range(5)]
    assert steps == [Bind, Thaw, Publish, Record, Rest]


def test_a_sleeper_is_thawed_before_it_is_told_to_end() -> None:
    asleep = RunFacts(Phase.READY, NOW, launched=True, should_sleep=True, asleep=True)
    world = World(asleep, container=SIGHTINGS[2], published=True, frozen=True, attached=True)
    world.wanted = False
    steps = [type(world.turn()) for _turn in range(7)]
    assert steps == [Record, Unpublish, Thaw, Remove, Detach, Record, Rest]


def test_without_mishaps_it_takes_the_straight_way() -> None:
    world = World()
    steps = [type(world.turn()) for _turn in range(8)]
    assert steps == [Pull, Wait, Record, Launch, Record, Publish, Record, Rest]
    world.wanted = False
    steps = [type(world.turn()) for _turn in range(6)]
    assert steps == [Record, Unpublish, Remove, Detach, Record, Rest]
