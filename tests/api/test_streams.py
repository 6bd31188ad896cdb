"""The streams: what happened, what happens, and who may hear of it."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from mydocker.api import events, following
from mydocker.api.asgi import application
from mydocker.domain.story import StoryKind
from mydocker.ports.window import PullShown, UsageShown
from mydocker.services import people, summaries
from mydocker.services import workspaces as service
from mydocker.store import story
from mydocker.store.doorbell import ring
from mydocker.store.transactions import forget_connection, unit_of_work

from .conftest import NOW, Somebody
from .streaming import Streams, no_page, running

pytestmark = pytest.mark.django_db(transaction=True)

Made = Callable[[str], str]
Result = TypeVar("Result")


def play(scene: Callable[[Streams], Coroutine[Any, Any, None]]) -> None:
    """Run a scene with the streams' application."""

    async def whole() -> None:
        async with running() as streams:
            await scene(streams)

    asyncio.run(whole())


def happen(workspace: str, *kinds: StoryKind, **facts: str) -> None:
    """Let these things happen to a workspace, all at once."""
    with unit_of_work():
        for kind in kinds:
            story.append(workspace, kind, NOW, **facts)
        ring("workspace", workspace)


async def meanwhile(function: Callable[..., Result], *args: Any, **named: Any) -> Result:
    """Call something that asks the database, in another thread, as another process would."""

    def called() -> Result:
        try:
            return function(*args, **named)
        finally:
            forget_connection()

    return await asyncio.to_thread(called)


def bearer(somebody: Somebody) -> dict[str, str]:
    return {"authorization": f"Bearer {somebody.token}"}


def address(workspace: str, what: str = "events") -> str:
    return f"/api/v1/workspaces/{workspace}/{what}"


def test_a_follower_hears_what_happened_and_what_happens(
    student: Somebody, workspace_in: Made
) -> None:
    workspace = workspace_in("wanted")

    async def scene(streams: Streams) -> None:
        async with streams.get(address(workspace), **bearer(student)) as client:
            status, headers = await client.start()
            assert (status, headers["content-type"]) == (200, "text/event-stream")
            [asked] = await client.events(1)
            assert list(asked) == ["at", "kind", "message", "progress", "id"]
            assert asked["kind"] == "asked" and asked["at"] == "2026-11-22T09:30:00.000000Z"
            await meanwhile(happen, workspace, StoryKind.ANSWERING, ports="8888")
            await meanwhile(happen, workspace, StoryKind.READY, seconds="1.9")
            answering, ready = await client.events(2)
            assert (answering["kind"], ready["kind"]) == ("answering", "ready")
            assert "8888" in answering["message"] and "1.9" in ready["message"]
            assert asked["id"] < answering["id"] < ready["id"]

    play(scene)


def test_the_story_begins_with_the_last_wish(student: Somebody, workspace_in: Made) -> None:
    workspace = workspace_in("ready")
    service.restart(student.person, workspace, NOW)

    async def scene(streams: Streams) -> None:
        async with streams.get(address(workspace), **bearer(student)) as client:
            await client.start()
            assert [each["kind"] for each in await client.events(1)] == ["restart_asked"]

    play(scene)


def test_whoever_comes_back_hears_what_was_missed(student: Somebody, workspace_in: Made) -> None:
    workspace = workspace_in("wanted")
    happen(workspace, StoryKind.ADMITTED, StoryKind.READY)
    first = story.since(workspace, 0)[0].id

    async def scene(streams: Streams) -> None:
        headers = bearer(student) | {"last-event-id": str(first)}
        async with streams.get(address(workspace), **headers) as client:
            await client.start()
            assert [each["kind"] for each in await client.events(2)] == ["admitted", "ready"]
        newest = bearer(student) | {"last-event-id": str(first + 2)}
        async with streams.get(address(workspace), **newest) as client:
            await client.start()
            await meanwhile(happen, workspace, StoryKind.OPENED)
            assert [each["kind"] for each in await client.events(1)] == ["opened"]
        strange = bearer(student) | {"last-event-id": "9" * 30}
        async with streams.get(address(workspace), **strange) as client:
            assert (await client.start())[0] == 422

    play(scene)


def test_nothing_is_lost_or_told_twice_in_a_burst(student: Somebody, workspace_in: Made) -> None:
    workspace = workspace_in("wanted")

    def burst() -> None:
        for number in range(300):
            happen(workspace, StoryKind.OPENED, interface=str(number))

    async def scene(streams: Streams) -> None:
        async with streams.get(address(workspace), **bearer(student)) as client:
            await client.start()
            await meanwhile(burst)
            heard = await client.events(301)
            ids = [each["id"] for each in heard]
            assert ids == sorted(set(ids))

    play(scene)


