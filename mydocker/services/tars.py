"""Tar archives, read forward and once (POSIX.1-2017, `pax`, "ustar Interchange Format").

Python's own reader keeps what headers claim, and can be made to work for minutes on a few of them.
This one knows what a folder of files needs: files, folders, long names as GNU tar and pax write
them. Everything else is told as what it is, and never followed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mydocker.services.unpacking import CHUNK_BYTES, Damaged, Source

BLOCK = 512
MOST_HEADER_BYTES = 1 << 16
"""Of what describes one file: names, times, attributes."""
MOST_HEADERS = 8
"""Before one member; GNU tar and pax write three at most."""
_FILES = (b"0", b"\0", b"7")
_FOLDER = b"5"
_SPARSE = "GNU.sparse."


@dataclass(frozen=True, slots=True)
class Member:
    """A file or a folder of an archive, or what cannot be taken."""

    path: str
    """Bytes that are not UTF-8 are surrogates, as `surrogateescape` makes them."""
    size_bytes: int
    is_executable: bool
    is_file: bool
    is_folder: bool
    body: "Body"

    def opened(self) -> "Body":
        """Return its bytes, to be read before the next member is asked for."""
        return self.body


class Body:
    """The bytes of a member."""

    def __init__(self, source: Source, size: int) -> None:
        self._source, self._left = source, size
        self._padding = -size % BLOCK

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end. Raises `Damaged`."""
        if not self._left or not size:
            return b""
        given = self._source.read(min(size, self._left))
        if not given:
            raise Damaged
        self._left -= len(given)
        return given

    def whole(self) -> bytes:
        """Return all; for headers."""
        if self._left > MOST_HEADER_BYTES:
            raise Damaged
        return b"".join(iter(lambda: self.read(CHUNK_BYTES), b""))

    def finish(self) -> None:
        """Leave out what is left."""
        while self.read(CHUNK_BYTES):
            pass
        self._left, self._padding = self._padding, 0
        while self.read(CHUNK_BYTES):
            pass


@dataclass(slots=True)
class _Told:
    """What headers say of the member that comes after them."""

    headers: int = 0
    path: str = ""
    size: int | None = None
    is_sparse: bool = False


def members(source: Source) -> Iterator[Member]:
    """Read the members of an archive, in order. Raises `Damaged`."""
    told = _Told()
    while (block := _block(source)).strip(b"\0"):
        _check(block)
        kind, size = block[156:157], _number(block[124:136])
        if reader := _TELLING.get(kind):
            told.headers += 1
            if told.headers > MOST_HEADERS:
                raise Damaged
            body = Body(source, size)
            reader(body.whole(), told)
            body.finish()
            continue
        member = _member(source, block, told)
        yield member
        member.body.finish()
        told = _Told()


def _member(source: Source, block: bytes, told: _Told) -> Member:
    path, kind = told.path or _path(block), block[156:157]
    is_folder = kind == _FOLDER or (kind == b"\0" and path.endswith("/"))
    # POSIX: whatever the header of a link or a device says, no bytes follow.
    is_empty = kind in (b"1", b"2", b"3", b"4", b"6")
    size = 0 if is_empty else _number(block[124:136]) if told.size is None else told.size
    return Member(
        path,
        size,
        is_executable=bool(_number(block[100:108]) & 0o100),
        is_file=kind in _FILES and not is_folder and not told.is_sparse,
        is_folder=is_folder,
        body=Body(source, size),
    )


def _block(source: Source) -> bytes:
    body = Body(source, BLOCK)
    return b"".join(iter(lambda: body.read(BLOCK), b""))


def _check(block: bytes) -> None:
    """Compare the sum of the header's bytes, its own place counted as blanks."""
    if _number(block[148:156]) != sum(block[:148]) + 8 * ord(" ") + sum(block[156:]):
        raise Damaged


def _path(block: bytes) -> str:
    name, prefix = (part.split(b"\0", 1)[0] for part in (block[:100], block[345:500]))
    # GNU tar has other things there, and another magic.
    is_posix = block[257:263] == b"ustar\0"
    return _text(prefix + b"/" + name if is_posix and prefix else name)


def _number(field: bytes) -> int:
    """Read octal digits, or what GNU tar writes for large numbers: 0x80 and 95 bits."""
    if field[0] & 0x80:
        if field[0] != 0x80:
            raise Damaged  # below zero
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0", 1)[0].strip() or b"0"
    if digits.strip(b"01234567"):
        raise Damaged
    return int(digits, 8)


def _long_name(data: bytes, told: _Told) -> None:
    told.path = _text(data.split(b"\0", 1)[0])


def _records(data: bytes, told: _Told) -> None:
    """Read `length key=value` lines ("pax Extended Header"), each as long as it says."""
    start, end = 0, len(data.rstrip(b"\0"))
    while start < end:
        digits, space, _rest = data[start : start + 8].partition(b" ")
        if not (space and digits.isdigit()):
            raise Damaged
        last = start + int(digits) - 1
        key, equals, value = data[start + len(digits) + 1 : last].partition(b"=")
        if not equals or data[last : last + 1] != b"\n":
            raise Damaged
        _record(key.decode("ascii", "replace"), value, told)
        start = last + 1


def _record(key: str, value: bytes, told: _Told) -> None:
    if key == "path":
        told.path = _text(value)
    elif key == "size":
        if not value.isdigit() or len(value) > 20:
            raise Damaged
        told.size = int(value)
    elif key.startswith(_SPARSE):
        told.is_sparse = True


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _ignored(_data: bytes, _told: _Told) -> None:
    """Long names of links, and what is said of all members: nothing of it is wanted."""


_TELLING: Mapping[bytes, Callable[[bytes, _Told], None]] = {
    b"x": _records, b"L": _long_name, b"K": _ignored, b"g": _ignored,
}  # fmt: skip
