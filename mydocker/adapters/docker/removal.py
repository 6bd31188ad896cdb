"""The end of a container: asked politely, then removed. Every step may find itself already done."""

import math
from datetime import timedelta

from aiodocker import DockerError

from mydocker.adapters.docker.engine import Engine, Json
from mydocker.adapters.docker.errors import failure

GONE_WITHIN = timedelta(seconds=60)
"""How long a removal that somebody else began may take."""
_DONE = frozenset({304, 404})
"""Stopped, or gone, already."""


def polite_steps(state: Json, name: str, grace: timedelta) -> list[tuple[str, dict[str, str]]]:
    """Say what to post before removing a container in this state, each path with parameters.

    A frozen container hears no signal, so it is thawed first. No grace, no asking.
    """
    if not state["Running"]:
        return []
    steps: list[tuple[str, dict[str, str]]] = []
    if state["Paused"]:
        steps.append((f"containers/{name}/unpause", {}))
    if grace > timedelta(0):
        seconds = math.ceil(grace.total_seconds())
        steps.append((f"containers/{name}/stop", {"t": str(seconds)}))
    return steps


async def remove(engine: Engine, name: str, state: Json, grace: timedelta) -> None:
    """Stop within `grace`, then remove with the anonymous volumes; repeatable.

    Raises `Unavailable` if it is not gone in the end.
    """
    try:
        for path, params in polite_steps(state, name, grace):
            await _post(engine, path, params, within=grace + GONE_WITHIN)
        await delete(engine, name)
    except DockerError as error:
        raise failure(error.status, error.message) from error


async def _post(engine: Engine, path: str, params: dict[str, str], within: timedelta) -> None:
    try:
        await engine.ask(path, "POST", params=params, within=within)
    except DockerError as error:
        # Thawed by somebody else in the meantime is as good; what matters comes after.
        if error.status not in _DONE and "is not paused" not in error.message:
            raise


async def delete(engine: Engine, name: str) -> None:
    """Remove at once, with the anonymous volumes, and wait until it is gone.

    Raises `DockerError`, and `Unavailable` if it is not gone in the end.
    """
    try:
        await engine.ask(f"containers/{name}", "DELETE", params={"force": "1", "v": "1"})
    except DockerError as error:
        if error.status == 409:
            await _wait_until_gone(engine, name)
        elif error.status != 404:
            raise


async def _wait_until_gone(engine: Engine, name: str) -> None:
    """Wait for a removal that is already in progress."""
    path = f"containers/{name}/wait"
    try:
        await engine.ask(path, "POST", params={"condition": "removed"}, within=GONE_WITHIN)
    except DockerError as error:
        if error.status != 404:
            raise