def test_a_pull_is_told_in_bytes_and_usage_is_not(student: Somebody, workspace_in: Made) -> None:
    workspace = workspace_in("pulling")

    async def scene(streams: Streams) -> None:
        async with streams.get(address(workspace), **bearer(student)) as client:
            await client.start()
            await client.events(1)
            await streams.window.shown.put(UsageShown(workspace, 1, 2, 3))
            await streams.window.shown.put(PullShown(workspace, 10, 300))
            [pull] = await client.events(1)
            assert pull["kind"] == "image_pulling" and "id" not in pull
            assert pull["progress"] == {"done": 10, "total": 300, "unit": "bytes"}

    play(scene)


def test_a_quiet_stream_gives_signs_of_life(
    student: Somebody, workspace_in: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.01)
    workspace = workspace_in("ready")

    async def scene(streams: Streams) -> None:
        async with streams.get(address(workspace), **bearer(student)) as client:
            await client.start()
            await client.events(1)
            assert await client.chunk() == ": still here\n\n"

    play(scene)


def test_the_reader_chooses_the_language(student: Somebody, workspace_in: Made) -> None:
    workspace = workspace_in("wanted")

    async def scene(streams: Streams) -> None:
        headers = {"accept_language": "fr"}
        async with streams.get(address("a" * 12), **headers) as client:
            status, headers = await client.start()
            assert (status, headers["www-authenticate"]) == (401, "Bearer")
        async with streams.get(address(workspace), **bearer(student)) as client:
            await client.start()
            [asked] = await client.events(1)
            assert asked["message"] == "Workspace asked for"

    play(scene)


@pytest.mark.parametrize("what", ["events", "logs"])
def test_a_withdrawn_token_ends_the_stream(
    what: str, student: Somebody, workspace_in: Made
) -> None:
    workspace = workspace_in("ready")

    async def scene(streams: Streams) -> None:
        query = "follow=1" if what == "logs" else ""
        headers = bearer(student)
        async with streams.get(address(workspace, what), query=query, **headers) as client:
            assert (await client.start())[0] == 200
            now = timezone.now()
            await meanwhile(people.set_enabled, student.person.id, False, now)
            async with asyncio.timeout(1):
                await client.rest()

    play(scene)


def test_a_right_that_ends_unheard_is_found_out(
    student: Somebody, workspace_in: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "RECHECK_SECONDS", 0.05)
    monkeypatch.setattr(people, "ring", lambda topic, key: None)
    workspace = workspace_in("ready")

    async def scene(streams: Streams) -> None:
        async with streams.get(address(workspace), **bearer(student)) as client:
            await client.start()
            token = (await meanwhile(student.ask, "GET", "/tokens")).body["items"][0]["id"]
            await meanwhile(people.revoke_token, student.person, token, timezone.now())
            await client.rest()

    play(scene)


def test_a_login_follows_as_well_until_it_ends(student: Somebody, workspace_in: Made) -> None:
    workspace = workspace_in("ready")
    people.begin_login(student.person.id, "k" * 32, timezone.now(), timedelta(hours=1))

    async def scene(streams: Streams) -> None:
        cookie = f"other=1; {settings.SESSION_COOKIE_NAME}={'k' * 32}"
        async with streams.get(address(workspace), cookie=cookie) as client:
            assert (await client.start())[0] == 200
            await meanwhile(people.end_login, "k" * 32, timezone.now())
            async with asyncio.timeout(1):
                await client.rest()

    play(scene)


@pytest.mark.parametrize("what", ["events", "logs"])
def test_who_may_not_follow_is_told_so(
    what: str, student: Somebody, other_student: Somebody, admin: Somebody, workspace_in: Made
) -> None:
    workspace = workspace_in("ready")
    lame = student.with_scopes("workspaces:write")
    expected = [
        ({}, 401),
        ({"authorization": "Bearer mdt_wrong"}, 401),
        ({"authorization": "Basic x"}, 401),
        ({"cookie": f"{settings.SESSION_COOKIE_NAME}=x"}, 401),
        (bearer(lame), 403),
        (bearer(other_student), 404),
        (bearer(admin), 200),
    ]

    async def scene(streams: Streams) -> None:
        for headers, status in expected:
            async with streams.get(address(workspace, what), **headers) as client:
                assert (await client.start())[0] == status

    play(scene)


