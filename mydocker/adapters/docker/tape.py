"""The engine's log as a tape that may jump back, read so that nothing is told twice. Pure.

When a log file is rotated under a reader, engine 20.10 may tell some entries again or end the
stream too soon. Every entry is asked for with its time, so both can be mended.
"""

from datetime import datetime, timedelta

TIME_LENGTH = len("2006-01-02T15:04:05.000000000Z")
JUMP = timedelta(minutes=1)
"""Entries that lie further back than this are new ones after the clock was set back."""


class Tape:
    """Remembers how far a log was read. Entries of one time are parts of one long line."""

    def __init__(self) -> None:
        self._last = ""
        self._told = 0
        """How many entries of the time `_last` were told."""
        self._ended = False
        """Whether the last of them ended the line, so that all others of that time are repeats."""
        self._again = 0
        """How many of them are to come again."""

    @property
    def since(self) -> str:
        """Where to go on reading, as the engine wants it; everything at first."""
        return f"{_seconds(self._last)}.{self._last[20:29]}" if self._last else "0"

    def rewind(self) -> None:
        """Expect the entries of the last time once more, as after reading anew from `since`."""
        self._again = self._told

    def new(self, entry: bytes) -> bytes:
        """Return the text of an entry without its time; empty if it was told before."""
        time, text = entry[:TIME_LENGTH].decode("ascii", "replace"), entry[TIME_LENGTH + 1 :]
        if not time.endswith("Z"):
            return b""  # the engine's own complaint about its file, and no entry
        if not self._is_new(time):
            return b""
        self._ended = text.endswith(b"\n")
        return text

    def _is_new(self, time: str) -> bool:
        if time > self._last or _lies_back(time, self._last) > JUMP:
            self._last, self._told, self._again = time, 1, 0
            return True
        if time < self._last:
            self.rewind()
            return False
        if self._again or self._ended:
            self._again -= bool(self._again)
            return False
        self._told += 1
        return True


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(f"{time[:19]}+00:00").timestamp())


def _lies_back(time: str, last: str) -> timedelta:
    return timedelta(seconds=_seconds(last) - _seconds(time))
