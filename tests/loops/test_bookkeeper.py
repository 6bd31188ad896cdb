"""What is counted for the graphs: once for each five minutes, whatever restarts."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from mydocker.domain.runs import Phase
from mydocker.loops.bookkeeper import KEPT, Bookkeeper, moment_of
from mydocker.loops.database import Database
from mydocker.ports.errors import Unavailable
from mydocker.steady import SteadyClock
from mydocker.store import runs, statistics
from mydocker.store.models import Run
from mydocker.store.statistics import Decision, Slept
from mydocker.testing.fake_agent import FakeAgent
from tests.loops.house import Outside, house
from tests.loops.test_storekeeper import QUICK, spares_wanted
from tests.people import tiny

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
NOW = datetime(2026, 11, 23, 7, 33, 20, tzinfo=UTC)
CONTAINERS = ["a" * 64, "b" * 64]


class Clock(SteadyClock):
    """Shows what it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.at = NOW

    def now(self) -> datetime:
        return self.at


def two_spares_one_asleep() -> None:
    """In the database's thread."""
    runs.make_local_node()
    known = tiny(NOW)
    for container in CONTAINERS:
        made = runs.make(None, 0, known.row, [], "apps.test", NOW, NOW)
        assert made is not None
        Run.objects.filter(id=made.id).update(
            phase=Phase.ANSWERING, stands_by_at=NOW, container=container, asleep_at=NOW
        )


async def turn(office: Bookkeeper) -> None:
    for key in await office.keys():
        await office.turn(key, asyncio.Event())


async def test_there_is_one_sample_for_each_five_minutes_also_after_a_restart() -> None:
    database, clock = Database(), Clock()
    office = Bookkeeper(database, FakeAgent(), clock)
    await turn(office)
    clock.at += timedelta(seconds=20)
    await turn(office)
    await turn(Bookkeeper(database, FakeAgent(), clock))
    clock.at += timedelta(minutes=5)
    await turn(office)
    found = await database(statistics.counts, NOW - timedelta(hours=1))
    assert [each.moment for each in found] == [
        moment_of(NOW), moment_of(NOW) + timedelta(minutes=5),
    ]  # fmt: skip
    clock.at += KEPT
    await turn(office)
    assert len(await database(statistics.counts, NOW - timedelta(hours=1))) == 2
    database.close()


async def test_only_what_is_frozen_counts_as_sleepers_memory() -> None:
    database, agent = Database(), FakeAgent()
    await database(two_spares_one_asleep)
    await agent.freeze(CONTAINERS[:1])
    agent.memory_bytes = dict.fromkeys(CONTAINERS, 600_000)
    await turn(Bookkeeper(database, agent, Clock()))
    [found] = await database(statistics.counts, NOW - timedelta(hours=1))
    assert found.spares == 2
    assert (await database(statistics.slept))[""] == Slept(600_000, 0)
    database.close()


async def test_nothing_is_written_while_nobody_can_tell() -> None:
    database, agent = Database(), FakeAgent()
    await database(two_spares_one_asleep)
    agent.unreachable = True
    office = Bookkeeper(database, agent, Clock())
    with pytest.raises(Unavailable):
        await turn(office)
    agent.unreachable = False
    await turn(office)
    assert len(await database(statistics.counts, NOW - timedelta(hours=1))) == 1
    database.close()


def decided() -> Decision | None:
    return next(iter(statistics.wanted()), None)


async def test_a_shortage_is_written_and_taken_back_also_by_who_comes_after() -> None:
    outside = Outside()
    memory = outside.agent.machine_now.memory_total_bytes
    async with house(outside, limits=QUICK) as at:
        many = {"wanted": 400, "most": 400, "mode": "running", "learnt": False}
        await at.database(spares_wanted, spares=many)
        await at.until(lambda: bool((found := decided()) and found.short == "memory"))
        found = await at.database(decided)
        assert found is not None and (found.wanted, found.why) == (400, "fixed")
        assert int(str(found.short_facts["possible"])) * (256 << 20) < memory
    async with house(Outside(), limits=QUICK) as at:
        await at.database(spares_wanted, 0)
        await at.until(lambda: decided() is None)
