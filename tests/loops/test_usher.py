"""The queue on stand-ins: order of arrival, memory, restarts; nobody is forgotten."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ParamSpec, TypeVar

import pytest

from mydocker.domain.environments import read_environment
from mydocker.domain.people import Person
from mydocker.domain.runs import Phase, Sighting
from mydocker.loops import metrics
from mydocker.loops.database import Database
from mydocker.ports.driver import RunPlan
from mydocker.services import environments
from mydocker.services import workspaces as services
from mydocker.services.operator import OPERATOR
from mydocker.store import queue, runs, story
from mydocker.store import workspaces as stored
from tests.loops.house import House, Outside, house, now
from tests.loops.test_storekeeper import QUICK, standing
from tests.people import TINY, student, tiny

P = ParamSpec("P")
T = TypeVar("T")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
TIGHT = 900 << 20
"""Available bytes of which an eighth of the 8 GiB node is more than there is to give."""


def prepare(count: int, **changes: object) -> list[Person]:
    """So many people, and the environment; in the database's thread."""
    runs.make_local_node()
    tiny(now(), **changes)
    return [student(now(), f"p{n}@example.org") for n in range(count)]


def another(slug: str) -> None:
    """One more environment like it."""
    changed = read_environment({**TINY, "slug": slug, "join_code": f"join-{slug}"})
    environments.apply(OPERATOR, changed, now())


def ask(people: Sequence[Person], slug: str = "tiny") -> list[str]:
    """Everybody asks, in this order."""
    return [services.ask(person, slug, now()).workspace for person in people]


def turns_of(workspaces: Sequence[str]) -> list[str]:
    """Those who had a turn, in the order in which it came."""
    found = [run for each in workspaces if (run := runs.latest_of(each)) and run.turn_at]
    return [run.workspace for run in sorted(found, key=lambda run: (run.turn_at, run.created_at))]


def waiting(workspaces: Sequence[str]) -> int:
    """How many of them stand in the queue."""
    found = [runs.latest_of(each) for each in workspaces]
    return sum(bool(run and run.queued_at and not run.turn_at) for run in found)


def held(outside: Outside) -> asyncio.Event:
    """Containers start once this is set."""
    gate, launch = asyncio.Event(), outside.driver.launch

    async def waiting_launch(plan: RunPlan) -> Sighting:
        await gate.wait()
        return await launch(plan)

    outside.driver.launch = waiting_launch  # type: ignore[method-assign]
    return gate


async def everybody(at: House, workspaces: Sequence[str]) -> None:
    """All are ready."""
    for workspace in workspaces:
        await at.phase(workspace, Phase.READY)


async def test_thirty_people_start_in_order_of_arrival_three_at_a_time() -> None:
    outside = Outside()
    gate = held(outside)
    async with house(outside, at_once=3) as at:
        people = await at.database(prepare, 30)
        workspaces = await at.database(ask, people)
        await at.until(lambda: waiting(workspaces) == 27)
        assert await at.database(queue.under_way) == 3
        gate.set()
        await everybody(at, workspaces)
        assert await at.database(turns_of, workspaces) == workspaces


async def test_never_more_start_at_once_than_may() -> None:
    outside = Outside()
    most = 0
    async with house(outside, at_once=2) as at:
        people = await at.database(prepare, 12)
        launch = outside.driver.launch

        async def counting(plan):  # type: ignore[no-untyped-def]
            nonlocal most
            most = max(most, await at.database(queue.under_way))
            return await launch(plan)

        outside.driver.launch = counting  # type: ignore[method-assign]
        workspaces = await at.database(ask, people)
        await everybody(at, workspaces)
    assert most == 2


async def test_a_restart_of_the_loops_keeps_everybody_in_their_place() -> None:
    outside = Outside()
    gate = held(outside)
    async with house(outside, at_once=2) as at:
        people = await at.database(prepare, 12)
        first = await at.database(ask, people[:8])
        await at.until(lambda: waiting(first) == 6)
        before = [each.run for each in await at.database(queue.everybody)]
    late = await without_loops(ask, people[8:])
    async with house(outside, at_once=2) as at:
        places = sorted(await at.database(queue.everybody), key=lambda each: each.since)
        assert [each.run for each in places][:6] == before
        gate.set()
        workspaces = [*first, *late]
        await everybody(at, workspaces)
        assert await at.database(turns_of, workspaces) == workspaces


async def without_loops(work: Callable[P, T], *words: P.args, **named: P.kwargs) -> T:
    """While no loop runs."""
    database = Database()
    try:
        return await database(work, *words, **named)
    finally:
        database.close()


