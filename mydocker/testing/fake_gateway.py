"""A gateway in memory, which misbehaves when told to.

Like the real one it has files, which last, and a process, which is started anew from them.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from mydocker.ports.errors import Refused, Unavailable
from mydocker.ports.gateway import Activity, Route

_DIGITS = frozenset("0123456789abcdef")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz234567")

Grant = tuple[str, str]
State = tuple[dict[str, Route], set[Grant], dict[str, str]]
Change = Callable[[State], object]


class FakeGateway:
    """A `Gateway` in memory. Tests drive it by the methods below and ask `answer` who may pass."""

    def __init__(self, apps_domain: str = "mydocker-apps.localhost") -> None:
        self.apps_domain = apps_domain
        self.is_up = True
        self.calls: list[str] = []
        self.rings: list[str] = []
        """Containers that were woken for a person, in this order."""
        self._files: State = ({}, set(), {})
        self._running: State = ({}, set(), {})
        self._counts: dict[str, list[int]] = {}
        self._started = datetime(2030, 1, 1, tzinfo=UTC)
        self._failures = 0
        self._open = asyncio.Event()
        self._open.set()

    def routes(self) -> Mapping[str, Route]:
        """What is routed now, by host."""
        return dict(self._running[0])

    def fail(self, times: int) -> None:
        """Let the next calls raise `Unavailable`; the files are written all the same."""
        self._failures += times

    def stop(self) -> None:
        """End the process: everything raises `Unavailable` until `restart`."""
        self.is_up = False

    def restart(self) -> None:
        """Start the process anew: it reads the files, and has counted nothing."""
        self._running = _copied(self._files)
        self._counts = {}
        self._started += timedelta(seconds=1)
        self.is_up = True

    def forget(self) -> None:
        """Lose files and running state, as after a restore on another machine; then restart."""
        self._files = ({}, set(), {})
        self.restart()

    def hold(self) -> None:
        """Be slow: no call ends before `let_go`."""
        self._open.clear()

    def let_go(self) -> None:
        """Be quick again."""
        self._open.set()

    def interact(self, host: str, times: int = 1) -> None:
        """Let somebody do something there; who sleeps wakes, as far as the gateway knows."""
        self.wake(host)
        self.count(host, times)

    def count(self, host: str, times: int = 1) -> None:
        """Let somebody do something there who came in before it was said to sleep."""
        self._count(host)[0] += times

    def wake(self, host: str) -> None:
        """Let a new websocket, or a person, find the host asleep: it and the run's others wake."""
        asleep = self._running[2]
        if container := asleep.get(host):
            self.rings.append(container)
            for each in [name for name, holder in asleep.items() if holder == container]:
                del asleep[each]

    def open_streams(self, host: str, count: int) -> None:
        """Let so many websockets be open there; one more is an interaction."""
        self._count(host)[0] += max(0, count - self._count(host)[1])
        self._count(host)[1] = count

    def answer(self, digest: str, host: str) -> Route | int:
        """Where a request with this grant goes now, or the status that refuses it."""
        if not self.is_up:
            return 0
        routes, grants, _ = self._running
        if host not in routes:
            return 410
        return routes[host] if (digest, host) in grants else 401

    async def put_routes(self, routes: Collection[Route]) -> None:
        for route in routes:
            self._check_host(route.host)
            _check_target(route)
        await self._change(lambda state: state[0].update({r.host: r for r in routes}))

    async def drop_routes(self, hosts: Collection[str]) -> None:
        for host in hosts:
            self._check_host(host)
        await self._change(lambda state: [state[0].pop(host, None) for host in hosts])

    async def put_grants(self, grants: Collection[Grant]) -> None:
        self._check_grants(grants)
        await self._change(lambda state: state[1].update(grants))

    async def drop_grants(self, grants: Collection[Grant]) -> None:
        self._check_grants(grants)
        await self._change(lambda state: state[1].difference_update(grants))

    async def put_asleep(self, asleep: Mapping[str, str]) -> None:
        self._check_asleep(asleep)
        await self._change(lambda state: state[2].update(asleep))

    async def drop_asleep(self, hosts: Collection[str]) -> None:
        for host in hosts:
            self._check_host(host)
        await self._change(lambda state: [state[2].pop(host, None) for host in hosts])

    async def asleep(self) -> Mapping[str, str]:
        await self._reach("asleep")
        return dict(self._running[2])

    async def synchronise(
        self,
        routes: Collection[Route],
        grants: Collection[Grant],
        asleep: Mapping[str, str],
    ) -> int:
        for route in routes:
            self._check_host(route.host)
        self._check_grants(grants)
        self._check_asleep(asleep)
        wanted = ({route.host: route for route in routes}, set(grants), dict(asleep))
        wrong = [_wrong(state, wanted) for state in (self._files, self._running)]
        self._files = _copied(wanted)
        await self._reach("synchronise")
        self._running = _copied(wanted)
        return len(wrong[0] | wrong[1])

    async def activity(self) -> Mapping[str, Activity]:
        await self._reach("activity")
        return {host: Activity(*counted) for host, counted in self._counts.items()}

    async def started_at(self) -> datetime | None:
        try:
            await self._reach("started_at")
        except Unavailable:
            return None
        return self._started

    async def _change(self, change: Change) -> None:
        change(self._files)
        await self._reach("change")
        change(self._running)

    async def _reach(self, verb: str) -> None:
        self.calls.append(verb)
        await self._open.wait()
        if self._failures or not self.is_up:
            self._failures = max(0, self._failures - 1)
            raise Unavailable("The gateway does not answer.")

    def _count(self, host: str) -> list[int]:
        return self._counts.setdefault(host, [0, 0])

    def _check_host(self, host: str) -> None:
        label, _, domain = host.partition(".")
        if domain != self.apps_domain or len(label) != 20 or not _LETTERS.issuperset(label):
            raise Refused("bad_host", f"{host!r} is no run's host")

    def _check_grants(self, grants: Collection[Grant]) -> None:
        for digest, host in grants:
            self._check_host(host)
            if len(digest) != 64 or not _DIGITS.issuperset(digest):
                raise Refused("bad_digest", "a grant is known by 64 hexadecimal digits")

    def _check_asleep(self, asleep: Mapping[str, str]) -> None:
        for host, container in asleep.items():
            self._check_host(host)
            if len(container) != 64 or not _DIGITS.issuperset(container):
                raise Refused("bad_container", f"{container!r} is no container")


def _check_target(route: Route) -> None:
    try:
        ip_address(route.address)
    except ValueError:
        raise Refused("bad_address", f"{route.address!r} is no address") from None
    if not 0 < route.port < 65_536:
        raise Refused("bad_port", f"{route.port} is no port")


def _wrong(have: State, want: State) -> set[object]:
    hosts = have[0].keys() | want[0].keys()
    routes = {host for host in hosts if have[0].get(host) != want[0].get(host)}
    hosts = have[2].keys() | want[2].keys()
    asleep = {("asleep", host) for host in hosts if have[2].get(host) != want[2].get(host)}
    return {*routes, *(have[1] ^ want[1]), *asleep}


def _copied(state: State) -> State:
    return dict(state[0]), set(state[1]), dict(state[2])
