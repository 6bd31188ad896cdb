"""From the engine's framed output to lines of text. Pure: bytes in, lines out.

A frame is one byte of stream (1 stdout, 2 stderr), three of padding, four of length, and data
(Engine API, "Attach to a container", stream format). Lines and characters cross frames freely.
"""

import struct
from collections.abc import Iterator

from mydocker.ports.driver import LogLine

MOST_BYTES = 8192
"""Of one line. What is longer is cut and says so."""
CUT = "…"
_HEADER = struct.Struct(">BxxxL")
_STREAMS = {1: "stdout", 2: "stderr"}


class Frames:
    """Takes the framed bytes apart, however they come."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield the stream's name and the data of every frame that is complete."""
        self._rest += data
        while len(self._rest) >= _HEADER.size:
            kind, size = _HEADER.unpack_from(self._rest)
            end = _HEADER.size + size
            if len(self._rest) < end:
                return
            frame, self._rest = self._rest[_HEADER.size : end], self._rest[end:]
            yield _STREAMS.get(kind, "stdout"), frame


class Lines:
    """Cuts one stream into lines. Keeps at most `MOST_BYTES` of an unfinished one."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._begun = bytearray()
        self._too_long = False
        self._returned = False

    def feed(self, data: bytes) -> Iterator[LogLine]:
        """Yield the lines that `data` completes."""
        *ends, rest = data.split(b"\n")
        for end in ends:
            self._add(end)
            yield self._finish()
        self._add(rest)

    def flush(self) -> Iterator[LogLine]:
        """Yield the last line, if it has no end."""
        if self._begun or self._too_long:
            yield self._finish()

    def _add(self, piece: bytes) -> None:
        """Append a piece; a carriage return writes over what the line said, as on a terminal."""
        for number, part in enumerate(piece.split(b"\r")):
            if number:
                self._returned = True
            if part:
                self._write(part)

    def _write(self, part: bytes) -> None:
        if self._returned:
            self._begun.clear()
            self._too_long = self._returned = False
        room = MOST_BYTES - len(self._begun)
        self._begun += part[:room]
        self._too_long = self._too_long or len(part) > room

    def _finish(self) -> LogLine:
        text = self._text()
        self._begun.clear()
        self._too_long = self._returned = False
        return LogLine(text, self._stream)

    def _text(self) -> str:
        if not self._too_long:
            return self._begun.decode(errors="replace")
        room = MOST_BYTES - len(CUT.encode())
        return self._begun[:room].decode(errors="ignore") + CUT
