"""Who is asked: one name, however it is written, and nobody by any other."""

import pytest

from tests.adapters.haproxy.gate import APPS, COOKIE, DASHBOARD, Gate, host
from tests.adapters.haproxy.wire import head, line

pytestmark = pytest.mark.asyncio

GRANT = ("Cookie", f"__Host-mydocker_grant={COOKIE}")


@pytest.mark.parametrize(
    "name",
    [host(), f"{host()}:8080", f"{host()}:80", host().upper(), f"{host()}.", f"{host()}.:8080"],
)
async def test_a_runs_host_however_it_is_written(opened: Gate, name: str) -> None:
    assert (await opened.ask(name)).body == b"run"


@pytest.mark.parametrize(
    "name", [DASHBOARD, f"{DASHBOARD}:1", DASHBOARD.upper(), f"{DASHBOARD}.", f"{DASHBOARD}.:80"]
)
async def test_the_dashboard_however_it_is_written(gate: Gate, name: str) -> None:
    assert (await gate.ask(name)).body == b"web"


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "127.0.0.1",
        "[::1]:80",
        APPS,
        f"www.{APPS}",
        f"{'a' * 19}.{APPS}",
        f"{'a' * 21}.{APPS}",
        f"{'1' * 20}.{APPS}",
        f"x.{host()}",
        f"{host()}.evil.example",
        f"{host()}x",
        f"evil-{DASHBOARD}",
        f"{DASHBOARD}.evil.example",
        "%61" * 3,
        "",
    ],
)
async def test_any_other_name_is_nobodys(opened: Gate, name: str) -> None:
    answer = await opened.ask(name)
    assert answer.status == 421
    assert (answer.json["code"], answer.json["hint"] != "") == ("wrong_host", True)
    assert opened.run.seen == opened.web.seen == []


async def test_people_see_a_page_where_nobody_lives(gate: Gate) -> None:
    answer = await gate.ask("elsewhere.example", ("Accept", "text/html"), ("Accept-Language", "fr"))
    assert answer.status == 421
    assert b'lang="fr" data-only="fr"' in answer.body


@pytest.mark.parametrize(
    "headers",
    [
        [("Host", host()), ("Host", "evil.example")],
        [("Host", "evil.example"), ("Host", host())],
        [("Host", host()), ("Host", host("b"))],
        [("Host", f"{host()}, {host('b')}")],
        [("Host", f"{host()} {host('b')}")],
        [("Host", f"{host()}@evil.example")],
        [("Host", f"{host()}/x")],
        [],
    ],
)
async def test_no_request_has_two_hosts_or_none(
    opened: Gate, headers: list[tuple[str, str]]
) -> None:
    await opened.open("b")
    async with line(opened.port) as hostile:
        await hostile.say(head("GET", "/", [*headers, GRANT]))
        assert (await hostile.answer()).status in {400, 421}
    assert opened.run.seen == []


@pytest.mark.parametrize(
    ("target", "name", "status"),
    [
        (f"http://{host()}/x", host(), 200),
        (f"http://{host()}/x", host("b"), 400),
        (f"http://{host('b')}/x", host(), 400),
        ("http://evil.example/x", host(), 400),
        (f"{host()}:80", host(), 400),
        ("x", host(), 400),
    ],
)
async def test_a_whole_address_in_the_request_line_agrees_with_the_host(
    opened: Gate, target: str, name: str, status: int
) -> None:
    answer = await opened.ask(name, target=target)
    assert answer.status == status
    assert len(opened.run.seen) == (status == 200)


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
async def test_methods_that_are_not_for_us(opened: Gate, method: str) -> None:
    target = f"{host()}:80" if method == "CONNECT" else "/"
    answer = await opened.ask(method=method, target=target)
    assert answer.status in {400, 405}
    assert opened.run.seen == []


async def test_both_protocols_of_the_internet(opened: Gate) -> None:
    async with line(opened.port, "::1") as browser:
        await browser.say(head("GET", "/", [("Host", host()), GRANT]))
        assert (await browser.answer()).body == b"run"
    assert opened.run.last.one("x-forwarded-for") == "::1"


async def test_connections_to_one_container_never_serve_another(opened: Gate) -> None:
    """One browser's connection, many hosts in turn: each answer comes from its own container."""
    await opened.gateway.put_routes([opened.route("b", opened.other)])
    from tests.adapters.haproxy.gate import digest

    await opened.gateway.put_grants([(digest(COOKIE), host("b"))])
    async with line(opened.port) as browser:
        for letter in "abbaabab" * 10:
            await browser.say(head("GET", "/", [("Host", host(letter)), GRANT]))
            assert (await browser.answer()).body == {"a": b"run", "b": b"other"}[letter]
