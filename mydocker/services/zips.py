"""Zip archives, read with Python's `zipfile`, whose trust in them is kept small (APPNOTE 6.3.10).

Only what is stored or deflated is read: other methods may ask for any amount of memory.
"""

import io
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from mydocker.services.unpacking import Damaged

MOST_DIRECTORY_BYTES = 4 << 20
"""Of the list of members, all of which is kept in memory."""
_IS_UTF8 = 0x800
_IS_ENCRYPTED = 0x1
_WRONG = (BadZipFile, struct.error, zlib.error, EOFError, ValueError, RuntimeError)
"""What `zipfile` raises for what is no zip; the last for ways of packing that it lacks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder of an archive, or what cannot be taken."""

    path: str
    """Bytes that are not UTF-8 are surrogates, as `surrogateescape` makes them."""
    size_bytes: int
    """As the archive claims."""
    is_executable: bool
    is_file: bool
    is_folder: bool
    is_encrypted: bool
    is_known: bool
    """Whether its way of compression can be undone here."""
    _archive: ZipFile
    _info: ZipInfo

    def opened(self) -> "Inside":
        """Open a file, to be read before the next is opened. Raises `Damaged`."""
        try:
            return Inside(self._archive.open(self._info), self.size_bytes)
        except _WRONG as error:
            raise Damaged from error


class Inside:
    """The bytes of an entry: as many as it claims, or it is damaged."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end. Raises `Damaged`."""
        try:
            given = self._stream.read(size)
        except _WRONG as error:
            raise Damaged from error
        self._left -= len(given)
        if self._left and not given and size:
            raise Damaged
        return given


def entries(stream: BinaryIO) -> Iterator[Entry]:
    """Read the entries of an archive, in its order. Raises `Damaged`."""
    try:
        archive = ZipFile(cast(IO[bytes], _Careful(stream)))
    except _WRONG as error:
        raise Damaged from error
    with archive:
        for info in archive.infolist():
            yield _entry(archive, info)


def _entry(archive: ZipFile, info: ZipInfo) -> Entry:
    path, mode = _path(info), info.external_attr >> 16
    is_folder = path.endswith("/")
    return Entry(
        path,
        info.file_size,
        is_executable=bool(mode & stat.S_IXUSR),
        is_file=not is_folder and stat.S_IFMT(mode) in (0, stat.S_IFREG),
        is_folder=is_folder,
        is_encrypted=bool(info.flag_bits & _IS_ENCRYPTED),
        is_known=info.compress_type in (ZIP_STORED, ZIP_DEFLATED),
        _archive=archive,
        _info=info,
    )


def _path(info: ZipInfo) -> str:
    """Return the name as its bytes say it: many write UTF-8 and do not say so."""
    if info.flag_bits & _IS_UTF8:
        return info.orig_filename
    return info.orig_filename.encode("cp437").decode("utf-8", "surrogateescape")


class _Careful:
    """A file of which nobody reads much at once, or before its beginning."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if size > MOST_DIRECTORY_BYTES:
            raise BadZipFile
        given = self._stream.read(MOST_DIRECTORY_BYTES + 1 if size < 0 else size)
        if len(given) > MOST_DIRECTORY_BYTES:
            raise BadZipFile
        return given

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_SET and offset < 0:
            raise BadZipFile
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True
