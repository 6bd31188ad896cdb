"""Grants of entry, and repair of what the gateway knows.

A grant is placed when it is made and dropped, with open connections cut, when it is revoked;
both within milliseconds of the ring. At the start and after a restart of the gateway everything
is compared and put right.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address

import structlog

from mydocker.domain.runs import Phase
from mydocker.loops import metrics
from mydocker.loops.custodian import routes_of
from mydocker.loops.database import Database
from mydocker.ports.gateway import Gateway, Route
from mydocker.ports.nodes import NodeAgent
from mydocker.steady import SteadyClock
from mydocker.store import access, runs
from mydocker.store.access import GrantRow
from mydocker.store.doorbell import ring

LOG = structlog.get_logger()
CHANGED = "changed"
ALL = "all"


class Gatekeeper:
    """An office with two keys: what changed, and everything."""

    name = "gatekeeper"
    topics = frozenset({"grants"})
    backstop = timedelta(seconds=5)

    def __init__(
        self, database: Database, gateway: Gateway, agent: NodeAgent, clock: SteadyClock
    ) -> None:
        self._database, self._gateway = database, gateway
        self._agent, self._clock = agent, clock
        self._seen_start: datetime | None = None

    async def keys(self) -> Collection[str]:
        """Everything if the gateway was restarted since it was last looked at."""
        started = await self._gateway.started_at()
        if started is not None and started != self._seen_start:
            self._seen_start = started
            return (ALL, CHANGED)
        return (CHANGED,)

    async def turn(self, key: str, woken: asyncio.Event) -> None:
        if key == ALL:
            await self._synchronise()
        else:
            await self._drop()
            await self._place()

    async def _place(self) -> None:
        placing = await self._database(access.grants_to_place)
        if placing:
            await self._gateway.put_grants(_pairs(placing))
            await self._database(_note_placed, placing, self._clock.now())

    async def _drop(self) -> None:
        dropping = await self._database(access.grants_to_drop)
        if not dropping:
            return
        await self._gateway.drop_grants(_pairs(dropping))
        # The gateway lets nothing new in; what is open already is cut on the way to the container.
        for address in {grant.address for grant in dropping if grant.address}:
            await self._agent.cut(IPv4Address(address))
        digests = [grant.digest for grant in dropping]
        await self._database(access.note_dropped, digests, self._clock.now())

    async def _synchronise(self) -> None:
        routes, grants, asleep = await self._database(_wanted)
        repaired = await self._gateway.synchronise(routes, _pairs(grants), asleep)
        metrics.ROUTES.set(len(routes))
        metrics.ROUTES_REPAIRED.inc(repaired)
        if repaired:
            LOG.info("gateway.repaired", wrong=repaired, routes=len(routes), grants=len(grants))


def _wanted() -> tuple[Sequence[Route], Sequence[GrantRow], Mapping[str, str]]:
    ready = [run for run in runs.live() if run.published and run.phase is not Phase.STOPPING]
    routes = [route for run in ready for route in routes_of(run)]
    asleep = {host: run.container for run in ready if run.asleep_at for host in run.hosts.values()}
    return routes, access.wanted_grants(), asleep


def _note_placed(grants: Sequence[GrantRow], now: datetime) -> None:
    access.note_placed([grant.digest for grant in grants], now)
    for grant in grants:
        ring("placed", grant.digest)


def _pairs(grants: Sequence[GrantRow]) -> list[tuple[str, str]]:
    return [(grant.digest, grant.host) for grant in grants]
