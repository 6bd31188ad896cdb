"""A bridge network for each policy and one for builds, made so that the firewall can hold them.

The engine's options alone do not protect the host; the rules on the fixed interface names do
(docs/explanation/isolation.md). What they do: containers cannot talk to one another, and
nothing is routed out of the network of policy `none`, nor out of `once-claimed` before a
container is given a route.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from aiodocker import DockerError

from mydocker.adapters.docker.engine import Engine, Json
from mydocker.adapters.docker.errors import failure, is_subnet_taken
from mydocker.adapters.docker.names import Names, Purpose
from mydocker.domain.environments import NetworkPolicy
from mydocker.domain.failures import Cause
from mydocker.ports.errors import Refused, Unavailable

_GATEWAY = "DefaultGatewayIPv4"
"""What the bridge driver calls the default gateway of containers, where it is not the bridge."""
ROUTES = Path("/proc/net/route")
PREFIX = 20
"""4,094 addresses: far above the 1,024 ports of a Linux bridge, so that addresses return late."""
RANGES = (IPv4Network("172.16.0.0/12"), IPv4Network("10.192.0.0/10"), IPv4Network("192.168.0.0/16"))
"""Where networks are put. 172.17.0.0/16 and others in use are passed over."""


def candidates(instance: str, taken: Iterable[IPv4Network]) -> Iterator[IPv4Network]:
    """Yield free subnets, beginning where few other installations begin."""
    occupied = tuple(taken)
    for area in RANGES:
        subnets = list(area.subnets(new_prefix=PREFIX))
        first = int(instance, 16) % len(subnets)
        for subnet in subnets[first:] + subnets[:first]:
            if not any(subnet.overlaps(other) for other in occupied):
                yield subnet


def routed(table: str) -> Iterator[IPv4Network]:
    """Read the networks of a `/proc/net/route`, leaving out the default route."""
    for line in table.splitlines()[1:]:
        destination, mask = (int(line.split()[n], 16).to_bytes(4, "little") for n in (1, 7))
        network = IPv4Network((destination, sum(byte.bit_count() for byte in mask)))
        if network.prefixlen:
            yield network


def subnets_of(networks: Iterable[Json]) -> Iterator[IPv4Network]:
    """Read the IPv4 subnets of the engine's networks."""
    for network in networks:
        for config in network.get("IPAM", {}).get("Config") or ():
            if "." in config.get("Subnet", ""):
                yield IPv4Network(config["Subnet"], strict=False)


def network_body(names: Names, purpose: Purpose) -> dict[str, Any]:
    """Write what the engine is asked to create, all but the subnet."""
    return {
        "Name": names.network(purpose),
        "CheckDuplicate": True,
        "Driver": "bridge",
        "Internal": purpose is NetworkPolicy.NONE,
        "Attachable": False,
        "EnableIPv6": False,
        "Options": {
            "com.docker.network.bridge.name": names.bridge(purpose),
            "com.docker.network.bridge.enable_icc": "false",
        },
        "Labels": dict(names.own_label),
    }


def addresses_of(purpose: Purpose, subnet: IPv4Network) -> dict[str, Any]:
    """Write what the engine is asked to give away.

    Where the way out comes later, the default gateway is the subnet's last address: nobody's.
    """
    config: dict[str, Any] = {"Subnet": str(subnet)}
    if purpose is NetworkPolicy.ONCE_CLAIMED:
        config["AuxiliaryAddresses"] = {_GATEWAY: str(subnet.broadcast_address - 1)}
    return {"Driver": "default", "Config": [config]}


def _has_a_way_out(network: Json) -> bool:
    configs = network.get("IPAM", {}).get("Config") or ()
    return not any(_GATEWAY in (config.get("AuxiliaryAddresses") or {}) for config in configs)


def _is_it(network: Json, body: Mapping[str, Any]) -> bool:
    """Whether a network is the one of this body, by its name or by its interface on the host."""
    bridge = "com.docker.network.bridge.name"
    is_bridge = (network.get("Options") or {}).get(bridge) == body["Options"][bridge]
    return is_bridge or bool(network["Name"] == body["Name"])


