"""The pages and the API under WSGI: waitress, a process of it for every two cores."""

import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server

from mydocker.pulse import BEAT_SECONDS
from mydocker.web import placing
from mydocker.web.turns import TURNS
from mydocker.web.uploads import most_bytes_at

BACKLOG = 1024
OBJECTS_OF_MANY_PAGES = 10_000
"""Between two looks for cycles; a page makes thousands of objects and hardly a cycle."""
BODY_AROUND_FIELDS = 65_536
KEEP_SECONDS = 75
"""How long the gateway may keep a connection that is not used."""


def bind(path: Path) -> socket.socket:
    """The socket of all web processes, bound once: what comes while one is started again waits."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    # The socket itself is open: its folder lets the gateway through and nobody else.
    former = os.umask(0o111)
    try:
        listening.bind(str(path))
    finally:
        os.umask(former)
    listening.listen(BACKLOG)
    return listening


def serve(listening: socket.socket, threads: int, beat: Callable[[], None]) -> None:
    """Answer until SIGTERM; what is under way then has a moment to end.

    `beat` is called every few seconds, as long as a thread is free to answer.
    """
    os.umask(0o007)
    gc.set_threshold(OBJECTS_OF_MANY_PAGES)
    signal.signal(signal.SIGTERM, _end)
    # It would tell of every moment in which all threads are busy.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    placing.listen()
    server = server_on(_one_at_a_time(get_wsgi_application()), listening, threads)
    threading.Thread(target=_beat_through, args=(server, beat), daemon=True, name="pulse").start()
    server.run()


def server_on(application: Any, listening: socket.socket, threads: int) -> Any:
    """A server that answers with `application`; `run` it."""
    server: Any = create_server(
        application,
        sockets=[listening],
        threads=threads,
        backlog=BACKLOG,
        connection_limit=BACKLOG,
        channel_timeout=KEEP_SECONDS,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=False,  # the only peer is the gateway
        max_request_body_size=settings.DATA_UPLOAD_MAX_MEMORY_SIZE + BODY_AROUND_FIELDS,
        ident=None,
    )
    server.channel_class = Channel
    return server


class Parser(HTTPRequestParser):
    """Takes in no more of a request's body than its address may bring: what Django would refuse is
    not taken in first.
    """

    path: str

    def parse_header(self, header_plus: bytes) -> None:
        """Read the header; the body comes after it."""
        super().parse_header(header_plus)
        self.adj = _limited(self.adj, most_bytes_at(self.path) + BODY_AROUND_FIELDS)


class Channel(HTTPChannel):
    """A connection whose requests `Parser` reads."""

    parser_class = Parser


@cache
def _limited(adjustments: Any, most: int) -> Any:
    limited = copy(adjustments)
    limited.max_request_body_size = most
    return limited


def _beat_through(server: Any, beat: Callable[[], None]) -> None:
    while True:
        server.task_dispatcher.add_task(_Beat(beat))
        time.sleep(BEAT_SECONDS)


@dataclass(frozen=True, slots=True)
class _Beat:
    """A task as waitress's threads take them."""

    service: Callable[[], None]

    def cancel(self) -> None:
        """The server ends."""


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)  # waitress ends its threads then


def _one_at_a_time(application: Any) -> Any:
    def answer(environ: Any, start_response: Any) -> Any:
        with TURNS.take():
            return application(environ, start_response)

    return answer
