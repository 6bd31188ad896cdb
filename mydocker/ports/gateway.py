"""The gateway between browsers and containers: routes, grants of entry, and who sleeps.

The gateway's own state lasts: a restarted gateway needs nobody. All puts and drops are
idempotent, take effect at once, and raise `Unavailable` if the gateway does not answer
(its files are kept current all the same, so the next start of it is right).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Route:
    """One host name of a run and where it leads."""

    host: str
    """Full host name without port, lower case: `<20 base32 characters>.<apps domain>`."""
    run: str
    address: str
    port: int
    authorization: str = ""
    """Value of the `Authorization` header the gateway adds, for interfaces that want one."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What the gateway counted for one run's host since it began to count."""

    interactions: int
    """Only ever grows while the gateway lives; a smaller number means it was restarted."""
    open_streams: int


class Gateway(Protocol):
    """Routes and grants. A grant is known by the SHA-256 (hex) of its cookie alone."""

    async def put_routes(self, routes: Collection[Route]) -> None:
        """Add or change routes."""
        ...

    async def drop_routes(self, hosts: Collection[str]) -> None:
        """Take routes away; the host then answers as that of an ended run."""
        ...

    async def put_grants(self, grants: Collection[tuple[str, str]]) -> None:
        """Let the bearer of the cookie with this SHA-256 (hex) reach a host: `(digest, host)`."""
        ...

    async def drop_grants(self, grants: Collection[tuple[str, str]]) -> None:
        """Let them no longer. What is already open is cut by the node's agent, not here."""
        ...

    async def put_asleep(self, asleep: Mapping[str, str]) -> None:
        """Let these hosts be asleep: container (the engine's 64 hex digits) by host.

        All hosts of a container come in one call. From now on a person's request to any of them
        first has the node's agent thaw the container; then the running gateway holds none of them
        for asleep any more, and the request goes on. What an open tab asks by itself is answered
        by the gateway, and wakes nobody. A host that has no route may be asleep, in vain.
        """
        ...

    async def drop_asleep(self, hosts: Collection[str]) -> None:
        """Let these hosts be awake, whoever woke them."""
        ...

    async def asleep(self) -> Mapping[str, str]:
        """Say who is asleep for the running gateway: container by host."""
        ...

    async def synchronise(
        self,
        routes: Collection[Route],
        grants: Collection[tuple[str, str]],
        asleep: Mapping[str, str],
    ) -> int:
        """Make files and running gateway hold exactly these; returns how many were wrong.

        Whoever the gateway woke and `asleep` names is asleep for it again.
        """
        ...

    async def activity(self) -> Mapping[str, Activity]:
        """Count interaction by host (`vocabulary`: navigation, unsafe method, new websocket, …)."""
        ...

    async def started_at(self) -> datetime | None:
        """When the running gateway started; None if it does not answer. For noticing restarts."""
        ...
