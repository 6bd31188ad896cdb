"""The conversation with HAProxy, when HAProxy is slow, dead, or somebody else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from mydocker.adapters.haproxy.console import Console
from mydocker.ports.errors import Unavailable

pytestmark = pytest.mark.asyncio

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def spoken_to(path: Path, talk: Talk, **more: float) -> AsyncIterator[Console]:
    tasks: set[asyncio.Task[None]] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            tasks.add(task)
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_unix_server(served, str(path))
    console = Console(path, **more)
    try:
        yield console
    finally:
        await console.close()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


async def polite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers every command with itself."""
    while line := await reader.readline():
        for command in line.strip().split(b";"):
            writer.write((b"" if command == b"prompt" else command + b"\n") + b"\n> ")


async def test_answers_come_in_order(tmp_path: Path) -> None:
    async with spoken_to(tmp_path / "s", polite) as console:
        many = [f"command {i} " + "x" * 200 for i in range(500)]
        assert await console.ask(many) == many
        assert await console.ask([]) == []


async def test_two_who_ask_at_once_do_not_mix(tmp_path: Path) -> None:
    async with spoken_to(tmp_path / "s", polite) as console:
        answers = await asyncio.gather(*(console.ask([f"a{i}", f"b{i}"]) for i in range(50)))
        assert answers == [[f"a{i}", f"b{i}"] for i in range(50)]


async def test_a_kept_connection_that_died_is_opened_again(tmp_path: Path) -> None:
    calls = 0

    async def dies_after_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await reader.readline()
        writer.write(b"\n> ")
        writer.write((await reader.readline()).strip() + b"\n\n> ")
        await writer.drain()

    async with spoken_to(tmp_path / "s", dies_after_one) as console:
        assert [await console.ask([word]) for word in ("one", "two")] == [["one"], ["two"]]
    assert calls == 2


async def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await Console(tmp_path / "none").ask(["x"])


async def test_one_who_never_answers(tmp_path: Path) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with spoken_to(tmp_path / "s", mute, patience_seconds=0.05) as console:
        with pytest.raises(Unavailable):
            await console.ask(["x"])


async def test_who_is_interrupted_leaves_no_answer_to_the_next(tmp_path: Path) -> None:
    released = asyncio.Event()

    async def slow_at_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            if line == b"slow\n":
                await released.wait()
            writer.write((b"" if line == b"prompt\n" else line) + b"\n> ")

    async with spoken_to(tmp_path / "s", slow_at_first) as console:
        await console.ask(["warm"])
        asking = asyncio.create_task(console.ask(["slow"]))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        released.set()
        assert await console.ask(["next"]) == ["next"]
