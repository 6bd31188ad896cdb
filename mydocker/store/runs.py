"""Named questions and conditional updates about runs. Written by one loop only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from mydocker.domain.failures import Cause, Reason
from mydocker.domain.runs import Phase, RunFacts, Standing
from mydocker.store import ids, sql
from mydocker.store.environments import EnvironmentRow
from mydocker.store.models import ImageSize, Node, Pool, Run, RunHost
from mydocker.store.secrets import seal, unseal

_RUNS = """
SELECT r.id, r.workspace_id, r.environment_id, r.generation, r.phase, r.phase_since, r.definition,
       r.launched, r.attached, r.published, r.pulling, r.container, r.address, r.cause, r.facts,
       r.created_at, r.ready_at, r.secret, r.is_spare, r.stands_by_at, r.retired, r.revision,
       r.image_id, r.should_sleep, r.asleep_at, r.queued_at, r.queued_place, r.turn_at,
       r.claimed_at, h.port, h.host
  FROM run r LEFT JOIN run_host h ON h.run_id = r.id WHERE """
_LIVES = f"r.phase < {Phase.ENDED:d}"
_PORT = 29
LOCAL = "local"
"""The one node of one machine."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as it stands."""

    id: str
    workspace: str
    environment: str
    generation: int
    phase: Phase
    phase_since: datetime
    definition: Mapping[str, object]
    launched: bool
    attached: bool
    published: bool
    pulling: bool
    container: str
    address: str | None
    cause: str
    facts: Mapping[str, str]
    created_at: datetime
    ready_at: datetime | None
    hosts: Mapping[int, str]
    """Host name by port."""
    secret: str
    """The run's credentials, sealed."""
    is_spare: bool = False
    stands_by_at: datetime | None = None
    retired: str = ""
    revision: int = 0
    image_id: str = ""
    should_sleep: bool = False
    asleep_at: datetime | None = None
    queued_at: datetime | None = None
    queued_place: int | None = None
    turn_at: datetime | None = None
    claimed_at: datetime | None = None

    @property
    def standing(self) -> Standing:
        """Whose it is, and since when."""
        if not self.is_spare:
            return Standing.COLD
        if self.workspace:
            return Standing.CLAIMED
        return Standing.COMING if self.stands_by_at is None else Standing.WAITING

    def credentials(self) -> tuple[str, str]:
        """The generated user name and password."""
        opened = unseal(self.secret)
        return opened["username"], opened["password"]

    def as_facts(self) -> RunFacts:
        """What `next_step` needs of it."""
        failure = Reason(Cause(self.cause), self.facts) if self.cause else None
        return RunFacts(
            self.phase, self.phase_since, self.launched, failure, self.standing,
            has_turn=self.turn_at is not None,
            should_sleep=self.should_sleep, asleep=self.asleep_at is not None,
            claimed_at=self.claimed_at,
        )  # fmt: skip


def make(
    workspace: str | None,
    generation: int,
    environment: EnvironmentRow,
    ports: Sequence[int],
    apps_domain: str,
    asked_at: datetime,
    now: datetime,
) -> RunRow | None:
    """Make the run of this wish, with its own host names and credentials; all secret is made here.

    None if one was made before, or an earlier one still lives. Without a workspace it is a spare.
    """
    secret = seal({"username": ids.opaque(8), "password": ids.run_password()})
    try:
        with transaction.atomic():
            run = Run.objects.create(
                workspace_id=workspace,
                generation=generation,
                environment_id=environment.id,
                node_id=LOCAL,
                definition=environment.definition,
                secret=secret,
                is_spare=workspace is None,
                revision=environment.revision,
                created_at=asked_at,
                phase_since=now,
            )
            hosts = {port: f"{ids.host_label()}.{apps_domain}" for port in ports}
            RunHost.objects.bulk_create(
                RunHost(host=host, run=run, port=port) for port, host in hosts.items()
            )
    except IntegrityError:
        return None
    return RunRow(
        run.id, workspace or "", environment.id, generation, Phase.NEW, now, environment.definition,
        launched=False, attached=False, published=False, pulling=False, container="", address=None,
        cause="", facts={}, created_at=asked_at, ready_at=None, hosts=hosts, secret=secret,
        is_spare=workspace is None, revision=environment.revision,
    )  # fmt: skip


_CLAIM = f"""
UPDATE run SET workspace_id = %s, generation = %s, claimed_at = %s, created_at = %s,
       published = TRUE, should_sleep = FALSE
 WHERE id = (SELECT id FROM run
              WHERE environment_id = %s AND workspace_id IS NULL AND phase = {Phase.ANSWERING:d}
                AND stands_by_at IS NOT NULL AND retired = '' AND revision = %s
              ORDER BY asleep_at IS NOT NULL, stands_by_at LIMIT 1 {{locked}})
   AND workspace_id IS NULL AND phase = {Phase.ANSWERING:d} AND retired = ''
RETURNING id
"""


