"""`NodeAgent` over the agent's Unix socket."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from mydocker.adapters.agent.wire import HungUp, Wire, connect
from mydocker.ports.errors import Unavailable
from mydocker.ports.nodes import (
    Bridge,
    ContainerUsage,
    Disk,
    Emptied,
    Firewall,
    HomeMount,
    HomeUsage,
    Introduction,
    Machine,
    NodeAbilities,
    Places,
    Rung,
    Sleep,
    Space,
    Swap,
    SwapArea,
    Swept,
)

_SLOWER = 4
"""What has to walk through whole homes is given so many times the patience."""


class AgentClient:
    """One node's agent. Keeps one connection, made when first needed and again after a break.

    A request whose connection broke before the answer is asked once more on a new one: all
    verbs may be repeated.
    """

    def __init__(
        self, socket: Path, *, server_uid: int = 0, patience: timedelta = timedelta(seconds=15)
    ) -> None:
        self._socket = socket
        self._patience = patience
        self._server_uid = server_uid
        self._wire: Wire | None = None
        self._connecting = asyncio.Lock()

    async def hello(self) -> NodeAbilities:
        said = await self._ask("hello")
        return NodeAbilities(
            version=said["version"],
            can_idmap=said["idmap"],
            idmap_problem=said["idmap_problem"],
            can_firewall=said["firewall"],
            mount_namespace=said["mount_namespace"],
        )

    async def prepare(self, run: str, slots: int) -> Places:
        said = await self._ask("prepare", run=run, slots=slots)
        return Places(tuple(said["sources"]), said["papers"], said["inside"])

    async def introduce(self, run: str, person: Introduction) -> None:
        await self._ask("introduce", run=run, person=asdict(person))

    async def attach(self, run: str, homes: Sequence[HomeMount]) -> Sequence[str]:
        said = await self._ask("attach", run=run, homes=[asdict(home) for home in homes])
        return tuple(said["sources"])

    async def detach(self, run: str) -> None:
        await self._ask("detach", run=run)

    async def attached(self) -> Mapping[str, Sequence[int]]:
        return {run: tuple(slots) for run, slots in (await self._ask("attached"))["runs"].items()}

    async def sweep(self, known_runs: Collection[str], older_than: timedelta) -> Swept:
        seconds = int(older_than.total_seconds())
        said = await self._ask("sweep", known_runs=sorted(known_runs), older_than_s=seconds)
        return Swept(tuple(said["removed"]), tuple(said["busy"]))

    async def trash(self, home: str) -> bool:
        return bool((await self._ask("trash", home=home))["trashed"])

    async def empty_trash(self, older_than: timedelta) -> Emptied:
        seconds = int(older_than.total_seconds())
        said = await self._ask("empty_trash", _SLOWER, older_than_s=seconds)
        return Emptied(tuple(said["removed"]), said["complete"])

    async def homes(self) -> Sequence[str]:
        found: list[str] = []
        after: str | None = ""
        while after is not None:
            said = await self._ask("homes", after=after)
            found += said["homes"]
            after = said["after"]
        return tuple(found)

    async def home_usage(self, home: str) -> HomeUsage:
        said = await self._ask("home_usage", _SLOWER, home=home)
        at = datetime.fromtimestamp(said["at"], UTC)
        return HomeUsage(said["bytes"], said["inodes"], said["complete"], at)

    async def disk(self) -> Disk:
        said = await self._ask("disk")
        engine = said["engine"] and Space(**said["engine"])
        return Disk(Space(**said["data"]), engine, said["reserve_hit"])

    async def firewall(self, bridges: Sequence[Bridge], allow: Sequence[str]) -> Firewall:
        named = [asdict(bridge) for bridge in bridges]
        return _firewall(await self._ask("firewall", bridges=named, allow=list(allow)))

    async def firewall_state(self) -> Firewall:
        return _firewall(await self._ask("firewall_state"))

    async def cut(self, address: IPv4Address) -> int:
        return int((await self._ask("cut", address=str(address)))["cut"])

    async def let_out(self, container: str, address: IPv4Address) -> None:
        await self._ask("let_out", container=container, address=str(address))

    async def cage(self, build: str, pids: int, *, by_systemd: bool) -> str:
        manager = "systemd" if by_systemd else "cgroupfs"
        return str((await self._ask("cage", build=build, pids=pids, manager=manager))["parent"])

    async def uncage(self, known_builds: Collection[str]) -> Sequence[str]:
        return tuple((await self._ask("uncage", known_builds=sorted(known_builds)))["busy"])

    async def usage(self, containers: Collection[str]) -> Mapping[str, ContainerUsage]:
        said = await self._ask("usage", containers=list(containers))
        return {container: ContainerUsage(**figures) for container, figures in said.items()}

    async def freeze(self, containers: Collection[str]) -> Mapping[str, bool]:
        frozen: Mapping[str, bool] = await self._ask("freeze", containers=list(containers))
        return frozen

    async def reclaim(self, containers: Collection[str]) -> None:
        await self._ask("reclaim", containers=list(containers))

    async def thaw(self, containers: Collection[str]) -> Collection[str]:
        return tuple((await self._ask("thaw", containers=list(containers)))["thawed"])

    async def frozen(self, containers: Collection[str]) -> Mapping[str, Sleep]:
        said = await self._ask("frozen", containers=list(containers))
        return {container: Sleep(**facts) for container, facts in said.items()}

    async def rung(self, after: int, wait: timedelta) -> Rung:
        seconds = int(wait.total_seconds())
        said = await self._ask("rung", waits_s=seconds, after=after, wait_s=seconds)
        return Rung(said["last"], tuple(said["containers"]), said["began"])

    async def swap(self) -> Swap:
        return _swap(await self._ask("swap"))

    async def make_swap(self, size_bytes: int) -> Swap:
        return _swap(await self._ask("make_swap", size=size_bytes))

    async def machine(self) -> Machine:
        return Machine(**await self._ask("machine"))

    async def close(self) -> None:
        if self._wire is not None:
            await self._wire.close()
            self._wire = None

    async def _ask(self, verb: str, slower: int = 1, waits_s: int = 0, **words: object) -> Any:
        try:
            async with asyncio.timeout(waits_s + slower * self._patience.total_seconds()):
                try:
                    return await (await self._open_wire()).ask(verb, words)
                except HungUp:
                    return await (await self._open_wire()).ask(verb, words)
        except (TimeoutError, HungUp, OSError) as error:
            raise Unavailable(f"The node's agent does not answer ({verb}).") from error

    async def _open_wire(self) -> Wire:
        async with self._connecting:
            if self._wire is None or not self._wire.is_open:
                self._wire = await connect(self._socket, self._server_uid)
            return self._wire


def _firewall(said: Mapping[str, Any]) -> Firewall:
    return Firewall(said["loaded"], said["problem"], tuple(said["resolvers"]))


def _swap(said: Mapping[str, Any]) -> Swap:
    areas = tuple(SwapArea(**area) for area in said["areas"])
    return Swap(areas, said["is_for_sleepers"], said["problem"])
