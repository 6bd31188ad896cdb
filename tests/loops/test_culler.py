"""Who is idle, and who is not."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mydocker.domain.failures import Cause
from mydocker.domain.runs import Phase
from mydocker.loops.culler import EVERYBODY, Culler
from mydocker.loops.database import Database
from mydocker.ports.activity import Work
from mydocker.ports.errors import Unavailable
from mydocker.ports.gateway import Activity
from mydocker.ports.nodes import ContainerUsage
from mydocker.services import workspaces as services
from mydocker.store import runs, story
from mydocker.store import workspaces as stored
from mydocker.store.runs import RunRow
from mydocker.testing.fake_agent import FakeAgent
from mydocker.testing.fake_gateway import FakeGateway
from tests.loops.house import now
from tests.people import student, tiny

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
CONTAINER = "c" * 64
MINUTE = timedelta(minutes=1)


class HandClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = now()

    def now(self) -> datetime:
        return self.at


class Notebook:
    """A Jupyter that says what a test wants."""

    def __init__(self) -> None:
        self.work: Work | None = None
        self.asked = 0

    async def sense(self, address: str, port: int, authorization: str) -> Work | None:
        self.asked += 1
        if self.work is None:
            raise Unavailable("silent")
        return self.work


class Round:
    """A culler with stand-ins, and one ready workspace."""

    def __init__(self) -> None:
        self.clock, self.gateway, self.agent = HandClock(), FakeGateway("apps.test"), FakeAgent()
        self.notebook, self.database = Notebook(), Database()
        self.culler = Culler(
            self.database, self.gateway, self.agent, self.notebook, self.clock,  # type: ignore[arg-type]
            asked_bytes=lambda: self.asked_bytes,
        )  # fmt: skip
        self.asked_bytes = 0
        self.run: RunRow | None = None

    async def begin(self, **changes: object) -> None:
        self.run = await self.database(self._ready, changes)

    def _ready(self, changes: Mapping[str, object]) -> RunRow:
        at = self.clock.at
        runs.make_local_node()
        found, person = tiny(at, **changes), student(at)
        row = stored.find(services.ask(person, "tiny", at).workspace)
        assert row is not None
        made = runs.make(row.id, 1, found.row, [8888], "apps.test", at, at)
        assert made is not None
        runs.note(made.id, container=CONTAINER, address="10.0.0.2")
        assert runs.advance(made, Phase.READY, at)
        ready = runs.find(made.id)
        assert ready is not None
        return ready

    async def look(self, after: timedelta, *, deeds: int | None = None, cpu: float = 0) -> None:
        """One round of the culler, so much later, with so many interactions meanwhile."""
        assert self.run is not None
        self.clock.at += after
        if deeds is not None:
            self.gateway.interact(self.run.hosts[8888], deeds)
        self.agent.usages[CONTAINER] = ContainerUsage(int(cpu * 1e9), 0, None, 1, 0, 0)
        await self.culler.turn(EVERYBODY, asyncio.Event())

    async def wanted(self) -> bool:
        assert self.run is not None
        row = await self.database(stored.find, self.run.workspace)
        assert row is not None
        return row.wanted

    async def should_sleep(self) -> bool:
        assert self.run is not None
        row = await self.database(runs.find, self.run.id)
        assert row is not None
        return row.should_sleep

    async def sleep(self) -> None:
        """The custodian does as is wished."""
        assert self.run is not None
        assert await self.database(runs.fall_asleep, self.run.id, self.clock.at)
        await self.agent.freeze([self.run.container])

    async def awake(self) -> None:
        """Somebody rang."""
        assert self.run is not None
        await self.database(runs.awoke, self.run.id)

    async def kinds(self) -> list[str]:
        assert self.run is not None
        return [row.kind for row in await self.database(story.since, self.run.workspace, 0)]


@pytest.fixture
def round_() -> Iterator[Round]:
    round_ = Round()
    yield round_
    round_.database.close()


async def test_quiet_for_too_long_warns_then_stops_and_says_why(round_: Round) -> None:
    await round_.begin()
    await round_.look(MINUTE, deeds=1)
    await round_.look(14 * MINUTE)
    assert await round_.wanted()
    await round_.look(3 * MINUTE)
    assert "warned" in await round_.kinds()
    assert await round_.wanted()
    await round_.look(5 * MINUTE)
    assert not await round_.wanted()
    assert round_.run is not None
    row = await round_.database(stored.find, round_.run.workspace)
    assert row is not None
    assert (row.stop_cause, row.stop_facts) == (Cause.IDLE, {"minutes": "20"})


async def test_interaction_keeps_it(round_: Round) -> None:
    await round_.begin()
    for _ in range(11):
        await round_.look(10 * MINUTE, deeds=1)
    assert await round_.wanted()


async def test_work_on_the_processor_keeps_it_and_an_idle_one_does_not(round_: Round) -> None:
    await round_.begin()
    await round_.look(MINUTE, cpu=0)
    for minutes in range(1, 5):
        await round_.look(10 * MINUTE, cpu=minutes * 600 * 0.1)  # a tenth of a core
    assert await round_.wanted()
    for _ in range(3):
        await round_.look(10 * MINUTE, cpu=4 * 60 + 1)
    assert not await round_.wanted()


JUPYTER = {
    "interfaces": [
        {"key": "lab", "title": "Lab", "link": "http://{{HOST['8888']}}/lab", "auth": "jupyter"}
    ]
}


async def test_a_busy_kernel_keeps_it_whatever_the_processor_does(round_: Round) -> None:
    await round_.begin(**JUPYTER)
    round_.notebook.work = Work(busy=True, last=None)
    for _ in range(6):
        await round_.look(10 * MINUTE)
    assert await round_.wanted()
    round_.notebook.work = Work(busy=False, last=round_.clock.at - timedelta(days=1))
    for _ in range(3):
        await round_.look(10 * MINUTE, cpu=10_000)
    assert not await round_.wanted()


async def test_the_application_is_not_asked_while_people_interact(round_: Round) -> None:
    await round_.begin(**JUPYTER)
    await round_.look(MINUTE, deeds=1)
    asked = round_.notebook.asked
    for _ in range(4):
        await round_.look(MINUTE, deeds=1)
    assert round_.notebook.asked == asked


async def test_the_absolute_limit_stops_what_is_busy_unless_extended(round_: Round) -> None:
    await round_.begin(lifetime={"idle": "20min", "absolute": "1h", "warning": "5min"})
    for _ in range(6):
        await round_.look(9 * MINUTE, deeds=1)
    assert round_.run is not None
    person = await round_.database(student, round_.clock.at)
    until = await round_.database(services.extend, person, round_.run.workspace, round_.clock.at)
    assert until > round_.clock.at + 30 * MINUTE
    await round_.look(10 * MINUTE, deeds=1)
    assert await round_.wanted()
    round_.clock.at = until
    await round_.look(MINUTE, deeds=1)
    assert not await round_.wanted()


async def test_a_restarted_gateway_that_counts_anew_ends_nobody(round_: Round) -> None:
    await round_.begin()
    await round_.look(MINUTE, deeds=50)
    round_.gateway.restart()
    await round_.look(15 * MINUTE, deeds=1)
    await round_.look(15 * MINUTE, deeds=1)
    assert await round_.wanted()


SLEEPY = {"lifetime": {"idle": "2h", "sleep": "20min"}}


async def test_nobody_uses_it_so_it_may_sleep_and_the_first_interaction_wakes_it(
    round_: Round,
) -> None:
    await round_.begin(**SLEEPY)
    await round_.look(MINUTE)
    await round_.look(MINUTE, deeds=1)
    await round_.look(19 * MINUTE)
    assert not await round_.should_sleep()
    await round_.look(MINUTE)
    assert await round_.should_sleep()
    await round_.sleep()
    await round_.look(MINUTE)
    assert await round_.should_sleep()
    await round_.look(MINUTE, deeds=1)
    assert not await round_.should_sleep()


async def test_who_works_does_not_sleep(round_: Round) -> None:
    await round_.begin(**SLEEPY, **JUPYTER)
    round_.notebook.work = Work(busy=True, last=None)
    for _ in range(5):
        await round_.look(10 * MINUTE)
    assert not await round_.should_sleep()


async def test_a_sleeper_is_not_asked_whether_it_works(round_: Round) -> None:
    await round_.begin(**SLEEPY, **JUPYTER)
    await round_.look(30 * MINUTE)
    await round_.sleep()
    asked = round_.notebook.asked
    await round_.look(MINUTE)
    assert round_.notebook.asked == asked
    assert await round_.should_sleep()


async def test_who_was_woken_without_a_person_sleeps_again_after_a_minute(round_: Round) -> None:
    await round_.begin(**SLEEPY)
    await round_.look(30 * MINUTE)
    await round_.sleep()
    await round_.look(MINUTE)
    await round_.awake()
    await round_.look(MINUTE / 2)
    assert not await round_.should_sleep()
    await round_.look(MINUTE)
    assert await round_.should_sleep()


async def test_a_sleeper_ends_when_its_time_is_over(round_: Round) -> None:
    await round_.begin(**SLEEPY)
    await round_.look(30 * MINUTE)
    await round_.sleep()
    for _ in range(6):
        await round_.look(20 * MINUTE)
    assert not await round_.wanted()


async def test_a_sleeper_ends_when_others_need_the_memory_and_says_so(round_: Round) -> None:
    await round_.begin(**SLEEPY)
    await round_.look(30 * MINUTE)
    await round_.sleep()
    await round_.look(MINUTE)
    assert await round_.wanted()
    round_.agent.machine_now = replace(
        round_.agent.machine_now, memory_total_bytes=10**10, memory_available_bytes=10**8
    )
    await round_.look(MINUTE)
    assert not await round_.wanted()
    assert round_.run is not None
    row = await round_.database(stored.find, round_.run.workspace)
    assert row is not None
    assert row.stop_cause == Cause.MEMORY_NEEDED


async def test_a_sleeper_ends_at_once_for_people_who_wait(round_: Round) -> None:
    await round_.begin(**SLEEPY)
    await round_.look(30 * MINUTE)
    await round_.sleep()
    round_.asked_bytes = round_.agent.machine_now.memory_total_bytes
    await round_.culler.turn(runs.LOCAL, asyncio.Event())
    assert not await round_.wanted()


async def test_who_is_awake_is_not_ended_for_memory(round_: Round) -> None:
    await round_.begin(**SLEEPY)
    round_.agent.machine_now = replace(
        round_.agent.machine_now, memory_total_bytes=10**10, memory_available_bytes=10**8
    )
    await round_.look(MINUTE, deeds=1)
    assert await round_.wanted()


async def test_who_was_woken_while_nobody_listened_is_not_ended_for_memory(round_: Round) -> None:
    await round_.begin(**SLEEPY)
    await round_.look(30 * MINUTE)
    await round_.sleep()
    assert round_.run is not None
    await round_.agent.thaw([round_.run.container])  # by the gateway, and it is not written yet
    round_.asked_bytes = round_.agent.machine_now.memory_total_bytes
    await round_.culler.turn(runs.LOCAL, asyncio.Event())
    assert await round_.wanted()


async def test_a_gateway_that_counts_anew_wakes_nobody(round_: Round) -> None:
    await round_.begin(**SLEEPY)
    await round_.look(MINUTE, deeds=50)
    await round_.look(30 * MINUTE)
    await round_.sleep()
    round_.gateway.restart()
    await round_.look(MINUTE)
    assert await round_.should_sleep()


async def test_what_is_extended_while_a_round_goes_on_is_not_stopped(round_: Round) -> None:
    await round_.begin()
    await round_.look(MINUTE, deeds=1)
    counted = round_.gateway.activity

    async def extended_meanwhile() -> Mapping[str, Activity]:
        assert round_.run is not None
        until = round_.clock.at + 60 * MINUTE
        await round_.database(stored.extend, round_.run.workspace, until)
        return await counted()

    round_.gateway.activity = extended_meanwhile  # type: ignore[method-assign]
    await round_.look(25 * MINUTE)
    assert await round_.wanted()
    assert "warned" not in await round_.kinds()
