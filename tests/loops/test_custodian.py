"""A run's life on stand-ins that misbehave, with the real database."""

import random
from datetime import timedelta

import pytest

from mydocker.domain.failures import Cause
from mydocker.domain.people import Person
from mydocker.domain.runs import Patience, Phase
from mydocker.services import workspaces as services
from mydocker.store import runs, story
from mydocker.testing.fake_agent import FakeAgent
from mydocker.testing.fake_driver import FakeDriver
from mydocker.testing.fake_gateway import FakeGateway
from tests.loops.house import IMAGE, House, Outside, house, now
from tests.people import student, tiny

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


def prepare(mail: str = "camille@example.org", **changes: object) -> Person:
    """A person and an environment; synchronous, run in the database's thread."""
    runs.make_local_node()
    tiny(now(), **changes)
    return student(now(), mail)


async def _ask(at: House, person: Person) -> str:
    return (await at.database(services.ask, person, "tiny", now())).workspace


async def test_a_wish_becomes_a_ready_run_with_routes_and_homes() -> None:
    outside = Outside()
    async with house(outside) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        run = await at.phase(workspace, Phase.READY)
        routed = at.outside.gateway.routes()
        assert set(routed) == set(run.hosts.values())
        assert {route.port for route in routed.values()} == {8888, 9999}
        assert set(outside.agent.slots) == {run.id}
        told = [event.kind for event in await at.database(story.since, workspace, 0)]
        assert told == ["asked", "container_starting", "answering", "ready"]


async def test_traffic_is_cut_before_the_container_is_removed_and_nothing_is_left() -> None:
    outside = Outside()
    order: list[str] = []
    async with house(outside) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        await at.phase(workspace, Phase.READY)
        drop, remove, detach = (
            outside.gateway.drop_routes, outside.driver.remove, outside.agent.detach,
        )  # fmt: skip

        async def noting_drop(hosts):  # type: ignore[no-untyped-def]
            order.append("traffic")
            await drop(hosts)

        async def noting_remove(run, grace):  # type: ignore[no-untyped-def]
            order.append("container")
            await remove(run, grace)

        async def noting_detach(run):  # type: ignore[no-untyped-def]
            order.append("homes")
            await detach(run)

        outside.gateway.drop_routes = noting_drop  # type: ignore[method-assign]
        outside.driver.remove = noting_remove  # type: ignore[method-assign]
        outside.agent.detach = noting_detach  # type: ignore[method-assign]
        await at.database(services.stop_own, person, workspace, now())
        run = await at.phase(workspace, Phase.ENDED)
        assert order == ["traffic", "container", "homes"]
        assert run.cause == Cause.ASKED
    assert not outside.driver.engine.containers
    assert not outside.agent.slots
    assert not outside.gateway.routes()


async def test_restarting_makes_another_run_and_ends_the_first() -> None:
    outside = Outside()
    async with house(outside) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        first = await at.phase(workspace, Phase.READY)
        await at.database(services.restart, person, workspace, now())
        second = await at.phase(workspace, Phase.READY, generation=2)
        assert second.id != first.id
        assert not set(second.hosts.values()) & set(first.hosts.values())
        ended = await at.database(runs.find, first.id)
        assert ended is not None and ended.phase is Phase.ENDED
        assert ended.cause == Cause.RESTARTED
    assert set(outside.driver.engine.containers) == {second.id}


async def test_a_reset_puts_the_environment_home_in_the_trash_and_keeps_the_global_one() -> None:
    outside = Outside()
    async with house(outside) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        run = await at.phase(workspace, Phase.READY)
        before = {mount.home for mount in outside.agent.slots[run.id].values()}
        await at.database(services.reset, person, workspace, now())
        run = await at.phase(workspace, Phase.READY, generation=2)
        after = {mount.home for mount in outside.agent.slots[run.id].values()}
        assert len(before & after) == 1  # the global home
        assert [home for home, _ in outside.agent.trashed] == list(before - after)


async def test_deleting_trashes_the_environment_home_and_a_new_ask_begins_anew() -> None:
    outside = Outside()
    async with house(outside) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        await at.phase(workspace, Phase.READY)
        await at.database(services.delete, person, workspace, now())
        await at.until(lambda: bool(outside.agent.trashed))
        again = await _ask(at, person)
        assert again != workspace
        await at.phase(again, Phase.READY)


@pytest.mark.parametrize(
    ("refusal", "cause"),
    [
        ("image_missing", Cause.IMAGE_MISSING),
        ("command_missing", Cause.COMMAND_MISSING),
        ("disk_full", Cause.DISK_FULL),
        ("something_new", Cause.ENGINE_REFUSED),
    ],
)
async def test_a_hopeless_start_fails_at_once_with_its_reason(refusal: str, cause: Cause) -> None:
    outside = Outside(driver=FakeDriver(refuses={IMAGE: refusal}))
    async with house(outside) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        run = await at.phase(workspace, Phase.ENDED)
        assert run.cause == cause
        # It stays failed until the person asks again.
        assert (await at.database(runs.latest_of, workspace)) == run
    assert not outside.driver.engine.containers
    assert not outside.agent.slots


