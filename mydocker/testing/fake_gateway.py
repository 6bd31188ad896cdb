"""A gateway in memory, which misbehaves when told to."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from mydocker.ports.errors import Unavailable
from mydocker.ports.gateway import Activity, Route


class FakeGateway:
    """A `Gateway` whose files last and whose running tables a restart reads again."""

    def __init__(self, *, slow: timedelta = timedelta(0)) -> None:
        self.slow = slow
        self.deeds: dict[str, Activity] = {}
        self._routes: dict[str, Route] = {}
        self._grants: set[tuple[str, str]] = set()
        self._started = datetime(2030, 1, 1, tzinfo=UTC)
        self._failures = 0

    def fail(self, times: int) -> None:
        """Let the next calls raise `Unavailable`."""
        self._failures += times

    def forget(self) -> None:
        """Be restarted with files that somebody emptied."""
        self._routes.clear()
        self._grants.clear()
        self._started += timedelta(seconds=1)

    async def _answer(self) -> None:
        await asyncio.sleep(self.slow.total_seconds())
        if self._failures:
            self._failures -= 1
            raise Unavailable("the gateway does not answer")

    async def routes(self) -> Mapping[str, Route]:
        """What is routed, for tests."""
        return dict(self._routes)

    async def grants(self) -> Collection[tuple[str, str]]:
        """Who may enter what, for tests."""
        return set(self._grants)

    async def put_routes(self, routes: Collection[Route]) -> None:
        """See the port."""
        await self._answer()
        self._routes |= {route.host: route for route in routes}

    async def drop_routes(self, hosts: Collection[str]) -> None:
        """See the port."""
        await self._answer()
        for host in hosts:
            self._routes.pop(host, None)

    async def put_grants(self, grants: Collection[tuple[str, str]]) -> None:
        """See the port."""
        await self._answer()
        self._grants |= set(grants)

    async def drop_grants(self, grants: Collection[tuple[str, str]]) -> None:
        """See the port."""
        await self._answer()
        self._grants -= set(grants)

    async def synchronise(
        self, routes: Collection[Route], grants: Collection[tuple[str, str]]
    ) -> int:
        """See the port."""
        await self._answer()
        wanted = {route.host: route for route in routes}
        wrong = {host for host in wanted.keys() | self._routes.keys()
                 if wanted.get(host) != self._routes.get(host)}  # fmt: skip
        lost = self._grants ^ set(grants)
        self._routes, self._grants = wanted, set(grants)
        return len(wrong) + len(lost)

    async def activity(self) -> Mapping[str, Activity]:
        """See the port."""
        await self._answer()
        return dict(self.deeds)

    async def started_at(self) -> datetime | None:
        """See the port."""
        return self._started

    async def close(self) -> None:
        """See the port."""
