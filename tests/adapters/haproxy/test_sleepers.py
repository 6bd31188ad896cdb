"""Who wakes a sleeper, who does not, and what is said meanwhile."""

import asyncio as tasks
import time
from dataclasses import replace

import pytest
import pytest_asyncio

from mydocker.adapters.haproxy.meter import Count
from tests.adapters.haproxy.gate import APPS, COOKIE, Gate, eventually, host
from tests.adapters.haproxy.origin import echoes
from tests.adapters.haproxy.test_activity import interactions, metered
from tests.adapters.haproxy.wire import (
    TEXT,
    UPGRADE,
    Answer,
    Headers,
    frame,
    head,
    line,
    read_frame,
)

asyncio = pytest.mark.asyncio

CONTAINER, OTHER = "c" * 64, "d" * 64
ENTERS = [("Host", host()), ("Cookie", f"__Host-mydocker_grant={COOKIE}")]
NAVIGATES: Headers = [
    ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"),
]  # fmt: skip
POLL: Headers = [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors")]
PLAIN: Headers = [("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")]
FOREIGN: Headers = [("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "cors")]
LINKED: Headers = [
    ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
]  # fmt: skip
FRAMED: Headers = [*LINKED[:2], ("Sec-Fetch-Dest", "iframe")]
LAYOUT = "/lab/api/workspaces/default?1795394141592"
AWAKE = "/.mydocker/awake"


@pytest_asyncio.fixture
async def asleep(opened: Gate) -> Gate:
    """The run sleeps, and so does another one."""
    await opened.gateway.put_asleep({host(): CONTAINER, host("b"): CONTAINER, host("z"): OTHER})
    return opened


async def sleeping(gate: Gate) -> set[str]:
    return {name.partition(".")[0][0] for name in await gate.gateway.asleep()}


# --- who wakes it ---------------------------------------------------------------------------------


@asyncio
@pytest.mark.parametrize(
    ("headers", "method", "target"),
    [
        (NAVIGATES, "GET", "/lab"),
        ([*POLL[:1], *FRAMED[1:]], "GET", "/lab"),
        (LINKED, "GET", "/lab"),
        (PLAIN, "GET", "/lab"),
        (POLL, "POST", "/api/kernels"),
        (POLL, "PUT", "/api/contents/a.ipynb"),
        (POLL, "DELETE", "/api/kernels/1"),
        ([], "POST", "/"),
    ],
)
async def test_a_person_wakes_it_and_is_answered_by_the_container(
    asleep: Gate, headers: Headers, method: str, target: str
) -> None:
    answer = await asleep.ask(host(), *headers, method=method, target=target)
    assert (answer.status, answer.body) == (200, b"run")
    assert (asleep.run.last.method, asleep.run.last.target) == (method, target)
    assert asleep.bell.rings == [CONTAINER]
    assert await sleeping(asleep) == {"z"}
    assert await interactions(asleep) == 1


@asyncio
@pytest.mark.parametrize("size", [1, 20_000, 3_000_000])
async def test_the_body_arrives_whole(asleep: Gate, size: int) -> None:
    answer = await asleep.ask(host(), *POLL, method="PUT", body=b"x" * size)
    assert answer.status == 200
    assert asleep.run.last.body_bytes == size


@asyncio
async def test_a_body_that_comes_in_pieces_arrives_whole(asleep: Gate) -> None:
    async with line(asleep.port) as opened:
        sent = [*ENTERS, ("Transfer-Encoding", "chunked")]
        await opened.say(head("POST", "/", sent))
        await opened.say(b"5\r\nhello\r\n")
        await _is_awake(asleep)
        await opened.say(b"6\r\n world\r\n0\r\n\r\n")
        assert (await opened.answer()).status == 200
    assert asleep.run.last.body_bytes == 11


async def _is_awake(gate: Gate) -> None:
    async def is_so() -> bool:
        return await sleeping(gate) == {"z"}

    await eventually(is_so)


@asyncio
async def test_many_at_once_are_all_answered(asleep: Gate) -> None:
    answers = await tasks.gather(*(asleep.ask(host(), *NAVIGATES) for _ in range(50)))
    assert {answer.status for answer in answers} == {200}
    assert set(asleep.bell.rings) == {CONTAINER}


@asyncio
async def test_a_websocket_wakes_but_counts_nothing(asleep: Gate) -> None:
    """VS Code connects again by itself."""
    asleep.run.parts["/ws"] = echoes
    async with line(asleep.port) as browser:
        await browser.say(head("GET", "/ws", [*ENTERS, *UPGRADE]))
        assert (await browser.answer()).status == 101
        await browser.say(frame(TEXT, b"hello"))
        assert await read_frame(browser.reader) == (TEXT, b"hello")
        activity = (await asleep.gateway.activity())[host()]
        assert (activity.interactions, activity.open_streams) == (0, 1)
    assert asleep.bell.rings == [CONTAINER]


@asyncio
@pytest.mark.parametrize(
    "target",
    [
        "/api/contents/essai.ipynb?content=0&1700000000",
        "/user/api/contents/essai.ipynb?type=notebook&content=0",
        "/api/kernels/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
    ],
)
async def test_what_a_lab_begins_to_save_or_to_take_up_a_kernel_wakes_and_is_not_counted(
    asleep: Gate, target: str
) -> None:
    assert (await asleep.ask(host(), *POLL, target=target)).status == 200
    assert asleep.bell.rings == [CONTAINER]
    assert await interactions(asleep) == 0


def test_the_handshake_of_a_websocket_that_woke_is_no_typing() -> None:
    rounds = [(0, Count(1, 1, 400, 1)), (30, Count(1, 1, 1400, 2)), (60, Count(1, 1, 1800, 2))]
    assert [read.interactions for read in metered(*rounds)] == [1, 1, 2]


@asyncio
async def test_only_websockets_upgrade(asleep: Gate) -> None:
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "h2c"), *POLL]
    assert (await asleep.ask(host(), *upgrade)).status == 429
    await asleep.ask(host(), *upgrade, method="POST")
    assert asleep.run.last.all("upgrade") == []


@asyncio
async def test_who_is_not_there_any_more_does_not_sleep_either(asleep: Gate) -> None:
    asleep.bell.answer = b"gone\n"
    assert (await asleep.ask(host(), *NAVIGATES)).status == 200
    assert await sleeping(asleep) == {"z"}


@asyncio
async def test_it_sleeps_again_when_said_so(asleep: Gate) -> None:
    for _ in range(2):
        await asleep.gateway.put_asleep({host(): CONTAINER})
        assert (await asleep.ask(host(), *NAVIGATES)).status == 200
    assert asleep.bell.rings == [CONTAINER, CONTAINER]


@asyncio
async def test_what_reaches_a_sleeper_is_cleaned_as_ever(asleep: Gate) -> None:
    answer = await asleep.ask(host(), *NAVIGATES, ("X-Forwarded-For", "6.6.6.6"))
    assert answer.one("origin-agent-cluster") == "?1"
    assert "mydocker" not in asleep.run.last.one("cookie")
    assert asleep.run.last.one("x-forwarded-for") == "127.0.0.1"


# --- who does not ---------------------------------------------------------------------------------


@asyncio
@pytest.mark.parametrize(
    ("headers", "method", "target"),
    [
        (POLL, "GET", "/api/kernels"),
        (POLL, "HEAD", "/api/kernels"),
        (POLL, "OPTIONS", "/api/kernels"),
        (POLL, "PUT", LAYOUT),
        ([*POLL[:1], ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")], "GET", "/a.png"),
        ([], "GET", "/"),
        ([("Accept", "text/html"), *POLL], "GET", "/api/kernels"),
    ],
)
async def test_what_an_open_tab_asks_by_itself_is_answered_and_wakes_nobody(
    asleep: Gate, headers: Headers, method: str, target: str
) -> None:
    answer = await asleep.ask(host(), *headers, method=method, target=target)
    assert answer.status == 429
    assert answer.one("retry-after") == "30" and answer.one("cache-control") == "no-store"
    if method != "HEAD":
        assert answer.json.keys() == {"code", "message", "hint", "reference"}
        assert answer.json["code"] == "asleep"
    assert (asleep.run.seen, asleep.bell.rings) == ([], [])
    assert await sleeping(asleep) == {"a", "b", "z"}
    assert await interactions(asleep) == 0


@asyncio
async def test_it_speaks_the_readers_language(asleep: Gate) -> None:
    french = await asleep.ask(host(), *POLL, ("Accept-Language", "fr"))
    assert french.json["message"].startswith("L’espace dort")
    assert (await asleep.ask(host(), *POLL)).json["message"].startswith("The workspace sleeps")


@asyncio
async def test_a_tab_that_asks_for_ever_is_not_logged(asleep: Gate) -> None:
    await asleep.ask(host(), *POLL, target="/polled")
    await asleep.ask(host("y"), target="/noted")

    async def is_noted() -> bool:
        return "/noted" in asleep.logged()

    await eventually(is_noted)
    assert "/polled" not in asleep.logged()


@asyncio
@pytest.mark.parametrize(
    ("headers", "method", "target", "status"),
    [
        (FOREIGN, "GET", "/", 403),
        (FOREIGN, "POST", "/", 403),
        (FRAMED, "GET", "/", 403),
        (LINKED, "POST", "/", 403),
        ([*UPGRADE, ("Origin", f"http://{'q' * 20}.{APPS}")], "GET", "/ws", 403),
        (FOREIGN, "GET", AWAKE, 403),
        (FOREIGN, "POST", AWAKE, 403),
        (LINKED, "GET", AWAKE, 403),
        (LINKED, "POST", AWAKE, 403),
        ([("Origin", "null")], "POST", AWAKE, 403),
    ],
)
async def test_strangers_wake_nobody(
    asleep: Gate, headers: Headers, method: str, target: str, status: int
) -> None:
    answer = await asleep.ask(host(), *headers, method=method, target=target)
    assert (answer.status, asleep.bell.rings, asleep.run.seen) == (status, [], [])
    assert await interactions(asleep) == 0


@asyncio
@pytest.mark.parametrize("cookie", [None, f"__Host-mydocker_grant={'x' * 43}"])
@pytest.mark.parametrize("target", ["/", AWAKE])
async def test_who_has_no_grant_wakes_nobody_and_is_not_told(
    asleep: Gate, cookie: str | None, target: str
) -> None:
    for headers, method in ((POLL, "GET"), (POLL, "POST"), (NAVIGATES, "GET"), (UPGRADE, "GET")):
        answer = await asleep.ask(host(), *headers, method=method, target=target, cookie=cookie)
        assert answer.status in {401, 303}
    assert asleep.bell.rings == []


@asyncio
async def test_the_host_of_an_ended_run_wakes_nobody(asleep: Gate) -> None:
    await asleep.gateway.drop_routes([host()])
    for target in ("/", AWAKE):
        assert (await asleep.ask(host(), method="POST", target=target)).status == 410
    assert asleep.bell.rings == []


# --- when the agent is away -----------------------------------------------------------------------


def says_that_it_sleeps(answer: Answer) -> bool:
    return answer.status == 503 and answer.one("retry-after") == "3"


@asyncio
@pytest.mark.parametrize("is_silent", [False, True])
async def test_nothing_hangs_when_nobody_answers_the_bell(asleep: Gate, is_silent: bool) -> None:
    asleep.bell.answer = b""
    if not is_silent:
        asleep.bell.stop()
    began = time.monotonic()
    page, told, awake = await tasks.gather(
        asleep.ask(host(), *NAVIGATES, ("Accept-Language", "fr")),
        asleep.ask(host(), *POLL, method="POST"),
        asleep.ask(host(), *POLL, method="POST", target=AWAKE),
    )
    assert 1 < time.monotonic() - began < 4
    assert all(says_that_it_sleeps(answer) for answer in (page, told, awake))
    assert "Votre espace dort encore" in page.body.decode()
    assert AWAKE in page.body.decode()
    assert told.json["code"] == awake.json["code"] == "cannot_wake"
    assert asleep.run.seen == []
    assert await sleeping(asleep) == {"a", "b", "z"}
    assert await interactions(asleep) == 0


@asyncio
async def test_an_agent_that_says_no_is_taken_for_away(asleep: Gate) -> None:
    asleep.bell.answer = b"no\n"
    assert says_that_it_sleeps(await asleep.ask(host(), *NAVIGATES))


@asyncio
async def test_nobody_notices_an_agent_that_is_started_anew(asleep: Gate) -> None:
    asleep.bell.stop()
    asking = tasks.create_task(asleep.ask(host(), *NAVIGATES))
    async with line(asleep.port) as other:  # the gateway has work beside it
        await other.say(head("GET", "/", [("Host", host("y"))]))
        assert (await other.answer()).status == 410
    await asleep.bell.start()
    assert (await asking).status == 200


# --- what a page may ask of the gateway -----------------------------------------------------------


@asyncio
async def test_a_page_may_ask_whether_its_run_sleeps_and_wakes_nobody(asleep: Gate) -> None:
    for headers in (POLL, NAVIGATES, PLAIN, UPGRADE):
        answer = await asleep.ask(host(), *headers, target=AWAKE)
        assert (answer.status, answer.json) == (200, {"asleep": True})
        assert answer.one("content-type") == "application/json"
        assert answer.one("cache-control") == "no-store"
    assert (await asleep.ask(host(), *POLL, target=AWAKE, method="HEAD")).status == 200
    await asleep.gateway.drop_asleep([host()])
    assert (await asleep.ask(host(), *POLL, target=AWAKE)).json == {"asleep": False}
    assert (asleep.bell.rings, asleep.run.seen, asleep.web.seen) == ([], [], [])
    assert await interactions(asleep) == 0


@asyncio
async def test_a_page_may_wake_its_run(asleep: Gate) -> None:
    for count in (1, 2):  # also when it is awake
        answer = await asleep.ask(host(), *POLL, target=f"{AWAKE}?x", method="POST", body=b"{}")
        assert (answer.status, answer.body) == (204, b"")
        assert answer.one("cache-control") == "no-store"
        assert asleep.bell.rings == [CONTAINER]
        assert await interactions(asleep) == count
    assert await sleeping(asleep) == {"z"}
    assert (asleep.run.seen, asleep.web.seen) == ([], [])


@asyncio
async def test_another_page_of_the_run_may_wake_it(asleep: Gate) -> None:
    await asleep.gateway.put_routes([asleep.route(), asleep.route("b")])
    run = asleep.route().run
    await asleep.gateway.put_routes([replace(asleep.route("b"), run=run)])
    origin = ("Origin", f"http://{host('b')}:{asleep.port}")
    answer = await asleep.ask(host(), *FOREIGN, origin, target=AWAKE, method="POST")
    assert answer.status == 204


@asyncio
@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_nothing_else_is_done_there(asleep: Gate, method: str) -> None:
    answer = await asleep.ask(host(), *POLL, target=AWAKE, method=method)
    assert (answer.status, answer.one("allow")) == (405, "GET, HEAD, POST")
    assert asleep.bell.rings == []


@asyncio
@pytest.mark.parametrize("target", ["/.mydocker/awake/", "/.mydocker/awakened", "/.mydocker/"])
async def test_other_paths_are_reserved_as_ever(asleep: Gate, target: str) -> None:
    assert (await asleep.ask(host(), target=target, method="POST")).status == 404
    assert asleep.bell.rings == []
