"""Logs of builds: written to files while they go on, read from them by who follows.

A file is lines of JSON, one for each entry. What is not written yet, nobody sees; so who comes
late sees the same as who was there.
"""

import asyncio
import json
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

from mydocker.domain.build_logs import Kind, LogEntry

MOST_BYTES = 16 << 20
"""Of a log. What a build says beyond that is left out, but for its steps and its end."""
KEPT_KINDS: frozenset[Kind] = frozenset({"step", "cached", "ended", "again", "look", "end"})
PIECE_BYTES = 256 << 10


class Journals:
    """The logs of all builds of this node, each in a file of `folder` that is named after it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._news: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._open: set[str] = set()

    @contextmanager
    def open(self, build: str) -> Iterator["Journal"]:
        """Go on writing the log of a build, from its beginning if there is none."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(self._folder / f"{build}.log", flags, 0o600)
        self._open.add(build)
        if _is_torn(file):
            os.write(file, b"\n")
        try:
            yield Journal(file, lambda: self._told(build))
        finally:
            os.close(file)
            self._open.discard(build)
            self._told(build)

    async def read(self, build: str, after: int, *, follow: bool) -> AsyncIterator[LogEntry]:
        """Yield the entries of a log but for the first `after`; with `follow` until its end."""
        path, rest = self._folder / f"{build}.log", b""
        at = number = 0
        while True:
            is_open = build in self._open
            news = self._news[build] if is_open else None
            piece = await asyncio.to_thread(_piece, path, at)
            at += len(piece)
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                number += 1
                if number > after and (entry := _entry(line)):
                    yield entry
            if not piece and not (follow and news):
                return
            if not piece and news:
                await news.wait()

    def remove(self, build: str) -> None:
        """Forget the log of a build."""
        (self._folder / f"{build}.log").unlink(missing_ok=True)

    def _told(self, build: str) -> None:
        """Wake who follows; the next ones wait for another event."""
        self._news.pop(build, asyncio.Event()).set()


class Journal:
    """The log of one build that is being written."""

    def __init__(self, file: int, told: Callable[[], None]) -> None:
        self._file, self._told = file, told
        self._bytes = os.fstat(file).st_size
        self._began = time.monotonic()
        self._is_full = False

    def write(self, kind: Kind, text: str = "", *, step: int = 0, added: int = 0) -> None:
        """Append an entry and tell it to who follows."""
        if kind not in KEPT_KINDS and self._bytes > MOST_BYTES:
            if self._is_full:
                return
            self._is_full, kind, text = True, "said", "…"
        seconds = round(time.monotonic() - self._began, 3)
        entry = LogEntry(seconds, step, kind, text, added)
        line = json.dumps(astuple(entry), ensure_ascii=False).encode(errors="replace") + b"\n"
        os.write(self._file, line)
        self._bytes += len(line)
        self._told()


def _piece(path: Path, at: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(at)
            return file.read(PIECE_BYTES)
    except FileNotFoundError:
        return b""


def _entry(line: bytes) -> LogEntry | None:
    """Read a line; None for one that a full disk or the end of a process cut off."""
    try:
        return LogEntry(*json.loads(line))
    except (ValueError, TypeError):
        return None


def _is_torn(file: int) -> bool:
    size = os.fstat(file).st_size
    return size > 0 and os.pread(file, 1, size - 1) != b"\n"
