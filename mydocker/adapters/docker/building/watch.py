"""Watches what a build writes, and whether the kernel killed one of its steps for memory."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiodocker import DockerError

from mydocker.adapters.docker.building.tape import Tape
from mydocker.adapters.docker.engine import Engine, json_lines
from mydocker.ports.builder import BuildFailed, Cage, Why
from mydocker.ports.errors import Unavailable

EVERY_SECONDS = 2.0
LATE_SECONDS = 0.3
LONGEST_SECONDS = 30.0
SHARE_OF_TIME = 0.05
"""The engine walks through all that a step wrote: it is asked so seldom that it takes this part."""


class Watch:
    """Over one build, whose stream `tape` reads."""

    def __init__(self, engine: Engine, network: str, cage: Cage, tape: Tape) -> None:
        self._engine, self._network, self._cage, self._tape = engine, network, cage, tape
        self._image_bytes = self._added_bytes = 0
        self._killed = asyncio.Event()

    def ended(self, image_bytes: int) -> int:
        """A step ended, and the image has so many bytes now; returns how many it added."""
        added = 0 if self._tape.is_base else max(0, image_bytes - self._image_bytes)
        self._image_bytes = image_bytes
        self._added_bytes += added
        return added

    @asynccontextmanager
    async def over(self) -> AsyncIterator[None]:
        """Run the body; end it, and raise `BuildFailed`, when it writes more than it may.

        A step that ended with an error after a process of it was killed for memory is told so.
        """
        body = asyncio.current_task()
        assert body is not None
        found: list[BuildFailed] = []

        async def look() -> None:
            await self._look(found)
            body.cancel()

        tasks = [asyncio.create_task(look()), asyncio.create_task(self._listen())]
        try:
            yield
        except asyncio.CancelledError:
            if not found:
                raise
            body.uncancel()
            raise found[0] from None
        except BuildFailed as failed:
            if failed.why is Why.STEP and await self._was_killed():
                raise BuildFailed(
                    Why.MEMORY, str(failed), step=failed.step, status=failed.status
                ) from failed
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, found: list[BuildFailed]) -> None:
        while True:
            began = time.monotonic()
            with suppress(DockerError, Unavailable):
                written = await self._written()
                if self._added_bytes + written > self._cage.disk_bytes:
                    told = f"more than {self._cage.disk_bytes} bytes were written"
                    found.append(BuildFailed(Why.DISK, told, step=self._tape.step))
                    return
            took = time.monotonic() - began
            await asyncio.sleep(min(max(EVERY_SECONDS, took / SHARE_OF_TIME), LONGEST_SECONDS))

    async def _written(self) -> int:
        """Bytes that the step under way has written."""
        filters = json.dumps({"network": [self._network]})
        total = 0
        for each in await self._engine.ask("containers/json", params={"filters": filters}):
            path = f"containers/{each['Id']}/json"
            found = await self._engine.ask(path, params={"size": "1"})
            if found["HostConfig"]["CgroupParent"] == self._cage.parent:
                total += int(found.get("SizeRw") or 0)
        return total

    async def _was_killed(self) -> bool:
        """Whether the kernel did so; its word may come a little later than the step's end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._killed.wait(), LATE_SECONDS)
        return self._killed.is_set()

    async def _listen(self) -> None:
        filters = json.dumps({"type": ["container"], "event": ["oom"]})
        with suppress(DockerError, Unavailable):
            async with self._engine.stream("events", params={"filters": filters}) as chunks:
                async for event in json_lines(chunks):
                    if event["Actor"]["ID"][:12] in self._tape.containers:
                        self._killed.set()
