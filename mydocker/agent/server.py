"""The agent's door: a Unix socket that speaks lines of JSON with callers it knows.

    {"id": 1, "verb": "detach", "run": "k3v9…"}
    {"id": 1, "ok": {}}   or   {"id": 1, "error": {"kind": "refused", "code": "…", "message": "…"}}

Requests may follow one another without waiting. Each connection is a thread that does its
requests in order; those that are slow or wait are answered out of order, from threads of their
own.
"""

import json
import os
import selectors
import socket
import struct
import time
import traceback
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock, Semaphore, Thread
from typing import BinaryIO

from mydocker.agent.errors import VerbError, refused, unavailable
from mydocker.agent.records import write_record
from mydocker.agent.verbs import Agent

_LONGEST_LINE = 1 << 19
_CONNECTIONS, _BACKLOG = 64, 1024
_SLOW_AT_ONCE, _WAITING_AT_ONCE = 2, 16
_SEND_PATIENCE = struct.pack("ll", 10, 0)
_FAULTS = (OSError, ValueError, LookupError, TypeError, RuntimeError)
_NICE = 10
_STRANGERS_EVERY_S = 60.0


def listen(path: Path) -> socket.socket:
    """Open the socket in the place of one that a killed agent left behind."""
    with suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o666)  # who calls is checked at each connection
    listener.listen(_BACKLOG)
    listener.settimeout(0)
    return listener


class Server:
    """Lets callers in and answers them."""

    def __init__(self, agent: Agent, callers: frozenset[int]) -> None:
        self._agent = agent
        self._callers = callers | {0}
        self._places = Semaphore(_CONNECTIONS)
        self._slow = ThreadPoolExecutor(_SLOW_AT_ONCE, "slow", os.nice, (_NICE,))
        self._waiting = Semaphore(_WAITING_AT_ONCE)
        self._stranger_told = -_STRANGERS_EVERY_S

    def serve(self, listener: socket.socket, stop: int) -> None:
        """Let callers in until the descriptor `stop` can be read."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(listener, selectors.EVENT_READ)
            waiting.register(stop, selectors.EVENT_READ)
            while stop not in {key.fd for key, _ in waiting.select()}:
                with suppress(OSError):  # it hung up before we looked
                    self._welcome(listener.accept()[0])

    def _welcome(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_PATIENCE)
        uid = caller_of(connection)
        if uid not in self._callers:
            self._turn_away(connection, refused("not_allowed", "You may not call the agent."))
            self._record_stranger(uid)
        elif not self._places.acquire(blocking=False):
            self._turn_away(connection, unavailable("busy", "The agent has too many callers."))
        else:
            conversation = Conversation(self._agent, self._slow, self._waiting, connection, uid)
            Thread(target=self._converse, args=(conversation,), daemon=True).start()

    def _converse(self, conversation: "Conversation") -> None:
        try:
            conversation.hold()
        finally:
            self._places.release()

    def _turn_away(self, connection: socket.socket, error: VerbError) -> None:
        with connection:
            connection.sendall(_line(None, error))

    def _record_stranger(self, uid: int) -> None:
        """Not each time: anybody on this machine may knock as often as they like."""
        if time.monotonic() - self._stranger_told >= _STRANGERS_EVERY_S:
            self._stranger_told = time.monotonic()
            write_record("stranger", {"caller": uid, "error": "not_allowed"})


class Conversation:
    """One caller's connection."""

    def __init__(
        self,
        agent: Agent,
        slow: Executor,
        waiting: Semaphore,
        connection: socket.socket,
        caller: int,
    ) -> None:
        self._agent = agent
        self._slow, self._waiting = slow, waiting
        self._connection = connection
        self._caller = caller
        self._sending = Lock()

    def hold(self) -> None:
        """Answer until the caller hangs up, or no longer takes answers."""
        with self._connection, self._connection.makefile("rb") as lines, suppress(OSError):
            while line := lines.readline(_LONGEST_LINE):
                if not line.endswith(b"\n"):
                    _skip_line(lines)
                    self._send(None, refused("bad_request", "The request is too long."))
                    continue
                self._hear(line)

    def _hear(self, line: bytes) -> None:
        number = None
        try:
            words = _record(line)
            number = _number(words.pop("id", None))
            name = str(words.pop("verb", ""))
            verb = self._agent.verb(name)
            if verb.is_slow:
                self._slow.submit(self._answer_if_listening, number, name, words)
            elif verb.waits:
                self._answer_later(number, name, words)
            else:
                self._answer(number, name, words)
        except VerbError as error:
            self._send(number, error)

    def _answer_later(self, number: int, name: str, words: dict[str, object]) -> None:
        if not self._waiting.acquire(blocking=False):
            raise unavailable("busy", "Too many callers wait at the agent.")

        def wait() -> None:
            try:
                self._answer_if_listening(number, name, words)
            finally:
                self._waiting.release()

        Thread(target=wait, daemon=True).start()

    def _answer_if_listening(self, number: int, name: str, words: dict[str, object]) -> None:
        with suppress(OSError):
            self._answer(number, name, words)

    def _answer(self, number: int, name: str, words: dict[str, object]) -> None:
        try:
            result = self._agent.do(name, words, self._caller)
        except VerbError as error:
            result = error
        except _FAULTS as fault:
            traceback.print_exception(fault)
            result = unavailable("fault", f"The agent has a fault: {fault}")
        self._send(number, result)

    def _send(self, number: int | None, result: object) -> None:
        with self._sending:
            self._connection.sendall(_line(number, result))


def caller_of(connection: socket.socket) -> int:
    """Say which user is at the other end (`unix(7)`, SO_PEERCRED)."""
    size = struct.calcsize("3i")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return int(struct.unpack("3i", credentials)[1])


def _skip_line(lines: BinaryIO) -> None:
    while (piece := lines.readline(_LONGEST_LINE)) and not piece.endswith(b"\n"):
        pass


def _record(line: bytes) -> dict[str, object]:
    try:
        words = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise refused("bad_request", "The request is not JSON.") from error
    if not isinstance(words, dict):
        raise refused("bad_request", "The request is not a record.")
    return words


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise refused("bad_request", "The request has no id, a number.")
    return value


def _line(number: int | None, result: object) -> bytes:
    if isinstance(result, VerbError):
        error = {"kind": result.kind, "code": result.code, "message": str(result)}
        return json.dumps({"id": number, "error": error}).encode() + b"\n"
    return json.dumps({"id": number, "ok": result}).encode() + b"\n"
