"""Builds on a stand-in of the builder, with the real database: turns, ends, and begun anew."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.build_logs import LogEntry
from mydocker.domain.builds import MOST_TRIES, Asked, State, in_turn, to_begin
from mydocker.domain.people import Person
from mydocker.domain.recipes import Dockerfile
from mydocker.loops.building import Site, Terms
from mydocker.loops.foreman import Foreman
from mydocker.loops.journal import Journals
from mydocker.loops.launching import Protection
from mydocker.loops.office import Desk, serve
from mydocker.ports.builder import Cage
from mydocker.ports.nodes import Bridge
from mydocker.services import images
from mydocker.steady import SteadyClock
from mydocker.store import builds
from mydocker.store.builds import BuildRow
from mydocker.testing.fake_agent import FakeAgent
from mydocker.testing.fake_builder import FakeBuildEngine, FakeBuilder, Step
from tests.images import teacher
from tests.loops.house import Watched, now

BASE = "FROM mydocker/tiny:latest"
LASTS, FAILS, FILLS = "RUN sleep 600", "RUN pip install numpie", "RUN fill"
STEPS = {
    LASTS: Step(lines=("here",), lasts=True),
    FAILS: Step(
        lines=("ERROR: No matching distribution found for numpie",), status=1
    ),
    FILLS: Step(writes=10**12),
}  # fmt: skip
database_test = pytest.mark.django_db(transaction=True)


@dataclass
class Yard:
    """A foreman at work, and what is around it."""

    database: Watched
    builder: FakeBuilder
    agent: FakeAgent
    journals: Journals
    desk: Desk

    async def state(self, build: BuildRow, state: State) -> BuildRow:
        """Wait until a build is in a state."""
        await self.database.until(lambda: _row(build).state is state)
        return await self.database(_row, build)

    async def log(self, build: BuildRow, *, follow: bool = False) -> list[LogEntry]:
        """Read a build's log."""
        return [entry async for entry in self.journals.read(build.id, 0, follow=follow)]


def _row(build: BuildRow) -> BuildRow:
    found = builds.by_id(build.id)
    assert found is not None
    return found


def _is_at(build: BuildRow, tries: int, step: int) -> bool:
    row = _row(build)
    return (row.tries, row.step) == (tries, step)


@asynccontextmanager
async def yard(
    folder: Path, engine: FakeBuildEngine | None = None, *, at_once: int = 1
) -> AsyncIterator[Yard]:
    """Leaving cuts all builds off, as the end of the service does."""
    database, clock, agent = Watched(), SteadyClock(), FakeAgent()
    agent.rules = ([Bridge("mdabc123-b", "open")], [])
    builder, journals = FakeBuilder(STEPS, engine=engine), Journals(folder)
    terms = Terms("abc123", Cage(1 << 30, 10**9, 10**9, 60), arguments={"PIP_INDEX_URL": "x"})
    site = Site(database, builder, agent, clock, journals, terms)
    protection = Protection(agent, patience_seconds=30)
    foreman = Foreman(database, builder, agent, clock, site, journals, protection, at_once=at_once)
    desk = Desk(foreman, key="builds")
    stop = asyncio.Event()
    serving = asyncio.create_task(serve([desk], [], stop.wait()))
    try:
        yield Yard(database, builder, agent, journals, desk)
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await serving
        await foreman.close()
        database.close()


def ask(*steps: str, name: str = "one", person: Person | None = None) -> BuildRow:
    """Somebody makes an image and asks for a build."""
    person = person or teacher(now())
    images.create(person, name, Dockerfile("\n".join([BASE, *steps, ""])), now())
    return images.ask_build(person, name, now())


@database_test
@pytest.mark.asyncio
async def test_a_build_that_is_asked_for_becomes_an_image(tmp_path: Path) -> None:
    async with yard(tmp_path) as at:
        build = await at.database(ask, "RUN true")
        await at.state(build, State.DONE)
        await at.database.until(lambda: _row(build).packages)
        done = await at.database(_row, build)
        assert done.reference == "md-abc123/one:1"
        assert done.reference in at.builder.engine.images
        assert [layer.made_by for layer in done.layers][-1] == "RUN true"
        assert done.packages[0].name == "bash"
        assert (done.step, done.tries) == (2, 1)
        log = await at.log(build, follow=True)
    # The teacher's steps are counted, and none of what was put in.
    steps = [(each.step, each.text) for each in log if each.kind == "step"]
    assert steps == [(1, BASE), (2, "RUN true")]
    assert [each.kind for each in log][-2:] == ["look", "end"]
    (order,) = at.builder.orders
    assert "ARG PIP_INDEX_URL" in order.dockerfile
    assert order.cage.parent == f"/cages/{build.id}"


