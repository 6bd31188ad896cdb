"""Spares on stand-ins that misbehave: they come, are claimed, and go; nobody meets another's."""

import random
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address

import pytest

from mydocker.domain.environments import NetworkPolicy
from mydocker.domain.failures import Cause
from mydocker.domain.people import Person
from mydocker.domain.runs import Phase
from mydocker.domain.spares import Limits
from mydocker.loops.storekeeper import Arrivals
from mydocker.ports.driver import ImageFacts
from mydocker.services import workspaces as services
from mydocker.store import runs, story
from mydocker.store import workspaces as stored
from mydocker.testing.fake_agent import FakeAgent
from mydocker.testing.fake_driver import FakeDriver
from tests.loops.house import IMAGE, House, Outside, house, now
from tests.people import student, tiny

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
# Nobody waits for a burst to end, nor for what failed.
QUICK = Limits(burst=1000, first_pause=timedelta(0))


def spares_wanted(wanted: int = 2, **changes: object) -> None:
    """An environment that wants spares; in the database's thread."""
    runs.make_local_node()
    spares = {"wanted": wanted, "mode": "running", "learnt": False}
    tiny(now(), **{"spares": spares, **changes})


def standing() -> list[runs.RunRow]:
    return [spare for spare in runs.spares() if spare.stands_by_at and not spare.retired]


async def _until_standing(at: House, number: int) -> list[runs.RunRow]:
    await at.until(lambda: len(standing()) == number, f"{number} spares")
    return await at.database(standing)


async def _person(at: House, name: str = "camille") -> Person:
    return await at.database(student, now(), f"{name}@example.org")


async def _claim(at: House, person: Person) -> str:
    asked = await at.database(services.ask, person, "tiny", now())
    assert asked.is_claimed
    return asked.workspace


async def test_spares_come_without_a_person_a_home_or_a_route() -> None:
    outside = Outside()
    async with house(outside) as at:
        await at.database(spares_wanted, 2)
        spares = await _until_standing(at, 2)
        assert outside.agent.people == dict.fromkeys((spare.id for spare in spares), None)
        assert not any(outside.agent.slots.values())
        assert not outside.gateway.routes()
        plans = [each.plan for each in outside.driver.engine.containers.values()]
        homes = [m for plan in plans for m in plan.mounts if m.target.startswith("/home")]
        assert len(homes) == 4 and all(mount.read_only for mount in homes)
        made = outside.driver.engine.containers.values()
        assert all(each.plan.in_background and each.promoted for each in made)


async def test_a_claimed_spare_has_its_person_and_homes_before_its_routes() -> None:
    outside = Outside()
    order: list[str] = []
    async with house(outside) as at:
        await at.database(spares_wanted, 1)
        (spare,) = await _until_standing(at, 1)
        attach, introduce = outside.agent.attach, outside.agent.introduce
        put = outside.gateway.put_routes

        async def noting_attach(run, homes):  # type: ignore[no-untyped-def]
            order.append("homes")
            return await attach(run, homes)

        async def noting_introduce(run, person):  # type: ignore[no-untyped-def]
            order.append("person")
            await introduce(run, person)

        async def noting_put(routes):  # type: ignore[no-untyped-def]
            order.append("routes")
            await put(routes)

        outside.agent.attach = noting_attach  # type: ignore[method-assign]
        outside.agent.introduce = noting_introduce  # type: ignore[method-assign]
        outside.gateway.put_routes = noting_put  # type: ignore[method-assign]
        workspace = await _claim(at, await _person(at))
        run = await at.phase(workspace, Phase.READY)
        assert run.id == spare.id
        assert order == ["homes", "person", "routes"]
        introduced = outside.agent.people[run.id]
        assert introduced is not None and introduced.name == "Camille Aubert"
        told = [event.kind for event in await at.database(story.since, workspace, 0)]
        assert told == ["asked", "claimed", "ready"]


async def test_who_starts_again_soon_is_no_new_arrival() -> None:
    came = now()
    minutes = [(0, "ada"), (5, "ada"), (1, "bob"), (40, "ada")]
    lab = {(came + timedelta(minutes=at), who) for at, who in minutes}
    arrivals = Arrivals({"lab": lab, "other": {(came, "cyd")}})
    assert arrivals.of("lab") == [came + timedelta(minutes=at) for at in (0, 1, 40)]
    assert arrivals.lately(came) == 3


async def test_a_spare_is_let_out_when_it_is_somebodys_and_not_before() -> None:
    outside = Outside()
    async with house(outside) as at:
        await at.database(spares_wanted, 1, network="once-claimed")
        (spare,) = await _until_standing(at, 1)
        assert outside.driver.engine.containers[spare.id].plan.network is NetworkPolicy.ONCE_CLAIMED
        assert outside.agent.let_out_now == {}
        outside.agent.fail(2, "let_out")
        run = await at.phase(await _claim(at, await _person(at)), Phase.READY)
        seen = await outside.driver.look(run.id)
        assert run.id == spare.id
        assert outside.agent.let_out_now == {seen.container: IPv4Address(seen.address or "")}


async def test_who_is_started_cold_has_a_way_out_from_the_start() -> None:
    outside = Outside()
    async with house(outside) as at:
        await at.database(spares_wanted, 0, network="once-claimed")
        asked = await at.database(services.ask, await _person(at), "tiny", now())
        run = await at.phase(asked.workspace, Phase.READY)
        assert outside.driver.engine.containers[run.id].plan.network is NetworkPolicy.OPEN
        assert outside.agent.let_out_now == {}


