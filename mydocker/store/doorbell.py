"""The doorbell: tells other processes that something changed and where to look.

Topics: `wish` (a person or rule wants something else of a workspace), `workspace` (its run got
further), `grants` (granted or revoked), `placed` (a grant is known to the gateway), `logins`,
`lifetime` (an end was put off), `turn` (somebody may be next to start), `line` (places in the queue
moved), `room` (somebody waits for memory), `spare` (a spare is wanted, or is not any more), `stock`
(there are fewer or more spares), `asleep` (a run fell asleep or woke), `build` (one was asked for,
got further, or is not wanted any more).

It carries no facts: whoever hears it reads the database. A ring may be lost (a full socket, a
process that was not there), so every listener also looks by itself from time to time.

PostgreSQL: NOTIFY, delivered on commit. SQLite: one datagram to each socket in the bells
folder, sent after the commit.
"""

import os
import select
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import structlog
from django.conf import settings
from django.db import connection, transaction

from mydocker.store.ids import opaque

LOG = structlog.get_logger()
CHANNEL = "mydocker"
STOP_SECONDS = 5.0
"""How long a listener that was told to stop may take; it hears nothing any more meanwhile."""
SEND_PATIENCE_SECONDS = 0.2
"""A listener's queue holds few datagrams; it drains in far less than this."""


@dataclass(frozen=True, slots=True)
class Ring:
    """`topic` says what kind of thing changed, `key` which one."""

    topic: str
    key: str

    def __str__(self) -> str:
        return f"{self.topic}:{self.key}"


class Bell(Protocol):
    """How rings are sent and heard with one kind of database."""

    def send(self, ring: Ring) -> None:
        """Tell everybody who listens; within a transaction, once it is committed."""

    def listen(
        self, heard: Callable[[Ring], None], stop: threading.Event, topics: Collection[str]
    ) -> None:
        """Call `heard` for every ring of these topics until `stop` is set, which is looked at
        every few seconds. Blocks; run it in a thread.
        """


def ring(topic: str, key: str) -> None:
    """Tell everybody that `key` of `topic` changed, once the transaction is committed."""
    bell().send(Ring(topic, key))


def bell() -> Bell:
    """The bell that goes with the configured database."""
    if connection.vendor == "postgresql":
        return NotifyBell()
    return SocketBell(Path(settings.MYDOCKER.run_folder) / "bells")


@dataclass(frozen=True, slots=True)
class SocketBell:
    """Datagrams over Unix sockets, one socket a listener, in a folder only our users can enter."""

    folder: Path

    def send(self, ring: Ring) -> None:
        transaction.on_commit(partial(self._send_now, ring))

    def _send_now(self, ring: Ring) -> None:
        try:
            names = [path.name for path in self.folder.iterdir() if _wants(path.name, ring.topic)]
        except FileNotFoundError:
            return
        message = str(ring).encode()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.settimeout(SEND_PATIENCE_SECONDS)
            for name in names:
                self._send_to(out, self.folder / name, message)

    @staticmethod
    def _send_to(out: socket.socket, path: Path, message: bytes) -> None:
        try:
            out.sendto(message, str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            with suppress(OSError):  # its listener died
                path.unlink()
        except OSError:
            pass  # full or forbidden: that listener's own back-stop will look

    def listen(
        self, heard: Callable[[Ring], None], stop: threading.Event, topics: Collection[str]
    ) -> None:
        with self._socket(topics) as inbox:
            while not stop.is_set():
                readable, _, _ = select.select([inbox], [], [], STOP_SECONDS)
                if readable:
                    heard(_parse(inbox.recv(512).decode()))

    @contextmanager
    def _socket(self, topics: Collection[str]) -> Iterator[socket.socket]:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{os.getpid()}-{opaque(6)}.{'+'.join(map(_short, sorted(topics)))}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inbox:
            inbox.bind(str(path))
            path.chmod(0o660)
            try:
                yield inbox
            finally:
                path.unlink(missing_ok=True)


class NotifyBell:
    """PostgreSQL's LISTEN and NOTIFY."""

    def send(self, ring: Ring) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(ring)])

    def listen(
        self, heard: Callable[[Ring], None], stop: threading.Event, topics: Collection[str]
    ) -> None:
        import psycopg

        try:
            self._listen(psycopg, heard, stop)
        except psycopg.Error as error:
            raise ConnectionError(str(error)) from error

    @staticmethod
    def _listen(psycopg: Any, heard: Callable[[Ring], None], stop: threading.Event) -> None:
        parameters = connection.get_connection_params()
        parameters.pop("cursor_factory", None)
        parameters.pop("context", None)
        with psycopg.connect(**parameters, autocommit=True) as own:
            own.execute(f"LISTEN {CHANNEL}")
            while not stop.is_set():
                for note in own.notifies(timeout=STOP_SECONDS):
                    heard(_parse(note.payload))
                    if stop.is_set():
                        return


def _wants(socket_name: str, topic: str) -> bool:
    """Whether the listener behind a socket, which says its topics in its name, may want one."""
    return _short(topic) in socket_name.partition(".")[2].split("+")


def _short(topic: str) -> str:
    """Two letters: the path of a Unix socket has 107 bytes (unix(7))."""
    return topic[:2]


def _parse(message: str) -> Ring:
    topic, _, key = message.partition(":")
    return Ring(topic, key)


class Listener:
    """Hears rings in a thread of its own and comes back when the bell breaks.

    One a process. `heard` is called in that thread, for rings of `topics`, and must be quick.
    """

    def __init__(self, heard: Callable[[Ring], None], topics: Collection[str]) -> None:
        self._heard, self._topics = heard, frozenset(topics)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Hear no more; the thread ends a little later."""
        self._stop.set()

    def _pass_on(self, ring: Ring) -> None:
        if ring.topic in self._topics and not self._stop.is_set():
            self._heard(ring)

    def _run(self) -> None:
        from django.db import Error

        while not self._stop.is_set():
            try:
                bell().listen(self._pass_on, self._stop, self._topics)
            except (OSError, Error) as error:
                LOG.warning("doorbell.broken", error=str(error))
                self._stop.wait(1.0)


class Waiting:
    """Lets threads wait for one ring: `with waiting.for_ring(topic, key) as ring: ring.wait()`."""

    def __init__(self) -> None:
        self._events: dict[str, list[threading.Event]] = {}
        self._lock = threading.Lock()

    def heard(self, ring: Ring) -> None:
        """Wake whoever waits for this ring."""
        with self._lock:
            for event in self._events.get(str(ring), ()):
                event.set()

    @contextmanager
    def for_ring(self, topic: str, key: str) -> Iterator[threading.Event]:
        """An event set when the ring comes; enter before asking for what it answers."""
        event, name = threading.Event(), str(Ring(topic, key))
        with self._lock:
            self._events.setdefault(name, []).append(event)
        try:
            yield event
        finally:
            with self._lock:
                self._events[name].remove(event)
                if not self._events[name]:
                    del self._events[name]