@database_test
@pytest.mark.asyncio
async def test_who_is_looked_into_is_left_alone_by_others_builds(tmp_path: Path) -> None:
    async with yard(tmp_path) as at:
        at.builder.may_look.clear()
        first = await at.database(ask, "RUN true")
        await at.state(first, State.DONE)
        second = await at.database(ask, "RUN true", name="two", person=await at.database(other))
        at.builder.may_look.set()
        await at.state(second, State.DONE)
        await at.database.until(lambda: _row(first).packages)
        assert (await at.log(first, follow=True))[-1].text == "done"
        assert f"md-{at.agent.instance}/one:latest" in at.builder.engine.images


def other() -> Person:
    return teacher(now(), "other@example.org")


@pytest.mark.asyncio
async def test_a_line_that_was_cut_off_spoils_no_log(tmp_path: Path) -> None:
    journals = Journals(tmp_path)
    with journals.open("torn") as journal:
        journal.write("said", "before")
    with (tmp_path / "torn.log").open("ab") as file:
        file.write(b'[1.0, 2, "sa')
    with journals.open("torn") as journal:
        journal.write("again")
    found = [entry async for entry in journals.read("torn", 0, follow=True)]
    assert [(each.kind, each.text) for each in found] == [("said", "before"), ("again", "")]


@database_test
@pytest.mark.asyncio
async def test_a_build_that_fails_says_why_and_where(tmp_path: Path) -> None:
    async with yard(tmp_path) as at:
        build = await at.database(ask, "RUN true", FAILS)
        failed = await at.state(build, State.FAILED)
        log = await at.log(build)
    assert (failed.failure["why"], failed.failure["line"]) == ("step", 3)
    assert "numpie" in str(failed.failure["facts"])
    assert log[-1].text == "failed"


@database_test
@pytest.mark.asyncio
async def test_what_may_not_be_built_is_refused_even_if_it_was_stored(tmp_path: Path) -> None:
    def hostile() -> BuildRow:
        person = teacher(now())
        known = images.create(person, "one", Dockerfile(f"{BASE}\n"), now())
        plan = builds.Plan(known.row.recipe, f"{BASE}\nADD http://169.254.169.254/ /x\n")
        made = builds.ask(known.row.id, plan, asked_by=person.id, now=now())
        assert made is not None
        return made

    async with yard(tmp_path) as at:
        failed = await at.state(await at.database(hostile), State.FAILED)
        assert not at.builder.orders
    assert (failed.failure["why"], failed.failure["line"]) == ("recipe", 2)


@database_test
@pytest.mark.asyncio
async def test_a_build_is_cancelled_whether_it_waits_or_is_under_way(tmp_path: Path) -> None:
    async with yard(tmp_path) as at:
        person = await at.database(teacher, now())
        first = await at.database(ask, LASTS, person=person)
        await at.state(first, State.BUILDING)
        second = await at.database(ask, LASTS, name="two", person=person)
        await at.database(images.cancel_build, person, "two", 1, now())
        assert (await at.database(_row, second)).state is State.CANCELLED
        await at.database(images.cancel_build, person, "one", 1, now())
        await at.state(first, State.CANCELLED)
        assert (await at.log(first))[-1].text == "cancelled"
        assert not at.builder.engine.steps
        third = await at.database(ask, "RUN true", name="three", person=person)
        await at.state(third, State.DONE)


@database_test
@pytest.mark.asyncio
async def test_a_build_that_was_cut_off_begins_anew(tmp_path: Path) -> None:
    engine = FakeBuildEngine()
    async with yard(tmp_path, engine) as at:
        build = await at.database(ask, "RUN true", LASTS)
        await at.database.until(partial(_is_at, build, 1, step=3))
    engine.steps.add(build.id)  # what a killed process leaves
    async with yard(tmp_path, engine) as at:
        at.builder.steps[LASTS] = Step()
        done = await at.state(build, State.DONE)
        log = await at.log(build)
        assert not engine.steps
    assert done.tries == 2
    after = log[[each.kind for each in log].index("again") :]
    assert [(each.kind, each.step) for each in after if each.kind == "cached"] == [
        ("cached", 1), ("cached", 2),
    ]  # fmt: skip


