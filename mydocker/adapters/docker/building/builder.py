"""The builder: every method of the port, on the classic builder of one engine.

A step is a container of the engine, on the network of builds and in the build's cage; memory and
CPU are the step's own limits. What the engine does itself (unpacking, writing layers) no limit
holds: so it downloads nothing (`domain.recipes.prepare`), and what is written is watched.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import BinaryIO
from urllib.parse import quote

from aiodocker import DockerError

from mydocker.adapters.docker.building.context import DOCKERFILE, archive_of
from mydocker.adapters.docker.building.inventory import LOOK, packages_of
from mydocker.adapters.docker.building.tape import Tape
from mydocker.adapters.docker.building.watch import Watch
from mydocker.adapters.docker.engine import Engine, Json, json_lines
from mydocker.adapters.docker.errors import failure
from mydocker.adapters.docker.names import BUILDS, Names
from mydocker.adapters.docker.networks import Networks
from mydocker.adapters.docker.pulls import Pulls
from mydocker.adapters.docker.reference import parse_reference
from mydocker.adapters.docker.removal import delete
from mydocker.domain.recipes import reaches_out
from mydocker.ports.builder import (
    BuildFailed,
    Built,
    Event,
    Fetching,
    Ground,
    Installed,
    Layer,
    Order,
    StepEnded,
    Why,
)
from mydocker.ports.errors import Refused, Unavailable

ANSWER_WITHIN = timedelta(seconds=120)
CPU_PERIOD_MICROS = 100_000
CPU_SHARES = 128
"""An eighth of the weight of somebody's workspace."""

Told = Callable[[Event], None]


