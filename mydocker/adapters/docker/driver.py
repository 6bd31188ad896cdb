"""The driver: every method of the port, each told by the module that knows how."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, MutableMapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from aiodocker import DockerError

from mydocker.adapters.docker import events, execution, logs, machine, removal
from mydocker.adapters.docker.containers import Containers
from mydocker.adapters.docker.engine import Engine, Json
from mydocker.adapters.docker.errors import NetworkGone, failure
from mydocker.adapters.docker.launching import Launches
from mydocker.adapters.docker.names import Names
from mydocker.adapters.docker.networks import Networks
from mydocker.adapters.docker.pulls import Pulls
from mydocker.adapters.docker.reference import parse_reference
from mydocker.adapters.docker.resolvers import host_resolvers
from mydocker.adapters.docker.sharing import Shared
from mydocker.adapters.docker.translate import Bounds, Limits, cpu_shares, create_body
from mydocker.domain.environments import NetworkPolicy
from mydocker.domain.failures import Cause
from mydocker.domain.runs import Sighting
from mydocker.ports.driver import Happening, ImageFacts, LogLine, PullProgress, RunPlan
from mydocker.ports.errors import Refused

ENDS_AT_ONCE = 8
"""Containers that end at a time. Engine 20.10 was seen to lock up for good while a hundred left its
networks together: two of libnetwork's locks are taken in one order here and in the other there.
"""


class DockerDriver:
    """Keeps the driver's contract on one Docker Engine, for one installation.

    `instance`: six hex digits that tell two installations on one engine apart. `url`: the
    engine's; default `DOCKER_HOST`, else its usual socket. `totals` remembers the sizes of
    images in bytes (see `progress`). `resolvers`: name servers for containers; default the
    host's. Opens nothing before the first question, so it may be made before a fork; belongs
    to one event loop from then on.
    """

    def __init__(
        self,
        instance: str,
        *,
        pool: str = "default",
        url: str | None = None,
        totals: MutableMapping[str, int] | None = None,
        resolvers: Sequence[str] = (),
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._limits = limits or Limits()
        self._names = Names(instance, pool)
        self._resolvers = tuple(resolvers)
        self._clock = clock
        self._engine = Engine(url, self._limits.answer_within)
        self._networks = Networks(self._engine, self._names)
        self._containers = Containers(self._engine, self._names)
        self._launches = Launches(self._engine, self._names, self._containers)
        self._launching: Shared[Sighting] = Shared()
        self._pulls = Pulls(self._engine, {} if totals is None else totals)
        self._ending = asyncio.Semaphore(ENDS_AT_ONCE)
        self._bounds: Bounds | None = None

    async def prepare(self) -> Mapping[NetworkPolicy, str]:
        """See the port. Raises `Refused` (`isolation_missing`) for an engine that cannot."""
        self._bounds = await self._measure()
        await self._networks.ensure(self._bounds.resolvers)
        return {policy: self._names.bridge(policy) for policy in NetworkPolicy}

    async def image(self, reference: str) -> ImageFacts | None:
        """See the port."""
        parsed = parse_reference(reference)
        if parsed is None:
            return None
        try:
            found = await self._engine.ask(f"images/{quote(str(parsed), safe='/:@')}/json")
        except DockerError as error:
            if error.status == 404:
                return None
            raise failure(error.status, error.message) from error
        return _image_facts(found)

    async def pull(self, reference: str, told: Callable[[PullProgress], None]) -> ImageFacts:
        """See the port. Also raises `Refused` (`disk_full`)."""
        await self._pulls.pull(reference, told)
        facts = await self.image(reference)
        if facts is None:
            raise Refused(Cause.IMAGE_MISSING, f"{reference} was removed while it was pulled")
        return facts

    async def launch(self, plan: RunPlan) -> Sighting:
        """See the port. Once begun it is brought to its end, even if the caller is cancelled."""
        return await self._launching.run(plan.run, lambda: self._launch(plan))

    async def promote(self, run: str, cpu_nanos: int) -> None:
        """See the port."""
        changes = {"CpuShares": cpu_shares(cpu_nanos)}
        try:
            await self._engine.ask(
                f"containers/{self._names.container(run)}/update", "POST", body=changes
            )
        except DockerError as error:
            if error.status != 404:
                raise failure(error.status, error.message) from error

    async def look(self, run: str) -> Sighting:
        """See the port."""
        return await self._containers.look(run)

    async def remove(self, run: str, grace: timedelta) -> None:
        """See the port. Waits for a launch of the same run that is under way."""
        await self._launching.settled(run)
        async with self._ending:
            inspected = await self._containers.inspect(run)
            if inspected is not None:
                name = self._names.container(run)
                await removal.remove(self._engine, name, inspected["State"], grace)

    async def owned(self) -> Mapping[str, Sighting]:
        """See the port."""
        return await self._containers.owned()

    def happenings(self) -> AsyncGenerator[Happening]:
        """See the port. Nothing from this call on is missed, however late it is read."""
        return events.follow(self._engine, self._names, self._clock())

    def logs(self, run: str, *, tail: int, follow: bool) -> AsyncGenerator[LogLine]:
        """See the port. A line is cut at 8 KiB; an absent container has no lines."""
        name = self._names.container(run)
        return logs.read_log(self._engine, name, tail=tail, follow=follow)

    async def execute(self, run: str, words: Sequence[str], timeout: timedelta) -> tuple[int, str]:
        """See the port. Raises `Refused` (`not_running`) if there is nothing to run it in."""
        name = self._names.container(run)
        return await execution.execute(self._engine, name, words, timeout)

    async def close(self) -> None:
        """See the port."""
        await self._launching.close()
        await self._engine.close()

    async def _launch(self, plan: RunPlan) -> Sighting:
        self._bounds = bounds = self._bounds or await self._measure()
        try:
            return await self._launches.launch(plan.run, await self._body(plan, bounds))
        except NetworkGone:
            await self._networks.ensure(bounds.resolvers)
            return await self._launches.launch(plan.run, await self._body(plan, bounds))

    async def _body(self, plan: RunPlan, bounds: Bounds) -> Mapping[str, Any]:
        networks = await self._networks.ids(bounds.resolvers)
        return create_body(plan, self._names, networks[plan.network], bounds, self._limits)

    async def _measure(self) -> Bounds:
        try:
            version = await self._engine.ask("version")
            info = await self._engine.ask("info")
        except DockerError as error:
            raise failure(error.status, error.message) from error
        if machine.is_too_old(version["ApiVersion"]):
            detail = f"Docker Engine {version['Version']} is too old: 20.10 or later is needed"
            raise Refused(Cause.ENGINE_REFUSED, detail)
        if missing := machine.shortcomings(info):
            detail = f"the engine cannot isolate containers: no {', '.join(missing)}"
            raise Refused(Cause.ISOLATION_MISSING, detail)
        return Bounds(
            cpus=info["NCPU"],
            open_files=machine.open_files(self._engine.socket),
            resolvers=self._resolvers or host_resolvers(),
        )


def _image_facts(found: Json) -> ImageFacts:
    config = found.get("Config") or {}
    exposed = (port.partition("/") for port in config.get("ExposedPorts") or {})
    return ImageFacts(
        id=found["Id"],
        size_bytes=found["Size"],
        user=config.get("User") or "",
        ports=sorted(int(number) for number, _, protocol in exposed if protocol in ("", "tcp")),
        command=tuple(config.get("Cmd") or ()),
    )
