"""What is passed on, in both directions."""

import pytest

from tests.adapters.haproxy.gate import COOKIE, DASHBOARD, Gate, host
from tests.adapters.haproxy.wire import head, line

pytestmark = pytest.mark.asyncio

MADE_UP = [
    ("X-Forwarded-For", "6.6.6.6"),
    ("X-Forwarded-For", "7.7.7.7"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Port", "1"),
    ("X-Forwarded-Prefix", "/evil"),
    ("X-Forwarded-Ssl", "on"),
    ("Forwarded", "for=6.6.6.6;host=evil.example"),
    ("X-Real-IP", "6.6.6.6"),
    ("X-Mydocker-Run-Host", "evil.example"),
    ("X-Mydocker-Anything", "1"),
]


@pytest.mark.parametrize("name", [DASHBOARD, f"{host()}#enter"])
async def test_the_dashboard_hears_from_us_alone_who_asks(gate: Gate, name: str) -> None:
    name, _, is_entry = name.partition("#")
    await gate.ask(name, *MADE_UP, target="/.mydocker/enter" if is_entry else "/")
    seen = gate.web.last
    assert seen.all("x-forwarded-for") == ["127.0.0.1"]
    assert seen.all("x-forwarded-proto") == ["http"]
    assert seen.all("x-forwarded-host") == [name]
    assert seen.all("x-forwarded-port") == [str(gate.port)]
    assert seen.all("x-mydocker-run-host") == ([host()] if is_entry else [])
    said = str(seen.headers).lower()
    assert "evil" not in said and "6.6.6.6" not in said and "anything" not in said


async def test_a_container_hears_from_us_alone_who_asks(opened: Gate) -> None:
    await opened.ask(f"{host()}:8080", *MADE_UP)
    seen = opened.run.last
    forwarded = [name for name, _ in seen.headers if "forward" in name.lower()]
    assert sorted(forwarded) == ["x-forwarded-for", "x-forwarded-proto"]
    assert (seen.one("x-forwarded-for"), seen.one("x-forwarded-proto")) == ("127.0.0.1", "http")
    assert seen.one("host") == f"{host()}:8080"
    assert seen.all("x-real-ip") == []


async def test_no_header_with_an_underscore_passes_for_ours(gate: Gate) -> None:
    """WSGI makes the same name of both."""
    await gate.ask(DASHBOARD, ("X_Mydocker_Run_Host", host()), ("X_Forwarded_For", "6.6.6.6"))
    assert "_" not in "".join(name for name, _ in gate.web.last.headers)


async def test_entry_carries_no_cookie_and_no_password(opened: Gate) -> None:
    """A container's page may have planted either."""
    await opened.ask(
        host(),
        ("Authorization", "Bearer planted"),
        cookie="__Host-mydocker_session=planted",
        target="/.mydocker/enter?ticket=t",
    )
    assert opened.web.last.target == "/.mydocker/enter?ticket=t"
    assert opened.web.last.all("cookie") == opened.web.last.all("authorization") == []


@pytest.mark.parametrize(
    "target", ["/.mydocker/", "/.mydocker/other", "/.mydocker/enter/x", "/.mydocker/enter2"]
)
async def test_the_rest_under_our_path_is_nobodys(opened: Gate, target: str) -> None:
    answer = await opened.ask(target=target)
    assert (answer.status, answer.json["code"]) == (404, "reserved_path")
    assert opened.run.seen == opened.web.seen == []


async def test_the_gateway_signs_in_to_the_application(gate: Gate) -> None:
    await gate.open(authorization="token s3cret=|;/+ x")
    await gate.ask(host(), ("Authorization", "Basic own"), ("authorization", "Bearer own"))
    assert gate.run.last.all("authorization") == ["token s3cret=|;/+ x"]


async def test_where_it_does_not_the_persons_own_passes(opened: Gate) -> None:
    await opened.ask(host(), ("Authorization", "Basic own"))
    assert opened.run.last.all("authorization") == ["Basic own"]


async def test_hop_by_hop_headers_end_here(opened: Gate) -> None:
    hops = [("Connection", "keep-alive, X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "timeout=5"),
            ("Proxy-Connection", "keep-alive"), ("Upgrade", "h2c"),
            ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA")]  # fmt: skip
    await opened.ask(host(), *hops)
    assert opened.run.last.all("upgrade") == []
    assert "upgrade" not in " ".join(opened.run.last.all("connection")).lower()


async def test_h2c_leads_past_nothing(opened: Gate) -> None:
    opened.run.answers("/", status="101 Switching Protocols", body=b"")
    answer = await opened.ask(host(), ("Connection", "Upgrade"), ("Upgrade", "h2c"))
    assert answer.status == 502
    assert opened.run.last.all("upgrade") == []


async def test_nobody_upgrades_by_the_way_of_a_link_from_elsewhere(opened: Gate) -> None:
    link = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")]
    dest = ("Sec-Fetch-Dest", "document")
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "h2c")]
    assert (await opened.ask(host(), *link, dest, *upgrade)).status == 403
    assert opened.run.seen == []


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        ("a=1", "a=1"),
        ("a=1; Path=/; Secure", "a=1; Path=/; Secure"),
        ("a=1; Domain=mydocker-apps.localhost", "a=1"),
        ("a=1; Domain=mydocker-apps.localhost; Path=/; HttpOnly", "a=1; Path=/; HttpOnly"),
        ("a=1;domain=.mydocker-apps.localhost;Secure", "a=1;Secure"),
        ("a=1; DOMAIN = x ; Path=/", "a=1; Path=/"),
        ("a=1; Domain; Path=/", "a=1; Path=/"),
        ("a=1; Domain=a; Domain=b; Path=/; domain=c", "a=1; Path=/"),
        ("a=1; Domain=a; Domain=b; Domain=c; Domain=d; Path=/", "a=1"),
        ("a=1;\tDomain\t=\tx; Path=/", "a=1; Path=/"),
        ("domain=1; Path=/", "domain=1; Path=/"),
        ("a=1; DomainX=1", "a=1; DomainX=1"),
        ("a=domain; Path=/domain", "a=domain; Path=/domain"),
        ("__Host-mydocker_grant=planted; Path=/; Secure", ""),
        ("__HOST-MYDOCKER_session=planted; Path=/", ""),
        ("  __Host-mydocker_grant = planted", ""),
        ("\t__Host-mydocker=planted", ""),
        ("=__Host-mydocker_grant=planted; Path=/; Secure", ""),
        ('"__Host-mydocker_grant=planted', ""),
        ("__Host-other=1; Secure; Path=/", "__Host-other=1; Secure; Path=/"),
    ],
)
async def test_a_containers_cookies_stay_on_its_host(opened: Gate, sent: str, got: str) -> None:
    opened.run.answers("/", f"Set-Cookie: {sent}", "Set-Cookie: other=1; Domain=x; Path=/")
    assert (await opened.ask()).all("set-cookie") == [got, "other=1; Path=/"]


