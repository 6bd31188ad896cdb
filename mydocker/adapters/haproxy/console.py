"""HAProxy's runtime socket: commands in, answers out, over one connection that is kept."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from mydocker.ports.errors import Unavailable

_PROMPT = b"\n> "
_LINE_BYTES = 12_000
"""HAProxy takes no command line longer than its buffer (16 kB)."""
_ANSWER_BYTES = 1 << 28
"""Far above any table or map that one process holds."""


class Console:
    """Speaks with one HAProxy, one conversation at a time."""

    def __init__(self, socket: Path, patience_seconds: float = 5.0) -> None:
        self._socket = socket
        self._patience = patience_seconds
        self._turn = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, commands: Sequence[str]) -> list[str]:
        """Return the answer to each command, in order; "" where HAProxy had nothing to say.

        Commands are sent again if a kept connection turns out to be dead: they must be repeatable.
        Raises `Unavailable`.
        """
        async with self._turn:
            was_kept = self._streams is not None
            try:
                return await self._converse(commands)
            except Unavailable:
                if not was_kept:
                    raise
                return await self._converse(commands)

    async def close(self) -> None:
        """Hang up, and wait until it is done. The next question opens a new connection."""
        if streams := self._streams:
            self._hang_up()
            with contextlib.suppress(OSError):
                await streams[1].wait_closed()

    def _hang_up(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _converse(self, commands: Sequence[str]) -> list[str]:
        try:
            answers: list[str] = []
            for some in _lines_of(commands):
                async with asyncio.timeout(self._patience):
                    answers += await self._exchange(some)
            return answers
        except (OSError, EOFError, ValueError) as error:
            # `TimeoutError` is an `OSError`, `IncompleteReadError` an `EOFError`.
            self._hang_up()
            raise Unavailable(f"The gateway does not answer on {self._socket}.") from error
        except asyncio.CancelledError:
            # Answers under way would be taken for those to the next question.
            self._hang_up()
            raise

    async def _exchange(self, commands: Sequence[str]) -> list[str]:
        reader, writer = self._streams or await self._connect()
        writer.write(";".join(commands).encode("ascii") + b"\n")
        await writer.drain()
        return [await _answer(reader) for _ in commands]

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._streams = await asyncio.open_unix_connection(str(self._socket), limit=_ANSWER_BYTES)
        reader, writer = self._streams
        writer.write(b"prompt\n")
        await _answer(reader)
        return self._streams


async def _answer(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(_PROMPT)).removesuffix(_PROMPT).decode().strip()


def _lines_of(commands: Sequence[str]) -> Iterator[list[str]]:
    """As many commands to a line as HAProxy takes."""
    line: list[str] = []
    length = 0
    for command in commands:
        if line and length + len(command) > _LINE_BYTES:
            yield line
            line, length = [], 0
        line.append(command)
        length += len(command) + 1
    if line:
        yield line
