"""Invariant 4b: run hosts are same-site with one another, and the gateway keeps them apart.

The browser sends the cookie along in each of these; what tells a person and the run's own pages
from a page of somebody else is what browsers say in `Sec-Fetch-*` and `Origin`.
"""

import pytest

from tests.adapters.haproxy.gate import COOKIE, DASHBOARD, Gate, host
from tests.adapters.haproxy.wire import UPGRADE, Headers, head, line

pytestmark = pytest.mark.asyncio

OWN = f"http://{host()}:8080"
FOREIGN = f"http://{host('z')}:8080"
SIBLING = f"http://{host('b')}:8080"
EVIL = "https://evil.example"


def fetched(site: str, mode: str = "cors", dest: str = "empty") -> Headers:
    return [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", dest)]


def navigated(site: str, dest: str = "document") -> Headers:
    return fetched(site, "navigate", dest)


@pytest.fixture
def victim(opened: Gate) -> Gate:
    """`a` and `b` are two ports of one run; `z` is the hostile run of somebody else."""
    return opened


async def neighbours(gate: Gate) -> None:
    from dataclasses import replace

    await gate.gateway.put_routes(
        [replace(gate.route("b"), run="run-a"), gate.route("z", gate.other)]
    )


PASSES: list[tuple[str, Headers, str]] = [
    ("typed address", navigated("none"), "GET"),
    ("link on the page itself", navigated("same-origin"), "GET"),
    ("link on another site", navigated("cross-site"), "GET"),
    ("link on another run", navigated("same-site"), "GET"),
    ("own script", fetched("same-origin"), "GET"),
    ("own image", fetched("same-origin", "no-cors", "image"), "GET"),
    ("own frame", navigated("same-origin", "iframe"), "GET"),
    ("own form", [*navigated("same-origin"), ("Origin", OWN)], "POST"),
    ("own form, referrer withheld", [*navigated("same-origin"), ("Origin", "null")], "POST"),
    ("own fetch", [*fetched("same-origin"), ("Origin", OWN)], "DELETE"),
    ("own fetch of an old browser", [("Origin", OWN)], "PUT"),
    ("the run's other port", [*fetched("same-site"), ("Origin", SIBLING)], "POST"),
    ("the run's other port, frame", [*navigated("same-site", "iframe"),
                                     ("Referer", SIBLING + "/")], "GET"),
    ("curl", [], "GET"),
    ("curl -X POST", [], "POST"),
]  # fmt: skip

REFUSED: list[tuple[str, Headers, str]] = [
    ("fetch of another run", [*fetched("same-site"), ("Origin", FOREIGN)], "GET"),
    ("fetch of another run, no-cors", fetched("same-site", "no-cors"), "GET"),
    ("script of another run", fetched("same-site", "no-cors", "script"), "GET"),
    ("image on another site", fetched("cross-site", "no-cors", "image"), "GET"),
    ("stylesheet on another run", fetched("same-site", "no-cors", "style"), "GET"),
    ("form of another run", [*navigated("same-site"), ("Origin", FOREIGN)], "POST"),
    ("form of another site", [*navigated("cross-site"), ("Origin", EVIL)], "POST"),
    ("form of another site without Origin", navigated("cross-site"), "POST"),
    ("sandboxed form", [*navigated("cross-site"), ("Origin", "null")], "POST"),
    ("old browser's fetch", [("Origin", FOREIGN)], "GET"),
    ("old browser's form", [("Origin", EVIL)], "POST"),
    ("old browser's sandboxed form", [("Origin", "null")], "POST"),
    ("fetch of the dashboard's page", [("Origin", f"http://{DASHBOARD}:8080")], "POST"),
    ("frame in another run", navigated("same-site", "iframe"), "GET"),
    ("frame in another site", navigated("cross-site", "frame"), "GET"),
    ("object in another run", navigated("same-site", "object"), "GET"),
    ("embed in another run", navigated("same-site", "embed"), "GET"),
    ("frame that names its page", [*navigated("same-site", "iframe"),
                                   ("Referer", FOREIGN + "/x")], "GET"),
    ("PUT of another run", [*fetched("same-site"), ("Origin", FOREIGN)], "PUT"),
    ("beacon of another run", [*fetched("same-site", "no-cors"), ("Origin", FOREIGN)], "POST"),
    ("worker of another run", fetched("same-site", "same-origin", "worker"), "GET"),
    ("a value nobody knows yet", fetched("adjacent"), "GET"),
    ("host that only begins the same", [("Origin", f"http://{host()}.evil.example")], "POST"),
    ("host behind a name", [("Origin", f"http://evil.example#{host()}")], "POST"),
    ("host as a user", [("Origin", f"http://{host()}@evil.example")], "POST"),
    ("no scheme", [("Origin", host())], "POST"),
    ("an ended run", [("Origin", f"http://{host('y')}")], "POST"),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "method"), [p[1:] for p in PASSES], ids=[p[0] for p in PASSES])
async def test_own_pages_and_people_pass(victim: Gate, headers: Headers, method: str) -> None:
    await neighbours(victim)
    assert (await victim.ask(host(), *headers, method=method)).status == 200


@pytest.mark.parametrize(
    ("headers", "method"), [p[1:] for p in REFUSED], ids=[p[0] for p in REFUSED]
)
async def test_strangers_are_refused(victim: Gate, headers: Headers, method: str) -> None:
    await neighbours(victim)
    enters = [("Host", host()), ("Cookie", f"__Host-mydocker_grant={COOKIE}")]
    async with line(victim.port) as browser:
        for _ in range(2):  # the gateway remembers who was granted, but not from where they ask
            await browser.say(head("GET", "/", enters))
            assert (await browser.answer()).status == 200
        await browser.say(head(method, "/", [*enters, *headers]))
        answer = await browser.answer(method)
    assert answer.status == 403
    assert len(victim.run.seen) == 2
    if ("Sec-Fetch-Mode", "navigate") in headers:
        assert b"vient d\xe2\x80\x99ailleurs" in answer.body
    else:
        assert answer.json["code"] == "foreign_page"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("Origin", OWN)], 101),
        ([("Origin", SIBLING)], 101),
        ([("Origin", OWN), *fetched("same-origin", "websocket", "websocket")], 101),
        ([], 101),
        ([("Origin", FOREIGN)], 403),
        ([("Origin", EVIL)], 403),
        ([("Origin", "null")], 403),
        ([("Origin", FOREIGN), *fetched("same-site", "websocket", "websocket")], 403),
        ([*fetched("cross-site", "websocket", "websocket")], 403),
    ],
)
async def test_websockets_open_for_the_runs_own_pages_alone(
    victim: Gate, headers: Headers, status: int
) -> None:
    from tests.adapters.haproxy.origin import echoes

    await neighbours(victim)
    victim.run.parts["/ws"] = echoes
    answer = await victim.ask(host(), *UPGRADE, *headers, target="/ws")
    assert answer.status == status


async def test_a_stranger_learns_nothing_about_grants(victim: Gate) -> None:
    """Without a grant the answer is the same, whoever asks."""
    answer = await victim.ask(host(), ("Origin", FOREIGN), cookie=None)
    assert answer.status == 401
