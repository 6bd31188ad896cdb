"""What `ports.gateway.Gateway` promises, on the fake and on a real HAProxy alike."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from mydocker.ports.errors import Refused, Unavailable
from tests.adapters import gateway_worlds as worlds
from tests.adapters.gateway_worlds import World
from tests.adapters.haproxy.gate import digest, eventually, host

pytestmark = pytest.mark.asyncio

MINE, YOURS = "m" * 43, "y" * 43
A, B, C = host("a"), host("b"), host("c")
ONE, TWO = "1" * 64, "2" * 64


@pytest_asyncio.fixture(params=["fake", "haproxy"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Each of the worlds in turn."""
    if request.param == "fake":
        async with worlds.fake_world() as made:
            yield made
    else:
        async with worlds.real_world() as made_really:
            yield made_really


async def opened(world: World) -> None:
    """`A` leads to `run`, and the bearer of `MINE` may enter."""
    await world.gateway.put_routes([world.route(A)])
    await world.gateway.put_grants([(digest(MINE), A)])


async def test_nothing_leads_anywhere_at_first(world: World) -> None:
    assert await world.reaches(MINE, A) == 410


async def test_a_route_alone_lets_nobody_in(world: World) -> None:
    await world.gateway.put_routes([world.route(A)])
    assert await world.reaches(MINE, A) == 401


async def test_a_grant_alone_leads_nowhere(world: World) -> None:
    await world.gateway.put_grants([(digest(MINE), A)])
    assert await world.reaches(MINE, A) == 410


async def test_both_open_at_once(world: World) -> None:
    await opened(world)
    assert await world.reaches(MINE, A) == "run"
    assert await world.reaches(YOURS, A) == 401


async def test_a_grant_is_for_one_host(world: World) -> None:
    await opened(world)
    await world.gateway.put_routes([world.route(B)])
    assert await world.reaches(MINE, B) == 401


async def test_two_people_on_one_host(world: World) -> None:
    await opened(world)
    await world.gateway.put_grants([(digest(YOURS), A)])
    assert [await world.reaches(who, A) for who in (MINE, YOURS)] == ["run", "run"]
    await world.gateway.drop_grants([(digest(MINE), A)])
    assert [await world.reaches(who, A) for who in (MINE, YOURS)] == [401, "run"]


async def test_all_may_be_said_twice(world: World) -> None:
    for _ in range(2):
        await opened(world)
    assert await world.reaches(MINE, A) == "run"
    for _ in range(2):
        await world.gateway.drop_grants([(digest(MINE), A)])
    assert await world.reaches(MINE, A) == 401
    for _ in range(2):
        await world.gateway.drop_routes([A])
    assert await world.reaches(MINE, A) == 410


async def test_nothing_may_be_said_about_nothing(world: World) -> None:
    await world.gateway.put_routes([])
    await world.gateway.drop_routes([])
    await world.gateway.put_grants([])
    await world.gateway.drop_grants([])
    assert await world.gateway.synchronise([], [], {}) == 0


async def test_a_route_may_change(world: World) -> None:
    await opened(world)
    await world.gateway.put_routes([world.route(A, "other")])
    assert await world.reaches(MINE, A) == "other"


async def test_a_dropped_route_may_come_back(world: World) -> None:
    await opened(world)
    await world.gateway.drop_routes([A])
    assert await world.reaches(MINE, A) == 410
    await world.gateway.put_routes([world.route(A, "other")])
    assert await world.reaches(MINE, A) == "other"


async def test_a_killed_gateway_comes_back_with_everything(world: World) -> None:
    await opened(world)
    world.kill()
    assert await world.gateway.started_at() is None
    await world.start()
    assert await world.reaches(MINE, A) == "run"


async def test_a_restart_is_noticed(world: World) -> None:
    before = await world.gateway.started_at()
    assert before is not None and before == await world.gateway.started_at()
    world.kill()
    await world.start()
    assert await world.gateway.started_at() not in {None, before}


