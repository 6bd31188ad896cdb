"""Logs of builds: followed to the end, from wherever somebody left, by whoever may see them."""

import asyncio
import json
from typing import Any

import pytest

from mydocker.api import build_logs, following
from mydocker.domain.build_logs import LogEntry
from mydocker.services import images, people
from mydocker.store import builds

from .conftest import NOW, Somebody, make_image
from .streaming import Client, Streams
from .test_streams import bearer, meanwhile, play

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = (
    LogEntry(0.1, 1, "step", "FROM mydocker/tiny"),
    LogEntry(0.2, 1, "cached"),
    LogEntry(0.3, 2, "step", "RUN echo hello"),
    LogEntry(0.4, 2, "said", "\x1b[31mhello\x1b[0m\u202e"),
)
END = LogEntry(1.5, 0, "end", "done")
TEXT = "# 1 FROM mydocker/tiny\n{cached}\n# 2 RUN echo hello\nhello\n"
CACHED = "# Nothing to do: taken from an earlier build."


def address(what: str = "events", image: str = "proofs", number: object = 1) -> str:
    return f"/api/v1/images/{image}/builds/{number}/{what}"


@pytest.fixture
def queued(teacher: Somebody) -> str:
    """The id of a build that waits."""
    image = make_image(teacher.person, "proofs")
    return images.ask_build(teacher.person, image, NOW).id


@pytest.fixture
def building(queued: str) -> str:
    """The id of a build that is under way."""
    assert builds.begin(queued, NOW)
    return queued


def finish(build: str) -> None:
    assert builds.finish(
        build, reference="md-x/proofs:1", engine_id="", size_bytes=1, layers=[], packages=[],
        now=NOW,
    )  # fmt: skip


async def started(client: Client, content_type: str = "text/event-stream") -> None:
    status, headers = await client.start()
    assert (status, headers["content-type"]) == (200, content_type)


def test_a_log_is_followed_to_its_end(teacher: Somebody, building: str) -> None:
    async def scene(streams: Streams) -> None:
        streams.window.say(*STEPS[:2])
        async with streams.get(address(), **bearer(teacher)) as client:
            await started(client)
            first, second = await client.events(2)
            assert list(first) == ["seconds", "step", "kind", "text", "bytes", "id"]
            assert (first["kind"], first["step"], first["id"]) == ("step", 1, 1)
            assert second["kind"] == "cached"
            streams.window.say(*STEPS[2:])
            step, said = await client.events(2)
            assert (step["text"], said["text"], said["id"]) == ("RUN echo hello", "hello", 4)
            await meanwhile(finish, building)
            streams.window.say(END, is_open=False)
            assert (await client.events(1))[0]["text"] == "done"
            assert await client.rest() == ""

    play(scene)


def test_whoever_comes_back_hears_what_was_missed(teacher: Somebody, building: str) -> None:
    finish(building)

    async def scene(streams: Streams) -> None:
        streams.window.say(*STEPS, END, is_open=False)
        headers = bearer(teacher) | {"last-event-id": "3"}
        async with streams.get(address(), **headers) as client:
            await started(client)
            assert [each["kind"] for each in await client.events(2)] == ["said", "end"]
        strange = bearer(teacher) | {"last-event-id": "x"}
        async with streams.get(address(), **strange) as client:
            assert (await client.start())[0] == 422

    play(scene)


def test_a_build_that_waits_is_followed_into_its_beginning(
    teacher: Somebody, queued: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_logs, "LOOK_SECONDS", 0.02)

    async def scene(streams: Streams) -> None:
        async with streams.get(address(), **bearer(teacher)) as client:
            await started(client)
            await meanwhile(builds.begin, queued, NOW)
            streams.window.say(STEPS[0])
            assert (await client.events(1))[0]["kind"] == "step"
            streams.window.say(is_open=False)  # it was cut off, and waits again
            await meanwhile(builds.requeue, queued)
            streams.window.say(LogEntry(0.0, 0, "again"))
            assert (await client.events(1))[0] == {
                "seconds": 0.0, "step": 0, "kind": "again", "text": "", "bytes": 0, "id": 2,
            }  # fmt: skip
            await meanwhile(builds.cancel, queued, NOW)
            streams.window.say(is_open=False)
            assert (await client.events(1))[0]["text"] == "cancelled"
            assert await client.rest() == ""

    play(scene)


def test_the_end_is_told_where_there_is_no_log(teacher: Somebody, queued: str) -> None:
    builds.cancel(queued, NOW)

    async def scene(streams: Streams) -> None:
        async with streams.get(address(), **bearer(teacher)) as client:
            await started(client)
            [end] = await client.events(1)
            assert (end["kind"], end["text"], end["id"]) == ("end", "cancelled", 0)
            assert await client.rest() == ""
        async with streams.get(address("log"), **bearer(teacher)) as client:
            await started(client, "text/plain; charset=utf-8")
            assert await client.rest() == ""

    play(scene)


@pytest.mark.parametrize("query", ["", "follow=1"])
def test_a_whole_log_is_read_as_text(query: str, teacher: Somebody, building: str) -> None:
    finish(building)

    async def scene(streams: Streams) -> None:
        streams.window.say(*STEPS, END, is_open=False)
        async with streams.get(address("log"), query=query, **bearer(teacher)) as client:
            await started(client, "text/plain; charset=utf-8")
            assert await client.rest() == TEXT.format(cached=CACHED)

    play(scene)