async def test_one_person_with_five_workspaces_holds_nobody_up() -> None:
    outside = Outside()
    gate = held(outside)
    async with house(outside, at_once=1) as at:
        greedy, *others = await at.database(prepare, 4)

        def five() -> list[str]:
            for n in range(4):
                another(f"tiny{n}")
            slugs = ["tiny", *(f"tiny{n}" for n in range(4))]
            return [services.ask(greedy, slug, now()).workspace for slug in slugs]

        mine = await at.database(five)
        theirs = await at.database(ask, others)
        everyone = [*mine, *theirs]
        await at.until(lambda: waiting(everyone) == 7)
        gate.set()
        await everybody(at, everyone)
        order = await at.database(turns_of, everyone)
        assert order == [mine[0], *theirs, *mine[1:]]


async def test_who_stops_while_waiting_leaves_the_queue() -> None:
    outside = Outside()
    gate = held(outside)
    async with house(outside, at_once=1) as at:
        people = await at.database(prepare, 3)
        workspaces = await at.database(ask, people)
        await at.until(lambda: waiting(workspaces) == 2)
        await at.database(services.stop_own, people[1], workspaces[1], now())
        gone = await at.phase(workspaces[1], Phase.ENDED)
        assert gone.turn_at is None and not gone.launched
        gate.set()
        await everybody(at, [workspaces[0], workspaces[2]])


async def test_without_memory_people_wait_and_go_on_when_it_is_free() -> None:
    outside = Outside()
    async with house(outside) as at:
        people = await at.database(prepare, 3)
        workspaces = await at.database(ask, people[:1])
        await everybody(at, workspaces)
        outside.agent.machine_now = replace(outside.agent.machine_now, memory_available_bytes=TIGHT)
        held = await at.database(ask, people[1:])
        await at.until(lambda: waiting(held) == 2)
        assert await at.database(queue.under_way) == 0
        outside.agent.machine_now = replace(
            outside.agent.machine_now, memory_available_bytes=6 << 30
        )
        await everybody(at, held)


async def test_on_a_node_without_memory_one_starts_if_nobody_runs() -> None:
    outside = Outside()
    outside.agent.machine_now = replace(outside.agent.machine_now, memory_available_bytes=0)
    async with house(outside) as at:
        people = await at.database(prepare, 2)
        workspaces = await at.database(ask, people)
        await at.phase(workspaces[0], Phase.READY)
        assert await at.database(waiting, workspaces) == 1
        await at.database(services.stop_own, people[0], workspaces[0], now())
        await at.phase(workspaces[1], Phase.READY)


async def test_spares_give_their_memory_to_who_waits() -> None:
    outside = Outside()
    async with house(outside, limits=QUICK) as at:
        spares = {"spares": {"wanted": 2, "mode": "running", "learnt": False}}
        (first, second) = await at.database(prepare, 2, **spares)
        await at.until(lambda: len(standing()) == 2)
        await at.database(another, "other")
        (running,) = await at.database(ask, [first], "other")
        await at.phase(running, Phase.READY)
        outside.agent.machine_now = replace(
            outside.agent.machine_now, memory_available_bytes=TIGHT
        )  # more than what is scarce, and less than a start needs
        (waits,) = await at.database(ask, [second], "other")
        await at.until(lambda: not standing())
        outside.agent.machine_now = replace(
            outside.agent.machine_now, memory_available_bytes=6 << 30
        )
        await at.phase(waits, Phase.READY)


async def test_a_claim_waits_for_nobody() -> None:
    outside = Outside()
    gate = held(outside)
    gate.set()
    async with house(outside, at_once=1, limits=QUICK) as at:
        spares = {"spares": {"wanted": 1, "mode": "running", "learnt": False}}
        people = await at.database(prepare, 3, **spares)
        await at.until(lambda: len(standing()) == 1)
        await at.database(another, "slow")
        gate.clear()
        slow = await at.database(ask, people[:2], "slow")
        await at.until(lambda: waiting(slow) == 1)
        (claimed,) = await at.database(ask, people[2:])
        run = await at.phase(claimed, Phase.READY)
        assert run.is_spare and run.queued_at is None


async def test_who_waited_is_told_for_how_long_and_from_which_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mydocker.loops.ledger.WORTH_TELLING", now() - now())
    before = metrics.QUEUE_SECONDS._sum.get()
    outside = Outside()
    gate = held(outside)
    async with house(outside, at_once=1) as at:
        people = await at.database(prepare, 3)
        workspaces = await at.database(ask, people)
        await at.until(lambda: waiting(workspaces) == 2)
        gate.set()
        await everybody(at, workspaces)
        told = await at.database(story.since, workspaces[2], 0)
        assert [event.kind for event in told][:3] == ["asked", "turn_came", "container_starting"]
        assert told[1].facts["place"] in "23" and float(told[1].facts["seconds"]) >= 0
    assert metrics.QUEUE_SECONDS._sum.get() > before


async def test_who_asked_while_no_loop_ran_goes_in_order_of_asking() -> None:
    outside = Outside()
    async with house(outside) as at:
        people = await at.database(prepare, 9)
    workspaces = await without_loops(ask, people)
    assert await without_loops(stored.with_something_to_do) == workspaces
    async with house(outside, at_once=1) as at:
        await everybody(at, workspaces)
        assert await at.database(turns_of, workspaces) == workspaces