async def test_a_claimed_spare_is_replaced() -> None:
    outside = Outside()
    async with house(outside, limits=QUICK) as at:
        await at.database(spares_wanted, 1)
        (spare,) = await _until_standing(at, 1)
        await at.phase(await _claim(at, await _person(at)), Phase.READY)
        (other,) = await _until_standing(at, 1)
        assert other.id != spare.id


async def test_a_spare_that_died_while_it_was_claimed_costs_a_cold_start_and_no_more() -> None:
    outside = Outside()
    async with house(outside) as at:
        await at.database(spares_wanted, 1)
        (spare,) = await _until_standing(at, 1)
        outside.agent.unreachable = True  # the claim cannot go on
        workspace = await _claim(at, await _person(at))
        outside.driver.engine.exit(spare.id, 1)
        outside.agent.unreachable = False
        run = await at.phase(workspace, Phase.READY, generation=2)
        assert run.id != spare.id and not run.is_spare
        lost = await at.database(runs.find, spare.id)
        assert lost is not None and lost.cause == Cause.SPARE_LOST
        assert spare.id not in outside.agent.slots


async def test_a_claim_that_was_cut_off_is_finished_by_the_next_process() -> None:
    outside = Outside()
    async with house(outside) as at:
        await at.database(spares_wanted, 1)
        (spare,) = await _until_standing(at, 1)
        outside.agent.fail(1000, "introduce", after=True)
        workspace = await _claim(at, await _person(at))
    outside.agent = _again(outside.agent)
    async with house(outside) as at:
        run = await at.phase(workspace, Phase.READY)
        assert run.id == spare.id
        assert outside.agent.people[run.id] is not None


def _again(agent: FakeAgent) -> FakeAgent:
    """The same node, whose agent is well again."""
    agent._failures.clear()
    return agent


@pytest.mark.parametrize("change", ["definition", "image", "number", "archived"])
async def test_a_spare_that_is_not_what_would_start_now_goes(change: str) -> None:
    outside = Outside()
    async with house(outside, limits=replace(QUICK, settled=timedelta(0))) as at:
        await at.database(spares_wanted, 2)
        before = {spare.id for spare in await _until_standing(at, 2)}
        wanted = {"wanted": 0, "mode": "running", "learnt": False}
        match change:
            case "definition":
                await at.database(spares_wanted, 2, command="tiny serve --again")
            case "image":
                outside.driver.engine.images[IMAGE] = ImageFacts("sha256:" + "b" * 64, 1)
                at.desks[-1].wake("pool")
            case "number":
                await at.database(spares_wanted, spares=wanted)
            case "archived":
                await at.database(spares_wanted, 2, status="archived")
        left = 2 if change in ("definition", "image") else 0

        def exchanged() -> bool:
            there = {spare.id for spare in runs.spares()}
            return not before & there and len(standing()) == left

        await at.until(exchanged)
    assert set(outside.driver.engine.containers).isdisjoint(before)


async def test_spares_never_take_what_people_need() -> None:
    outside = Outside()
    machine = outside.agent.machine_now
    scarce = replace(machine, memory_available_bytes=machine.memory_total_bytes // 50)
    async with house(outside, limits=QUICK) as at:
        await at.database(spares_wanted, 3)
        await _until_standing(at, 3)
        outside.agent.machine_now = scarce
        at.desks[-1].wake("pool")
        await at.until(lambda: not runs.spares())


async def test_an_environment_whose_spares_fail_is_given_up() -> None:
    outside = Outside(driver=FakeDriver(refuses={IMAGE: "engine_refused"}))
    async with house(outside, limits=replace(QUICK, give_up=3)) as at:
        await at.database(spares_wanted, 2)

        def given_up() -> bool:
            made = runs.Run.objects.filter(is_spare=True)
            return made.count() >= 3 and not runs.spares()

        await at.until(given_up)
        at.desks[-1].wake("pool")
        person = await _person(at)
        asked = await at.database(services.ask, person, "tiny", now())
        assert not asked.is_claimed


@pytest.mark.parametrize("seed", range(6))
async def test_spares_and_people_converge_on_an_outside_that_loses_things(seed: int) -> None:
    dice = random.Random(seed)
    outside = Outside(driver=FakeDriver(loses_every=15, seed=seed))
    async with house(outside, limits=QUICK) as at:
        await at.database(spares_wanted, 3)
        people = [await _person(at, f"p{number}") for number in range(5)]
        workspaces: dict[str, str] = {}
        for _ in range(12):
            person = dice.choice(people)
            if dice.random() < 0.3:
                outside.agent.fail(1, after=dice.random() < 0.5)
            if dice.random() < 0.7:
                asked = await at.database(services.ask, person, "tiny", now())
                workspaces[person.id] = asked.workspace
            elif person.id in workspaces:
                await at.database(services.stop_own, person, workspaces[person.id], now())
        for person in people:
            if person.id in workspaces:
                await at.database(services.ask, person, "tiny", now())

        def settled() -> bool:
            rows = [stored.find(workspace) for workspace in workspaces.values()]
            lives = [runs.live_of(row.id) for row in rows if row]
            ready = [run for run in lives if run and run.phase is Phase.READY]
            return len(ready) == len(workspaces) and len(standing()) == 3

        await at.until(settled)
        owners = {
            run: person.mail for run, person in outside.agent.people.items() if person is not None
        }
        for person in people:
            if person.id in workspaces:
                run = await at.database(runs.live_of, workspaces[person.id])
                assert run is not None and owners[run.id] == person.mail
                assert {mount.home for mount in outside.agent.slots[run.id].values()}
        assert len(owners) == len(workspaces)