def claim(
    environment: str,
    revision: int,
    workspace: str,
    generation: int,
    asked_at: datetime,
    now: datetime,
) -> str | None:
    """Give a spare of the environment, as it is now, to a workspace: the id of the run, or None.

    One conditional update: no spare is ever given twice, and none to a workspace that has a run.
    """
    statement = _CLAIM.format(locked=sql.skipping_locked())
    try:
        with transaction.atomic():
            # Its routes may be put from now on; a crash must find that written.
            found = sql.row(statement, workspace, generation, now, asked_at, environment, revision)
    except IntegrityError:
        return None
    return found[0] if found else None


def make_local_node() -> None:
    """The one pool and node of one machine; repeatable."""
    Pool.objects.get_or_create(id="default", defaults={"title": "CPU"})
    Node.objects.get_or_create(id=LOCAL, defaults={"pool_id": "default", "title": LOCAL})


def find(run: str) -> RunRow | None:
    """One run."""
    return _first("r.id = %s", run)


def live_of(workspace: str) -> RunRow | None:
    """The workspace's run that may exist outside, if any."""
    return _first(f"r.workspace_id = %s AND {_LIVES}", workspace)


def is_ready(workspace: str) -> bool:
    """Whether the workspace's live run is ready."""
    ready = f"workspace_id = %s AND phase < {Phase.ENDED:d} AND phase = {Phase.READY:d}"
    return sql.row(f"SELECT 1 FROM run WHERE {ready}", workspace) is not None


def latest_of(workspace: str) -> RunRow | None:
    """The workspace's newest run, live or ended."""
    newest = "SELECT id FROM run WHERE workspace_id = %s ORDER BY generation DESC LIMIT 1"
    return _first(f"r.id = ({newest})", workspace)


def live() -> Sequence[RunRow]:
    """Every run that may exist outside."""
    return _all(_LIVES)


def ready() -> Sequence[RunRow]:
    """Every ready run of a person."""
    return _all(f"{_LIVES} AND r.phase = {Phase.READY:d} AND r.workspace_id IS NOT NULL")


def spares() -> Sequence[RunRow]:
    """Every spare that is nobody's and may exist outside."""
    return _all(f"{_LIVES} AND r.workspace_id IS NULL")


def under_way() -> Sequence[RunRow]:
    """Every run that has had its turn to start and is not ready."""
    return _all(f"r.phase < {Phase.READY:d} AND r.turn_at IS NOT NULL")


def with_spares() -> Collection[str]:
    """Environments of which a spare can be claimed, as they are now."""
    found = sql.rows(
        f"SELECT DISTINCT r.environment_id FROM run r JOIN environment e ON e.id = r.environment_id"
        f" WHERE r.workspace_id IS NULL AND {_LIVES} AND r.phase = {Phase.ANSWERING:d}"
        f" AND r.stands_by_at IS NOT NULL AND r.retired = '' AND r.revision = e.revision"
    )
    return frozenset(row[0] for row in found)


_MAY_SLEEP = f"""phase < {Phase.STOPPING:d} AND retired = ''
   AND (phase = {Phase.READY:d} OR (workspace_id IS NULL AND stands_by_at IS NOT NULL))"""


def let_sleep(run: RunRow) -> bool:
    """Wish that a run sleeps. False if it does already, is neither ready nor stands by, or is
    somebody else's by now.
    """
    awake = f"id = %s AND COALESCE(workspace_id, '') = %s AND NOT should_sleep AND {_MAY_SLEEP}"
    return bool(sql.update("run", {"should_sleep": True}, awake, run.id, run.workspace))


def fall_asleep(run: str, now: datetime) -> bool:
    """Write down that it may be frozen from now on. False if it is not to sleep any more."""
    sleepy = f"id = %s AND should_sleep AND asleep_at IS NULL AND {_MAY_SLEEP}"
    return bool(sql.update("run", {"asleep_at": now}, sleepy, run))


def wake(run: str) -> bool:
    """Wish that it sleeps no more. False if it was not to sleep."""
    return bool(sql.update("run", {"should_sleep": False}, "id = %s AND should_sleep", run))


def awoke(run: str) -> None:
    """Write down that it was thawed."""
    sql.update("run", {"should_sleep": False, "asleep_at": None}, "id = %s", run)


def asleep() -> Sequence[RunRow]:
    """Live runs that may be frozen, spares included."""
    return _all(f"{_LIVES} AND r.asleep_at IS NOT NULL")


def stand_by(run: str, now: datetime) -> bool:
    """Let a spare be claimed from now on. False if it is not one, or not any more."""
    free = f"id = %s AND workspace_id IS NULL AND is_spare AND phase = {Phase.ANSWERING:d}"
    return bool(sql.update("run", {"stands_by_at": now}, free, run))


def retire(run: str, why: str) -> bool:
    """Want a spare no more. False if it has a person, or ended, or was retired before."""
    free = f"id = %s AND workspace_id IS NULL AND retired = '' AND phase < {Phase.STOPPING:d}"
    return bool(sql.update("run", {"retired": why}, free, run))