async def test_a_silent_port_fails_with_the_port_and_the_time() -> None:
    outside = Outside(answering=False)
    patience = Patience(timedelta(seconds=0.2), timedelta(seconds=0.05))
    async with house(outside, patience=patience) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        run = await at.phase(workspace, Phase.ENDED)
        assert run.cause == Cause.NO_ANSWER
        assert run.facts["port"] == "8888"


async def test_a_program_that_dies_while_starting_fails_without_waiting_for_patience() -> None:
    outside = Outside(driver=FakeDriver(dies_after=timedelta(seconds=0.05)), answering=False)
    patience = Patience(timedelta(hours=1), timedelta(seconds=0.05))
    async with house(outside, patience=patience) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        run = await at.phase(workspace, Phase.ENDED)
        assert (run.cause, run.facts["status"]) == (Cause.EXITED, "1")


async def test_a_stop_while_starting_ends_it_at_once() -> None:
    outside = Outside(answering=False)
    patience = Patience(timedelta(hours=1), timedelta(seconds=0.05))
    async with house(outside, patience=patience) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        await at.phase(workspace, Phase.ANSWERING)
        await at.database(services.stop_own, person, workspace, now())
        run = await at.phase(workspace, Phase.ENDED)
        assert run.cause == Cause.ASKED


async def test_a_start_while_stopping_gets_a_new_run() -> None:
    outside = Outside()
    async with house(outside) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        await at.phase(workspace, Phase.READY)
        await at.database(services.stop_own, person, workspace, now())
        await _ask(at, person)
        await at.phase(workspace, Phase.READY, generation=2)


async def test_nothing_starts_where_the_firewall_is_missing() -> None:
    outside = Outside()
    outside.agent.lose_firewall()
    async with house(outside, firewall_patience=0) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        run = await at.phase(workspace, Phase.ENDED)
        assert run.cause == Cause.ISOLATION_MISSING
    assert not outside.driver.engine.containers


async def test_a_start_waits_for_a_firewall_that_is_being_mended() -> None:
    outside = Outside()
    rules = outside.agent.rules
    outside.agent.lose_firewall()
    async with house(outside) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        await at.phase(workspace, Phase.STARTING)
        assert not outside.driver.engine.containers
        outside.agent.rules = rules
        await at.phase(workspace, Phase.READY)


async def test_a_container_that_vanished_is_told_and_its_person_can_start_again() -> None:
    outside = Outside()
    async with house(outside) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        run = await at.phase(workspace, Phase.READY)
        outside.driver.engine.remove(run.id)
        at.desks[0].wake(workspace)
        run = await at.phase(workspace, Phase.ENDED)
        assert run.cause == Cause.VANISHED
        await _ask(at, person)
        await at.phase(workspace, Phase.READY, generation=2)


async def test_the_janitor_removes_what_nobody_knows() -> None:
    outside = Outside()
    async with house(outside) as at:
        person = await at.database(prepare)
        workspace = await _ask(at, person)
        run = await at.phase(workspace, Phase.READY)
        stranger = "strangerstrangerabcd"
        container = outside.driver.engine.containers[run.id]
        outside.driver.engine.containers[stranger] = container
        await at.until(lambda: _swept(at, outside, stranger))
        assert run.id in outside.driver.engine.containers


def _swept(at: House, outside: Outside, stranger: str) -> bool:
    loop = at.desks[2].runner
    loop.look()
    return stranger not in outside.driver.engine.containers


async def test_everything_converges_when_the_outside_loses_requests_and_loops_are_killed() -> None:
    """Invariant 8 on stand-ins: loops cut off at drawn instants, one request in five lost."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    outside = Outside(
        driver=FakeDriver(loses_every=5, seed=seed, boot=timedelta(milliseconds=5)),
        gateway=FakeGateway(),
        agent=FakeAgent(),
    )
    workspaces: list[str] = []
    people: list[Person] = []
    for round_ in range(12):
        async with house(outside) as at:
            if not people:
                first = await at.database(prepare)
                others = [
                    await at.database(student, now(), f"student{n}@example.org") for n in range(5)
                ]
                people = [first, *others]
                workspaces = [await _ask(at, person) for person in people]
            else:
                for person, workspace in zip(people, workspaces, strict=True):
                    act = draw.choice((services.start, services.stop_own, services.restart))
                    await at.database(act, person, workspace, now())
            outside.agent.fail(draw.randrange(3), after=draw.random() < 0.5)
            outside.gateway.fail(draw.randrange(3))
            pause = draw.random() * 0.3
            await at.until(_after(pause))
        assert round_ >= 0
    async with house(outside) as at:
        for person, workspace in zip(people, workspaces, strict=True):
            await at.database(services.stop_own, person, workspace, now())
        await at.until(lambda: not runs.live())
        await at.until(lambda: not _left(at, outside))
    assert not outside.driver.engine.containers
    assert not outside.agent.slots
    assert not outside.gateway.routes()


def _after(seconds: float):  # type: ignore[no-untyped-def]
    """True once so long has passed; a drawn instant, not a wait for something."""
    end = now() + timedelta(seconds=seconds)
    return lambda: now() >= end


def _left(at: House, outside: Outside) -> bool:
    at.desks[2].runner.look()
    return bool(outside.driver.engine.containers or outside.agent.slots)
