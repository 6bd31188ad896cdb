"""What counts as a person, and what does not."""

import pytest

from mydocker.adapters.haproxy.meter import QUIET_BYTES, Count, Meter
from mydocker.ports.gateway import Activity
from tests.adapters.haproxy.gate import COOKIE, Gate, eventually, host
from tests.adapters.haproxy.origin import echoes, pings_once
from tests.adapters.haproxy.wire import (
    PING,
    PONG,
    TEXT,
    UPGRADE,
    Headers,
    frame,
    head,
    line,
    read_frame,
)

asyncio = pytest.mark.asyncio

ENTERS = [("Host", host()), ("Cookie", f"__Host-mydocker_grant={COOKIE}")]
POLL: Headers = [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors")]


async def interactions(gate: Gate) -> int:
    counted = (await gate.gateway.activity()).get(host())
    return counted.interactions if counted else 0


@asyncio
@pytest.mark.parametrize(
    ("headers", "method", "counts"),
    [
        ([("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate")], "GET", 1),
        ([("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "navigate"),
          ("Sec-Fetch-Dest", "iframe")], "GET", 1),
        (POLL, "POST", 1),
        (POLL, "PUT", 1),
        (POLL, "DELETE", 1),
        (POLL, "PATCH", 1),
        (POLL, "GET", 0),
        (POLL, "HEAD", 0),
        (POLL, "OPTIONS", 0),
        ([("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "no-cors"),
          ("Sec-Fetch-Dest", "image")], "GET", 0),
        ([], "GET", 0),
    ],
)  # fmt: skip
async def test_what_a_request_counts(
    opened: Gate, headers: Headers, method: str, counts: int
) -> None:
    assert (await opened.ask(host(), *headers, method=method)).status == 200
    assert await interactions(opened) == counts


@asyncio
async def test_what_an_open_tab_writes_by_itself_counts_nothing(opened: Gate) -> None:
    """JupyterLab keeps its layout every ten seconds, whoever is there."""
    layout = "/lab/api/workspaces/default?1795394141592"
    await opened.ask(host(), *POLL, method="PUT", target=layout)
    assert await interactions(opened) == 0


@asyncio
async def test_what_is_refused_counts_nothing(opened: Gate) -> None:
    foreign = [("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "cors")]
    assert (await opened.ask(host(), *foreign, method="POST")).status == 403
    assert (await opened.ask(host(), method="POST", cookie=None)).status == 401
    assert (await opened.ask(host("z"), method="POST")).status == 410
    assert await interactions(opened) == 0


@asyncio
async def test_typing_counts_while_the_websocket_is_open_and_pongs_do_not(opened: Gate) -> None:
    opened.run.parts["/ws"] = pings_once
    async with line(opened.port) as quiet:
        await quiet.say(head("GET", "/ws", [*ENTERS, *UPGRADE]))
        assert (await quiet.answer()).status == 101
        assert (await read_frame(quiet.reader))[0] == PING
        for _ in range(QUIET_BYTES // 6):
            await quiet.say(frame(PONG))
        assert await interactions(opened) == 1  # it was opened
        await _bytes_are_counted(opened, 6 * (QUIET_BYTES // 6))
        assert await interactions(opened) == 1
        for _ in range(100):
            await quiet.say(frame(TEXT, b'["stdin","a"]'))
        await _bytes_are_counted(opened, 1900)

        async def counted() -> bool:
            return await interactions(opened) == 2

        await eventually(counted)


async def _bytes_are_counted(gate: Gate, at_least: int) -> None:
    """HAProxy adds up what flows every five seconds."""
    first: list[int] = []

    async def are_there() -> bool:
        (table,) = await gate.gateway._console.ask(["show table websockets"])
        seen = int(table.split("bytes_in_cnt=")[1].split()[0])
        first.append(seen)
        return seen - first[0] >= at_least

    await eventually(are_there)


@asyncio
async def test_streams_are_counted_while_they_are_open(opened: Gate) -> None:
    opened.run.parts["/ws"] = echoes
    async with line(opened.port) as browser:
        await browser.say(head("GET", "/ws", [*ENTERS, *UPGRADE]))
        assert (await browser.answer()).status == 101
        assert (await opened.gateway.activity())[host()].open_streams == 1

    async def closed() -> bool:
        return (await opened.gateway.activity())[host()].open_streams == 0

    await eventually(closed)


def metered(*rounds: tuple[float, Count]) -> list[Activity]:
    """Read a meter at these seconds."""
    now = [0.0]
    meter = Meter(lambda: now[0])
    read = []
    for at, count in rounds:
        now[0] = at
        read.append(meter.read({"h": count})["h"])
    return read


def test_an_idle_jupyter_is_quiet_for_ever() -> None:
    rounds = [(30.0 * i, Count(1, 2, 400 + 12 * i)) for i in range(200)]
    assert {read.interactions for read in metered(*rounds)} == {1}


def test_an_idle_vs_code_is_quiet_for_ever() -> None:
    rounds = [(30.0 * i, Count(1, 2, 400 + 2 * 6 * 19 * i)) for i in range(200)]
    assert {read.interactions for read in metered(*rounds)} == {1}


def test_a_cell_that_is_run_counts_once() -> None:
    rounds = [(0, Count(1, 1, 400)), (30, Count(1, 1, 1400)), (60, Count(1, 1, 1406))]
    assert [read.interactions for read in metered(*rounds)] == [1, 2, 2]


def test_a_line_typed_in_a_terminal_counts() -> None:
    rounds = [(0, Count(1, 1, 400)), (30, Count(1, 1, 400 + 19 * 20))]
    assert [read.interactions for read in metered(*rounds)] == [1, 2]


def test_a_handshake_is_no_typing() -> None:
    rounds = [(0, Count(1, 1, 400)), (30, Count(2, 2, 1400)), (60, Count(2, 2, 1412))]
    assert [read.interactions for read in metered(*rounds)] == [1, 2, 2]


def test_a_restarted_gateway_shows_a_smaller_number() -> None:
    rounds = [
        (0, Count(3, 1, 400)), (30, Count(3, 1, 9000)), (60, Count(1, 1, 300)),
        (90, Count(1, 1, 306)),
    ]  # fmt: skip
    assert [read.interactions for read in metered(*rounds)] == [3, 4, 1, 1]


def test_who_is_gone_is_forgotten() -> None:
    meter = Meter(lambda: 0.0)
    meter.read({"a": Count(5), "b": Count(1)})
    assert meter.read({"b": Count(1)}).keys() == {"b"}
