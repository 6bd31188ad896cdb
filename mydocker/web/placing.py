"""Waiting for the gateway to know a grant: the one thing a request ever waits for."""

import os
import threading
from time import monotonic

from mydocker.store import access
from mydocker.store.doorbell import Listener, Waiting
from mydocker.web.turns import TURNS

PATIENCE_SECONDS = 2.0
LOOK_AGAIN_SECONDS = 0.25
"""A ring may be lost."""


class _Ears:
    """One listener a process, started by the first who waits: after the fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = 0
        self._waiting = Waiting()

    def waiting(self) -> Waiting:
        with self._lock:
            if self._process != os.getpid():
                self._process = os.getpid()
                self._waiting = Waiting()
                Listener(self._waiting.heard, ["placed"]).start()
            return self._waiting


_ears = _Ears()


def listen() -> None:
    """Begin to listen in this process, so that not even the first ring is missed."""
    _ears.waiting()


def is_placed_soon(grant_digest: str, patience: float = PATIENCE_SECONDS) -> bool:
    """Whether the gateway knows the grant, now or within `patience` seconds."""
    until = monotonic() + patience
    with _ears.waiting().for_ring("placed", grant_digest) as rung:
        while not access.grant_is_placed(grant_digest):
            left = until - monotonic()
            if left <= 0:
                return False
            with TURNS.aside():
                rung.wait(min(left, LOOK_AGAIN_SECONDS))
            rung.clear()
    return True
