"""The output of containers, told line by line until they end."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from aiodocker import DockerError

from mydocker.adapters.docker.engine import Engine
from mydocker.adapters.docker.errors import failure
from mydocker.adapters.docker.lines import Frames, Lines
from mydocker.adapters.docker.tape import Tape
from mydocker.ports.driver import LogLine

_NOTHING_THERE = frozenset({404, 409})
"""Absent, or being removed."""
BREATH_SECONDS = 0.2
"""Before a log is followed anew whose stream ended although the container runs."""


async def read_log(
    engine: Engine, container: str, *, tail: int, follow: bool
) -> AsyncGenerator[LogLine]:
    """Yield the last `tail` lines and, with `follow`, what comes until the container ends.

    Yields nothing for a container that is not there. Raises `Unavailable` if the engine goes.
    """
    log = _Log(engine, container)
    last = str(max(0, tail))
    try:
        while follow and await log.is_growing():
            async with aclosing(log.read(tail=last, follow=True)) as lines:
                async for line in lines:
                    yield line
            last = "all"
        async with aclosing(log.read(tail=last, follow=False)) as lines:
            async for line in lines:
                yield line
    except DockerError as error:
        if error.status not in _NOTHING_THERE:
            raise failure(error.status, error.message) from error
    for line in log.flush():
        yield line


async def last_words(engine: Engine, container: str) -> str:
    """Return the last line of a container's log; empty if there is none."""
    async with aclosing(read_log(engine, container, tail=1, follow=False)) as lines:
        async for line in lines:
            return line.text
    return ""


class _Log:
    """One container's log, and how far it was read."""

    def __init__(self, engine: Engine, container: str) -> None:
        self._engine = engine
        self._container = container
        self._tape = Tape()
        self._streams: dict[str, Lines] = {}
        self._told = 0
        self._told_before = -1

    async def is_growing(self) -> bool:
        """Whether the container runs, so that more may come."""
        if self._told == self._told_before:
            await asyncio.sleep(BREATH_SECONDS)
        self._told_before = self._told
        inspected = await self._engine.ask(f"containers/{self._container}/json")
        return bool(inspected["State"]["Running"])

    async def read(self, *, tail: str, follow: bool) -> AsyncGenerator[LogLine]:
        """Yield the lines that were not told yet."""
        self._tape.rewind()
        params = {
            "stdout": "1",
            "stderr": "1",
            "timestamps": "1",
            "tail": tail,
            "since": self._tape.since,
            "follow": str(int(follow)),
        }
        path, frames = f"containers/{self._container}/logs", Frames()
        async with self._engine.stream(path, params=params) as chunks:
            async for chunk in chunks:
                for name, entry in frames.feed(chunk):
                    for line in self._lines(name, entry):
                        yield line

    def flush(self) -> Iterator[LogLine]:
        """Yield the last line of each stream, if it has no end."""
        for stream in self._streams.values():
            yield from stream.flush()

    def _lines(self, name: str, entry: bytes) -> Iterator[LogLine]:
        for line in self._streams.setdefault(name, Lines(name)).feed(self._tape.new(entry)):
            self._told += 1
            yield line
