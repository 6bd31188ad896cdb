"""What the custodian reads and writes, each function one transaction. The only writer of runs."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from mydocker.domain.environments import Environment
from mydocker.domain.failures import Cause, Reason
from mydocker.domain.runs import Phase, Sighting
from mydocker.domain.story import StoryKind
from mydocker.domain.workspaces import is_run_due, is_run_wanted
from mydocker.loops import metrics
from mydocker.loops.cases import Case, key_of
from mydocker.ports.nodes import Introduction
from mydocker.services import catalogue, claims
from mydocker.services import workspaces as services
from mydocker.services.catalogue import Known
from mydocker.store import access, people, queue, runs, story, workspaces
from mydocker.store.doorbell import ring
from mydocker.store.runs import LOCAL, RunRow
from mydocker.store.workspaces import WorkspaceRow

MEGABYTE = 1_000_000
WORTH_TELLING = timedelta(seconds=1)
"""Of waiting for a turn."""


def definition_of(run: RunRow) -> Environment:
    """The environment as it was when the run was made."""
    return catalogue.of_run(run)


def memory_of(run: RunRow) -> str:
    """The run's memory limit, as people write it."""
    return f"{definition_of(run).resources.memory_bytes / 2**30:.3g} GB"


def keys() -> Collection[str]:
    """Everything that the custodian has to do with; who asked first comes first."""
    return [
        *workspaces.with_something_to_do(),
        *(key_of(None, spare.id) for spare in runs.spares()),
    ]


def settled() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Keys by run: of those that are ready and wished for, and of spares that stand by."""
    standing = [
        spare
        for spare in runs.spares()
        if spare.stands_by_at
        and not spare.retired
        and spare.should_sleep == (spare.asleep_at is not None)
    ]
    return runs.settled(), {spare.id: key_of(None, spare.id) for spare in standing}


def open_case(workspace: str, apps_domain: str, now: datetime) -> Case | None:
    """The workspace's live run, made now if one is wished for; None if nothing lives."""
    row = workspaces.find(workspace)
    if row is None:
        return None
    run = runs.live_of(workspace) or _make_wanted(row, apps_domain, now)
    if run is None:
        return None
    wanted = is_run_wanted(row.wanted, row.generation, run.generation)
    cause = Cause(row.stop_cause) if row.stop_cause else Cause.ASKED
    return Case(run, wanted, Reason(cause, row.stop_facts))


def open_spare(run: str) -> Case | None:
    """A spare that is nobody's; None if it is no more, or somebody's."""
    found = runs.find(run)
    if found is None or found.workspace or not found.phase.is_live:
        return None
    return Case(found, not found.retired, Reason(Cause.SPARE_RETIRED))


def _make_wanted(row: WorkspaceRow, apps_domain: str, now: datetime) -> RunRow | None:
    latest = runs.latest_of(row.id)
    facts, generation = (latest.as_facts(), latest.generation) if latest else (None, 0)
    if row.reset_home or not is_run_due(row.wanted, row.generation, facts, generation):
        return None
    environment, asked_at = catalogue.by_id(row.environment), row.asked_at or now
    if row.stop_cause != Cause.SPARE_LOST and (
        claimed := claims.claim(environment, row.id, row.generation, asked_at, now)
    ):
        return runs.find(claimed)
    return _make(row.id, row.generation, environment, apps_domain, asked_at, now)


def make_spare(environment: str, apps_domain: str, now: datetime) -> RunRow | None:
    """Make a run ahead of demand, of the environment as it is now."""
    return _make(None, 0, catalogue.by_id(environment), apps_domain, now, now)


def _make(
    workspace: str | None,
    generation: int,
    environment: Known,
    apps_domain: str,
    asked_at: datetime,
    now: datetime,
) -> RunRow | None:
    web = [port.number for port in environment.definition.http_ports]
    return runs.make(workspace, generation, environment.row, web, apps_domain, asked_at, now)


