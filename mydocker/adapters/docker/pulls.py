"""Pulls under way. Those who want the same image share one, and each is told for themselves."""

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping
from dataclasses import dataclass

from aiodocker import DockerError

from mydocker.adapters.docker.engine import Engine, json_lines
from mydocker.adapters.docker.errors import Doing, failure
from mydocker.adapters.docker.progress import Progress
from mydocker.adapters.docker.reference import Reference, parse_reference
from mydocker.domain.failures import Cause
from mydocker.ports.driver import PullProgress
from mydocker.ports.errors import Refused, Unavailable

TELL_EVERY_SECONDS = 0.1
"""At most ten times a second, as the port promises."""

Told = Callable[[PullProgress], None]


@dataclass(slots=True)
class _Flight:
    """One pull of the engine, and how many wait for it."""

    progress: Progress
    task: asyncio.Task[PullProgress]
    wanted_by: int = 0


class Pulls:
    """Fetches images. `totals` remembers their sizes (see `progress`)."""

    def __init__(self, engine: Engine, totals: MutableMapping[str, int]) -> None:
        self._engine = engine
        self._totals = totals
        self._flights: dict[Reference, _Flight] = {}

    async def pull(self, text: str, told: Told) -> None:
        """Fetch one image; the engine stops when nobody waits any more.

        Raises `Refused` for a pull that failed, `Unavailable` if the engine went away.
        """
        reference = parse_reference(text)
        if reference is None:
            raise Refused(Cause.IMAGE_MISSING, f"not the name of an image: {text!r}")
        flight = self._flights.get(reference) or self._take_off(reference)
        flight.wanted_by += 1
        try:
            told(await self._follow(flight, told))
        finally:
            flight.wanted_by -= 1
            if not flight.wanted_by:
                self._land(reference, flight)

    def _take_off(self, reference: Reference) -> _Flight:
        progress = Progress(str(reference), self._totals)
        task = asyncio.create_task(self._fetch(reference, progress))
        self._flights[reference] = flight = _Flight(progress, task)
        return flight

    def _land(self, reference: Reference, flight: _Flight) -> None:
        del self._flights[reference]
        if not flight.task.cancel() and not flight.task.cancelled():
            flight.task.exception()  # known, though whoever waited for it may be gone

    @staticmethod
    async def _follow(flight: _Flight, told: Told) -> PullProgress:
        seen = 0
        while not flight.task.done():
            await asyncio.wait({flight.task}, timeout=TELL_EVERY_SECONDS)
            if flight.progress.changes != seen and not flight.task.done():
                seen = flight.progress.changes
                told(flight.progress.now())
        return flight.task.result()

    async def _fetch(self, reference: Reference, progress: Progress) -> PullProgress:
        params = {"fromImage": reference.name, "tag": reference.version}
        try:
            async with self._engine.stream("images/create", "POST", params=params) as chunks:
                await _listen(chunks, progress)
        except DockerError as error:
            raise failure(error.status, error.message, Doing.PULL) from error
        return progress.finish()


async def _listen(chunks: AsyncIterator[bytes], progress: Progress) -> None:
    finished = False
    async for line in json_lines(chunks):
        if "error" in line:
            raise failure(0, line["error"], Doing.PULL)
        finished = finished or line.get("status", "").startswith("Status: ")
        progress.hear(line)
    if not finished:
        raise Unavailable("the engine ended the pull without a result")