def settled() -> Mapping[str, str]:
    """Workspace by run, where the run is ready, is the one that is wished for, and sleeps if and
    only if it should.
    """
    found = Run.objects.filter(
        Q(should_sleep=True, asleep_at__isnull=False)
        | Q(should_sleep=False, asleep_at__isnull=True),
        phase__lt=Phase.ENDED,
        phase=Phase.READY,
        workspace__wanted=True,
        workspace__generation=F("generation"),
        workspace__deleted_at=None,
    )
    return {id: str(workspace) for id, workspace in found.values_list("id", "workspace_id")}


def known(runs: Sequence[str]) -> Mapping[str, Phase]:
    """Which of these run ids we know, and how far they got."""
    found = Run.objects.filter(id__in=runs).values_list("id", "phase")
    return {id: Phase(phase) for id, phase in found}


def whose(run: str) -> str | None:
    """The workspace a run belongs to; empty for a spare that is nobody's, None for no run."""
    found = sql.row("SELECT workspace_id FROM run WHERE id = %s", run)
    return (found[0] or "") if found else None


def advance(
    run: RunRow, phase: Phase, now: datetime, reason: Reason | None = None, **seen: object
) -> RunRow | None:
    """Move a run forward; `seen` as for `note`. None if somebody else moved it, or the move is not
    forward.
    """
    if phase <= run.phase:
        return None
    changes: dict[str, Any] = {"phase": phase, "phase_since": now, **seen}
    if reason is not None:
        changes |= {"cause": reason.cause.value, "facts": dict(reason.facts)}
    if phase is Phase.READY:
        changes["ready_at"] = now
    ended = {"ended_at": now} if phase is Phase.ENDED else {}
    whose = "workspace_id IS NULL" if not run.workspace else "workspace_id IS NOT NULL"
    as_read = f"id = %s AND phase = %s AND {whose}"
    moved = sql.update("run", {**changes, **ended}, as_read, run.id, run.phase)
    return replace(run, **changes) if moved else None


def note(run: str, **facts: object) -> None:
    """Remember what was done or seen outside: launched, attached, published, pulling, container,
    address, image_id, asleep_at.
    """
    sql.update("run", facts, "id = %s", run)


def last_log(run: str) -> str:
    """The last lines that a failed run's program wrote; empty where there are none."""
    kept = Run.objects.filter(pk=run).values_list("last_log", flat=True).first()
    return kept or ""


def remember_size(reference: str, total_bytes: int) -> None:
    """Remember how much a pull of an image moved."""
    ImageSize.objects.update_or_create(
        reference=reference[:300], defaults={"total_bytes": total_bytes}
    )


def sizes() -> Mapping[str, int]:
    """What pulls moved, by image reference."""
    return dict(ImageSize.objects.values_list("reference", "total_bytes"))


def usual_seconds(environment: str, count: int = 20) -> float | None:
    """Median time from its turn to ready of the last cold starts of an environment, the queue not
    counted; None if there are none.
    """
    rows = Run.objects.filter(environment_id=environment, ready_at__isnull=False, is_spare=False)
    times = rows.order_by("-ready_at").values_list("turn_at", "created_at", "ready_at")[:count]
    took = sorted((ready - (turn or made)).total_seconds() for turn, made, ready in times if ready)
    return took[len(took) // 2] if took else None


def _first(which: str, *parameters: object) -> RunRow | None:
    found = _all(which, *parameters)
    return found[0] if found else None


def _all(which: str, *parameters: object) -> list[RunRow]:
    """Runs with their hosts: one row for each host, or one for a run without."""
    found: dict[str, RunRow] = {}
    hosts: dict[str, dict[int, str]] = {}
    for row in sql.rows(_RUNS + which, *parameters):
        known = hosts.setdefault(row[0], {})
        if row[0] not in found:
            found[row[0]] = _row(row, known)
        if row[_PORT] is not None:
            known[row[_PORT]] = row[_PORT + 1]
    return list(found.values())


def _row(row: Sequence[Any], hosts: Mapping[int, str]) -> RunRow:
    return RunRow(
        row[0], row[1] or "", row[2], row[3], Phase(row[4]), sql.moment(row[5]),
        sql.json_of(row[6]), bool(row[7]), bool(row[8]), bool(row[9]), bool(row[10]), row[11],
        None if row[12] is None else str(row[12]), row[13], sql.json_of(row[14]),
        sql.moment(row[15]), sql.moment_or_none(row[16]), hosts, row[17], bool(row[18]),
        sql.moment_or_none(row[19]), row[20], row[21], row[22],
        bool(row[23]), sql.moment_or_none(row[24]), sql.moment_or_none(row[25]), row[26],
        sql.moment_or_none(row[27]), sql.moment_or_none(row[28]),
    )  # fmt: skip
