"""Waiting for what takes minutes, with looks so rare that they disturb nothing."""

import time
from collections.abc import Callable

from tests.service import Service


def until(
    is_so: Callable[[], bool], what: str, service: Service, seconds: float, pause: float
) -> None:
    """Look at intervals until it is so. Raises RuntimeError, with all that the service told."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError(f"never came true: {what}\n{service.told()}")
        time.sleep(pause)