def network_differences(
    wanted: Mapping[str, Any], found: Json, *, way_out: bool = True
) -> list[str]:
    """Name the settings in which a network is not what was wanted; its subnet may be any."""
    differing = [
        key for key in ("Driver", "Internal", "EnableIPv6") if found.get(key) != wanted[key]
    ]
    options = found.get("Options") or {}
    differing += [key for key, value in wanted["Options"].items() if options.get(key) != value]
    if _has_a_way_out(found) != way_out:
        differing.append(_GATEWAY)
    labels = found.get("Labels") or {}
    differing += [key for key, value in wanted["Labels"].items() if labels.get(key) != value]
    return differing


class Networks:
    """Makes sure of networks of one installation: those of all policies, or others."""

    def __init__(
        self, engine: Engine, names: Names, purposes: Collection[Purpose] = tuple(NetworkPolicy)
    ) -> None:
        self._engine = engine
        self._names = names
        self._purposes = purposes
        self._ids: Mapping[Purpose, str] = {}
        self._one_at_a_time = asyncio.Lock()

    async def ids(self, avoid: Iterable[str] = ()) -> Mapping[Purpose, str]:
        """Their ids on the engine, as `ensure` last saw them. Raises what `ensure` raises."""
        if not self._ids:
            async with self._one_at_a_time:
                if not self._ids:
                    self._ids = await self._ensured(avoid)
        return self._ids

    async def ensure(self, avoid: Iterable[str] = ()) -> None:
        """Make the networks that are missing; repeatable.

        `avoid`: addresses that the networks must not hide from the host. Raises `Refused`
        (`isolation_missing`) for a network that is not as it must be and in use.
        """
        async with self._one_at_a_time:
            self._ids = await self._ensured(avoid)

    async def _ensured(self, avoid: Iterable[str]) -> Mapping[Purpose, str]:
        avoided = [IPv4Network(address) for address in avoid]
        try:
            return {each: await self._ensure(each, avoided) for each in self._purposes}
        except DockerError as error:
            raise failure(error.status, error.message) from error

    async def _ensure(self, purpose: Purpose, avoided: Iterable[IPv4Network]) -> str:
        """Return the id of the network."""
        networks = await self._engine.ask("networks")
        body = network_body(self._names, purpose)
        for network in networks:
            if _is_it(network, body) and not await self._drop_if_wrong(purpose, network):
                return str(network["Id"])
        taken = [*subnets_of(networks), *self._routed_on_host(), *avoided]
        for subnet in candidates(self._names.instance, taken):
            made = await self._create(
                {**body, "IPAM": addresses_of(purpose, subnet)}, self._names.plain_network(purpose)
            )
            if made is not None:
                return made
        raise Unavailable(f"no free subnet for network {body['Name']}")

    async def _create(self, body: Mapping[str, Any], plain: str) -> str | None:
        """Return the new network's id; None if its subnet is taken."""
        try:
            created = await self._engine.ask("networks/create", "POST", body=body)
        except DockerError as error:
            if is_subnet_taken(error.message):
                return None
            if error.status == 400 and body["Name"] != plain:
                return await self._create({**body, "Name": plain}, plain)
            # Somebody made it in the same moment: it is looked at next time round.
            raise Unavailable(error.message) from error
        return str(created["Id"])

    async def _drop_if_wrong(self, purpose: Purpose, network: Json) -> bool:
        body = network_body(self._names, purpose)
        way_out = purpose is not NetworkPolicy.ONCE_CLAIMED
        differing = network_differences(body, network, way_out=way_out)
        if not differing:
            return False
        try:
            await self._engine.ask(f"networks/{network['Id']}", "DELETE")
        except DockerError as error:
            detail = f"network {network['Name']} differs in {', '.join(differing)}"
            raise Refused(Cause.ISOLATION_MISSING, f"{detail}: {error.message}") from error
        return True

    @staticmethod
    def _routed_on_host() -> Iterator[IPv4Network]:
        return routed(ROUTES.read_text()) if ROUTES.exists() else iter(())
