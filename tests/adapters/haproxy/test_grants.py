"""Invariant 3: only with a grant for that very host. Invariant 4: our cookies go no further."""

import pytest

from tests.adapters.haproxy.gate import COOKIE, Gate, digest, host
from tests.adapters.haproxy.wire import Answer, Line, head, line

pytestmark = pytest.mark.asyncio

GRANT = f"__Host-mydocker_grant={COOKIE}"


async def test_the_bearer_of_a_grant_reaches_the_container(opened: Gate) -> None:
    answer = await opened.ask()
    assert (answer.status, answer.body) == (200, b"run")


@pytest.mark.parametrize(
    "cookie",
    [
        None,
        "",
        "__Host-mydocker_grant=",
        "__Host-mydocker_grant=" + "x" * 43,
        f"__Host-mydocker_grant={COOKIE}x",
        f"__Host-mydocker_grant={COOKIE[:-1]}",
        f"mydocker_grant={COOKIE}",
        f"__host-mydocker_grant={COOKIE}",
        f"x__Host-mydocker_grant={COOKIE}",
        f"__Host-mydocker_grant2={COOKIE}",
        f"__Host-mydocker_grant={digest(COOKIE)}",
        f"__Host-mydocker_grant={COOKIE}@{host()}",
    ],
)
async def test_nobody_else_does(opened: Gate, cookie: str | None) -> None:
    answer = await opened.ask(cookie=cookie)
    assert (answer.status, answer.json["code"]) == (401, "no_grant")
    assert opened.run.seen == []


async def test_a_grant_for_another_host_is_none(opened: Gate) -> None:
    await opened.gateway.put_routes([opened.route("b", opened.other)])
    assert (await opened.ask(host("b"))).status == 401
    assert opened.other.seen == []


async def asked(
    browser: Line, cookie: str | None = GRANT, name: str | None = None, target: str = "/"
) -> int:
    """One more request on an open connection; returns the status."""
    held = [("Cookie", cookie)] if cookie is not None else []
    await browser.say(head("GET", target, [("Host", name or host()), *held]))
    return (await browser.answer()).status


async def test_a_dropped_grant_ends_with_the_next_request_of_an_open_connection(
    opened: Gate,
) -> None:
    async with line(opened.port) as browser:
        assert [await asked(browser) for _ in range(3)] == [200, 200, 200]
        await opened.gateway.drop_grants([(digest(COOKIE), host())])
        assert await asked(browser) == 401
        await opened.gateway.put_grants([(digest(COOKIE), host())])
        assert await asked(browser) == 200
        await opened.gateway.drop_routes([host()])
        assert await asked(browser) == 410


async def test_a_connection_carries_nothing_from_one_request_to_the_next(opened: Gate) -> None:
    """Many people may share one, behind a proxy of theirs; and the gateway remembers a hash."""
    other = "o" * 43
    await opened.gateway.put_routes([opened.route("b", opened.other)])
    await opened.gateway.put_grants([(digest(other), host("b"))])
    theirs = f"__Host-mydocker_grant={other}"
    async with line(opened.port) as shared:
        assert [await asked(shared) for _ in range(2)] == [200, 200]
        assert await asked(shared, None) == 401
        assert await asked(shared, "") == 401
        assert await asked(shared, "__Host-mydocker_grant=") == 401
        assert await asked(shared, "__Host-mydocker_grant=bad") == 401
        assert await asked(shared, name=host("b")) == 401
        assert await asked(shared, theirs) == 401
        assert await asked(shared, theirs, host("b")) == 200
        assert await asked(shared, theirs) == 401
        assert await asked(shared, name=host("b")) == 401
        assert [await asked(shared) for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    "cookie",
    [
        f"{GRANT}; __Host-mydocker_grant=bad",
        f"__Host-mydocker_grant=bad; {GRANT}",
        f"__Host-mydocker_grant=bad; {GRANT}; __Host-mydocker_grant=worse",
        f'a="; {GRANT}',
        f'a="x; b=y; {GRANT}; c=z',
    ],
)
async def test_planted_cookies_do_not_hide_a_valid_grant(opened: Gate, cookie: str) -> None:
    assert (await opened.ask(cookie=cookie)).status == 200
    assert "mydocker" not in str(opened.run.last.headers).replace(host(), "").lower()


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        (GRANT, None),
        (f"a=1; {GRANT}", "a=1"),
        (f"{GRANT}; a=1", "a=1"),
        (f"a=1; {GRANT}; b=2", "a=1; b=2"),
        (f"{GRANT};a=1;b=2", "a=1;b=2"),
        (f"  {GRANT}  ;  a=1", "a=1"),
        (f"a=1;{GRANT}", "a=1"),
        (f"{GRANT}; {GRANT}; a=1; {GRANT}", "a=1"),
        (f"a=1; {GRANT}; b=2; {GRANT}; c=3", "a=1; b=2; c=3"),
        (f"{GRANT}; __Host-mydocker_session=s; __Host-mydocker_csrf=c; a=1", "a=1"),
        (f"a=1; {GRANT}; __HOST-MYDOCKER_session=s", "a=1"),
        (f"a=1; {GRANT}; __Host-mydocker_x", "a=1"),
        (f'{GRANT}; __Host-mydocker_x="quoted"; a="q"', 'a="q"'),
        (f'{GRANT}; __Host-mydocker_x = "odd" ; a=1', "a=1"),
        (f"a=1, {GRANT}, b=2", "a=1, b=2"),
        (f'{GRANT}; _xsrf=2|ab; username-x="2|1:0|10"', '_xsrf=2|ab; username-x="2|1:0|10"'),
        (f"{GRANT}; x__Host-mydocker=1", "x__Host-mydocker=1"),
        (f"{GRANT}; a=__Host-mydocker", "a=__Host-mydocker"),
    ],
)
async def test_every_cookie_of_ours_is_cut_out_and_the_others_stay(
    opened: Gate, sent: str, left: str | None
) -> None:
    async with line(opened.port) as browser:
        for _ in range(3):
            assert await asked(browser, sent) == 200
            got = [value.strip() for value in opened.run.last.all("cookie") if value]
            assert got == ([left] if left is not None else [])


@pytest.mark.parametrize("count", [2, 8, 9, 10, 40, 150])
async def test_no_number_of_them_gets_one_through(opened: Gate, count: int) -> None:
    cookie = "; ".join(f"a{i}=1; {GRANT}" for i in range(count))
    async with line(opened.port) as browser:
        for _ in range(3):
            assert await asked(browser, cookie) == 200
            assert "__host-mydocker" not in str(opened.run.last.headers).lower()


async def test_every_cookie_header_is_cleaned(opened: Gate) -> None:
    answer: Answer = await opened.ask(
        host(),
        ("Cookie", f"a=1; {GRANT}"),
        ("cookie", "__Host-mydocker_session=s; b=2"),
        ("COOKIE", "__Host-mydocker_grant=bad"),
        cookie="__Host-mydocker_grant=bad; c=3",
    )
    assert answer.status == 200
    assert sorted(filter(None, opened.run.last.all("cookie"))) == ["a=1", "b=2", "c=3"]


async def test_cookies_pass_to_the_dashboard(gate: Gate) -> None:
    await gate.ask("mydocker.localhost", cookie="__Host-mydocker_session=s; a=1")
    assert gate.web.last.one("cookie") == "__Host-mydocker_session=s; a=1"
