"""What happens to our containers, from the engine's stream of events."""

import json
from collections.abc import AsyncGenerator

from aiodocker import DockerError

from mydocker.adapters.docker.engine import Engine, Json, json_lines
from mydocker.adapters.docker.errors import failure
from mydocker.adapters.docker.names import RUN, Names
from mydocker.ports.driver import Happening
from mydocker.ports.errors import Unavailable

KINDS = ("create", "start", "die", "oom", "destroy", "pause", "unpause")
"""The rest (`exec_*`, `attach`, `kill`, …) changes nothing that a look would show."""


def happening(event: Json, names: Names) -> Happening | None:
    """Read one event; None if it is no run's of this installation."""
    told = event.get("Actor", {}).get("Attributes", {})
    run = told.get(RUN)
    return Happening(run, event["Action"]) if names.is_container(run, told["name"]) else None


async def follow(engine: Engine, names: Names, since: float) -> AsyncGenerator[Happening]:
    """Yield what happens from `since` on (seconds of the engine's clock); never ends by itself.

    Raises `Unavailable` when the engine goes.
    """
    filters = {"type": ["container"], "event": list(KINDS), "label": [names.label_filter]}
    params = {"since": f"{since:.9f}", "filters": json.dumps(filters)}
    try:
        async with engine.stream("events", params=params) as chunks:
            async for event in json_lines(chunks):
                if (found := happening(event, names)) is not None:
                    yield found
    except DockerError as error:
        raise failure(error.status, error.message) from error
    raise Unavailable("the engine ended its stream of events")