async def test_what_is_said_while_it_is_dead_holds_when_it_is_back(world: World) -> None:
    await opened(world)
    await world.gateway.put_routes([world.route(B)])
    world.kill()
    with pytest.raises(Unavailable):
        await world.gateway.put_routes([world.route(A, "other")])
    with pytest.raises(Unavailable):
        await world.gateway.drop_routes([B])
    with pytest.raises(Unavailable):
        await world.gateway.put_grants([(digest(YOURS), A)])
    with pytest.raises(Unavailable):
        await world.gateway.drop_grants([(digest(MINE), A)])
    await world.start()
    assert await world.reaches(MINE, A) == 401
    assert await world.reaches(YOURS, A) == "other"
    assert await world.reaches(MINE, B) == 410


async def test_what_failed_may_be_said_again_to_the_next(world: World) -> None:
    await opened(world)
    world.kill()
    with pytest.raises(Unavailable):
        await world.gateway.drop_routes([A])
    await world.start()
    await world.gateway.drop_routes([A])
    await world.gateway.put_routes([world.route(A, "other")])
    assert await world.reaches(MINE, A) == "other"


async def test_a_successor_goes_on(world: World) -> None:
    await opened(world)
    successor = await world.successor()
    await successor.put_grants([(digest(YOURS), A)])
    await successor.drop_grants([(digest(MINE), A)])
    world.kill()
    await world.start()
    assert [await world.reaches(who, A) for who in (MINE, YOURS)] == [401, "run"]


async def test_synchronise_puts_right_and_counts(world: World) -> None:
    await opened(world)
    await world.gateway.put_grants([(digest(YOURS), A)])
    routes, grants = [world.route(A, "other"), world.route(B)], [(digest(MINE), A)]
    assert await world.gateway.synchronise(routes, grants, {}) == 3
    assert await world.reaches(MINE, A) == "other"
    assert await world.reaches(YOURS, A) == 401
    assert await world.reaches(MINE, B) == 401
    assert await world.gateway.synchronise(routes, grants, {}) == 0


async def test_synchronise_writes_what_it_cannot_say(world: World) -> None:
    await opened(world)
    world.kill()
    with pytest.raises(Unavailable):
        await world.gateway.synchronise([world.route(B)], [(digest(YOURS), B)], {})
    await world.start()
    assert await world.reaches(MINE, A) == 410
    assert await world.reaches(YOURS, B) == "run"


async def test_who_sleeps_is_told_and_forgotten(world: World) -> None:
    assert await world.gateway.asleep() == {}
    for _ in range(2):
        await world.gateway.put_asleep({A: ONE, B: ONE, C: TWO})
        assert await world.gateway.asleep() == {A: ONE, B: ONE, C: TWO}
    for _ in range(2):
        await world.gateway.drop_asleep([A, B])
        assert await world.gateway.asleep() == {C: TWO}
    await world.gateway.put_asleep({})
    await world.gateway.drop_asleep([])


async def test_a_person_wakes_all_hosts_of_the_run_and_no_other(world: World) -> None:
    await opened(world)
    await world.gateway.put_asleep({A: ONE, B: ONE, C: TWO})
    await world.poll(A, MINE)
    assert world.rings() == []
    await world.visit(A, MINE)
    assert world.rings() == [ONE]
    assert await world.gateway.asleep() == {C: TWO}
    assert (await world.gateway.activity())[A].interactions == 1
    await world.visit(A, MINE)
    assert world.rings() == [ONE]


async def test_a_websocket_wakes(world: World) -> None:
    await opened(world)
    await world.gateway.put_asleep({A: ONE})
    await world.open_stream(A, MINE)
    assert (world.rings(), await world.gateway.asleep()) == ([ONE], {})
    await world.close_streams()


async def test_who_sleeps_sleeps_on_after_a_restart(world: World) -> None:
    await opened(world)
    await world.gateway.put_asleep({A: ONE, B: TWO})
    world.kill()
    with pytest.raises(Unavailable):
        await world.gateway.drop_asleep([B])
    with pytest.raises(Unavailable):
        await world.gateway.put_asleep({C: TWO})
    with pytest.raises(Unavailable):
        await world.gateway.asleep()
    await world.start()
    assert await world.gateway.asleep() == {A: ONE, C: TWO}


