"""What the custodian reads and writes, each function one transaction. The only writer of runs."""

from collections.abc import Sequence
from datetime import datetime

from mydocker.domain.environments import Environment, Protocol
from mydocker.domain.failures import Cause, Reason
from mydocker.domain.runs import Phase, Sighting
from mydocker.domain.story import StoryKind
from mydocker.domain.workspaces import is_run_due, is_run_wanted
from mydocker.loops import metrics
from mydocker.loops.cases import Case
from mydocker.services import catalogue
from mydocker.store import access, runs, story, workspaces
from mydocker.store.doorbell import ring
from mydocker.store.runs import RunRow
from mydocker.store.workspaces import WorkspaceRow

MEGABYTE = 1_000_000


def definition_of(run: RunRow) -> Environment:
    """The environment as it was when the run was made."""
    return catalogue.of_run(run)


def memory_of(run: RunRow) -> str:
    """The run's memory limit, as people write it."""
    return f"{definition_of(run).resources.memory_bytes / 2**30:.3g} GB"


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


def _make_wanted(row: WorkspaceRow, apps_domain: str, now: datetime) -> RunRow | None:
    latest = runs.latest_of(row.id)
    facts, generation = (latest.as_facts(), latest.generation) if latest else (None, 0)
    if row.reset_home or not is_run_due(row.wanted, row.generation, facts, generation):
        return None
    environment = catalogue.by_id(row.environment)
    web = [p.number for p in environment.definition.ports if p.protocol is Protocol.HTTP]
    return runs.make(
        row.id,
        row.generation,
        row.environment,
        environment.row.definition,
        web,
        apps_domain,
        row.asked_at or now,
        now,
    )


def note(run: RunRow, **facts: object) -> None:
    """Remember what was done or seen outside."""
    runs.note(run.id, **facts)


def record(
    run: RunRow, phase: Phase, now: datetime, reason: Reason | None, container: Sighting | None
) -> RunRow | None:
    """Move the run forward and tell it in the story; None if somebody else moved it."""
    seen: dict[str, object] = {}
    if phase is Phase.STARTING:
        # Both may be true outside from now on; a crash must find them written.
        seen = {"attached": True, "pulling": False}
    if phase is Phase.ANSWERING and container is not None:
        seen = {"launched": True, "published": True}
        seen |= {"container": container.container, "address": container.address}
    moved = runs.advance(run, phase, now, reason, **seen)
    if moved is None:
        return None
    _tell(run, phase, now, reason)
    ring("workspace", run.workspace)
    if phase is Phase.READY:
        ring("lifetime", run.workspace)  # from when on its end can be told
    return moved


def _tell(run: RunRow, phase: Phase, now: datetime, reason: Reason | None) -> None:
    seconds = f"{(now - run.created_at).total_seconds():.1f}"
    facts: dict[str, str] = {}
    match phase:
        case Phase.STARTING:
            kind = StoryKind.CONTAINER_STARTING
        case Phase.ANSWERING:
            ports = [p.number for p in definition_of(run).ports if p.ready is not None]
            kind, facts = StoryKind.ANSWERING, {"ports": ", ".join(map(str, ports))}
        case Phase.READY:
            kind, facts = StoryKind.READY, {"seconds": seconds}
            _measure(run, "ready", now)
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


def _measure(run: RunRow, outcome: str, now: datetime) -> None:
    slug = definition_of(run).slug
    waited = (now - run.created_at).total_seconds()
    metrics.START_SECONDS.labels(slug, outcome).observe(max(waited, 0))


def pull_began(run: RunRow, now: datetime, image: str) -> None:
    """The image is not here: it is being fetched."""
    runs.note(run.id, pulling=True)
    story.append(run.workspace, StoryKind.IMAGE_PULLING, now, run=run.id, image=image)
    ring("workspace", run.workspace)


def pull_ended(run: RunRow, began: datetime, now: datetime, size_bytes: int) -> None:
    """The image is here."""
    runs.note(run.id, pulling=False)
    size = f"{size_bytes / MEGABYTE:.0f} MB"
    seconds = f"{(now - began).total_seconds():.1f}"
    story.append(run.workspace, StoryKind.IMAGE_READY, now, run=run.id, size=size, seconds=seconds)
    ring("workspace", run.workspace)


def homes_of(run: RunRow, now: datetime) -> Sequence[str]:
    """The ids of the homes that the run's environment mounts, in its order."""
    row = workspaces.find(run.workspace)
    if row is None:
        return ()
    kinds = [home.kind.value for home in definition_of(run).homes]
    return [workspaces.home_for(row, kind, now) for kind in kinds]


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