def test_text_says_what_there_is_so_far_or_goes_on_to_the_end(
    teacher: Somebody, building: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_logs, "QUIET_SECONDS", 0.02)

    async def scene(streams: Streams) -> None:
        streams.window.say(*STEPS)
        async with streams.get(address("log"), **bearer(teacher)) as client:
            await client.start()
            assert await client.rest() == TEXT.format(cached=CACHED)
        async with streams.get(address("log"), query="follow=1", **bearer(teacher)) as client:
            await client.start()
            shown = [await client.chunk() for _ in range(4)]
            assert "".join(map(str, shown)) == TEXT.format(cached=CACHED)
            streams.window.say(LogEntry(0.9, 2, "said", "more \udcff"))
            assert await client.chunk() == "more \n"
            streams.window.say(END, is_open=False)
            assert await client.rest() == ""

    play(scene)


def test_a_build_that_never_stops_talking_is_cut_short_where_nobody_follows(
    teacher: Somebody, building: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_logs, "SO_FAR_SECONDS", 0.05)

    async def scene(streams: Streams) -> None:
        async def talk() -> None:
            while True:
                streams.window.say(LogEntry(0.0, 1, "said", "and"))
                await asyncio.sleep(0)

        talking = asyncio.create_task(talk())
        async with streams.get(address("log"), **bearer(teacher)) as client:
            await client.start()
            assert (await client.rest()).startswith("and\n")
        talking.cancel()

    play(scene)


def test_notes_are_in_the_readers_language(teacher: Somebody, building: str) -> None:
    finish(building)

    async def scene(streams: Streams) -> None:
        streams.window.say(*STEPS[:2], END, is_open=False)
        french = bearer(teacher) | {"accept_language": "fr"}
        async with streams.get(address("log"), **french) as client:
            _status, headers = await client.start()
            assert headers["content-language"] == "fr"
            assert (await client.rest()).splitlines()[1] != CACHED

    play(scene)


def test_a_quiet_stream_gives_signs_of_life(
    teacher: Somebody, queued: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_logs, "HEARTBEAT_SECONDS", 0.01)

    async def scene(streams: Streams) -> None:
        async with streams.get(address(), **bearer(teacher)) as client:
            await client.start()
            assert await client.chunk() == "retry: 1000\n\n"
            assert await client.chunk() == ": still here\n\n"

    play(scene)


@pytest.mark.parametrize("what", ["events", "log"])
def test_who_may_not_see_the_image_does_not_hear_it(
    what: str, teacher: Somebody, student: Somebody, admin: Somebody, building: str
) -> None:
    finish(building)
    lame = teacher.with_scopes("images:write")
    expected = [
        ({}, 401), ({"authorization": "Bearer mdt_wrong"}, 401), (bearer(lame), 403),
        (bearer(student), 403), (bearer(admin), 200), (bearer(teacher), 200),
    ]  # fmt: skip

    async def scene(streams: Streams) -> None:
        for headers, status in expected:
            async with streams.get(address(what), **headers) as client:
                assert (await client.start())[0] == status

    play(scene)


@pytest.mark.parametrize("what", ["events", "log"])
def test_a_withdrawn_token_ends_the_stream(what: str, teacher: Somebody, building: str) -> None:
    async def scene(streams: Streams) -> None:
        streams.window.say(STEPS[0])
        query = "follow=1" if what == "log" else ""
        async with streams.get(address(what), query=query, **bearer(teacher)) as client:
            assert (await client.start())[0] == 200
            await meanwhile(people.set_enabled, teacher.person.id, False, NOW)
            async with asyncio.timeout(2):
                await client.rest()

    play(scene)


def test_a_share_that_ends_is_found_out(
    teacher: Somebody, student: Somebody, building: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "RECHECK_SECONDS", 0.05)
    images.share(teacher.person, "proofs", {student.person.mail: False}, NOW)

    async def scene(streams: Streams) -> None:
        streams.window.say(STEPS[0])
        async with streams.get(address(), **bearer(student)) as client:
            await started(client)
            await meanwhile(images.share, teacher.person, "proofs", {}, NOW)
            await client.rest()

    play(scene)


@pytest.mark.parametrize(
    ("method", "path", "query", "status", "code"),
    [
        ("POST", address(), "", 405, "wrong_method"),
        ("GET", address(number="x"), "", 422, "invalid_input"),
        ("GET", address(number=0), "", 422, "invalid_input"),
        ("GET", address(number=2**31), "", 422, "invalid_input"),
        ("GET", address(image="A"), "", 422, "invalid_input"),
        ("GET", address("log"), "follow=2", 422, "invalid_input"),
        ("GET", address("log"), "tail=2", 422, "unknown_parameter"),
        ("GET", address(), "follow=1", 422, "unknown_parameter"),
        ("GET", address(number=7), "", 404, "unknown_build"),
        ("GET", address(image="nowhere"), "", 404, "unknown_image"),
    ],
)
def test_bad_requests_are_told_as_elsewhere(
    method: str, path: str, query: str, status: int, code: str, teacher: Somebody, queued: str
) -> None:
    async def scene(streams: Streams) -> None:
        async with streams.get(path, method, query, **bearer(teacher)) as client:
            assert (await client.start())[0] == status
            told: Any = json.loads(await client.rest())
            assert told["code"] == code
            assert list(told) == ["code", "message", "hint", "reference"]

    play(scene)


@pytest.mark.parametrize("what", ["events", "log"])
def test_without_a_window_the_client_is_put_off(
    what: str, teacher: Somebody, building: str
) -> None:  # fmt: skip
    async def scene(streams: Streams) -> None:
        streams.window.is_there = False
        async with streams.get(address(what), **bearer(teacher)) as client:
            status, headers = await client.start()
            assert (status, headers["retry-after"]) == (503, "2")

    play(scene)
