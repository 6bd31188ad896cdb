"""Who was rung for: told to those who wait for it, and remembered for a moment."""

import secrets
import time
from collections import deque
from threading import Condition

RECENT_S = 10.0
"""Longer than anybody takes from deciding that a container shall sleep to freezing it."""
_KEPT = 10_000


class Rings:
    """Counted from this agent's start. Any thread may call."""

    def __init__(self) -> None:
        self._began = secrets.token_hex(8)
        self._heard = Condition()
        self._last = 0
        self._kept: deque[tuple[int, str]] = deque(maxlen=_KEPT)
        self._at: dict[str, float] = {}
        """When each was rung for last, oldest first."""

    def note(self, container: str) -> None:
        """Remember a ring, and tell who waits."""
        now = time.monotonic()
        with self._heard:
            self._last += 1
            self._kept.append((self._last, container))
            self._at.pop(container, None)
            self._at[container] = now
            while now - next(iter(self._at.values())) > RECENT_S:
                del self._at[next(iter(self._at))]
            self._heard.notify_all()

    def is_recent(self, container: str) -> bool:
        """Whether somebody rang for it a moment ago."""
        with self._heard:
            at = self._at.get(container)
        return at is not None and time.monotonic() - at <= RECENT_S

    def after(self, after: int, wait_s: int) -> object:
        """Tell of rings after that number; waits for one if there is none.

        A number that was never reached is another agent's: all are told then.
        """
        with self._heard:
            self._heard.wait_for(lambda: self._last != after, wait_s)
            new = [one for number, one in self._kept if number > after or after > self._last]
            return {
                "last": self._last,
                "containers": list(dict.fromkeys(new)),
                "began": self._began,
            }
