"""Ten thousand routes: put, used, lost, put right, and as quick as one."""

import statistics
import time

import pytest

from mydocker.ports.gateway import Route
from tests.adapters.haproxy.gate import APPS, COOKIE, Gate, digest, host

pytestmark = pytest.mark.asyncio

LETTERS = "abcdefghijklmnop"


def numbered(number: int, port: int) -> Route:
    label = "".join(LETTERS[int(digit, 16)] for digit in f"{number:020x}")
    return Route(f"{label}.{APPS}", f"run-{number}", "127.0.0.1", port)


async def test_ten_thousand_routes(gate: Gate) -> None:
    many = [numbered(number, gate.run.port) for number in range(10_000)]
    grants = [(digest(COOKIE), route.host) for route in many]
    assert await gate.gateway.synchronise(many, grants, {}) == 20_000
    assert (await gate.ask(many[-1].host)).body == b"run"

    took = []
    for letter in "qrstuvwxyz234567":
        began = time.perf_counter()
        await gate.gateway.put_routes([gate.route(letter, gate.other)])
        took.append(time.perf_counter() - began)
        await gate.gateway.put_grants([(digest(COOKIE), host(letter))])
        assert (await gate.ask(host(letter))).body == b"other"
    # Measured 0.4 ms; the rest is for a busy machine.
    assert statistics.median(took) < 0.02

    await gate.restart()
    assert (await gate.ask(many[5_000].host)).body == b"run"
    assert (await gate.ask(host("q"))).body == b"other"
    assert await gate.gateway.synchronise(many[:100], grants[:100], {}) == 2 * (9_900 + 16)
    assert (await gate.ask(many[99].host)).body == b"run"
    assert (await gate.ask(many[100].host)).status == 410
    assert await gate.gateway.synchronise(many[:100], grants[:100], {}) == 0


async def test_an_entry_that_the_process_holds_twice_is_put_right(opened: Gate) -> None:
    routes = opened.config.folder / "maps" / "routes.map"
    twice = f"add map {routes} {host()} run-a|127.0.0.1|{opened.other.port}"
    await opened.gateway._console.ask([twice])
    grants = [(digest(COOKIE), host())]
    assert await opened.gateway.synchronise([opened.route()], grants, {}) == 1
    assert await opened.gateway.synchronise([opened.route()], grants, {}) == 0
    assert (await opened.ask()).body == b"run"
