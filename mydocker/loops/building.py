"""One build from its row to its end: what is asked, what its log says, what came of it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import structlog

from mydocker.domain.builds import MOST_TRIES, NEWEST, State
from mydocker.domain.environments import Mistakes
from mydocker.domain.recipes import Prepared, explain, prelude, prepare, steps
from mydocker.loops import metrics
from mydocker.loops.database import Database
from mydocker.loops.journal import Journal, Journals
from mydocker.ports.builder import (
    Builder,
    BuildFailed,
    Built,
    Cage,
    Event,
    Fetching,
    FileOfContext,
    Ground,
    Order,
    Said,
    StepBegan,
    StepEnded,
    Why,
)
from mydocker.ports.errors import Refused, Unavailable
from mydocker.ports.nodes import NodeAgent
from mydocker.steady import SteadyClock
from mydocker.store import blobs, builds
from mydocker.store.builds import BuildRow
from mydocker.store.doorbell import ring

LOG = structlog.get_logger()
TAIL_LINES = 300
"""Of what was said last, for the explanation."""
CA_FILE = ".mydocker.extra-ca.crt"
FETCH_EVERY_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all builds of an installation."""

    instance: str
    cage: Cage
    """Without `parent`, which each build has of its own."""
    pids: int = 1024
    extra_ca: Path | None = None
    """Authorities that all steps trust."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Variables of all steps: proxies, and where packages come from."""


class Site:
    """Where builds are made."""

    def __init__(
        self,
        database: Database,
        builder: Builder,
        agent: NodeAgent,
        clock: SteadyClock,
        journals: Journals,
        terms: Terms,
    ) -> None:
        self._database, self._builder, self._agent = database, builder, agent
        self._clock, self._journals, self._terms = clock, journals, terms
        self._ground: Ground | None = None

    async def prepare(self) -> None:
        """Make sure that there can be builds. Raises `Unavailable`."""
        self._ground = self._ground or await self._builder.prepare()

    async def build(self, row: BuildRow) -> None:
        """Bring a build that has begun to its end. Cancelled, it leaves the row as it is.

        Where the engine or the agent goes away the build waits again, or has failed for good if
        that has happened too often.
        """
        with self._journals.open(row.id) as journal:
            if row.tries > 1:
                journal.write("again")
            await self._build(row, journal)

    async def _build(self, row: BuildRow, journal: Journal) -> None:
        try:
            prepared = prepare(row.dockerfile, self._prelude())
        except Mistakes as mistakes:
            return await self.fail(row, misread(mistakes), journal)
        teller = Teller(journal, prepared, partial(self._progress, row.id))
        try:
            built = await self._built(row, prepared, teller)
        except BuildFailed as failed:
            await self.fail(row, explained(row, prepared, failed, teller.tail), journal)
        except Refused as refused:
            unfit = BuildFailed(Why.RECIPE, str(refused))
            await self.fail(row, explained(row, prepared, unfit, teller.tail), journal)
        except (Unavailable, OSError) as error:
            self._ground = None  # it may not be what it was
            LOG.warning("build.cut_off", build=row.id, error=str(error))
            await self.cut_off(row, journal)
        else:
            if await self._finish(row, built):
                journal.write("look")
                await self._look(row)
                await self._over(row, State.DONE, journal)
            else:  # somebody cancelled it in this very moment
                await self._builder.discard(reference_of(self._terms.instance, row))
                await self.cancel(row, journal)

    async def _built(self, row: BuildRow, prepared: Prepared, teller: "Teller") -> Built:
        by_systemd = self._ground is not None and self._ground.has_systemd_cgroups
        parent = await self._agent.cage(row.id, self._terms.pids, by_systemd=by_systemd)
        order = Order(
            build=row.id,
            reference=reference_of(self._terms.instance, row),
            dockerfile=prepared.text,
            bases=prepared.bases,
            files=[*self._files(row)],
            arguments=self._terms.arguments,
            cage=replace(self._terms.cage, parent=parent),
            use_cache=row.use_cache,
        )
        async with teller.noting():
            return await self._builder.build(order, teller.hear)

    def _files(self, row: BuildRow) -> Sequence[FileOfContext]:
        own = [
            FileOfContext(file.path, blobs.path_of(file.digest), file.is_executable)
            for file in row.files
        ]
        extra = self._terms.extra_ca
        return [*own, FileOfContext(CA_FILE, extra)] if extra else own

    def _prelude(self) -> Sequence[str]:
        return prelude(
            self._terms.instance, CA_FILE if self._terms.extra_ca else "", self._terms.arguments
        )

    async def _finish(self, row: BuildRow, built: Built) -> bool:
        """Note the image; False if nobody wants it any more."""
        reference = reference_of(self._terms.instance, row)
        is_done = await self._database(
            partial(
                builds.finish, row.id, reference=reference,
                engine_id=built.image, size_bytes=built.size_bytes,
                layers=[(each.made_by, each.size_bytes) for each in built.layers],
                packages=(), now=self._clock.now(),
            )
        )  # fmt: skip
        if is_done:
            newest = f"{repository_of(self._terms.instance, row)}:{NEWEST}"
            try:
                await self._builder.name(reference, newest)
            except Unavailable as error:  # those who follow the newest stay with the one before
                LOG.warning("build.not_newest", build=row.id, error=str(error))
        return is_done

    async def _look(self, row: BuildRow) -> None:
        """Note what is in the image. It is there already, and may be used meanwhile."""
        try:
            found = await self._builder.packages(reference_of(self._terms.instance, row))
        except Unavailable:
            return
        listed = [(each.manager, each.name, each.version) for each in found]
        await self._database(builds.list_packages, row.id, listed)

    async def fail(self, row: BuildRow, failure: Mapping[str, object], journal: Journal) -> None:
        """Note that there will be no image."""
        if await self._database(builds.fail, row.id, failure, self._clock.now()):
            await self._over(row, State.FAILED, journal)
        else:
            await self.cancel(row, journal)

    async def fail_with(self, row: BuildRow, failed: BuildFailed, journal: Journal) -> None:
        """Note why there will be no image."""
        await self.fail(row, explained(row, None, failed, ()), journal)

    async def cut_off(self, row: BuildRow, journal: Journal) -> None:
        """Let a build wait again whose engine or service ended; but not for ever."""
        if row.tries >= MOST_TRIES:
            failed = BuildFailed(Why.RECIPE, f"the build was cut off {row.tries} times")
            await self.fail_with(row, failed, journal)
        elif not await self._database(builds.requeue, row.id):
            await self.cancel(row, journal)

    async def cancel(self, row: BuildRow, journal: Journal) -> None:
        """End a build that nobody wants any more; whatever became of it, its log has an end."""
        await self._database(builds.cancel, row.id, self._clock.now())
        now = await self._database(builds.by_id, row.id)
        if now is None or now.state.is_over:
            await self._over(row, now.state if now else State.CANCELLED, journal)

    async def _over(self, row: BuildRow, state: State, journal: Journal) -> None:
        journal.write("end", state.value)
        LOG.info("build.over", build=row.id, state=state.value)
        if row.began_at is not None:
            seconds = (self._clock.now() - row.began_at).total_seconds()
            metrics.BUILD_SECONDS.labels(state.value).observe(seconds)
        await self._database(ring, "built", row.image)

    async def _progress(self, build: str, step: int, of: int) -> None:
        await self._database(builds.progress, build, step, of)


