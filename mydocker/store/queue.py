"""Who waits for a turn to start, who has had it, and how fast people come through.

The queue is in the rows of runs: nothing of it is anywhere else. Written by the loops only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from mydocker.domain.queue import Waiting
from mydocker.domain.runs import Phase
from mydocker.store import sql
from mydocker.store.runs import RunRow

LONGEST_WAIT = timedelta(hours=1)
"""Who waits for longer does not tell how fast others come through."""

_STANDS = f"phase = {Phase.NEW:d} AND queued_at IS NOT NULL AND turn_at IS NULL"
_UNDER_WAY = f"phase < {Phase.READY:d} AND turn_at IS NOT NULL"
# The index holds live runs, and SQLite wants to be told so.
_NEW = f"r.phase < {Phase.ENDED:d} AND r.phase = {Phase.NEW:d} AND r.turn_at IS NULL"

_FIRST = f"""
SELECT r.id, w.person_id, r.created_at, r.place_since
  FROM run r JOIN workspace w ON w.id = r.workspace_id
 WHERE r.id = (SELECT id FROM run WHERE {_STANDS} ORDER BY place_since, created_at, id LIMIT 1)
"""
_EVERYBODY = f"""
SELECT r.id, w.person_id, r.created_at, COALESCE(r.place_since, r.created_at)
  FROM run r JOIN workspace w ON w.id = r.workspace_id
 WHERE {_NEW}
"""
_RUNS_OF_PERSON = f"""
phase < {Phase.ENDED:d} AND phase = {Phase.NEW:d} AND turn_at IS NULL
   AND workspace_id IN (SELECT id FROM workspace WHERE person_id = %s)
"""
_SOMEBODY_RUNS = f"""
SELECT 1 FROM run
 WHERE phase < {Phase.ENDED:d} AND phase > {Phase.NEW:d} AND workspace_id IS NOT NULL LIMIT 1
"""
_LATELY = """
SELECT turn_at, ready_at FROM run
 WHERE workspace_id IS NOT NULL AND created_at >= %s AND turn_at IS NOT NULL AND ready_at >= %s
"""


def stand(run: RunRow, now: datetime) -> bool:
    """Let a run wait for its turn, in the place that its wish gives it. False if it does."""
    since = run.created_at
    waits = f"id = %s AND {_STANDS.replace('IS NOT NULL', 'IS NULL')}"
    before = f"SELECT COUNT(*) FROM run WHERE {_STANDS} AND place_since < %s"
    changed = sql.change(
        f"UPDATE run SET queued_at = %s, place_since = COALESCE(place_since, %s),"
        f" queued_place = 1 + ({before}) WHERE {waits}",
        now, since, since, run.id,
    )  # fmt: skip
    return bool(changed)


def first() -> Waiting | None:
    """Whose turn is next. One look at an index, however many wait."""
    row = sql.row(_FIRST)
    return Waiting(row[0], row[1], sql.moment(row[2]), sql.moment(row[3])) if row else None


def waiting() -> int:
    """How many wait for nothing but their turn."""
    row = sql.row(f"SELECT COUNT(*) FROM run WHERE {_STANDS}")
    return int(row[0]) if row else 0


def everybody() -> Sequence[Waiting]:
    """Everybody who has asked and has had no turn, also those whose image is on its way."""
    return [
        Waiting(run, person, sql.moment(asked), sql.moment(since))
        for run, person, asked, since in sql.rows(_EVERYBODY)
    ]


def under_way() -> int:
    """How many starts have had their turn and are not ready."""
    row = sql.row(f"SELECT COUNT(*) FROM run WHERE {_UNDER_WAY}")
    return int(row[0]) if row else 0


def somebody_runs() -> bool:
    """Whether a container of a person's may exist."""
    return sql.row(_SOMEBODY_RUNS) is not None


def give_turn(who: Waiting, now: datetime) -> bool:
    """Let a run start. Places of its person's other runs count from now on. False if it left."""
    given = bool(sql.update("run", {"turn_at": now}, f"id = %s AND {_STANDS}", who.run))
    if given:
        sql.update("run", {"place_since": now}, _RUNS_OF_PERSON, who.person)
    return given


@dataclass(frozen=True, slots=True)
class Lately:
    """What came of the starts of the last minutes."""

    start_seconds: float | None
    """Median from turn to ready; None if none got ready."""
    ready_at: Sequence[datetime]


def lately(now: datetime, look_back: timedelta) -> Lately:
    """How long starts took that got ready since then."""
    rows = sql.rows(_LATELY, now - LONGEST_WAIT, now - look_back)
    ends = [(sql.moment(turn), sql.moment(ready)) for turn, ready in rows]
    took = [(ready - turn).total_seconds() for turn, ready in ends]
    return Lately(median(took) if took else None, [ready for _, ready in ends])
