"""Sleep on stand-ins that misbehave: who is not used is frozen, who is wanted goes on at once."""

import asyncio
import random
from collections.abc import Collection, Mapping

import pytest

from mydocker.domain.runs import Phase
from mydocker.loops import ledger
from mydocker.loops.watchman import OFTEN
from mydocker.ports.nodes import Swap
from mydocker.services import workspaces as services
from mydocker.store import runs, story, summaries
from mydocker.store.runs import RunRow
from tests.loops.house import DEADLINE_SECONDS, House, Outside, house, now
from tests.people import student, tiny

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


async def begin(at: House, name: str = "camille") -> RunRow:
    """A ready run of somebody's."""

    def ask() -> str:
        runs.make_local_node()
        tiny(now())
        return services.ask(student(now(), f"{name}@example.org"), "tiny", now()).workspace

    return await at.phase(await at.database(ask), Phase.READY)


async def fall_asleep(at: House, run: RunRow) -> RunRow:
    """Nobody uses it; it is frozen when this returns."""
    await at.database(ledger.let_sleep, run)
    await at.until(lambda: kinds(run)[-1:] == ["asleep"])
    return await at.database(found, run)


def found(run: RunRow) -> RunRow:
    now_ = runs.find(run.id)
    assert now_ is not None
    return now_


def is_awake(run: RunRow) -> bool:
    seen = found(run)
    return not seen.should_sleep and seen.asleep_at is None


def kinds(run: RunRow) -> list[str]:
    return [event.kind for event in story.since(run.workspace, 0)]


async def test_who_is_not_used_is_frozen_and_the_gateway_rings_for_it() -> None:
    outside = Outside()
    async with house(outside) as at:
        run = await fall_asleep(at, await begin(at))
        assert outside.agent.frozen_now == {run.container}
        assert await outside.gateway.asleep() == dict.fromkeys(run.hosts.values(), run.container)
        row = await at.database(summaries.of_workspace, run.workspace)
        assert row is not None and row.run is not None
        assert row.run.facts.sleeps and run.phase is Phase.READY


async def test_a_ring_wakes_it_and_the_story_says_so() -> None:
    outside = Outside()
    async with house(outside) as at:
        run = await fall_asleep(at, await begin(at))
        outside.gateway.wake(run.hosts[8888])
        assert await outside.agent.ring(run.container)
        await at.until(lambda: is_awake(run))
        assert not outside.agent.frozen_now and not await outside.gateway.asleep()
        assert (await at.database(kinds, run))[-2:] == ["asleep", "awake"]


async def test_who_moves_on_a_websocket_that_was_open_is_woken() -> None:
    outside = Outside()
    async with house(outside) as at:
        run = await begin(at)
        outside.gateway.open_streams(run.hosts[8888], 1)
        run = await fall_asleep(at, run)
        watchman = at.desks[-1]
        await watchman.office.turn("sleepers", asyncio.Event())
        assert watchman.office.backstop == OFTEN
        outside.gateway.interact(run.hosts[8888])
        watchman.look()
        await at.until(lambda: is_awake(run))
        assert not outside.agent.frozen_now


async def test_start_wakes_who_sleeps() -> None:
    outside = Outside()
    async with house(outside) as at:
        run = await fall_asleep(at, await begin(at))
        person = await at.database(student, now(), "camille@example.org")
        await at.database(services.start, person, run.workspace, now())
        await at.until(lambda: is_awake(run))
        assert not outside.agent.frozen_now


async def test_a_sleeper_that_is_stopped_is_thawed_before_its_container_is_told() -> None:
    outside = Outside()
    async with house(outside) as at:
        run = await fall_asleep(at, await begin(at))
        frozen_then: list[bool] = []
        remove = outside.driver.remove

        async def watched(*words: object) -> None:
            frozen_then.append(bool(outside.agent.frozen_now))
            await remove(*words)  # type: ignore[arg-type]

        outside.driver.remove = watched  # type: ignore[method-assign, assignment]
        person = await at.database(student, now(), "camille@example.org")
        await at.database(services.stop_own, person, run.workspace, now())
        await at.phase(run.workspace, Phase.ENDED)
        assert frozen_then == [False]
        assert not await outside.gateway.asleep()


async def test_what_does_not_freeze_goes_on_and_nothing_is_told() -> None:
    outside = Outside()
    async with house(outside) as at:
        run = await begin(at)
        outside.agent.stubborn.add(run.container)
        await at.database(ledger.let_sleep, run)
        await at.until(lambda: is_awake(run))
        assert not await outside.gateway.asleep()
        assert "asleep" not in await at.database(kinds, run)


