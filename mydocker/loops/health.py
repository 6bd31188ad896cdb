"""Whether the first environment could start now, and if not, why."""

from collections.abc import Sequence

from mydocker.domain.refusals import Refusal
from mydocker.loops.database import Database
from mydocker.ports.driver import Driver
from mydocker.ports.errors import Refused, Unavailable
from mydocker.ports.gateway import Gateway
from mydocker.ports.nodes import NodeAgent
from mydocker.services import catalogue


class Health:
    """Looks at every part that a start needs."""

    def __init__(
        self, database: Database, driver: Driver, gateway: Gateway, agent: NodeAgent, slug: str
    ) -> None:
        self._database, self._driver = database, driver
        self._gateway, self._agent, self._slug = gateway, agent, slug

    async def problems(self) -> Sequence[str]:
        """What stands in the way; empty when all is well."""
        found = []
        for look in (self._engine, self._firewall, self._way_in):
            try:
                problem = await look()
            except (Unavailable, Refused) as error:
                problem = str(error)
            if problem:
                found.append(problem)
        return found

    async def _engine(self) -> str:
        image = await self._database(_image_of, self._slug)
        if image is None:
            return f"the environment {self._slug} is not defined"
        if await self._driver.image(image) is None:
            return f"the image {image} is not built"
        return ""

    async def _firewall(self) -> str:
        state = await self._agent.firewall_state()
        return "" if state.is_loaded else f"firewall: {state.problem}"

    async def _way_in(self) -> str:
        return "" if await self._gateway.started_at() else "the gateway does not answer"


def _image_of(slug: str) -> str | None:
    try:
        return catalogue.by_slug(slug).definition.image
    except Refusal:
        return None
