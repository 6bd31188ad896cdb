"""A run in a world that loses things: whatever happens, it comes to where it should be."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mydocker.domain.runs import (
    ABSENT,
    Bind,
    ContainerStatus,
    Detach,
    Exit,
    Freeze,
    Launch,
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
)
from tests.domain.test_runs import ASKED, NOW, PATIENCE, SIGHTINGS


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