async def test_our_own_cookies_pass(gate: Gate) -> None:
    mine = "__Host-mydocker_grant=x; Path=/; Secure; HttpOnly; SameSite=Lax"
    gate.web.answers("/.mydocker/enter", f"Set-Cookie: {mine}", status="303 See Other")
    answer = await gate.ask(host(), target="/.mydocker/enter")
    assert (answer.status, answer.one("set-cookie")) == (303, mine)


async def test_what_reaches_beyond_the_host_is_dropped(opened: Gate) -> None:
    opened.run.answers(
        "/", 'Clear-Site-Data: "cookies"', "Strict-Transport-Security: max-age=1",
        'Alt-Svc: h3=":443"', "Referrer-Policy: unsafe-url", "Origin-Agent-Cluster: ?0",
        "Content-Security-Policy: sandbox", "X-Own: 1",
    )  # fmt: skip
    answer = await opened.ask()
    for name in ("clear-site-data", "strict-transport-security", "alt-svc"):
        assert answer.all(name) == []
    assert answer.one("referrer-policy") == "same-origin"
    assert answer.one("origin-agent-cluster") == "?1"
    assert answer.one("content-security-policy") == "sandbox"
    assert answer.one("x-own") == "1"


@pytest.mark.parametrize(
    "smuggled",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"Content-Length: +5\r\n\r\nhello",
        b"Content-Length: 5, 6\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        b"X: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nX: a\x00b\r\n\r\n",
    ],
)
async def test_no_second_request_is_smuggled_in(opened: Gate, smuggled: bytes) -> None:
    inner = head("GET", "/smuggled", [("Host", host())])
    async with line(opened.port) as hostile:
        await hostile.say(
            b"POST / HTTP/1.1\r\nHost: " + host().encode()
            + f"\r\nCookie: __Host-mydocker_grant={COOKIE}\r\n".encode()
            + smuggled + inner
        )  # fmt: skip
        await hostile.answer()
    assert [seen.target for seen in opened.run.seen if "smuggled" in seen.target] == []


async def test_too_many_cookies_are_explained(opened: Gate) -> None:
    grown = f"__Host-mydocker_grant={COOKIE}; x=" + "x" * 17_000
    navigation = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Site", "none")]
    answer = await opened.ask(host(), *navigation, cookie=grown)
    assert answer.status == 431
    assert b"trop de cookies" in answer.body and b"too many cookies" in answer.body
    assert "default-src 'none'" in answer.one("content-security-policy")
    assert opened.run.seen == []


async def test_more_than_a_buffer_is_refused(opened: Gate) -> None:
    assert (await opened.ask(host(), ("X-Long", "x" * 20_000))).status == 200
    assert (await opened.ask(host(), ("X-Long", "x" * 40_000))).status == 400


async def test_twelve_kilobytes_of_cookies_pass(opened: Gate) -> None:
    grown = "; ".join(f"c{i}={'x' * 90}" for i in range(120))
    answer = await opened.ask(cookie=f"{grown}; __Host-mydocker_grant={COOKIE}")
    assert answer.status == 200
    assert opened.run.last.one("cookie") == grown