class Teller:
    """Turns what the builder tells into entries of the log, with the teacher's step numbers."""

    def __init__(
        self, journal: Journal, prepared: Prepared, note: Callable[[int, int], Awaitable[None]]
    ) -> None:
        self._journal, self._prepared, self._note = journal, prepared, note
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._step = self._fetched = 0
        self._began = asyncio.Event()

    @property
    def steps(self) -> int:
        """How many the teacher's text has."""
        return max(self._prepared.steps, default=0)

    def own(self, step: int) -> int:
        """The teacher's number of a builder's step; 0 for what was put in."""
        return self._prepared.steps[step - 1] if 0 < step <= len(self._prepared.steps) else 0

    def hear(self, event: Event) -> None:
        """Write an event down."""
        match event:
            case Fetching(reference, progress):
                if abs(progress.done_bytes - self._fetched) >= FETCH_EVERY_BYTES:
                    self._fetched = progress.done_bytes
                    self._journal.write("fetch", reference, added=progress.done_bytes)
            case StepBegan(step, _steps, text) if own := self.own(step):
                self._step = own
                self._began.set()
                self._journal.write("step", text, step=own)
            case StepEnded(step, is_cached, added) if own := self.own(step):
                self._journal.write("cached" if is_cached else "ended", step=own, added=added)
            case Said(text):
                self.tail.append(text)
                self._journal.write("said", text, step=self._step)

    @asynccontextmanager
    async def noting(self) -> AsyncIterator[None]:
        """Note each step as it begins, beside the body: the builder need not wait for that."""

        async def note() -> None:
            self._began.clear()
            with suppress(Unavailable):  # the next one will be noted
                await self._note(self._step, self.steps)

        async def keep() -> None:
            while await self._began.wait():
                await note()

        task = asyncio.create_task(keep())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if self._began.is_set():
                await note()


_LIKE = {
    Why.TIME: "time limit exceeded",
    Why.DISK: "no space left on device",
    Why.MEMORY: "Cannot allocate memory",
}
"""What the explanations know such an end by."""


def misread(mistakes: Mistakes) -> Mapping[str, object]:
    """Return what is stored of a build whose Dockerfile is not let through."""
    first = mistakes.mistakes[0]
    return {
        "why": Why.RECIPE.value, "message": first.message, "hint": first.hint,
        "line": first.path[-1], "facts": dict(first.facts), "said": "",
    }  # fmt: skip


def explained(
    row: BuildRow, prepared: Prepared | None, failed: BuildFailed, tail: Iterable[str]
) -> Mapping[str, object]:
    """Return what is stored of a build that failed: why, and what that means to its teacher."""
    own = prepared.steps if prepared else ()
    step = own[failed.step - 1] if 0 < failed.step <= len(own) else None
    lines = [*tail, *str(failed).splitlines()]
    if failed.why in _LIKE:
        lines.append(_LIKE[failed.why])
    files = [file.path for file in row.files]
    found = explain(lines, steps(row.dockerfile), step or None, files=files)
    return {
        "why": failed.why.value, "message": found.message, "hint": found.hint,
        "line": found.line, "facts": dict(found.facts), "said": found.said,
    }  # fmt: skip


def reference_of(instance: str, row: BuildRow) -> str:
    """Return what the image of a build is called."""
    return f"{repository_of(instance, row)}:{row.number}"


def repository_of(instance: str, row: BuildRow) -> str:
    """Return what all builds of an image are called, without their numbers."""
    return f"md-{instance}/{row.slug}"
