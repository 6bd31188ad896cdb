"""The files that HAProxy reads when it starts: one entry to a line, kept current in place.

A line counts from the moment its first byte is no `#`, and a first byte is written in one go:
whoever is killed at whatever instant, HAProxy reads no half line. So each change costs the same,
however many entries there are; dead lines are swept by a rewrite once they outweigh the others.
"""

import fcntl
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mydocker.ports.errors import Unavailable

ROUTES = "routes.map"
GRANTS = "grants.acl"
ASLEEP = "asleep.map"
FILES = (ROUTES, GRANTS, ASLEEP, "routes.lock", "grants.lock", "asleep.lock")
"""All that the owner of the maps needs to own."""
_SWEEP_BYTES = 65_536
"""Below so many dead bytes a rewrite is not worth it."""
_OFF = b"#"


@dataclass(frozen=True, slots=True)
class _Line:
    offset: int
    length: int
    value: str


def touch(path: Path) -> Path:
    """Make the file if there is none; nobody but its owner reads it."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)
    return path


class MapFile:
    """Entries by key. Values may be empty; neither may hold a line's end, keys no space.

    All calls raise `Unavailable` if the disk does not take it; then nothing has changed. Another
    process may write the same file in between: what it wrote is read first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = path.with_suffix(".lock")
        self._lines: dict[str, _Line] = {}
        self._size = -1
        self._inode = -1
        self._live = 0

    def entries(self) -> Mapping[str, str]:
        """Return what the file holds now."""
        with self._file():
            return {key: line.value for key, line in self._lines.items()}

    def put(self, entries: Mapping[str, str]) -> None:
        """Add or change; what is so already costs nothing."""
        with self._file() as file:
            new = {key: value for key, value in entries.items() if self._value(key) != value}
            if new:
                self._append(file, new)
        self._sweep()

    def drop(self, keys: Collection[str]) -> None:
        """Take away; what is not there costs nothing."""
        with self._file() as file:
            for key in keys:
                if line := self._lines.pop(key, None):
                    self._retire(file, line)
        self._sweep()

    def _value(self, key: str) -> str | None:
        line = self._lines.get(key)
        return line.value if line else None

    def _append(self, file: int, new: Mapping[str, str]) -> None:
        begin = self._size
        text = {key: f"{key} {value}".rstrip().encode() + b"\n" for key, value in new.items()}
        _write(file, b"".join(_OFF + line[1:] for line in text.values()), begin)
        for key, line in text.items():
            os.pwrite(file, line[:1], self._size)
            if old := self._lines.get(key):
                self._retire(file, old)
            self._lines[key] = _Line(self._size, len(line), new[key])
            self._size += len(line)
            self._live += len(line)

    def _retire(self, file: int, line: _Line) -> None:
        os.pwrite(file, _OFF, line.offset)
        self._live -= line.length

    @contextmanager
    def _file(self) -> Iterator[int]:
        with self._open(self._lock) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with self._open(self._path) as file:
                status = os.fstat(file)
                if (status.st_ino, status.st_size) != (self._inode, self._size):
                    self._read(file, status.st_ino)
                yield file

    @contextmanager
    def _open(self, path: Path) -> Iterator[int]:
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Unavailable(f"The gateway's file {path} cannot be opened: {error}") from error
        try:
            yield file
        except OSError as error:
            self._size = -1
            raise Unavailable(f"The gateway's file {path} cannot be written: {error}") from error
        finally:
            os.close(file)

    def _read(self, file: int, inode: int) -> None:
        """Learn the file anew; ends what was written in half and what was written twice."""
        content = os.pread(file, os.fstat(file).st_size, 0)
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.ftruncate(file, whole)
        self._lines, self._live, offset = {}, 0, 0
        for raw in content[:whole].splitlines(keepends=True):
            if not raw.startswith((_OFF, b"\n")):
                key, _, value = raw.decode().rstrip("\n").partition(" ")
                if old := self._lines.get(key):
                    self._retire(file, old)
                self._lines[key] = _Line(offset, len(raw), value)
                self._live += len(raw)
            offset += len(raw)
        self._size, self._inode = whole, inode

    def _sweep(self) -> None:
        if self._size - self._live > max(_SWEEP_BYTES, self._live):
            self.replace(self.entries())

    def replace(self, entries: Mapping[str, str]) -> None:
        """Hold exactly these, at once."""
        with self._open(self._lock) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            fresh = self._path.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            with self._open(fresh) as file:
                lines = (f"{key} {value}".rstrip() for key, value in entries.items())
                _write(file, "".join(f"{line}\n" for line in lines).encode(), 0)
            fresh.replace(self._path)
            self._size = -1


def _write(file: int, content: bytes, offset: int) -> None:
    """Write all of it, or none."""
    view = memoryview(content)
    try:
        while view:
            written = os.pwrite(file, view, offset)
            view, offset = view[written:], offset + written
    except OSError:
        os.ftruncate(file, offset - (len(content) - len(view)))
        raise
