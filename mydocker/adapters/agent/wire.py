"""One connection to an agent: lines of JSON, many requests under way at once."""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mydocker.ports.errors import Refused, Unavailable

_LONGEST_ANSWER = 1 << 24


class HungUp(Exception):
    """The connection ended before the answer came; whether the verb was done is unknown."""


class Wire:
    """An open connection. Made by `connect`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self.is_open = True
        """Whether the agent was still there when last heard."""
        self._listening = asyncio.create_task(self._listen(reader))

    async def ask(self, verb: str, words: Mapping[str, object]) -> Any:
        """Send a request and wait for its answer.

        Raises Refused, Unavailable as the agent says, HungUp if it went.
        """
        if not self.is_open:
            raise HungUp
        self._number += 1
        number = self._number
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            line = json.dumps({**words, "id": number, "verb": verb})
            self._writer.write(line.encode() + b"\n")
            await self._writer.drain()
            return await answer
        except OSError as error:
            self.is_open = False
            raise HungUp from error
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        """Hang up; whoever waits is told."""
        self._listening.cancel()
        await asyncio.wait([self._listening])

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        error: Exception = HungUp()
        try:
            while line := await reader.readline():
                self._hear(json.loads(line))
        except (Refused, Unavailable) as turned_away:
            error = turned_away
        except (OSError, ValueError, LookupError):
            pass  # broken off, or not our language: hang up
        finally:
            self.is_open = False
            self._writer.close()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(error)

    def _hear(self, said: Any) -> None:
        if not isinstance(said, dict):
            raise ValueError("not an answer")
        if said["id"] is None:  # about the connection as a whole
            raise _error(said["error"])
        answer = self._waiting.get(said["id"])
        if answer is None or answer.done():
            return  # whoever asked no longer waits
        if "error" in said:
            answer.set_exception(_error(said["error"]))
        else:
            answer.set_result(said["ok"])


async def connect(path: Path, server_uid: int) -> Wire:
    """Call the agent at a Unix socket, served by nobody but `server_uid`.

    Raises OSError if nobody answers, Refused if somebody else does.
    """
    reader, writer = await asyncio.open_unix_connection(path, limit=_LONGEST_ANSWER)
    end: socket.socket = writer.get_extra_info("socket")
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    if uid != server_uid:
        writer.close()
        raise Refused("not_the_agent", f"User {uid} serves {path}, and not user {server_uid}.")
    return Wire(reader, writer)


def _error(said: Mapping[str, str]) -> Exception:
    if said["kind"] == "refused":
        return Refused(said["code"], said["message"])
    return Unavailable(f"{said['message']} ({said['code']})")
