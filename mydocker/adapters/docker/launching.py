"""From a plan to a running container, so that any part of it may be repeated after a crash.

The container's name is the run's, and the engine gives a name once: whoever comes second
adopts what is there. What was started once is never started again.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiodocker import DockerError

from mydocker.adapters.docker.containers import Containers
from mydocker.adapters.docker.engine import Engine, Json
from mydocker.adapters.docker.errors import Doing, failure
from mydocker.adapters.docker.names import Names
from mydocker.adapters.docker.readback import differences
from mydocker.adapters.docker.removal import remove
from mydocker.adapters.docker.sightings import was_started
from mydocker.domain.failures import Cause
from mydocker.domain.runs import ContainerStatus, Sighting
from mydocker.ports.errors import Refused, Unavailable

Body = Mapping[str, Any]


class Launches:
    """Creates and starts containers of one installation."""

    def __init__(self, engine: Engine, names: Names, containers: Containers) -> None:
        self._engine = engine
        self._names = names
        self._containers = containers

    async def launch(self, run: str, body: Body) -> Sighting:
        """Create, compare, start and look; or adopt what was made before.

        A container that is refused does not stay. Raises `Refused`, `Unavailable`.
        """
        inspected = await self._made(run, body)
        if was_started(inspected):
            return await self._containers.seen(inspected)
        try:
            return await self._start(run, inspected)
        except Refused:
            await self._discard(run, inspected)
            raise

    async def _made(self, run: str, body: Body) -> Json:
        """Return the run's container, started before or as it was asked for."""
        inspected = await self._create_or_adopt(run, body)
        if was_started(inspected) or not differences(body, inspected):
            return inspected
        # It may be left from before a change of the settings; a new one may not differ.
        await self._discard(run, inspected)
        inspected = await self._create_or_adopt(run, body)
        if differing := differences(body, inspected):
            await self._discard(run, inspected)
            raise Refused(Cause.ISOLATION_MISSING, f"the engine dropped {', '.join(differing)}")
        return inspected

    async def _create_or_adopt(self, run: str, body: Body) -> Json:
        params = {"name": self._names.container(run)}
        try:
            await self._engine.ask("containers/create", "POST", params=params, body=body)
        except DockerError as error:
            if error.status != 409:
                raise failure(error.status, error.message, Doing.CREATE) from error
        inspected = await self._containers.inspect(run)
        if inspected is None:
            raise Unavailable(f"container of run {run} is not there yet, or not any more")
        return inspected

    async def _start(self, run: str, inspected: Json) -> Sighting:
        try:
            await self._engine.ask(f"containers/{inspected['Id']}/start", "POST")
        except DockerError as error:
            raise failure(error.status, error.message, Doing.START) from error
        seen = await self._containers.look(run)
        if seen.status is ContainerStatus.EXITED and seen.exit and seen.exit.error:
            raise failure(400, seen.exit.error, Doing.START)
        return seen

    async def _discard(self, run: str, inspected: Json) -> None:
        name = self._names.container(run)
        await remove(self._engine, name, inspected["State"], timedelta(0))
