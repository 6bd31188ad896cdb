"""What a request waits for, and never for long: that the gateway knows a grant, and that a spare
that was claimed has its person.
"""

import os
import threading
from collections.abc import Callable
from time import monotonic

from mydocker.store import access, runs
from mydocker.store.doorbell import Listener, Waiting
from mydocker.web.turns import TURNS

PATIENCE_SECONDS = 2.0
CLAIM_PATIENCE_SECONDS = 0.3
"""Longer than a claim takes; whoever waits in vain gets the page that tells of the start."""
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
                Listener(self._waiting.heard, ["placed", "workspace"]).start()
            return self._waiting


_ears = _Ears()


def listen() -> None:
    """Begin to listen in this process, so that not even the first ring is missed."""
    _ears.waiting()


def is_placed_soon(grant_digest: str, patience: float = PATIENCE_SECONDS) -> bool:
    """Whether the gateway knows the grant, now or within `patience` seconds."""
    return _is_soon("placed", grant_digest, lambda: access.grant_is_placed(grant_digest), patience)


def is_ready_soon(workspace: str, patience: float = CLAIM_PATIENCE_SECONDS) -> bool:
    """Whether the workspace's run is ready, now or within `patience` seconds."""
    return _is_soon("workspace", workspace, lambda: runs.is_ready(workspace), patience)


def _is_soon(topic: str, key: str, is_so: Callable[[], bool], patience: float) -> bool:
    until = monotonic() + patience
    with _ears.waiting().for_ring(topic, key) as rung:
        while not is_so():
            left = until - monotonic()
            if left <= 0:
                return False
            with TURNS.aside():
                rung.wait(min(left, LOOK_AGAIN_SECONDS))
            rung.clear()
    return True
