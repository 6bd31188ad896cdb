"""The gateway between browsers and containers: routes and grants of entry.

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

    async def synchronise(
        self, routes: Collection[Route], grants: Collection[tuple[str, str]]
    ) -> int:
        """Make files and running gateway hold exactly these; returns how many were wrong."""
        ...

    async def activity(self) -> Mapping[str, Activity]:
        """Count interaction by host (`vocabulary`: navigation, unsafe method, new websocket, …)."""
        ...

    async def started_at(self) -> datetime | None:
        """When the running gateway started; None if it does not answer. For noticing restarts."""
        ...
