"""Compressed bytes read as what they hold: forward, counted, in bounded memory.

Who made them may mean harm: a few bytes can claim to be many, or be many.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Mapping
from typing import BinaryIO, Protocol

CHUNK_BYTES = 1 << 16
MOST_MEMORY = 128 << 20
"""For xz; its largest preset needs half of it."""


class Damaged(Exception):
    """These bytes are not what they should be, or are cut off."""


class TooMuch(Exception):
    """More came out than may."""


class Source(Protocol):
    """Bytes read forward."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        ...


class Budget:
    """How many bytes may still come out."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, count: int) -> None:
        """Count bytes that came out. Raises `TooMuch`."""
        self._left -= count
        if self._left < 0:
            raise TooMuch


class Decompressor(Protocol):
    """As `lzma` and `bz2` have them."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Inflater:
    """A member of a gzip file (RFC 1952 §2.2), with the manners of the other two."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)
        self._is_full = False

    @property
    def eof(self) -> bool:
        """Whether the member is over."""
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out of what was put in."""
        return not self._stream.unconsumed_tail and not self._is_full

    @property
    def unused_data(self) -> bytes:
        """What came after the end."""
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most `max_length` of the bytes that come out."""
        given = self._stream.decompress(self._stream.unconsumed_tail + data, max_length)
        self._is_full = len(given) == max_length
        return given


def _xz() -> Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_MEMORY)


COMPRESSIONS: Mapping[bytes, Callable[[], Decompressor]] = {
    b"\x1f\x8b": Inflater,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": _xz,
}
"""By what a file begins with."""


class Unpacked:
    """What a compressed stream holds; members that follow one another are one."""

    def __init__(self, packed: BinaryIO, make: Callable[[], Decompressor]) -> None:
        self._packed, self._make = packed, make
        self._now = make()

    def read(self, size: int, /) -> bytes:
        """Return some bytes, `size` at most; none at the end. Raises `Damaged`."""
        while True:
            data = b""
            if self._now.eof:
                # Tapes are padded with zeros.
                data = (self._now.unused_data or self._packed.read(CHUNK_BYTES)).lstrip(b"\0")
                if not data:
                    return b""
                self._now = self._make()
            elif self._now.needs_input:
                data = self._packed.read(CHUNK_BYTES)
                if not data:
                    raise Damaged
            if given := self._decompressed(data, size):
                return given

    def _decompressed(self, data: bytes, size: int) -> bytes:
        try:
            return self._now.decompress(data, size)
        except (OSError, ValueError, EOFError, zlib.error, lzma.LZMAError) as error:
            # Nothing is read or written here: `OSError` is how bz2 says that data are wrong.
            raise Damaged from error


class Counted:
    """A source whose bytes a budget pays for."""

    def __init__(self, source: Source, budget: Budget) -> None:
        self._source, self._budget = source, budget

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end. Raises `TooMuch`."""
        given = self._source.read(size)
        self._budget.take(len(given))
        return given
