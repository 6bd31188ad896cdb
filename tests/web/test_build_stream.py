"""What a build's page follows: lines at once, parts as they change, and when it must end."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from mydocker.domain.build_logs import LogEntry
from mydocker.ports.errors import Unavailable
from mydocker.services import images, people
from mydocker.store import builds
from mydocker.store.doorbell import ring
from mydocker.web import build_stream
from tests.web.site import FakeWindow
from tests.web.test_streams import PATIENCE_SECONDS, Browser, cookie_of, following, window
from tests.web.world import World

__all__ = ["window"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
LIVE = "/teach/images/scipy-l2/builds/3/stream"
OVER = "/teach/images/proofs/builds/1/stream"
STEP = LogEntry(0.0, 1, "step", "FROM mydocker/jupyterlab-python")


def said(text: str, step: int = 1) -> LogEntry:
    return LogEntry(1.0, step, "said", text)


async def opened(browser: Browser) -> None:
    """Wait for the beginning of the stream."""
    assert (await browser.start())[0] == 200


async def parts(browser: Browser, *words: str) -> str:
    """The next parts that say all of these words."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            _event, html = await browser.event("parts")
            if all(word in html for word in words):
                return str(html)


async def test_who_comes_gets_everything_and_then_each_line_at_once(
    live_world: World, window: FakeWindow
) -> None:
    window.log(STEP, said("\x1b[31mfirst <b>"))
    key = await sync_to_async(cookie_of)(live_world.teacher)
    async with following(window, LIVE, key) as browser:
        status, headers = await browser.start()
        assert status == 200 and headers["content-type"].startswith("text/event-stream")
        assert (await browser.event("begin", "parts", "lines"))[0] == "begin"
        whole = await parts(browser, "build-head", "build-steps")
        assert "Cancel the build" in whole
        _event, lines = await browser.event("lines")
        assert lines == [["# 1 FROM mydocker/jupyterlab-python", "c"], ["first <b>", ""]]
        for number in range(3):
            window.log(said(f"line {number}"))
            assert (await browser.event("lines"))[1] == [[f"line {number}", ""]]


async def test_steps_move_as_they_end(live_world: World, window: FakeWindow) -> None:
    key = await sync_to_async(cookie_of)(live_world.teacher)
    async with following(window, LIVE, key, "fr") as browser:
        await opened(browser)
        await parts(browser, "Étapes")
        assert (await browser.event("announce"))[1] == "En construction. Étape 3 sur 6"
        window.log(STEP, LogEntry(0.2, 1, "cached"), LogEntry(0.3, 2, "step", "USER root"))
        moved = await parts(browser, "hit-row", "run-row")
        assert "en cache" in moved and "build-result" not in moved
        assert (await browser.event("announce"))[1] == "En construction. Étape 2 sur 6"


async def test_the_page_ends_with_the_build_and_its_log(
    live_world: World, window: FakeWindow
) -> None:
    key = await sync_to_async(cookie_of)(live_world.teacher)
    async with following(window, LIVE, key) as browser:
        await opened(browser)
        await parts(browser, "Building")
        await finish(live_world)
        window.log(said("the last line"), LogEntry(9.0, 0, "end", "done"), is_last=True)
        heard: dict[str, list[Any]] = {"lines": [], "parts": [], "gone": []}
        while not heard["gone"]:
            event, data = await browser.event(*heard)
            heard[event].append(data)
    assert heard["gone"] == ["over"] and heard["lines"] == [[["the last line", ""]]]
    assert "Make an environment with it" in heard["parts"][-1]


@sync_to_async
def finish(world: World) -> None:
    row = images.build(world.teacher, "scipy-l2", 3)
    assert builds.finish(
        row.id, reference=images.reference_of("scipy-l2", 3), engine_id="sha256:0",
        size_bytes=1 << 30, layers=[("base", 1 << 30)], packages=[("pip", "numpy", "2.4")],
        now=datetime.now(UTC),
    )  # fmt: skip
    ring("built", row.image)


async def test_a_build_that_is_over_tells_its_log_and_ends(
    live_world: World, window: FakeWindow
) -> None:
    window.log(STEP, *(said(str(number)) for number in range(2_500)), is_last=True)
    key = await sync_to_async(cookie_of)(live_world.teacher)
    async with following(window, OVER, key) as browser:
        await opened(browser)
        count = 0
        while True:
            event, data = await browser.event("lines", "gone")
            if event == "gone":
                break
            count += len(data)
            last = data[-1]
    assert last == ["2499", ""] and 2_000 <= count <= 2_501


