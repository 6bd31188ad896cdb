"""Long and large: websockets, event streams, uploads, slow readers and slow writers."""

import asyncio

import pytest

from tests.adapters.haproxy import gate as gates
from tests.adapters.haproxy.gate import COOKIE, Gate, host
from tests.adapters.haproxy.origin import SWITCH, Origin, echoes
from tests.adapters.haproxy.wire import (
    DEADLINE_SECONDS,
    TEXT,
    UPGRADE,
    Line,
    bare_frame,
    frame,
    head,
    line,
    read_frame,
    read_head,
)

pytestmark = pytest.mark.asyncio

ENTERS = [("Host", host()), ("Cookie", f"__Host-mydocker_grant={COOKIE}")]
MIB = 1 << 20


async def shaken(opened: Line) -> Line:
    """Shake hands for a websocket."""
    await opened.say(head("GET", "/ws", [*ENTERS, *UPGRADE]))
    assert (await opened.answer()).status == 101
    return opened


async def test_a_websocket_echoes(opened: Gate) -> None:
    opened.run.parts["/ws"] = echoes
    async with line(opened.port) as plain:
        browser = await shaken(plain)
        for word in (b"one", b"two"):
            await browser.say(frame(TEXT, word))
            assert await read_frame(browser.reader) == (TEXT, word)
    assert opened.run.last.all("cookie") in ([], [""])
    assert opened.run.last.one("upgrade").lower() == "websocket"


async def test_a_websocket_outlives_the_patience_with_browsers() -> None:
    async with gates.gate(client_seconds=1, answer_seconds=1) as gate:
        await gate.open()

        async def answers_late(
            made: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            writer.write(SWITCH)
            await _patience_ends(gate)
            writer.write(bare_frame(TEXT, b"late"))

        gate.run.parts["/ws"] = answers_late
        async with line(gate.port) as plain:
            browser = await shaken(plain)
            assert await read_frame(browser.reader) == (TEXT, b"late")


async def _patience_ends(gate: Gate) -> None:
    """Until the gateway has hung up on a browser that came just now and said nothing."""
    async with asyncio.timeout(DEADLINE_SECONDS), line(gate.port) as silent:
        await silent.reader.read()


async def test_events_pass_as_they_come(opened: Gate) -> None:
    """Each event is read before the next is sent: nothing is held back."""
    heard = asyncio.Queue[None]()

    async def tells(
        made: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n")  # fmt: skip
        for number in range(5):
            event = b"data: %d\n\n" % number
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await writer.drain()
            await heard.get()
        writer.write(b"0\r\n\r\n")

    opened.run.parts["/events"] = tells
    async with asyncio.timeout(DEADLINE_SECONDS), line(opened.port) as browser:
        await browser.say(head("GET", "/events", ENTERS))
        await read_head(browser.reader)
        for number in range(5):
            assert await browser.reader.readuntil(b"\n\n\r\n") == b"9\r\ndata: %d\n\n\r\n" % number
            heard.put_nowait(None)


async def test_a_stream_may_be_silent_longer_than_a_browser_may() -> None:
    """Waiting for a container is not the browser's slowness."""
    async with gates.gate(client_seconds=1) as gate:
        await gate.open()

        async def thinks(
            made: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            await _patience_ends(gate)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        gate.run.parts["/"] = thinks
        assert (await gate.ask()).body == b"ok"


async def test_an_upload_flows_through(opened: Gate) -> None:
    """64 MiB, and the gateway's memory stays what it was; 2 GiB were tried by hand."""
    before = _resident_bytes(opened)
    chunk = bytes(MIB)
    async with line(opened.port) as browser:
        await browser.say(head("POST", "/upload", [*ENTERS, ("Content-Length", str(64 * MIB))]))
        for _ in range(64):
            await browser.say(chunk)
        assert (await browser.answer()).status == 200
    assert opened.run.last.body_bytes == 64 * MIB
    assert _resident_bytes(opened) - before < 8 * MIB


async def test_the_first_bytes_of_an_upload_arrive_before_the_last_are_sent(
    opened: Gate,
) -> None:
    arrived = asyncio.Event()

    async def takes(
        made: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readexactly(5)
        arrived.set()
        await reader.readexactly(5)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    opened.run.parts["/upload"] = takes
    async with asyncio.timeout(DEADLINE_SECONDS), line(opened.port) as browser:
        await browser.say(head("POST", "/upload", [*ENTERS, ("Content-Length", "10")]) + b"first")
        await arrived.wait()
        await browser.say(b"later")
        assert (await browser.answer()).body == b"ok"


def _resident_bytes(gate: Gate) -> int:
    from pathlib import Path

    assert gate.process is not None
    status = Path(f"/proc/{gate.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


async def test_who_dawdles_with_a_request_is_cut() -> None:
    async with gates.gate(head_seconds=1) as gate:
        await gate.open()
        async with line(gate.port) as hostile:
            await hostile.say(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            assert (await hostile.answer()).status == 408
            assert await hostile.is_closed()
        async with line(gate.port) as ahead:  # a browser's connection in advance
            assert await ahead.is_closed()
        assert (await gate.ask()).status == 200


async def test_a_container_that_leaves_in_the_middle_is_noticed(opened: Gate) -> None:
    async def leaves(
        made: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    opened.run.parts["/"] = leaves
    async with line(opened.port) as browser:
        await browser.say(head("GET", "/", ENTERS))
        with pytest.raises(asyncio.IncompleteReadError):
            await browser.answer()