async def test_whom_a_person_woke_sleeps_again_when_said_so(world: World) -> None:
    """Until it is dropped, the gateway's next start has it from its file."""
    await opened(world)
    await world.gateway.put_asleep({A: ONE})
    await world.visit(A, MINE)
    routes, grants = [world.route(A)], [(digest(MINE), A)]
    assert await world.gateway.synchronise(routes, grants, {A: ONE}) == 1
    assert await world.gateway.asleep() == {A: ONE}
    assert await world.gateway.synchronise(routes, grants, {B: ONE}) == 2
    assert await world.gateway.asleep() == {B: ONE}
    assert await world.gateway.synchronise(routes, grants, {}) == 1
    await world.gateway.put_asleep({A: ONE})
    await world.visit(A, MINE)
    await world.gateway.drop_asleep([A])
    world.kill()
    await world.start()
    assert await world.gateway.asleep() == {}


async def test_activity_counts_what_a_person_does(world: World) -> None:
    await opened(world)
    await world.visit(A, MINE)
    first = (await world.gateway.activity())[A]
    await world.poll(A, MINE)
    assert (await world.gateway.activity())[A] == first
    await world.visit(A, MINE)
    assert (await world.gateway.activity())[A].interactions == first.interactions + 1


async def test_activity_counts_websockets(world: World) -> None:
    await opened(world)
    await world.visit(A, MINE)
    before = (await world.gateway.activity())[A]
    await world.open_stream(A, MINE)
    await world.open_stream(A, MINE)
    now = (await world.gateway.activity())[A]
    assert (now.interactions, now.open_streams) == (before.interactions + 2, 2)
    await world.close_streams()

    async def all_closed() -> bool:
        return (await world.gateway.activity())[A].open_streams == 0

    await eventually(all_closed)


async def test_activity_begins_anew_with_the_gateway(world: World) -> None:
    await opened(world)
    for _ in range(3):
        await world.visit(A, MINE)
    world.kill()
    with pytest.raises(Unavailable):
        await world.gateway.activity()
    await world.start()
    await world.visit(A, MINE)
    assert (await world.gateway.activity())[A].interactions == 1


@pytest.mark.parametrize(
    "bad",
    ["", "a", f"{'a' * 20}.evil.example", A.upper(), f"{A}:80", f"{A} x", f"{A}\n", f"{A};x",
     f"{'A' * 20}.mydocker-apps.localhost", f"é{A[1:]}", f"{'a' * 19}.mydocker-apps.localhost"],
)  # fmt: skip
async def test_what_is_no_host_is_refused_and_changes_nothing(world: World, bad: str) -> None:
    await opened(world)
    with pytest.raises(Refused):
        await world.gateway.put_routes([world.route(B), replace(world.route(A), host=bad)])
    with pytest.raises(Refused):
        await world.gateway.drop_routes([A, bad])
    with pytest.raises(Refused):
        await world.gateway.put_grants([(digest(YOURS), A), (digest(MINE), bad)])
    with pytest.raises(Refused):
        await world.gateway.put_asleep({A: ONE, bad: ONE})
    with pytest.raises(Refused):
        await world.gateway.drop_asleep([A, bad])
    assert await world.gateway.asleep() == {}
    assert await world.reaches(MINE, A) == "run"
    assert await world.reaches(YOURS, A) == 401
    assert await world.reaches(MINE, B) == 410


@pytest.mark.parametrize(
    ("name", "value"),
    [("address", ""), ("address", "localhost"), ("address", "10.0.0.1 x"),
     ("address", "10.0.0.1|1"), ("address", "10.0.0.1\n"), ("port", 0), ("port", 65_536)],
)  # fmt: skip
async def test_what_is_no_target_is_refused(world: World, name: str, value: Any) -> None:
    with pytest.raises(Refused):
        await world.gateway.put_routes([replace(world.route(A), **{name: value})])


@pytest.mark.parametrize("bad", ["", "x" * 64, "a" * 63, "A" * 64, f"{'a' * 63};", MINE])
async def test_what_is_no_digest_is_refused(world: World, bad: str) -> None:
    with pytest.raises(Refused):
        await world.gateway.put_grants([(bad, A)])


@pytest.mark.parametrize("bad", ["", "1" * 63, "A" * 64, f"{'1' * 63};", f"{ONE}|x", f"{ONE}\n"])
async def test_what_is_no_container_is_refused(world: World, bad: str) -> None:
    with pytest.raises(Refused):
        await world.gateway.put_asleep({A: ONE, B: bad})
    with pytest.raises(Refused):
        await world.gateway.synchronise([], [], {B: bad})
    assert await world.gateway.asleep() == {}
