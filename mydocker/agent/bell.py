r"""The bell: a Unix socket on which the gateway wakes a sleeper, whoever else is down.

    CONTAINER\n   ->   ok\n (it goes on)   gone\n (there is none)   no\n (what was that?)

It can do nothing but thaw. One thread serves all who ring: a thaw takes less than a millisecond,
and none of them is ever waited for.
"""

import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from mydocker.agent import shapes
from mydocker.agent.errors import VerbError
from mydocker.agent.records import write_record
from mydocker.agent.server import caller_of

_LONGEST_LINE = 65
_AT_ONCE = 4096


class Bell:
    """Lets the ringers in, by user, and rings. `ring` says whether there is such a container."""

    def __init__(self, ring: Callable[[str], bool], ringers: frozenset[int]) -> None:
        self._ring = ring
        self._ringers = ringers | {0}

    def serve(self, listener: socket.socket) -> None:
        """Serve for ever."""
        with selectors.DefaultSelector() as ends:
            ends.register(listener, selectors.EVENT_READ)
            while True:
                for key, _ in ends.select():
                    if key.fileobj is listener:
                        self._welcome(listener, ends)
                    elif isinstance(key.fileobj, socket.socket):
                        self._hear(key.fileobj, key.data, ends)

    def _welcome(self, listener: socket.socket, ends: selectors.BaseSelector) -> None:
        with suppress(OSError):  # it hung up before we looked
            connection = listener.accept()[0]
            if caller_of(connection) in self._ringers and len(ends.get_map()) < _AT_ONCE:
                connection.settimeout(0)
                ends.register(connection, selectors.EVENT_READ, bytearray())
            else:
                connection.close()

    def _hear(
        self, connection: socket.socket, said: bytearray, ends: selectors.BaseSelector
    ) -> None:
        try:
            piece = connection.recv(4096)
            said += piece
            while b"\n" in said:
                line, _, rest = bytes(said).partition(b"\n")
                said[:] = rest
                connection.send(self._answer(line))
            is_over = not piece or len(said) > _LONGEST_LINE
        except OSError:  # it hung up, or takes no answers
            is_over = True
        if is_over:
            ends.unregister(connection)
            connection.close()

    def _answer(self, line: bytes) -> bytes:
        began, container, error = time.monotonic(), line.decode("ascii", "replace"), ""
        try:
            answer = "ok" if self._ring(shapes.container(container)) else "gone"
        except (VerbError, OSError) as problem:
            answer, error = "no", str(problem)
        took_ms = round(1000 * (time.monotonic() - began), 2)
        record = {"container": container, "result": answer, "took_ms": took_ms}
        write_record("ring", record | ({"error": error} if error else {}))
        return f"{answer}\n".encode()
