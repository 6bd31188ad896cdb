"""What goes to the pages, what to the streams, and what people see while either is away."""

import pytest

from tests.adapters.haproxy import gate as gates
from tests.adapters.haproxy.gate import DASHBOARD, Gate, host
from tests.adapters.haproxy.wire import head, line

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("target", "who"),
    [
        ("/", b"web"),
        ("/workspaces/3f/", b"web"),
        ("/workspaces/3f/open/1/stream", b"web"),
        ("/api/v1/workspaces", b"web"),
        ("/api/v1/workspaces/3f", b"web"),
        ("/api/v1/workspaces/3f/events/x", b"web"),
        ("/x/api/v1/workspaces/3f/events", b"web"),
        ("/go?host=x&to=/api/v1/workspaces/3f/events", b"web"),
        ("/.mydocker/enter", b"web"),
        ("/api/v1/workspaces/3f/events", b"streams"),
        ("/api/v1/workspaces/3f/events?x=1", b"streams"),
        ("/api/v1/workspaces/3f/logs?follow=1", b"streams"),
        ("/api/v1/images/x/builds/3", b"web"),
        ("/api/v1/images/x/files/builds/3/log/", b"web"),
        ("/api/v1/images/x/builds/3/events", b"streams"),
        ("/api/v1/images/x/builds/3/log?follow=1", b"streams"),
        ("/teach/images/x/builds/3", b"web"),
        ("/teach/images/x/files", b"web"),
        ("/teach/images/x/files/builds/3/stream", b"web"),
        ("/teach/images/x/builds/3/stream", b"streams"),
        ("/teach/images/x/builds/3/stream?download", b"streams"),
        ("/workspaces/3f/stream", b"streams"),
        ("/workspaces/3f/journal", b"streams"),
        ("/stream/all", b"streams"),
    ],
)
async def test_long_streams_have_a_process_of_their_own(
    gate: Gate, target: str, who: bytes
) -> None:
    assert (await gate.ask(DASHBOARD, target=target)).body == who


async def test_a_page_that_comes_back_by_itself_while_web_is_away() -> None:
    async with gates.gate(web="/tmp/no-such.sock", support="help@example.org") as gate:
        navigation = [("Sec-Fetch-Mode", "navigate"), ("Accept-Language", "fr-FR,fr;q=0.9")]
        answer = await gate.ask(DASHBOARD, *navigation)
        assert answer.status == 503
        assert b'data-only="fr"' in answer.body
        assert b"mailto:help@example.org" in answer.body
        assert b'http-equiv="refresh"' in answer.body and b"location.replace" in answer.body
        assert (answer.one("cache-control"), answer.one("retry-after")) == ("no-store", "5")
        # What is open goes on.
        await gate.open()
        assert (await gate.ask()).status == 200


async def test_the_page_of_a_container_that_does_not_answer(opened: Gate) -> None:
    from dataclasses import replace

    silent = replace(opened.route(), port=gates.free_port())
    await opened.gateway.put_routes([silent])
    answer = await opened.ask(
        host(), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Site", "none"),
        ("Accept-Language", "en"),
    )  # fmt: skip
    assert answer.status == 503
    assert b'data-only="en"' in answer.body and b"does not answer" in answer.body
    assert b"%%" not in answer.body and b"%[" not in answer.body
    # It asks again by script: a page that navigated would count as a person.
    assert b'http-equiv="refresh"' not in answer.body

    async def told() -> bool:
        return '"status":503' in opened.logged()

    await gates.eventually(told)


async def test_a_container_that_talks_nonsense(opened: Gate) -> None:
    opened.run.plain["/"] = b"SSH-2.0-OpenSSH_9.2\r\n\r\n"
    assert (await opened.ask()).status == 502


async def test_a_form_that_dawdles_keeps_no_thread_busy() -> None:
    """Anybody may send one to the sign-in page; it is passed on when it is complete."""
    async with gates.gate(head_seconds=1) as gate, line(gate.port) as hostile:
        length = ("Content-Length", "100")
        await hostile.say(head("POST", "/sign-in", [("Host", DASHBOARD), length]) + b"user=")
        assert (await hostile.answer()).status == 408
        assert gate.web.seen == []


async def test_too_many_cookies_are_explained(gate: Gate) -> None:
    answer = await gate.ask(DASHBOARD, cookie="x=" + "x" * 9_000)
    assert answer.status == 431
    assert b"trop de cookies" in answer.body and b"too many cookies" in answer.body