async def test_who_came_in_while_it_fell_asleep_is_not_left_waiting() -> None:
    outside = Outside()
    async with house(outside) as at:
        run = await begin(at)
        freeze = outside.agent.freeze

        async def and_somebody_comes_in(containers: Collection[str]) -> Mapping[str, bool]:
            outside.gateway.count(run.hosts[8888])
            return await freeze(containers)

        outside.agent.freeze = and_somebody_comes_in  # type: ignore[method-assign]
        await at.database(ledger.let_sleep, run)
        await at.until(lambda: is_awake(run))
        assert not outside.agent.frozen_now and not await outside.gateway.asleep()


async def test_who_was_rung_for_while_nobody_listened_is_awake_afterwards() -> None:
    outside = Outside()
    async with house(outside) as at:
        run = await fall_asleep(at, await begin(at))
    outside.gateway.wake(run.hosts[8888])
    await outside.agent.ring(run.container)
    async with house(outside) as at:
        await at.until(lambda: is_awake(run))
        assert not outside.agent.frozen_now


async def test_who_sleeps_sleeps_on_when_the_platform_is_restarted() -> None:
    outside = Outside()
    async with house(outside) as at:
        run = await fall_asleep(at, await begin(at))
    async with house(outside) as at:
        other = await begin(at, "sacha")  # by then everything was looked at
        assert (await at.database(found, run)).asleep_at is not None
        assert outside.agent.frozen_now == {run.container}
        assert run.hosts[8888] in await outside.gateway.asleep()
        assert other.container not in outside.agent.frozen_now


async def begin_spare(at: House) -> RunRow:
    """One that stands by; the only one that is wanted."""

    def want() -> None:
        runs.make_local_node()
        tiny(now(), spares={"wanted": 1, "mode": "running", "learnt": False})

    await at.database(want)
    await at.until(lambda: any(spare.stands_by_at for spare in runs.spares()))
    (spare,) = await at.database(runs.spares)
    return spare


async def test_a_claim_that_comes_while_its_spare_falls_asleep_has_the_last_word() -> None:
    outside = Outside()
    async with house(outside) as at:
        spare = await begin_spare(at)
    async with house(outside, keeps_stock=False) as at:
        began, goes_on = asyncio.Event(), asyncio.Event()
        freeze = outside.agent.freeze

        async def slowly(containers: Collection[str]) -> Mapping[str, bool]:
            began.set()
            await goes_on.wait()
            return await freeze(containers)

        outside.agent.freeze = slowly  # type: ignore[method-assign]
        await at.database(ledger.let_sleep, spare)
        await asyncio.wait_for(began.wait(), DEADLINE_SECONDS)
        person = await at.database(student, now(), "camille@example.org")
        asked = await at.database(services.ask, person, "tiny", now())
        assert asked.is_claimed
        await at.until(lambda: outside.agent.people.get(spare.id) is not None)
        goes_on.set()
        run = await at.phase(asked.workspace, Phase.READY)
        assert run.id == spare.id and run.container not in outside.agent.frozen_now
        assert await at.database(is_awake, run)


async def test_a_spare_sleeps_and_wakes_for_its_person() -> None:
    outside = Outside()
    outside.agent.swap_now = Swap((), is_for_sleepers=True, problem="")
    async with house(outside) as at:
        spare = await begin_spare(at)
    async with house(outside, keeps_stock=False) as at:
        await at.database(ledger.let_sleep, spare)
        await at.until(lambda: found(spare).asleep_at is not None)
        person = await at.database(student, now(), "camille@example.org")
        asked = await at.database(services.ask, person, "tiny", now())
        assert asked.is_claimed
        run = await at.phase(asked.workspace, Phase.READY)
        assert run.id == spare.id and run.container not in outside.agent.frozen_now
        assert await at.database(is_awake, run)


@pytest.mark.parametrize("seed", range(6))
async def test_sleep_converges_on_an_outside_that_loses_things(seed: int) -> None:
    """Whoever is awake in the end is not frozen, whatever was lost on the way."""
    outside, draw = Outside(), random.Random(seed)
    async with house(outside) as at:
        run = await begin(at)
    for _ in range(6):
        async with house(outside) as at:
            for verb in draw.sample(["freeze", "thaw", "frozen", "rung"], 2):
                outside.agent.fail(1, verb, after=draw.random() < 0.5)
            await at.database(draw.choice([ledger.let_sleep, ledger.wake]), run)
            if draw.random() < 0.5:
                outside.gateway.wake(run.hosts[8888])
                await outside.agent.ring(run.container)
            if draw.random() < 0.7:
                await at.until(lambda: settled(run))
    async with house(outside) as at:
        await at.until(lambda: settled(run))
        await at.database(ledger.wake, run)
        await at.until(lambda: is_awake(run))
        assert not outside.agent.frozen_now and not await outside.gateway.asleep()


def settled(run: RunRow) -> bool:
    seen = found(run)
    return seen.should_sleep == (seen.asleep_at is not None)