def stand_in_queue(run: RunRow, now: datetime) -> None:
    """Nothing is missing for the start but its turn. Repeatable."""
    if run.queued_at is None and queue.stand(run, now):
        ring("turn", LOCAL)


def note(run: RunRow, **facts: object) -> None:
    """Remember what was done or seen outside."""
    runs.note(run.id, **facts)


def record(
    run: RunRow,
    phase: Phase,
    now: datetime,
    reason: Reason | None,
    container: Sighting | None,
    image_id: str = "",
) -> RunRow | None:
    """Move the run forward and tell it in the story; None if somebody else moved it."""
    seen: dict[str, object] = {}
    if phase is Phase.STARTING:
        # Both may be true outside from now on; a crash must find them written.
        seen = {"attached": True, "pulling": False, "image_id": image_id[:80]}
    if phase is Phase.ANSWERING and container is not None:
        seen = {"launched": True, "published": not run.is_spare}
        seen |= {"container": container.container, "address": container.address}
    moved = runs.advance(run, phase, now, reason, **seen)
    if moved is not None and not run.workspace and phase >= Phase.STOPPING:
        ring("stock", run.environment)
    if moved is None or not run.workspace:
        return moved
    _tell(run, phase, now, reason)
    if run.queued_at is not None and (phase is Phase.READY or phase >= Phase.STOPPING):
        ring("turn", LOCAL)
        if run.turn_at is None:
            ring("line", LOCAL)
    if reason is not None and reason.cause is Cause.SPARE_LOST:
        services.ask_again(run.workspace, run.generation, reason.cause, now)
    ring("workspace", run.workspace)
    if phase is Phase.READY:
        ring("lifetime", run.workspace)  # from when on its end can be told
    return moved


def _tell(run: RunRow, phase: Phase, now: datetime, reason: Reason | None) -> None:
    seconds = f"{(now - run.created_at).total_seconds():.1f}"
    facts: dict[str, str] = {}
    match phase:
        case Phase.STARTING:
            _tell_of_turn(run, now)
            kind = StoryKind.CONTAINER_STARTING
        case Phase.ANSWERING:
            ports = [p.number for p in definition_of(run).ports if p.ready is not None]
            kind, facts = StoryKind.ANSWERING, {"ports": ", ".join(map(str, ports))}
        case Phase.READY:
            kind, facts = StoryKind.READY, {"seconds": seconds}
            _measure(run, "claimed" if run.is_spare else "ready", now)
        case Phase.STOPPING:
            failed = reason is not None and reason.cause.is_failure
            kind = StoryKind.FAILED if failed else StoryKind.STOPPING
            facts = {"cause": reason.cause.value, **reason.facts} if reason else {}
            if failed and reason is not None and run.ready_at is None:
                _measure(run, reason.cause.value, now)
        case _:
            kind, facts = StoryKind.STOPPED, {"cause": run.cause, **run.facts}
            metrics.STOPS.labels(run.cause or "unknown").inc()
    story.append(run.workspace, kind, now, run=run.id, **facts)


def _tell_of_turn(run: RunRow, now: datetime) -> None:
    """Where it had to wait: for how long, and from which place."""
    if run.queued_at is None or run.turn_at is None or run.turn_at - run.queued_at < WORTH_TELLING:
        return
    waited = f"{(run.turn_at - run.queued_at).total_seconds():.1f}"
    facts = {"seconds": waited, "place": str(run.queued_place or 1)}
    story.append(run.workspace, StoryKind.TURN_CAME, now, run=run.id, **facts)


def _measure(run: RunRow, outcome: str, now: datetime) -> None:
    slug = definition_of(run).slug
    waited = (now - run.created_at).total_seconds()
    metrics.START_SECONDS.labels(slug, outcome).observe(max(waited, 0))