@pytest.mark.parametrize(
    ("method", "path", "query", "status", "code"),
    [
        ("POST", address("a" * 12), "", 405, "wrong_method"),
        ("GET", address("x"), "", 422, "invalid_input"),
        ("GET", address("a" * 12, "logs"), "tail=-1", 422, "invalid_input"),
        ("GET", address("a" * 12, "logs"), "tail=x", 422, "invalid_input"),
        ("GET", address("a" * 12, "logs"), "tail=1&tail=2", 422, "unknown_parameter"),
        ("GET", address("a" * 12, "logs"), "%FF=2", 422, "unknown_parameter"),
        ("GET", address("a" * 12), "follow=1", 422, "unknown_parameter"),
        ("GET", address("a" * 12), "", 404, "unknown_workspace"),
        ("GET", "/api/v1/workspaces", "", 404, "unknown_address"),
        ("GET", "/elsewhere", "", 404, "unknown_address"),
    ],
)
def test_bad_requests_are_told_as_elsewhere(
    method: str, path: str, query: str, status: int, code: str, student: Somebody
) -> None:
    async def scene(streams: Streams) -> None:
        async with streams.get(path, method, query, **bearer(student)) as client:
            assert (await client.start())[0] == status
            told = json.loads(await client.rest())
            assert told["code"] == code
            assert list(told) == ["code", "message", "hint", "reference"]

    play(scene)


def test_a_log_is_read_to_its_end_or_followed(student: Somebody, workspace_in: Made) -> None:
    workspace = workspace_in("ready")

    async def scene(streams: Streams) -> None:
        streams.window.lines = ["one", "two", "three \udcff é"]
        headers = bearer(student)
        async with streams.get(address(workspace, "logs"), query="tail=2", **headers) as client:
            status, told = await client.start()
            assert (status, told["content-type"]) == (200, "text/plain; charset=utf-8")
            assert await client.rest() == "two\nthree ? é\n"
        async with streams.get(address(workspace, "logs"), query="follow=1", **headers) as client:
            await client.start()
            shown = [await client.chunk() for _ in range(3)]
            assert shown == ["one\n", "two\n", "three ? é\n"]
            await streams.window.more.put("four")
            assert await client.chunk() == "four\n"
            await streams.window.more.put(None)
            assert await client.rest() == ""

    play(scene)


def test_no_log_before_the_first_run_and_none_without_a_window(
    student: Somebody, workspace_in: Made
) -> None:
    never, ready = workspace_in("never"), workspace_in("ready")

    async def scene(streams: Streams) -> None:
        async with streams.get(address(never, "logs"), **bearer(student)) as client:
            assert (await client.start())[0] == 409
        streams.window.is_there = False
        async with streams.get(address(ready, "logs"), **bearer(student)) as client:
            status, headers = await client.start()
            assert (status, headers["retry-after"]) == (503, "2")

    play(scene)


def test_a_busy_database_is_told_as_such(
    student: Somebody, workspace_in: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = workspace_in("ready")

    def busy(*_: Any, **__: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(summaries, "of_workspace", busy)

    async def scene(streams: Streams) -> None:
        async with streams.get(address(workspace), **bearer(student)) as client:
            assert (await client.start())[0] == 503

    play(scene)


@pytest.mark.parametrize(
    "path",
    [
        "/workspaces/aaaaaaaaaaaa/stream",
        "/workspaces/aaaaaaaaaaaa/journal",
        "/teach/images/scipy-l2/builds/3/stream",
    ],
)
def test_pages_streams_are_handed_on(path: str, db: None) -> None:
    async def scene(streams: Streams) -> None:
        async with streams.get(path) as client:
            assert (await client.start())[0] == 299

    play(scene)


def test_an_open_stream_ends_in_order_when_the_server_does(
    student: Somebody, workspace_in: Made
) -> None:
    workspace = workspace_in("ready")

    async def scene(streams: Streams) -> None:
        async with streams.get(address(workspace), **bearer(student)) as client:
            await client.start()
            await client.events(1)
            client.task.cancel()
            assert await client.rest() == ""

    play(scene)


def test_websockets_are_closed_and_early_requests_put_off(db: None) -> None:
    async def scene(streams: Streams) -> None:
        said: list[Any] = []

        async def send(message: Any) -> None:
            said.append(message)

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        await streams.app({"type": "websocket", "path": "/"}, receive, send)
        assert said == [{"type": "websocket.close"}]
        early = application(lambda: streams.hubs[0], no_page)
        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        await early(scope, receive, send)
        assert said[1]["status"] == 503

    play(scene)