async def test_a_log_that_breaks_off_goes_on_where_it_was(
    live_world: World, window: FakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_stream, "RETRY_SECONDS", 0.01)
    asked: list[int] = []
    whole = window.build_log

    async def breaks(build: str, *, after: int, follow: bool) -> AsyncIterator[LogEntry]:
        asked.append(after)
        if len(asked) < 3:
            yield said(f"before break {len(asked)}")
            raise Unavailable("the window closed")
        async for entry in whole(build, after=after, follow=follow):
            yield entry

    monkeypatch.setattr(window, "build_log", breaks)
    window.log(said("x"), said("y"), said("after both"))
    key = await sync_to_async(cookie_of)(live_world.teacher)
    async with following(window, LIVE, key) as browser:
        await opened(browser)
        heard: list[Any] = []
        while len(heard) < 3:
            heard += (await browser.event("lines"))[1]
    assert [text for text, _tone in heard] == ["before break 1", "before break 2", "after both"]
    assert asked == [0, 1, 2]


async def test_a_base_on_its_way_is_told_but_not_ten_times_a_second(
    live_world: World, window: FakeWindow
) -> None:
    key = await sync_to_async(cookie_of)(live_world.teacher)
    async with following(window, LIVE, key) as browser:
        await opened(browser)
        await parts(browser, "build-head")
        window.log(*(LogEntry(1.0, 0, "fetch", "a/b", n << 20) for n in range(1, 9)))
        assert "8\N{NO-BREAK SPACE}MB so far" in await parts(browser, "Fetching a/b")


@pytest.mark.parametrize("who", ["student", "nobody"])
@pytest.mark.parametrize("path", [LIVE, f"{LIVE}?download"])
async def test_others_follow_nothing(
    live_world: World, window: FakeWindow, who: str, path: str
) -> None:
    window.log(said("secret"), is_last=True)
    key = await sync_to_async(cookie_of)(live_world.student) if who == "student" else "x"
    async with following(window, path, key) as browser:
        assert (await browser.start())[0] == 404
        assert await browser.body() == ""


@pytest.mark.parametrize(
    "path", ["/teach/images/x/builds/9/stream", "/teach/images/scipy-l2/builds/x/stream",
             "/teach/images/scipy-l2/builds/999999999/stream", "/teach/x"],
)  # fmt: skip
async def test_what_is_not_there_is_not_followed(
    live_world: World, window: FakeWindow, path: str
) -> None:
    key = await sync_to_async(cookie_of)(live_world.teacher)
    async with following(window, path, key) as browser:
        assert (await browser.start())[0] == 404


async def test_signing_out_ends_it(live_world: World, window: FakeWindow) -> None:
    key = await sync_to_async(cookie_of)(live_world.teacher)
    async with following(window, LIVE, key) as browser:
        await opened(browser)
        await parts(browser, "build-head")
        await sync_to_async(people.end_login)(key, datetime.now(UTC))
        assert await browser.event("gone") == ("gone", "withdrawn")


async def test_the_whole_log_is_a_file_of_what_there_is_by_now(
    live_world: World, window: FakeWindow
) -> None:
    window.log(STEP, said("\x1b[1mbold\x1b[0m <script>"), said("été"))
    key = await sync_to_async(cookie_of)(live_world.teacher)
    async with following(window, f"{LIVE}?download", key) as browser:
        status, headers = await browser.start()
        assert status == 200 and headers["content-type"].startswith("text/plain")
        assert headers["content-disposition"] == 'attachment; filename="scipy-l2-3.log"'
        assert headers["x-content-type-options"] == "nosniff"
        text = await asyncio.wait_for(browser.body(), 10)
    assert text == "# 1 FROM mydocker/jupyterlab-python\nbold <script>\nété\n"


async def test_events_stand_on_one_line_each(live_world: World, window: FakeWindow) -> None:
    window.log(said("a\u2028b\rc"), said("</script>\ndata: x"))
    key = await sync_to_async(cookie_of)(live_world.teacher)
    async with following(window, LIVE, key) as browser:
        await opened(browser)
        lines = (await browser.event("lines"))[1]
    assert json.dumps(lines) == '[["c", ""], ["</script>data: x", ""]]'
