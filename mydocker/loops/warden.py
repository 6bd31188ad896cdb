"""Keeps the node's networks and firewall in place; where they are not, nothing is started."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta

import structlog

from mydocker.domain.environments import NetworkPolicy
from mydocker.ports.builder import Builder
from mydocker.ports.driver import Driver
from mydocker.ports.nodes import Bridge, NodeAgent

LOG = structlog.get_logger()


class Warden:
    """An office with one key: this node."""

    name = "warden"
    topics: frozenset[str] = frozenset()
    backstop = timedelta(seconds=20)

    def __init__(
        self, driver: Driver, builder: Builder, agent: NodeAgent, allow: Sequence[str]
    ) -> None:
        self._driver, self._builder, self._agent, self._allow = driver, builder, agent, allow
        self._wanted: Sequence[Bridge] = ()

    async def keys(self) -> Collection[str]:
        return ("node",)

    async def turn(self, key: str, woken: asyncio.Event) -> None:
        interfaces = await self._driver.prepare()
        bridges = [_bridge(name, policy) for policy, name in sorted(interfaces.items())]
        bridges.append(Bridge((await self._builder.prepare()).bridge, "open"))
        state = await self._agent.firewall_state()
        if state.is_loaded and bridges == self._wanted:
            return
        state = await self._agent.firewall(bridges, self._allow)
        self._wanted = bridges
        LOG.info("firewall.loaded", bridges=[bridge.name for bridge in bridges])
        if not state.is_loaded:
            LOG.error("firewall.missing", problem=state.problem, hint="Nothing is started.")


def _bridge(name: str, policy: NetworkPolicy) -> Bridge:
    # Whom spares may reach is no matter of rules: until they are let out they have no route.
    return Bridge(name, "none" if policy is NetworkPolicy.NONE else "open")
