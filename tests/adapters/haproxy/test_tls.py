"""With a certificate: TLS 1.2 and later, HTTP/2, and plain HTTP leads there."""

import asyncio
import json
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.adapters.haproxy import gate as gates
from tests.adapters.haproxy.gate import APPS, COOKIE, DASHBOARD, Gate, eventually, host
from tests.adapters.haproxy.origin import echoes
from tests.adapters.haproxy.wire import TEXT, UPGRADE, ask, frame, head, line, read_frame

pytestmark = pytest.mark.asyncio

GRANT = f"__Host-mydocker_grant={COOKIE}"


@pytest_asyncio.fixture
async def secure(tmp_path: Path) -> AsyncIterator[Gate]:
    pem = tmp_path / "site.pem"
    names = f"subjectAltName=DNS:{DASHBOARD},DNS:*.{APPS}"
    subprocess.run(  # noqa: ASYNC221
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", names,
         "-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "crt")],
        check=True, capture_output=True,
    )  # fmt: skip
    pem.write_bytes((tmp_path / "crt").read_bytes() + (tmp_path / "key").read_bytes())
    port = gates.free_port()
    async with gates.gate(
        certificate=pem, scheme="https", port=port, plain_port=gates.free_port(),
        url=f"https://{DASHBOARD}:{port}",
    ) as gate:  # fmt: skip
        await gate.open()
        yield gate


def trusting(gate: Gate, *protocols: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(gate.config.certificate))
    context.set_alpn_protocols(list(protocols))
    return context


async def test_a_request_and_its_headers(secure: Gate) -> None:
    context = trusting(secure, "http/1.1")
    async with line(secure.port, ssl=context, server_hostname=host()) as browser:
        await browser.say(head("GET", "/", [("Host", host()), ("Cookie", GRANT)]))
        answer = await browser.answer()
    assert (answer.status, answer.body) == (200, b"run")
    assert answer.one("strict-transport-security").startswith("max-age=")
    assert secure.run.last.one("x-forwarded-proto") == "https"


async def test_plain_http_leads_to_https(secure: Gate) -> None:
    assert secure.config.plain_port is not None
    answer = await ask(secure.config.plain_port, [("Host", DASHBOARD.upper())], "/a?b=c")
    assert answer.status == 308
    assert answer.one("location") == f"https://{DASHBOARD}:{secure.port}/a?b=c"


async def test_old_tls_is_refused(secure: Gate) -> None:
    context = trusting(secure)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        async with line(secure.port, ssl=context, server_hostname=host()):
            pass

    async def is_told() -> bool:
        return "gateway.connection" in secure.logged()

    await eventually(is_told)
    assert "WARNING" not in secure.logged()
    told = next(one for one in secure.logged().splitlines() if "gateway.connection" in one)
    assert json.loads(told)["client"] == "127.0.0.1"


async def test_http2(secure: Gate) -> None:
    assert await _asked_by_http2(secure, f"Cookie: {GRANT}; a=1") == "run 2 200"
    assert secure.run.last.one("cookie") == "a=1"


async def test_cookies_that_http2_sends_apart_are_cleaned_together(secure: Gate) -> None:
    apart = ("Cookie: a=1", f"cookie: {GRANT}; b=2", "cookie: __Host-mydocker_session=s")
    assert await _asked_by_http2(secure, *apart) == "run 2 200"
    assert secure.run.last.one("cookie") == "a=1; b=2"


async def _asked_by_http2(gate: Gate, *headers: str) -> str:
    said = [word for header in headers for word in ("-H", header)]
    process = await asyncio.create_subprocess_exec(
        "curl", "-s", "--http2", "--cacert", str(gate.config.certificate), "--noproxy", "*",
        "--resolve", f"{host()}:{gate.port}:127.0.0.1", "-w", " %{http_version} %{http_code}",
        *said, f"https://{host()}:{gate.port}/", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    return out.decode()


async def test_a_websocket_over_tls(secure: Gate) -> None:
    secure.run.parts["/ws"] = echoes
    context = trusting(secure, "http/1.1")
    async with line(secure.port, ssl=context, server_hostname=host()) as browser:
        origin = ("Origin", f"https://{host()}:{secure.port}")
        enters = [("Host", host()), ("Cookie", GRANT), origin]
        await browser.say(head("GET", "/ws", [*enters, *UPGRADE]))
        assert (await browser.answer()).status == 101
        await browser.say(frame(TEXT, b"hello"))
        assert await read_frame(browser.reader) == (TEXT, b"hello")
