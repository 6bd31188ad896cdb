"""Looking at containers of one installation; nothing here changes anything."""

import asyncio
import json
from collections.abc import Mapping

from aiodocker import DockerError

from mydocker.adapters.docker.engine import Engine, Json
from mydocker.adapters.docker.errors import failure
from mydocker.adapters.docker.logs import last_words
from mydocker.adapters.docker.names import RUN, Names
from mydocker.adapters.docker.sightings import glimpse, needs_words, sighting
from mydocker.domain.runs import ABSENT, ContainerStatus, Sighting

LOOKS_AT_ONCE = 8


class Containers:
    """What there is on the engine of one installation's runs."""

    def __init__(self, engine: Engine, names: Names) -> None:
        self._engine = engine
        self._names = names
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def inspect(self, run: str) -> Json | None:
        """Return all that the engine says of a run's container; None if it has none of ours."""
        name = self._names.container(run)
        try:
            inspected = await self._engine.ask(f"containers/{name}/json")
        except DockerError as error:
            if error.status == 404:
                return None
            raise failure(error.status, error.message) from error
        return inspected if self._names.owns(inspected["Config"]["Labels"]) else None

    async def look(self, run: str) -> Sighting:
        """Say what there is of a run."""
        inspected = await self.inspect(run)
        return ABSENT if inspected is None else await self.seen(inspected)

    async def seen(self, inspected: Json) -> Sighting:
        """Read an inspected container, asking its log where only that tells how it ended."""
        said = await last_words(self._engine, inspected["Id"]) if needs_words(inspected) else ""
        return sighting(inspected, said)

    async def owned(self) -> Mapping[str, Sighting]:
        """Look at every container of the installation, by run."""
        filters = json.dumps({"label": [self._names.label_filter]})
        try:
            params = {"all": "1", "filters": filters}
            listed = await self._engine.ask("containers/json", params=params)
        except DockerError as error:
            raise failure(error.status, error.message) from error
        ours = [one for one in listed if self._is_ours(one)]
        seen = await asyncio.gather(*map(self._look_closer, ours))
        runs = (one["Labels"][RUN] for one in ours)
        return {
            run: one
            for run, one in zip(runs, seen, strict=True)
            if one.status is not ContainerStatus.ABSENT
        }

    def _is_ours(self, listed: Json) -> bool:
        run = listed["Labels"].get(RUN)
        return any(self._names.is_container(run, name) for name in listed["Names"])

    async def _look_closer(self, listed: Json) -> Sighting:
        # The list tells neither exit status nor why something did not start.
        if (seen := glimpse(listed)) is not None:
            return seen
        async with self._looks:
            return await self.look(listed["Labels"][RUN])
