"""Judges who is idle or out of time, warns, and asks for the stop like anybody else.

Interaction is what the gateway counted. Work is what Jupyter says where the interface is
Jupyter, and CPU time elsewhere; applications are asked only when the gateway has been quiet.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from mydocker.domain.environments import Auth
from mydocker.domain.failures import Cause
from mydocker.domain.lifetime import Keep, Stop, Verdict, Warn, judge_idleness
from mydocker.domain.routes import authorization
from mydocker.domain.runs import Phase
from mydocker.domain.sleep import Sleeper, ending_for_memory, may_sleep
from mydocker.domain.story import StoryKind
from mydocker.loops import ledger
from mydocker.loops.database import Database
from mydocker.ports.activity import WorkSensor
from mydocker.ports.errors import Unavailable
from mydocker.ports.gateway import Activity, Gateway
from mydocker.ports.nodes import ContainerUsage, NodeAgent, Sleep
from mydocker.services import workspaces as services
from mydocker.steady import SteadyClock
from mydocker.store import runs, story, workspaces
from mydocker.store.doorbell import ring
from mydocker.store.runs import RunRow
from mydocker.store.workspaces import WorkspaceRow

LOG = structlog.get_logger()
EVERYBODY = ""
SWAPPED_COSTS = 1 / 3
"""Of what a sleeper has in swap, the share of memory that it takes compressed."""
WORKING_SHARE = 0.05
"""A run that uses this share of one core or more is at work; an idle server uses 0.2 %."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What was seen of one run at one round."""

    interactions: int
    cpu_nanos: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """A ready run, what is known of it, and what follows."""

    run: RunRow
    workspace: WorkspaceRow
    interaction: datetime | None
    work: datetime | None
    verdict: Verdict
    is_used: bool = False
    """Somebody did something since the last round."""
    may_sleep: bool = False


class Culler:
    """An office whose keys are everybody, at every round, a workspace somebody rang for, and the
    node, where people wait for memory.
    """

    name = "culler"
    topics = frozenset({"lifetime", "room"})

    def __init__(
        self,
        database: Database,
        gateway: Gateway,
        agent: NodeAgent,
        jupyter: WorkSensor,
        clock: SteadyClock,
        *,
        asked_bytes: Callable[[], int] = lambda: 0,
        every: timedelta = timedelta(seconds=30),
    ) -> None:
        """`asked_bytes`: what people who wait for memory need of it."""
        self._database, self._gateway, self._agent = database, gateway, agent
        self._jupyter, self._clock = jupyter, clock
        self._asked_bytes = asked_bytes
        self.backstop = every
        self._began = clock.now()
        self._signs: dict[str, Signs] = {}
        self._asleep: dict[str, datetime] = {}
        """When a run was seen asleep last."""

    async def keys(self) -> Collection[str]:
        return (EVERYBODY,)

    async def turn(self, key: str, woken: asyncio.Event) -> None:
        if key == EVERYBODY:
            await self._judge_everybody()
            await self._make_room()
        elif key == runs.LOCAL:
            await self._make_room()
        else:
            await self._database(self._tell_end, key)

    def _tell_end(self, workspace: str) -> None:
        """It became ready or was extended: say when it will end, by what is known of it."""
        run, row = runs.live_of(workspace), workspaces.find(workspace)
        if run is None or run.phase is not Phase.READY or row is None or not row.wanted:
            return
        now = self._clock.now()
        interaction, work = row.last_interaction_at, row.last_work_at
        verdict = self._verdict(run, row, interaction, work, now)
        _write([Judged(run, row, interaction, work, verdict)], now)

    async def _judge_everybody(self) -> None:
        ready = await self._database(_ready)
        if not ready:
            self._signs.clear()
            return
        counted = await self._gateway.activity()
        used = await self._agent.usage([run.container for run, _ in ready if run.container])
        judged = [
            await self._judge(run, workspace, counted, used.get(run.container))
            for run, workspace in ready
        ]
        await self._database(_write, judged, self._clock.now())
        alive = {run.id for run, _ in ready}
        self._signs = {run: signs for run, signs in self._signs.items() if run in alive}
        self._asleep = {run: at for run, at in self._asleep.items() if run in alive}

    async def _make_room(self) -> None:
        """End the oldest sleepers if the node's memory is short."""
        asleep = {run.container: run for run in await self._database(_sleepers)}
        if not asleep:
            return
        machine = await self._agent.machine()
        held = await self._agent.frozen(list(asleep))
        sleepers = [
            Sleeper(run.workspace, run.asleep_at, _holds(held[container]))
            for container, run in asleep.items()
            if container in held and held[container].is_frozen and run.asleep_at
        ]
        total, available = machine.memory_total_bytes, machine.memory_available_bytes
        ending = ending_for_memory(sleepers, total, available, self._asked_bytes())
        await self._database(_end, ending, self._clock.now())

    async def _judge(
        self,
        run: RunRow,
        workspace: WorkspaceRow,
        counted: Mapping[str, Activity],
        used: ContainerUsage | None,
    ) -> Judged:
        now = self._clock.now()
        before = self._signs.get(run.id)
        interactions = sum(
            counted[host].interactions for host in run.hosts.values() if host in counted
        )
        cpu = used.cpu_nanos if used else 0
        self._signs[run.id] = Signs(interactions, cpu, now)
        interacted = before is not None and interactions != before.interactions
        interaction = now if interacted else workspace.last_interaction_at
        if run.asleep_at:
            self._asleep[run.id] = now
        works = not interacted and await self._works(run, before, cpu, now)
        work = now if works else workspace.last_work_at
        verdict = self._verdict(run, workspace, interaction, work, now)
        may = not interacted and self._may_sleep(run, interaction, work, now)
        is_used = before is not None and interactions > before.interactions
        return Judged(run, workspace, interaction, work, verdict, is_used, may)

    def _may_sleep(
        self, run: RunRow, interaction: datetime | None, work: datetime | None, now: datetime
    ) -> bool:
        ready_at = run.ready_at or now
        # What happened before these loops began may have been missed by them.
        signs = [sign for sign in (ready_at, interaction, work, self._began) if sign is not None]
        awake_since = self._asleep.get(run.id, ready_at)
        after = ledger.definition_of(run).lifetime.sleep
        return not run.asleep_at and may_sleep(after, max(signs), awake_since, now)

    def _verdict(
        self,
        run: RunRow,
        workspace: WorkspaceRow,
        interaction: datetime | None,
        work: datetime | None,
        now: datetime,
    ) -> Verdict:
        return judge_idleness(
            ledger.definition_of(run).lifetime,
            run.ready_at or now,
            # What happened before these loops began may have been missed by them.
            max(interaction or self._began, self._began),
            work,
            workspace.extended_until,
            now,
        )

    async def _works(self, run: RunRow, before: Signs | None, cpu: int, now: datetime) -> bool:
        if run.asleep_at:
            return False
        definition = ledger.definition_of(run)
        for interface in definition.interfaces:
            if interface.auth is Auth.JUPYTER and interface.port and run.address:
                return await self._jupyter_works(run, interface.port, before)
        if before is None or now <= before.at:
            return False
        share = (cpu - before.cpu_nanos) / 1e9 / (now - before.at).total_seconds()
        return share >= WORKING_SHARE

    async def _jupyter_works(self, run: RunRow, port: int, before: Signs | None) -> bool:
        value = authorization(Auth.JUPYTER, *run.credentials())
        try:
            work = await self._jupyter.sense(run.address or "", port, value)
        except Unavailable:
            return False
        if work is None:
            return False
        return work.busy or bool(before and work.last and work.last > before.at)


