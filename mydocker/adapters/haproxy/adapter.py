"""The gateway port on HAProxy: what is put goes to the files first, then to the running process."""

import asyncio
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from mydocker.adapters.haproxy import maps, names
from mydocker.adapters.haproxy.console import Console
from mydocker.adapters.haproxy.meter import Count, Meter
from mydocker.ports.errors import Unavailable
from mydocker.ports.gateway import Activity, Route

_FOUND = re.compile(r'found=yes\b.*\bkey="[^"]*"(?:, value="([^"]*)")?')
_KEY = re.compile(r"\bkey=(\S+)")
_NUMBER = re.compile(r"\b(gpc0|conn_cur|conn_cnt|bytes_in_cnt)=(\d+)")
_EXPECTED = ("", "Key not found.")
_MANY = 500
"""HAProxy looks through all entries for each one taken away; beyond this, all are replaced."""


class HaproxyGateway:
    """`ports.gateway.Gateway` on one HAProxy of this machine.

    `data` is the folder that `write_configuration` filled; `socket` the admin socket. Belongs to
    one event loop. Raises `Refused` for a name, an address or a digest that is none, before
    anything is changed.
    """

    def __init__(
        self,
        data: Path,
        socket: Path,
        apps_domain: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._apps_domain = names.checked_domain(apps_domain)
        self._console = Console(socket)
        self._routes = _Table("map", data / "maps" / maps.ROUTES, self._console)
        self._grants = _Table("acl", data / "maps" / maps.GRANTS, self._console)
        self._asleep = _Table("map", data / "maps" / maps.ASLEEP, self._console)
        self._meter = Meter(clock)

    async def put_routes(self, routes: Collection[Route]) -> None:
        await self._routes.put(self._route_entries(routes))

    async def drop_routes(self, hosts: Collection[str]) -> None:
        await self._routes.drop([names.checked_host(host, self._apps_domain) for host in hosts])

    async def put_grants(self, grants: Collection[tuple[str, str]]) -> None:
        await self._grants.put(self._grant_entries(grants))

    async def drop_grants(self, grants: Collection[tuple[str, str]]) -> None:
        await self._grants.drop(self._grant_entries(grants))

    async def put_asleep(self, asleep: Mapping[str, str]) -> None:
        await self._asleep.put(names.asleep_entries(asleep, self._apps_domain))

    async def drop_asleep(self, hosts: Collection[str]) -> None:
        await self._asleep.drop([names.checked_host(host, self._apps_domain) for host in hosts])

    async def asleep(self) -> Mapping[str, str]:
        running = await self._asleep.running()
        return {host: names.container_in(entry) for host, entry in running.items()}

    async def synchronise(
        self,
        routes: Collection[Route],
        grants: Collection[tuple[str, str]],
        asleep: Mapping[str, str],
    ) -> int:
        wanted = [
            (self._routes, self._route_entries(routes)),
            (self._grants, self._grant_entries(grants)),
            (self._asleep, names.asleep_entries(asleep, self._apps_domain)),
        ]
        in_files = [table.mend_file(entries) for table, entries in wanted]
        running = [await table.mend_process(entries) for table, entries in wanted]
        return sum(len(one | other) for one, other in zip(in_files, running, strict=True))

    async def activity(self) -> Mapping[str, Activity]:
        deeds, sockets = await self._console.ask(
            ["show table interactions", "show table websockets"]
        )
        counted, streamed = _numbers(deeds), _numbers(sockets)
        return self._meter.read(
            {
                host: Count(
                    counted.get(host, {}).get("gpc0", 0),
                    streamed.get(host, {}).get("conn_cur", 0),
                    streamed.get(host, {}).get("bytes_in_cnt", 0),
                    streamed.get(host, {}).get("conn_cnt", 0),
                )
                for host in counted.keys() | streamed.keys()
            }
        )

    async def started_at(self) -> datetime | None:
        """The fraction of the second is made of the process id: it tells two starts apart."""
        try:
            (answer,) = await self._console.ask(["show info"])
        except Unavailable:
            return None
        facts = dict(line.partition(": ")[::2] for line in answer.splitlines())
        started = datetime.fromtimestamp(int(facts["Start_time_sec"]), UTC)
        return started.replace(microsecond=int(facts["Pid"]) % 1_000_000)

    async def close(self) -> None:
        """Hang up."""
        await self._console.close()

    def _route_entries(self, routes: Iterable[Route]) -> dict[str, str]:
        return dict(names.route_entry(route, self._apps_domain) for route in routes)

    def _grant_entries(self, grants: Iterable[tuple[str, str]]) -> dict[str, str]:
        return {names.grant_entry(*grant, self._apps_domain): "" for grant in grants}


class _Table:
    """One list of HAProxy, in its file and in the running process, which names it by the file.

    `kind` is `map` (a value for each key) or `acl` (keys alone).
    """

    def __init__(self, kind: str, path: Path, console: Console) -> None:
        self._kind, self._path, self._console = kind, path, console
        self._file = maps.MapFile(path)
        self._turn = asyncio.Lock()

    async def put(self, entries: Mapping[str, str]) -> None:
        """Looks before it adds: HAProxy would keep both, and go by the older one."""
        async with self._turn:
            self._file.put(entries)
            answers = await self._console.ask([self._says("get", key) for key in entries])
            found = [_FOUND.search(answer) for answer in answers]
            running = {
                key: match[1] or "" for key, match in zip(entries, found, strict=True) if match
            }
            await self._tell(self._changes(running, entries))

    async def drop(self, keys: Collection[str]) -> None:
        async with self._turn:
            self._file.drop(keys)
            await self._tell([self._says("del", key) for key in keys])

    async def running(self) -> Mapping[str, str]:
        """Return what the running gateway holds."""
        async with self._turn:
            return (await self._show())[0]

    def mend_file(self, wanted: Mapping[str, str]) -> set[str]:
        """Make the file hold exactly this; returns what was wrong."""
        wrong = _differences(self._file.entries(), wanted)
        if len(wrong) > _MANY:
            self._file.replace(wanted)
        elif wrong:
            self._file.drop(wrong - wanted.keys())
            self._file.put(wanted)
        return wrong

    async def mend_process(self, wanted: Mapping[str, str]) -> set[str]:
        """Make the running gateway hold exactly this; returns what was wrong."""
        async with self._turn:
            running, twice = await self._show()
            wrong = _differences(running, wanted) | twice
            gone = (wrong - wanted.keys()) | twice
            if len(gone) > _MANY:
                await self._replace(wanted)
            else:
                await self._tell([self._says("del", key) for key in gone])
                rest = {key: value for key, value in running.items() if key not in gone}
                await self._tell(self._changes(rest, wanted))
            return wrong

    async def _show(self) -> tuple[dict[str, str], set[str]]:
        """What the process holds, and what it holds more than once."""
        (answer,) = await self._console.ask([self._says("show")])
        running: dict[str, str] = {}
        twice = set()
        for line in answer.splitlines():
            _, key, *value = line.split(" ")
            if key in running:
                twice.add(key)
            running[key] = "".join(value)
        return running, twice

    async def _replace(self, wanted: Mapping[str, str]) -> None:
        """Everything at once: no request falls into a gap."""
        (answer,) = await self._console.ask([self._says("prepare")])
        version = "@" + answer.removeprefix("New version created: ")
        added = [self._says("add", key, value, version) for key, value in wanted.items()]
        await self._tell([*added, self._says("commit", version=version)])

    def _changes(self, running: Mapping[str, str], wanted: Mapping[str, str]) -> Sequence[str]:
        return [
            self._says("set" if key in running else "add", key, value)
            for key, value in wanted.items()
            if running.get(key) != value
        ]

    def _says(self, verb: str, key: str = "", value: str = "", version: str = "") -> str:
        words = (verb, self._kind, version, str(self._path), key, value)
        return " ".join(filter(None, words))

    async def _tell(self, commands: Sequence[str]) -> None:
        for answer in await self._console.ask(commands) if commands else ():
            if answer not in _EXPECTED:
                raise Unavailable(f"The gateway does not take {self._kind} entries: {answer}")


def _differences(have: Mapping[str, str], want: Mapping[str, str]) -> set[str]:
    return {key for key in have.keys() | want.keys() if have.get(key) != want.get(key)}


def _numbers(table: str) -> dict[str, dict[str, int]]:
    """Read `show table`: `0x55d0: key=HOST use=0 exp=604799 shard=0 gpc0=1`."""
    return {
        found[1]: {name: int(number) for name, number in _NUMBER.findall(line)}
        for line in table.splitlines()
        if (found := _KEY.search(line))
    }
