"""The one custodian of every run, from the wish to its end.

Key: a workspace, or a spare that is nobody's (`cases`). A turn looks, asks
`domain.runs.next_step`, does that one step, records it, and goes round again until there is
nothing to do. Any step may be repeated after a crash.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import IPv4Address

import structlog

from mydocker.domain.environments import Environment
from mydocker.domain.failures import Cause, Reason
from mydocker.domain.routes import wanted_routes
from mydocker.domain.runs import (
    ABSENT,
    Bind,
    ContainerStatus,
    Detach,
    Freeze,
    Launch,
    Patience,
    Phase,
    Probe,
    Publish,
    Pull,
    Record,
    Remove,
    Rest,
    Seen,
    Sighting,
    StandBy,
    Standing,
    Step,
    Thaw,
    Unpublish,
    Wait,
    next_step,
)
from mydocker.loops import ledger
from mydocker.loops.cases import Case, spare_of
from mydocker.loops.launching import Launcher, ports_ahead
from mydocker.loops.parts import Parts
from mydocker.loops.probe import Answers, answers
from mydocker.loops.sleeping import Sleeping
from mydocker.loops.window import Showcase
from mydocker.ports.errors import Refused, Unavailable
from mydocker.ports.gateway import Route
from mydocker.store.runs import RunRow

LOG = structlog.get_logger()
BACKSTOP = timedelta(seconds=20)
LOG_LINES_KEPT = 200


@dataclass(slots=True)
class Glimpse:
    """What this turn knows without looking again."""

    container: Sighting | None = None
    answers: bool = False
    image_here: bool | None = None
    image_id: str = ""
    bound: bool = False
    frozen: bool | None = None


class Custodian:
    """See the module. An office for `runner.Runner`."""

    name = "custodian"
    topics = frozenset({"wish", "spare"})
    backstop = BACKSTOP

    def __init__(
        self,
        parts: Parts,
        launcher: Launcher,
        showcase: Showcase,
        *,
        apps_domain: str,
        patience: Patience,
        answers: Answers = answers,
    ) -> None:
        self._answers = answers
        self._database, self._clock = parts.database, parts.clock
        self._driver, self._gateway, self._agent = parts.driver, parts.gateway, parts.agent
        self._launcher, self._showcase = launcher, showcase
        self._sleeping = Sleeping(parts)
        self._apps_domain, self._patience = apps_domain, patience
        self._published: set[str] = set()
        """Runs whose routes this process put; what another process put is put again."""

    async def keys(self) -> Collection[str]:
        keys = await self._database(ledger.keys)
        settled = await self._settled() if keys else set()
        return [key for key in keys if key not in settled]

    async def _settled(self) -> set[str]:
        """Keys with nothing to do: one look at the engine instead of one for each."""
        ready, standing = await self._database(ledger.settled)
        published = {run: key for run, key in ready.items() if run in self._published}
        ours = {**published, **standing}
        seen = await self._driver.owned() if ours else {}
        return {
            key
            for run, key in ours.items()
            if run in seen and seen[run].status is ContainerStatus.RUNNING
        }

    async def turn(self, key: str, woken: asyncio.Event) -> None:
        glimpse, case = Glimpse(), None
        while True:
            if case is None or woken.is_set():
                woken.clear()
                glimpse.container = glimpse.frozen = None  # whoever rang may have seen it end
                case = await self._open(key)
            if case is None:
                return
            run = case.run
            seen = await self._look(run, glimpse)
            step = next_step(
                case.wanted, case.why_not, run.as_facts(), seen, self._clock.now(),
                self._patience,
            )  # fmt: skip
            if isinstance(step, Rest):
                return
            try:
                case = await self._do(step, case, glimpse, woken)
                if isinstance(step, Wait):
                    return  # whoever gives the turn rings
            except Refused as refusal:
                await self._fail(run, refusal)
                case = None

    async def _open(self, key: str) -> Case | None:
        if spare := spare_of(key):
            return await self._database(ledger.open_spare, spare)
        case = await self._database(ledger.open_case, key, self._apps_domain, self._clock.now())
        if case is None:
            await self._tidy(key)
        return case

    async def _look(self, run: RunRow, glimpse: Glimpse) -> Seen:
        if glimpse.container is None:
            is_new = run.phase is Phase.NEW
            glimpse.container = ABSENT if is_new else await self._driver.look(run.id)
        if run.phase is Phase.NEW and glimpse.image_here is None:
            image = await self._driver.image(_definition(run).image)
            glimpse.image_here = image is not None
            glimpse.image_id = image.id if image else ""
        if run.asleep_at and glimpse.frozen is None:
            glimpse.frozen = run.should_sleep and await self._sleeping.is_frozen(run)
        stopping = run.phase is Phase.STOPPING
        return Seen(
            container=glimpse.container,
            image_here=glimpse.image_here is not False,
            answers=glimpse.answers,
            published=run.published if stopping else run.id in self._published,
            attached=run.attached,
            bound=glimpse.bound,
            frozen=bool(glimpse.frozen),
        )

    async def _do(
        self,
        step: Step,
        case: Case,
        glimpse: Glimpse,
        woken: asyncio.Event,
    ) -> Case | None:
        """Take one step. Returns the case as it stands then; None if it must be read again."""
        run = case.run
        match step:
            case Record():
                moved = await self._record(step, run, glimpse)
                if moved is None or moved.phase is Phase.ENDED:
                    return None
                return replace(case, run=moved)
            case Launch():
                glimpse.container = await self._launcher.launch(run)
                return case
            case Probe():
                await self._probe(step, run, glimpse, woken)
                return case
            case Bind():
                await self._launcher.bind(run, glimpse.container or ABSENT)
                glimpse.bound = True
                return case
            case Publish():
                await self._gateway.put_routes(routes_of(run, glimpse.container))
                self._published.add(run.id)
                return case
        await self._do_and_forget(step, run, glimpse)
        return None

    async def _do_and_forget(self, step: Step, run: RunRow, glimpse: Glimpse) -> None:
        """Take a step after which the case is read again."""
        match step:
            case StandBy():
                await self._driver.promote(run.id, _definition(run).resources.cpu_nanos)
                await self._database(ledger.stand_by, run, self._clock.now())
            case Pull():
                await self._pull(run)
                glimpse.image_here = True
            case Wait():
                await self._database(ledger.stand_in_queue, run, self._clock.now())
            case Freeze():
                await self._sleeping.freeze(run)
                glimpse.frozen = None
            case Thaw():
                await self._sleeping.thaw(run)
                glimpse.frozen = None
            case Unpublish():
                await self._unpublish(run)
            case Remove():
                await self._driver.remove(run.id, step.grace)
                glimpse.container = None
            case Detach():
                await self._agent.detach(run.id)
                await self._database(ledger.note, run, attached=False)

    async def _record(self, step: Record, run: RunRow, glimpse: Glimpse) -> RunRow | None:
        reason = step.reason
        if reason is not None and reason.cause.is_failure:
            reason = replace(reason, facts={**_facts(run, self._patience), **reason.facts})
            await self._keep_log(run, reason)
        moved = await self._database(
            ledger.record, run, step.phase, self._clock.now(), reason, glimpse.container,
            glimpse.image_id,
        )  # fmt: skip
        if step.phase is Phase.ENDED:
            self._published.discard(run.id)
        return moved

    async def _keep_log(self, run: RunRow, reason: Reason) -> None:
        """A failed run's last lines outlive its container."""
        if not reason.cause.is_failure or run.phase < Phase.STARTING:
            return
        lines: list[str] = []
        log = self._driver.logs(run.id, tail=LOG_LINES_KEPT, follow=False)
        try:
            lines = [line.text async for line in log]
        except (Refused, Unavailable):
            LOG.info("log.unreadable", run=run.id)
        await self._database(ledger.note, run, last_log="\n".join(lines)[-16_384:])

    async def _pull(self, run: RunRow) -> None:
        image, began = _definition(run).image, self._clock.now()
        await self._database(ledger.pull_began, run, began, image)
        facts = await self._driver.pull(
            image, lambda progress: self._showcase.pull(run.workspace, progress)
        )
        await self._database(ledger.pull_ended, run, began, self._clock.now(), facts.size_bytes)

    async def _probe(
        self, step: Probe, run: RunRow, glimpse: Glimpse, woken: asyncio.Event
    ) -> None:
        container, definition = glimpse.container, _definition(run)
        patience = (step.until - self._clock.now()).total_seconds()
        waking = asyncio.ensure_future(woken.wait())
        ports = definition.ports if run.standing is Standing.COLD else ports_ahead(definition)
        probing = asyncio.ensure_future(
            self._answers(container.address if container else None, ports, patience)
        )
        try:
            await asyncio.wait({waking, probing}, return_when=asyncio.FIRST_COMPLETED)
            if probing.done():
                glimpse.answers = probing.result()
            if not glimpse.answers:
                glimpse.container = None  # somebody rang, or time is up: look again
        finally:
            waking.cancel()
            probing.cancel()

    async def _unpublish(self, run: RunRow) -> None:
        grants = await self._database(ledger.revoke_all, run, self._clock.now())
        await self._gateway.drop_grants(grants)
        await self._gateway.drop_routes(list(run.hosts.values()))
        if run.address:
            await self._agent.cut(IPv4Address(run.address))
        self._published.discard(run.id)
        await self._database(ledger.note, run, published=False)

    async def _fail(self, run: RunRow, refusal: Refused) -> None:
        """The outside will never do this: say so, and go towards the end."""
        if run.phase >= Phase.STOPPING:
            raise Unavailable(f"{refusal.code}: {refusal}") from refusal
        known = refusal.code in set(Cause)
        cause = Cause(refusal.code) if known else Cause.ENGINE_REFUSED
        LOG.warning("run.refused", run=run.id, code=refusal.code, error=str(refusal))
        reason = Reason(cause, {"detail": str(refusal)})
        await self._record(Record(Phase.STOPPING, reason), run, Glimpse())

    async def _tidy(self, workspace: str) -> None:
        """No run lives: an environment home that was given up goes to the trash now."""
        home = await self._database(ledger.home_to_trash, workspace)
        if home is not None:
            await self._agent.trash(home)
            await self._database(ledger.home_trashed, workspace, self._clock.now())


def routes_of(run: RunRow, container: Sighting | None = None) -> list[Route]:
    """The routes that a ready run has."""
    address = (container.address if container else None) or run.address
    if address is None:
        return []
    wanted = wanted_routes(_definition(run), run.id, run.hosts, address, *run.credentials())
    return [Route(each.host, run.id, address, each.port, each.authorization) for each in wanted]


def _definition(run: RunRow) -> Environment:
    return ledger.definition_of(run)


def _facts(run: RunRow, patience: Patience) -> Mapping[str, str]:
    """What the sentences of `domain.failures` may ask for."""
    definition = _definition(run)
    waited = [str(port.number) for port in definition.ports if port.ready is not None]
    return {
        "image": definition.image,
        "memory": ledger.memory_of(run),
        "port": ", ".join(waited),
        "seconds": f"{patience.to_answer.total_seconds():.0f}",
    }
