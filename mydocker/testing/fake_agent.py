"""An agent in memory, which misbehaves when told to. Homes are names; nothing is mounted."""

import asyncio
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from mydocker.ports.errors import Refused, Unavailable
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

_ID = re.compile(r"[a-z0-9]{4,40}")
_BRIDGE = re.compile(r"md([0-9a-f]{6})-[a-z0-9]{1,6}")
_CONTAINER = re.compile(r"[0-9a-f]{64}")
_OF_CONTAINERS = ("freeze", "reclaim", "thaw", "frozen", "let_out")
_RECENT = timedelta(seconds=10)
_ROOMY = Space(10**12, 10**12, 10**8, 10**8, 5 * 10**10, reserve_hit=False)


class FakeAgent:
    """A `NodeAgent` in memory. Tests turn its public attributes and ask what it was made to do."""

    def __init__(self, instance: str = "abc123", *, can_idmap: bool = True) -> None:
        self.instance = instance
        self.can_idmap = can_idmap
        self.unreachable = False
        self.now = datetime(2030, 1, 1, tzinfo=UTC)
        self.slots: dict[str, dict[int, HomeMount]] = {}
        self.people: dict[str, Introduction | None] = {}
        """Who was introduced, by run that was prepared."""
        self.known_homes: set[str] = set()
        self.trashed: list[tuple[str, datetime]] = []
        self.usages: dict[str, ContainerUsage] = {}
        self.home_usages: dict[str, HomeUsage] = {}
        self.disk_now = Disk(_ROOMY, _ROOMY, reserve_hit=False)
        self.machine_now = Machine(0.1, 2, 0.05, 8 << 30, 6 << 30)
        self.cuts: list[IPv4Address] = []
        self.open_connections: dict[IPv4Address, int] = {}
        self.cages: dict[str, int] = {}
        """Limits of processes, by build."""
        self.let_out_now: dict[str, IPv4Address] = {}
        """Containers that were given a way out, and where they are."""
        self.rules: tuple[Sequence[Bridge], Sequence[str]] | None = None
        self.swap_agreed_bytes = 0
        """What the operator lets the agent make; 0: none."""
        self.swap_now = Swap((), is_for_sleepers=False, problem="")
        self.absent: set[str] = set()
        """Containers that are not there; all others are."""
        self.stubborn: set[str] = set()
        """Containers that do not stop in time when they are frozen."""
        self.frozen_now: set[str] = set()
        self.memory_bytes: dict[str, int] = {}
        """Of containers; of those not named, 80 MB."""
        self._swapped: dict[str, int] = {}
        self._began = 1
        self._rings: list[str] = []
        self._rung_at: dict[str, datetime] = {}
        self._heard = asyncio.Condition()
        self._failures: list[tuple[str, bool]] = []

    def fail(self, times: int, verb: str = "", *, after: bool = False) -> None:
        """Let the next calls (of one verb) raise `Unavailable`; `after`: the deed is done then."""
        self._failures += [(verb, after)] * times

    def lose_firewall(self) -> None:
        """Flush the rules behind everybody's back."""
        self.rules = None

    async def ring(self, container: str) -> bool:
        """Do what the gateway does for a person; False if the container is not there."""
        if self.unreachable:
            raise Unavailable("The bell is not answered.")
        if not self._present([container]):
            return False
        self._wake(container)
        self._rung_at[container] = self.now
        async with self._heard:
            self._rings.append(container)
            self._heard.notify_all()
        return True

    def restart(self) -> None:
        """Be another process, which knows of no ring."""
        self._began += 1
        self._rings, self._rung_at = [], {}

    @contextmanager
    def _doing(self, verb: str, *ids: str) -> Iterator[None]:
        if self.unreachable:
            raise Unavailable(f"The node's agent does not answer ({verb}).")
        failure = next((f for f in self._failures if f[0] in ("", verb)), None)
        if failure:
            self._failures.remove(failure)
            if not failure[1]:
                raise Unavailable(f"The node's agent does not answer ({verb}).")
        shape = _CONTAINER if verb in _OF_CONTAINERS else _ID
        if not all(map(shape.fullmatch, ids)):
            raise Refused("bad_request", "Not an id.")
        yield
        if failure:
            raise Unavailable(f"The answer of the node's agent was lost ({verb}).")

    async def hello(self) -> NodeAbilities:
        with self._doing("hello"):
            problem = "" if self.can_idmap else "the kernel cannot idmap mounts"
            return NodeAbilities(
                1, self.can_idmap, problem, can_firewall=True, mount_namespace="mnt:[1]"
            )

    async def prepare(self, run: str, slots: int) -> Places:
        with self._doing("prepare", run):
            self.people.setdefault(run, None)
            self.slots.setdefault(run, {})
            sources = tuple(f"/fake/slots/{run}/{slot}" for slot in range(slots))
            return Places(sources, f"/fake/papers/{run}", "/fake/inside")

    async def introduce(self, run: str, person: Introduction) -> None:
        with self._doing("introduce", run):
            if run not in self.people:
                raise Unavailable("This run was not prepared. (enoent)")
            known = self.people[run]
            if known is not None and known.whose not in ("", person.whose):
                raise Refused("papers_taken", "This run is another person's.")
            self.people[run] = person

    async def attach(self, run: str, homes: Sequence[HomeMount]) -> Sequence[str]:
        with self._doing("attach", run, *(mount.home for mount in homes)):
            if not self.can_idmap and any((m.uid, m.gid) != (1000, 1000) for m in homes):
                raise Refused("idmap_unsupported", "the kernel cannot idmap mounts")
            slots = self.slots.setdefault(run, {})
            for mount in homes:
                if slots.setdefault(mount.slot, mount) != mount:
                    raise Refused("slot_taken", f"Slot {mount.slot} holds something else.")
                self.known_homes.add(mount.home)
            return tuple(f"/fake/slots/{run}/{mount.slot}" for mount in homes)

    async def detach(self, run: str) -> None:
        with self._doing("detach", run):
            self.slots.pop(run, None)
            self.people.pop(run, None)

    async def attached(self) -> Mapping[str, Sequence[int]]:
        with self._doing("attached"):
            return {run: tuple(sorted(slots)) for run, slots in self.slots.items()}

    async def sweep(self, known_runs: Collection[str], older_than: timedelta) -> Swept:
        """Here all runs are old, whatever `older_than`."""
        with self._doing("sweep", *known_runs):
            removed = sorted(self.slots.keys() - set(known_runs))
            for run in removed:
                del self.slots[run]
                self.people.pop(run, None)
            return Swept(tuple(removed), ())

    async def trash(self, home: str) -> bool:
        with self._doing("trash", home):
            if any(m.home == home for slots in self.slots.values() for m in slots.values()):
                raise Unavailable("This home is attached to a run. (home_attached)")
            if home not in self.known_homes:
                return False
            self.known_homes.remove(home)
            self.trashed.append((home, self.now))
            return True

    async def empty_trash(self, older_than: timedelta) -> Emptied:
        with self._doing("empty_trash"):
            old = [thrown for thrown in self.trashed if self.now - thrown[1] >= older_than]
            self.trashed = [thrown for thrown in self.trashed if thrown not in old]
            removed = tuple(f"{home}.{int(at.timestamp())}" for home, at in old)
            return Emptied(removed, is_complete=True)

    async def homes(self) -> Sequence[str]:
        with self._doing("homes"):
            return tuple(sorted(self.known_homes))

    async def home_usage(self, home: str) -> HomeUsage:
        with self._doing("home_usage", home):
            empty = HomeUsage(0, 0, is_complete=True, at=self.now)
            if home not in self.known_homes:
                return empty
            return self.home_usages.get(home, replace(empty, inodes=1))

    async def disk(self) -> Disk:
        with self._doing("disk"):
            return self.disk_now

    async def firewall(self, bridges: Sequence[Bridge], allow: Sequence[str]) -> Firewall:
        with self._doing("firewall"):
            for bridge in bridges:
                match = _BRIDGE.fullmatch(bridge.name)
                if not match:
                    raise Refused("bad_request", "Not a bridge's name.")
                if match[1] != self.instance:
                    raise Refused("not_ours", "A bridge's name is not one of this installation.")
            self.rules = (tuple(bridges), tuple(allow))
            return self._firewall_now()

    async def firewall_state(self) -> Firewall:
        with self._doing("firewall_state"):
            return self._firewall_now()

    def _firewall_now(self) -> Firewall:
        problem = "" if self.rules is not None else "The firewall was never loaded."
        return Firewall(not problem, problem, ("10.0.0.53",))

    async def cut(self, address: IPv4Address) -> int:
        with self._doing("cut"):
            self.cuts.append(address)
            return self.open_connections.pop(address, 0)

    async def let_out(self, container: str, address: IPv4Address) -> None:
        with self._doing("let_out", container):
            if not self._present([container]):
                raise Unavailable("The container has no process. (no_container)")
            self.let_out_now[container] = address

    async def cage(self, build: str, pids: int, *, by_systemd: bool) -> str:
        with self._doing("cage", build):
            self.cages[build] = pids
            return f"{build}.slice" if by_systemd else f"/cages/{build}"

    async def uncage(self, known_builds: Collection[str]) -> Sequence[str]:
        with self._doing("uncage", *known_builds):
            self.cages = {
                build: pids for build, pids in self.cages.items() if build in known_builds
            }
            return ()

    async def usage(self, containers: Collection[str]) -> Mapping[str, ContainerUsage]:
        with self._doing("usage"):
            return {name: self.usages[name] for name in containers if name in self.usages}

    async def freeze(self, containers: Collection[str]) -> Mapping[str, bool]:
        """Here all memory is in swap as soon as this returns, where there is swap for it."""
        with self._doing("freeze", *containers):
            quiet = {one for one in self._present(containers) if not self._was_rung(one)}
            self.frozen_now |= quiet - self.stubborn
            frozen = {one: one in self.frozen_now for one in self._present(containers)}
            self._reclaim(one for one in frozen if frozen[one])
            return frozen

    async def reclaim(self, containers: Collection[str]) -> None:
        with self._doing("reclaim", *containers):
            self._reclaim(one for one in self._present(containers) if one in self.frozen_now)

    def _reclaim(self, containers: Iterable[str]) -> None:
        if self.swap_now.is_for_sleepers:
            self._swapped |= {one: self._memory(one) for one in containers}

    async def thaw(self, containers: Collection[str]) -> Collection[str]:
        """Here all memory is back as soon as this returns."""
        with self._doing("thaw", *containers):
            for one in containers:
                self._wake(one)
            return self._present(containers)

    async def frozen(self, containers: Collection[str]) -> Mapping[str, Sleep]:
        with self._doing("frozen", *containers):
            return {one: self._sleep(one) for one in self._present(containers)}

    def _wake(self, container: str) -> None:
        self.frozen_now.discard(container)
        self._swapped.pop(container, None)

    def _was_rung(self, container: str) -> bool:
        at = self._rung_at.get(container)
        return at is not None and self.now - at <= _RECENT

    async def rung(self, after: int, wait: timedelta) -> Rung:
        """Here `wait` is real time, whatever `now` says."""
        with self._doing("rung"):
            with suppress(TimeoutError):
                async with asyncio.timeout(wait.total_seconds()), self._heard:
                    await self._heard.wait_for(lambda: len(self._rings) != after)
            new = self._rings if after > len(self._rings) else self._rings[after:]
            return Rung(len(self._rings), tuple(dict.fromkeys(new)), f"start {self._began}")

    def _sleep(self, container: str) -> Sleep:
        swapped = self._swapped.get(container, 0)
        return Sleep(container in self.frozen_now, self._memory(container) - swapped, swapped)

    def _memory(self, container: str) -> int:
        return self.memory_bytes.get(container, 80_000_000)

    def _present(self, containers: Collection[str]) -> Sequence[str]:
        self.frozen_now -= self.absent
        return tuple(one for one in containers if one not in self.absent)

    async def swap(self) -> Swap:
        with self._doing("swap"):
            return self.swap_now

    async def make_swap(self, size_bytes: int) -> Swap:
        with self._doing("make_swap"):
            if not 1 << 20 <= size_bytes <= self.swap_agreed_bytes:
                raise Refused("not_agreed", "The operator has not agreed to swap of this size.")
            if not any(area.is_ours for area in self.swap_now.areas):
                ours = SwapArea(
                    "zram", is_ours=True, size_bytes=size_bytes, used_bytes=0, memory_bytes=0
                )
                self.swap_now = Swap((*self.swap_now.areas, ours), is_for_sleepers=True, problem="")
            return self.swap_now

    async def machine(self) -> Machine:
        with self._doing("machine"):
            return self.machine_now

    async def close(self) -> None:
        """Nothing to let go of."""