def _ready() -> Sequence[tuple[RunRow, WorkspaceRow]]:
    ready = runs.ready()
    found = workspaces.find_all([run.workspace for run in ready])
    pairs = [(run, found.get(run.workspace)) for run in ready]
    return [(run, workspace) for run, workspace in pairs if workspace and workspace.wanted]


def _sleepers() -> Sequence[RunRow]:
    ready = [run for run in runs.asleep() if run.workspace and run.phase is Phase.READY]
    return [run for run in ready if run.should_sleep]


def _holds(sleep: Sleep) -> int:
    return sleep.resident_bytes + int(SWAPPED_COSTS * sleep.swapped_bytes)


def _end(workspaces: Sequence[str], now: datetime) -> None:
    sleepers = {run.workspace for run in _sleepers()}  # by now
    for workspace in workspaces:
        if workspace in sleepers:
            services.stop(workspace, Cause.MEMORY_NEEDED, "culler", now)


def _write(judged: Sequence[Judged], now: datetime) -> None:
    for each in judged:
        known = each.workspace
        if (each.interaction, each.work) != (known.last_interaction_at, known.last_work_at):
            workspaces.note_seen(known.id, each.interaction, each.work)
        if each.is_used and each.run.asleep_at:
            ledger.wake(each.run)
        if each.may_sleep and not isinstance(each.verdict, Stop):
            ledger.let_sleep(each.run)
        match each.verdict:
            case verdict if _says_nothing_new(verdict, known) or _moved_on(known):
                continue
            case Stop(reason):
                services.stop(known.id, reason.cause, "culler", now, dict(reason.facts))
            case Warn(stops_at, why):
                _warn(each, stops_at, why.value, now)
            case Keep(_, stops_at):
                workspaces.note_end_expected(known.id, stops_at, warned=False, now=now)
                ring("workspace", known.id)


def _says_nothing_new(verdict: Verdict, known: WorkspaceRow) -> bool:
    match verdict:
        case Keep(_, stops_at):
            return stops_at == known.stops_at and not known.warned_at
        case Warn(stops_at, _):
            return stops_at == known.stops_at and known.warned_at is not None
        case _:
            return False


def _moved_on(known: WorkspaceRow) -> bool:
    """Whether somebody extended or restarted it while the round went on: it is judged anew then."""
    now = workspaces.lock(known.id)
    as_judged = known.generation, known.extended_until
    return now is None or (now.generation, now.extended_until) != as_judged


def _warn(judged: Judged, stops_at: datetime, cause: str, now: datetime) -> None:
    known = judged.workspace
    workspaces.note_end_expected(known.id, stops_at, warned=True, now=now)
    story.append(
        known.id,
        StoryKind.WARNED,
        now,
        run=judged.run.id,
        stops_at=stops_at.isoformat(),
        cause=cause,
    )
    ring("workspace", known.id)
