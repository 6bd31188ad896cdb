"""What a workspace's page follows: fragments when something moved, and when it must end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings

from mydocker.domain.people import Person
from mydocker.ports.window import LayerPart, PullShown
from mydocker.services import people, workspaces
from mydocker.services.live import Hub
from mydocker.store import models, story
from mydocker.store.doorbell import ring
from mydocker.web import streams
from tests.web.site import LINES, FakeWindow
from tests.web.world import World

PATIENCE_SECONDS = 10.0
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


@dataclass
class Browser:
    """One stream under way."""

    sent: "asyncio.Queue[dict[str, Any]]" = field(default_factory=asyncio.Queue)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    rest: str = ""

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.sent.put(message)

    async def start(self) -> tuple[int, dict[str, str]]:
        message = await self._next()
        return message["status"], {k.decode(): v.decode() for k, v in message["headers"]}

    async def body(self) -> str:
        """All of a body that ends."""
        parts = []
        while True:
            message = await self._next()
            parts.append(message["body"].decode())
            if not message.get("more_body"):
                return "".join(parts)

    async def event(self, *names: str) -> tuple[str, Any]:
        """The next event of one of these names."""
        while True:
            while "\n\n" not in self.rest:
                self.rest += (await self._next())["body"].decode()
            block, _end, self.rest = self.rest.partition("\n\n")
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if fields.get("event") in names:
                return fields["event"], json.loads(fields["data"])

    async def _next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.sent.get(), PATIENCE_SECONDS)


def cookie_of(person: Person) -> str:
    key = token_hex(16)
    people.begin_login(person.id, key, datetime.now(UTC), timedelta(hours=1))
    return key


@pytest.fixture
def window() -> FakeWindow:
    return FakeWindow()


@asynccontextmanager
async def following(
    window: FakeWindow, path: str, key: str, language: str = "en"
) -> AsyncIterator[Browser]:
    hub, browser = Hub(window), Browser()
    running = asyncio.create_task(hub.run())
    await asyncio.sleep(0)
    path, _mark, query = path.partition("?")
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": query.encode(),
        "headers": [
            (b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}; x=y".encode()),
            (b"accept-language", language.encode()),
        ],
    }  # fmt: skip
    stream = asyncio.create_task(streams.page_stream(scope, browser.receive, browser.send, hub))
    try:
        yield browser
    finally:
        browser.gone.set()
        await asyncio.wait_for(stream, PATIENCE_SECONDS)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@sync_to_async
def move(workspace: str, kind: str, **facts: object) -> None:
    """Something happened; everybody is told, and a lost ring is rung again by the next."""
    story.append(workspace, kind, datetime.now(UTC), **facts)
    ring("workspace", workspace)


async def until_heard(workspace: str, browser: Browser, *names: str) -> tuple[str, Any]:
    """The next event; the doorbell is rung until the listener is there to hear it."""
    waiting = asyncio.ensure_future(browser.event(*names))
    for _ring in range(100):
        await sync_to_async(ring)("workspace", workspace)
        done, _pending = await asyncio.wait({waiting}, timeout=0.1)
        if done:
            break
    return await waiting


async def test_the_present_state_comes_first_and_whole(
    live_world: World, window: FakeWindow
) -> None:
    key = await sync_to_async(cookie_of)(live_world.student)
    path = f"/workspaces/{live_world.workspaces['starting']}/stream"
    async with following(window, path, key, "fr") as browser:
        status, headers = await browser.start()
        assert status == 200 and headers["content-type"].startswith("text/event-stream")
        assert headers["cache-control"] == "no-store"
        _name, html = await browser.event("state")
        assert html.startswith('<div id="body"') and "Vérifications" in html


async def test_only_what_changed_is_pushed(live_world: World, window: FakeWindow) -> None:
    key = await sync_to_async(cookie_of)(live_world.student)
    workspace = live_world.workspaces["starting"]
    async with following(window, f"/workspaces/{workspace}/stream", key) as browser:
        await browser.start()
        await browser.event("state")
        await move(workspace, "unreachable", detail="The engine is silent.")
        name, html = await until_heard(workspace, browser, "state", "story", "queue")
        assert name == "story" and "The engine is silent." in html
        assert html.startswith('<ol class="story" id="story">')


async def test_a_new_state_is_pushed_whole_and_announced(
    live_world: World, window: FakeWindow
) -> None:
    key = await sync_to_async(cookie_of)(live_world.student)
    workspace = live_world.workspaces["starting"]
    async with following(window, f"/workspaces/{workspace}/stream", key) as browser:
        await browser.start()
        await browser.event("state")
        ready = models.Run.objects.filter(workspace_id=workspace)
        await sync_to_async(ready.update)(phase=3, ready_at=datetime.now(UTC))
        _name, html = await until_heard(workspace, browser, "state")
        assert 'data-layout="ready"' in html and "data-main=" in html
        _name, spoken = await browser.event("announce")
        assert spoken == "Linux desktop XFCE: Ready"


async def test_a_pull_is_told_in_words_and_cells(live_world: World, window: FakeWindow) -> None:
    key = await sync_to_async(cookie_of)(live_world.student)
    workspace = live_world.workspaces["pulling"]
    async with following(window, f"/workspaces/{workspace}/stream", key) as browser:
        await browser.start()
        await browser.event("state")
        layers = (LayerPart(100 * 2**20, 100 * 2**20), LayerPart(300 * 2**20, 60 * 2**20))
        window.show(PullShown(workspace, 160 * 2**20, 400 * 2**20, layers))
        _name, html = await browser.event("pull")
        assert "160\u00a0MB of 400\u00a0MB" in html and 'id="pull"' in html
        assert html.count('class="cell"') == 2 and "1 of 2 layers" in html
        _name, spoken = await browser.event("announce")  # beyond the first third
        assert spoken == "160\u00a0MB of 400\u00a0MB, 1 of 2 layers"


async def test_the_cells_of_a_pull_are_drawn_in_french_too(
    live_world: World, window: FakeWindow
) -> None:
    key = await sync_to_async(cookie_of)(live_world.student)
    workspace = live_world.workspaces["pulling"]
    async with following(window, f"/workspaces/{workspace}/stream", key, "fr") as browser:
        await browser.start()
        await browser.event("state")
        layers = (LayerPart(10, 5), LayerPart(33, 7))
        window.show(PullShown(workspace, 12, 43, layers))
        _name, html = await browser.event("pull")
    assert 'x="232.6" width="764.4"' in html and 'width="229,' not in html


async def test_use_is_measured_while_it_is_ready(live_world: World, window: FakeWindow) -> None:
    key = await sync_to_async(cookie_of)(live_world.student)
    path = f"/workspaces/{live_world.workspaces['ready']}/stream"
    async with following(window, path, key) as browser:
        await browser.start()
        _name, html = await browser.event("usage")
        assert "<b>0.7</b> of 2\u00a0CPU" in html and "<b>2.7\u00a0GB</b> of 4\u00a0GB" in html


@pytest.mark.parametrize("what", ["stream", "journal"])
async def test_nobody_follows_what_is_not_theirs(
    live_world: World, window: FakeWindow, what: str
) -> None:
    for person in (live_world.other, live_world.teacher):
        key = await sync_to_async(cookie_of)(person)
        path = f"/workspaces/{live_world.workspaces['ready']}/{what}"
        async with following(window, path, key) as browser:
            assert (await browser.start())[0] == 404
    for key in ("", "x" * 32):
        async with following(window, path, key) as browser:
            assert (await browser.start())[0] == 404


async def test_an_administrator_follows_but_reads_no_log(
    live_world: World, window: FakeWindow
) -> None:
    key = await sync_to_async(cookie_of)(live_world.administrator)
    path = f"/workspaces/{live_world.workspaces['ready']}"
    async with following(window, f"{path}/stream", key) as browser:
        assert (await browser.start())[0] == 200
        _name, html = await browser.event("state")
        assert "Only its owner can open it." in html
    async with following(window, f"{path}/journal", key) as browser:
        assert (await browser.start())[0] == 404


@pytest.mark.parametrize("what", ["stream", "journal"])
async def test_signing_out_ends_what_is_followed(
    live_world: World, window: FakeWindow, what: str
) -> None:
    key = await sync_to_async(cookie_of)(live_world.student)
    workspace = live_world.workspaces["ready"]
    async with following(window, f"/workspaces/{workspace}/{what}", key) as browser:
        await browser.start()
        await browser.event("state", "lines")
        await sync_to_async(people.end_login)(key, datetime.now(UTC))
        waiting = asyncio.ensure_future(browser.event("gone"))
        for _ring in range(100):  # the listener may have come after the first
            await sync_to_async(ring)("rights", "")
            if (await asyncio.wait({waiting}, timeout=0.1))[0]:
                break
        assert (await waiting)[0] == "gone"


async def test_a_deleted_workspace_is_gone(live_world: World, window: FakeWindow) -> None:
    key = await sync_to_async(cookie_of)(live_world.student)
    workspace = live_world.workspaces["stopped"]
    async with following(window, f"/workspaces/{workspace}/stream", key) as browser:
        await browser.start()
        await browser.event("state")
        now = datetime.now(UTC)
        await sync_to_async(workspaces.delete)(live_world.student, workspace, now)
        assert (await until_heard(workspace, browser, "gone"))[0] == "gone"


async def test_the_log_is_followed_line_by_line(live_world: World, window: FakeWindow) -> None:
    key = await sync_to_async(cookie_of)(live_world.student)
    path = f"/workspaces/{live_world.workspaces['ready']}/journal"
    async with following(window, path, key) as browser:
        await browser.start()
        _name, lines = await browser.event("lines")
        assert lines[0] == {"text": LINES[0].text, "stream": "stdout"}
        assert lines[-1]["stream"] == "stderr"


async def test_the_log_can_be_downloaded(live_world: World, window: FakeWindow) -> None:
    key = await sync_to_async(cookie_of)(live_world.student)
    path = f"/workspaces/{live_world.workspaces['ready']}/journal?download"
    async with following(window, path, key) as browser:
        status, headers = await browser.start()
        assert status == 200 and headers["content-disposition"].startswith("attachment")
        assert await browser.body() == "".join(f"{line.text}\n" for line in LINES)


async def test_forms_in_fragments_carry_the_secret_of_the_session(
    live_world: World, window: FakeWindow
) -> None:
    key = await sync_to_async(cookie_of)(live_world.student)
    key += f"; {settings.CSRF_COOKIE_NAME}={'a' * 32}"
    path = f"/workspaces/{live_world.workspaces['ready']}/stream"
    async with following(window, path, key) as browser:
        await browser.start()
        _name, html = await browser.event("state")
        assert 'name="csrfmiddlewaretoken" value=""' not in html
        assert html.count('name="csrfmiddlewaretoken"') >= 5


async def test_only_a_get_is_answered(live_world: World, window: FakeWindow) -> None:
    browser = Browser()
    scope = {"type": "http", "method": "POST", "path": "/workspaces/x/stream", "headers": []}
    await streams.page_stream(scope, browser.receive, browser.send, Hub(window))
    assert (await browser.start())[0] == 405


@pytest.mark.parametrize("cookie", ["", ";;;", "a=\x00", "x" * 10_000, '"', "__Host-x=;=;="])
async def test_any_cookie_header_is_read(
    live_world: World, window: FakeWindow, cookie: str
) -> None:
    path = f"/workspaces/{live_world.workspaces['ready']}/stream"
    async with following(window, path, cookie) as browser:
        assert (await browser.start())[0] == 404
