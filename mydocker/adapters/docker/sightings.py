"""What one look at a container shows: the engine's JSON in, a `Sighting` out."""

import re

from mydocker.adapters.docker.engine import Json
from mydocker.domain.runs import ContainerStatus, Exit, Sighting

NEVER = "0001-01-01T00:00:00Z"
"""The engine's way of saying that something has not happened."""
OUT_OF_MEMORY = 137
"""128 + SIGKILL: how a process ends that the kernel killed for memory."""
NOT_STARTED = frozenset({126, 127})
"""Statuses by which shells, and the engine's init, say that a program could not be run."""

_INIT_SAYS = re.compile(r"\[FATAL tini \(\d+\)\] (exec .+ failed: .+)")


def was_started(inspected: Json) -> bool:
    """Whether a process of this container ever ran."""
    return bool(inspected["State"]["StartedAt"] != NEVER)


def sighting(inspected: Json, said: str = "") -> Sighting:
    """Read `GET /containers/ID/json`. `said`: the last line of its log, for an early end."""
    state, container = inspected["State"], inspected["Id"]
    if state["Running"]:
        return Sighting(ContainerStatus.RUNNING, address=_address(inspected), container=container)
    if not was_started(inspected) and not state["Error"]:
        return Sighting(ContainerStatus.CREATED, container=container)
    return Sighting(ContainerStatus.EXITED, exit=_exit(inspected, said), container=container)


def glimpse(listed: Json) -> Sighting | None:
    """Read one entry of `GET /containers/json`; None if only a closer look tells."""
    if listed["State"] in ("running", "paused"):
        return Sighting(ContainerStatus.RUNNING, address=_address(listed), container=listed["Id"])
    return None


def needs_words(inspected: Json) -> bool:
    """Whether the log's last line may say why the program never ran.

    The engine's init runs it, so the engine itself does not know.
    """
    return not inspected["State"]["Running"] and inspected["State"]["ExitCode"] in NOT_STARTED


def _exit(inspected: Json, said: str) -> Exit:
    state = inspected["State"]
    status = state["ExitCode"]
    if not was_started(inspected):
        return Exit(status, error=state["Error"])
    if match := _INIT_SAYS.search(said):
        return Exit(status, error=match[1])
    # On cgroup v2 the flag is also set for a child long dead, so the status has to agree.
    return Exit(status, out_of_memory=state["OOMKilled"] and status == OUT_OF_MEMORY)


def _address(container: Json) -> str | None:
    networks = container["NetworkSettings"]["Networks"].values()
    return next((network["IPAddress"] for network in networks if network["IPAddress"]), None)