def pull_began(run: RunRow, now: datetime, image: str) -> None:
    """The image is not here: it is being fetched."""
    runs.note(run.id, pulling=True)
    if not run.workspace:
        return
    story.append(run.workspace, StoryKind.IMAGE_PULLING, now, run=run.id, image=image)
    ring("workspace", run.workspace)


def pull_ended(run: RunRow, began: datetime, now: datetime, size_bytes: int) -> None:
    """The image is here."""
    runs.note(run.id, pulling=False)
    if not run.workspace:
        return
    size = f"{size_bytes / MEGABYTE:.0f} MB"
    seconds = f"{(now - began).total_seconds():.1f}"
    story.append(run.workspace, StoryKind.IMAGE_READY, now, run=run.id, size=size, seconds=seconds)
    ring("workspace", run.workspace)


def settling_of(run: RunRow, now: datetime) -> tuple[Sequence[str], Introduction]:
    """The ids of the homes that the run's environment mounts, in its order; and its person."""
    row = workspaces.find(run.workspace)
    if row is None:
        return (), Introduction()
    kinds = [home.kind.value for home in definition_of(run).homes]
    person = people.introduction(row.person)
    homes = [workspaces.home_for(row, kind, now) for kind in kinds]
    return homes, Introduction(*(person or ("", "", "")), whose=row.id)


def stand_by(run: RunRow, now: datetime) -> bool:
    """The spare can be claimed from now on."""
    ring("stock", run.environment)
    return runs.stand_by(run.id, now)


def let_sleep(run: RunRow) -> None:
    """Nobody uses it: it may sleep."""
    if runs.let_sleep(run):
        ring("wish", key_of(run.workspace, run.id))


def wake(run: RunRow) -> None:
    """Somebody uses it, or will soon."""
    if runs.wake(run.id):
        ring("wish", key_of(run.workspace, run.id))


def wake_containers(containers: Collection[str]) -> None:
    """Somebody rang for these."""
    for run in runs.asleep() if containers else ():
        if run.container in containers:
            wake(run)


def fall_asleep(run: RunRow, now: datetime) -> bool:
    """It may be frozen from now on; False if it is not to sleep any more."""
    return runs.fall_asleep(run.id, now)


def tell_asleep(run: RunRow, now: datetime) -> None:
    """It is frozen."""
    ring("asleep", run.id)
    if run.workspace:
        story.append(run.workspace, StoryKind.ASLEEP, now, run=run.id)
        ring("workspace", run.workspace)


def awoke(run: RunRow, now: datetime) -> None:
    """It was thawed."""
    runs.awoke(run.id)
    both = (StoryKind.ASLEEP, StoryKind.AWAKE)
    if run.ready_at and story.last_of(run.workspace, run.id, both) == StoryKind.ASLEEP:
        story.append(run.workspace, StoryKind.AWAKE, now, run=run.id)
    if run.workspace:
        ring("workspace", run.workspace)


def revoke_all(run: RunRow, now: datetime) -> Sequence[tuple[str, str]]:
    """Revoke every grant of a run; returns what the gateway must forget."""
    access.revoke_grants(now, run=run.id)
    leaving = [grant for grant in access.grants_to_drop() if grant.run == run.id]
    access.note_dropped([grant.digest for grant in leaving], now)
    return [(grant.digest, grant.host) for grant in leaving]


def home_to_trash(workspace: str) -> str | None:
    """The environment home that was given up, if no run lives that could hold it."""
    row = workspaces.find(workspace)
    if row is None or runs.live_of(workspace) is not None:
        return None
    gives_up = row.reset_home or row.deleted_at is not None
    return workspaces.environment_home(workspace) if gives_up else None


def home_trashed(workspace: str, now: datetime) -> None:
    """The environment home is in the trash; the next run gets an empty one."""
    workspaces.home_set_aside(workspace, now)
    story.append(workspace, StoryKind.HOME_TRASHED, now)
    ring("wish", workspace)