@database_test
@pytest.mark.asyncio
async def test_a_build_outlives_its_engine(tmp_path: Path) -> None:
    async with yard(tmp_path) as at:
        build = await at.database(ask, LASTS)
        await at.database.until(partial(_is_at, build, 1, step=2))
        at.builder.go()
        await at.state(build, State.QUEUED)
        at.builder.steps[LASTS] = Step()
        at.builder.come()
        assert (await at.state(build, State.DONE)).tries == 2


@database_test
@pytest.mark.asyncio
async def test_a_build_that_is_cut_off_again_and_again_has_failed(tmp_path: Path) -> None:
    engine = FakeBuildEngine()
    build: BuildRow | None = None
    for tries in range(1, MOST_TRIES + 1):
        async with yard(tmp_path, engine) as at:
            build = build or await at.database(ask, LASTS)
            await at.database.until(partial(_is_at, build, tries, step=2))
    assert build is not None
    async with yard(tmp_path, engine) as at:
        failed = await at.state(build, State.FAILED)
    assert failed.tries == MOST_TRIES


@database_test
@pytest.mark.asyncio
async def test_nothing_is_built_where_the_firewall_is_missing(tmp_path: Path) -> None:
    async with yard(tmp_path) as at:
        at.agent.rules = None
        build = await at.database(ask, "RUN true")
        at.desk.wake("")
        await at.database.until(lambda: True)
        assert (await at.database(_row, build)).state is State.QUEUED
        at.agent.rules = ([Bridge("mdabc123-b", "open")], [])
        await at.state(build, State.DONE)


@database_test
@pytest.mark.asyncio
async def test_a_disk_that_is_nearly_full_ends_the_youngest_build(tmp_path: Path) -> None:
    async with yard(tmp_path) as at:
        build = await at.database(ask, LASTS)
        await at.state(build, State.BUILDING)
        at.agent.disk_now = replace(at.agent.disk_now, reserve_hit=True)
        at.desk.wake("")
        failed = await at.state(build, State.FAILED)
    assert failed.failure["why"] == "disk"


@database_test
@pytest.mark.asyncio
async def test_who_asks_for_many_does_not_keep_others_waiting(tmp_path: Path) -> None:
    async with yard(tmp_path) as at:
        ada = await at.database(teacher, now(), "ada@example.org")
        grace = await at.database(teacher, now(), "grace@example.org")
        first = await at.database(ask, LASTS, name="a1", person=ada)
        await at.state(first, State.BUILDING)
        second = await at.database(ask, LASTS, name="a2", person=ada)
        third = await at.database(ask, LASTS, name="g1", person=grace)
        await at.database(images.cancel_build, ada, "a1", 1, now())
        await at.state(third, State.BUILDING)
        assert (await at.database(_row, second)).state is State.QUEUED


NOON = now().replace(microsecond=0)


@st.composite
def lines(draw: st.DrawFn) -> list[Asked]:
    drawn = draw(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=8))
    return [Asked(f"b{n}", who, NOON.replace(microsecond=at)) for n, (who, at) in enumerate(drawn)]


@given(lines(), st.lists(st.sampled_from("abc"), max_size=6), st.integers(0, 4), st.integers(0, 4))
def test_turns_go_to_who_had_fewest(
    waiting: list[Asked], had: list[str], going: int, at_once: int
) -> None:
    line = in_turn(waiting, had)
    assert sorted(each.build for each in line) == sorted(each.build for each in waiting)
    begun = to_begin(waiting, had, [str(n) for n in range(going)], at_once)
    assert list(begun) == list(line)[: max(0, at_once - going)]
    turns = {who: had.count(who) for who in "abc"}
    for n, each in enumerate(line):
        assert turns[each.person] == min(turns[other.person] for other in line[n:])
        turns[each.person] += 1
    for who in "abc":
        own = [each.asked_at for each in line if each.person == who]
        assert own == sorted(own)