class DockerBuilder:
    """See `ports.builder.Builder`. `instance`, `url`, `totals`: as for `DockerDriver`."""

    def __init__(
        self,
        instance: str,
        *,
        url: str | None = None,
        totals: MutableMapping[str, int] | None = None,
    ) -> None:
        self._instance = instance
        self._engine = Engine(url, ANSWER_WITHIN)
        self._names = Names(instance)
        self._networks = Networks(self._engine, self._names, (BUILDS,))
        self._looks: set[str] = set()
        """Containers by which images are looked into just now."""
        self._pulls = Pulls(self._engine, {} if totals is None else totals)

    async def prepare(self) -> Ground:
        """See the port."""
        await self._networks.ensure()
        try:
            info = await self._engine.ask("info")
        except DockerError as error:
            raise failure(error.status, error.message) from error
        return Ground(self._names.bridge(BUILDS), info.get("CgroupDriver") == "systemd")

    async def build(self, order: Order, told: Told) -> Built:
        """See the port."""
        if _build_of(order.cage.parent) != order.build:
            raise Refused("bad_order", "a build without its cage is not built")
        network = (await self._networks.ids())[BUILDS]
        await self._clear(network, {order.build})
        tape = Tape(order.dockerfile)
        watch = Watch(self._engine, network, order.cage, tape)
        try:
            async with _within(order.cage.seconds, tape), watch.over():
                await self._bases(order, told)
                await self._run(order, network, tape, watch, told)
        finally:
            await asyncio.shield(self._clear(network, {order.build}))
        return await self._built(order.reference)

    async def packages(self, reference: str) -> Sequence[Installed]:
        """See the port."""
        return await packages_of(self._engine, reference, self._instance, self._looks)

    async def sweep(self, building: Collection[str]) -> Sequence[str]:
        """See the port. Also removes what an earlier look into an image left."""
        network = (await self._networks.ids())[BUILDS]
        steps = await self._steps(network)
        ended = await self._clear(network, set(steps.values()) - set(building))
        filters = json.dumps({"label": [f"{LOOK}={self._instance}"]})
        for left in await self._ask("containers/json", params={"all": "1", "filters": filters}):
            # An image's labels are its containers' too: a look is also told by its network.
            is_a_look = left["HostConfig"]["NetworkMode"] == "none"
            if is_a_look and left["Id"] not in self._looks:
                await self._remove(left["Id"])
        return sorted(ended)

    async def discard(self, reference: str) -> bool:
        """See the port."""
        try:
            await self._engine.ask(_image(reference), "DELETE")
        except DockerError as error:
            if error.status == 409:
                return False
            if error.status != 404:
                raise failure(error.status, error.message) from error
        return True

    async def close(self) -> None:
        """See the port."""
        await self._engine.close()

    # --- bases ---

    async def _bases(self, order: Order, told: Told) -> None:
        """Fetch what is missing of the bases, and look at them."""
        for reference in order.bases:
            if parse_reference(reference) is None:
                raise BuildFailed(Why.BASE, f"not the name of an image: {reference}")
            found = await self._inspect(reference)
            if found is None:
                found = await self._fetch(reference, told)
            triggers = (found.get("Config") or {}).get("OnBuild") or ()
            for trigger in filter(reaches_out, map(str, triggers)):
                raise BuildFailed(Why.BASE, f"{reference} makes builds on it download: {trigger}")

    async def _fetch(self, reference: str, told: Told) -> Json:
        try:
            await self._pulls.pull(reference, lambda how: told(Fetching(reference, how)))
        except Refused as refused:
            why = Why.DISK if refused.code == "disk_full" else Why.BASE
            raise BuildFailed(why, str(refused)) from refused
        found = await self._inspect(reference)
        if found is None:
            raise Unavailable(f"{reference} was removed while it was fetched")
        return found

    # --- steps ---

    async def _run(self, order: Order, network: str, tape: Tape, watch: Watch, told: Told) -> None:
        try:
            archive = await asyncio.to_thread(archive_of, order.dockerfile, order.files)
        except FileNotFoundError as error:
            raise BuildFailed(Why.RECIPE, f"a context file is gone: {error.filename}") from error
        with archive:
            try:
                await self._listen(order, network, archive, tape, watch, told)
            except DockerError as error:
                raise _refusal(error, tape) from error
        if not tape.image:
            raise Unavailable("the engine ended the build without a result")

    async def _listen(
        self, order: Order, network: str, archive: BinaryIO, tape: Tape, watch: Watch, told: Told
    ) -> None:
        params = _parameters(order, network)
        async with self._engine.stream("build", "POST", params=params, archive=archive) as chunks:
            async for said in json_lines(chunks):
                for event in tape.hear(said):
                    if isinstance(event, StepEnded):
                        told(await self._weighed(event, tape, watch))
                    else:
                        told(event)
        for event in tape.rest():
            told(event)

    async def _weighed(self, event: StepEnded, tape: Tape, watch: Watch) -> StepEnded:
        """Say how much a step added to the image."""
        found = await self._inspect(tape.layer)
        added = watch.ended(int(found["Size"])) if found else 0
        return replace(event, added_bytes=added)

    async def name(self, reference: str, also: str) -> None:
        """See the port."""
        repository, _colon, tag = also.rpartition(":")
        path = f"{_image(reference)}/tag?repo={quote(repository, safe='/')}&tag={quote(tag)}"
        try:
            await self._engine.ask(path, "POST")
        except DockerError as error:
            raise failure(error.status, error.message) from error

    async def _built(self, reference: str) -> Built:
        found = await self._inspect(reference)
        if found is None:
            raise Unavailable(f"{reference} was removed as soon as it was built")
        history = await self._ask(f"{_image(reference)}/history")
        config = found.get("Config") or {}
        exposed = (port.partition("/") for port in config.get("ExposedPorts") or {})
        return Built(
            image=found["Id"],
            size_bytes=int(found["Size"]),
            layers=[
                Layer(str(each.get("CreatedBy", ""))[:1000], int(each["Size"]))
                for each in reversed(history)
            ],
            user=config.get("User") or "",
            ports=sorted(int(number) for number, _, protocol in exposed if protocol in ("", "tcp")),
        )

    # --- what is left ---

    async def _clear(self, network: str, builds: Collection[str]) -> Collection[str]:
        """Remove the containers of these builds' steps; returns the builds that had any."""
        steps = await self._steps(network) if builds else {}
        gone = {container: build for container, build in steps.items() if build in builds}
        for container in gone:
            await self._remove(container)
        return set(gone.values())

    async def _steps(self, network: str) -> Mapping[str, str]:
        """The containers of steps, and whose they are."""
        listed = await self._ask("containers/json", params={"all": "1"})
        found = {}
        for each in listed:
            if each["HostConfig"]["NetworkMode"] == network:
                with suppress(DockerError):  # it ended meanwhile
                    facts = await self._engine.ask(f"containers/{each['Id']}/json")
                    found[str(each["Id"])] = _build_of(facts["HostConfig"]["CgroupParent"])
        return found

    async def _remove(self, container: str) -> None:
        try:
            await delete(self._engine, container)
        except DockerError as error:
            raise failure(error.status, error.message) from error

    # --- the engine ---

    async def _inspect(self, reference: str) -> Json | None:
        try:
            return await self._engine.ask(f"{_image(reference)}/json")
        except DockerError as error:
            if error.status == 404:
                return None
            raise failure(error.status, error.message) from error

    async def _ask(self, path: str, *, params: Mapping[str, str] | None = None) -> Json:
        try:
            return await self._engine.ask(path, params=params)
        except DockerError as error:
            raise failure(error.status, error.message) from error


def _image(reference: str) -> str:
    return f"images/{quote(reference, safe='/:@')}"


def _build_of(parent: str) -> str:
    """The build whose cage this is: the last part of its name, however cgroups are made."""
    return parent.rpartition("/")[2].removesuffix(".slice").rpartition("-")[2]


def _parameters(order: Order, network: str) -> dict[str, str]:
    """What the engine is asked for (Engine API 1.41, "Build an image")."""
    cage = order.cage
    return {
        "version": "1",
        "t": order.reference,
        "dockerfile": DOCKERFILE,
        "rm": "1",
        "forcerm": "1",
        "nocache": "0" if order.use_cache else "1",
        "networkmode": network,
        "memory": str(cage.memory_bytes),
        "memswap": str(cage.memory_bytes),
        "cpuperiod": str(CPU_PERIOD_MICROS),
        "cpuquota": str(cage.cpu_nanos * CPU_PERIOD_MICROS // 10**9),
        "cpushares": str(CPU_SHARES),
        "cgroupparent": cage.parent,
        "buildargs": json.dumps(dict(order.arguments)),
    }


def _refusal(error: DockerError, tape: Tape) -> Exception:
    if error.status == 400:
        return BuildFailed(Why.RECIPE, error.message, step=tape.step)
    return failure(error.status, error.message)


@asynccontextmanager
async def _within(seconds: int, tape: Tape) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        told = f"time limit exceeded: {seconds} s"
        raise BuildFailed(Why.TIME, told, step=tape.step, status=124) from error
