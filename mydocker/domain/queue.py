"""The queue: who starts next where not everybody can at once, whether there is room, how long.

People go in order of arrival; who waits with several workspaces takes turns with everybody else.
The place of a person's next workspace counts from the turn of the one before, so nobody who came
until then is behind it, and nobody who comes later is before it.

Nobody is overtaken: where memory does not suffice for the first, the others wait with them.
Memory comes back in small pieces, and who needs little would take each of them. Spares are not
here: a claim costs nothing, and waits for nobody.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SHARE_OF_LIMIT = 1 / 8
"""What a start of an environment that was never measured is counted with."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that may start once it is its turn."""

    run: str
    person: str
    asked_at: datetime
    since: datetime
    """From when its place counts: when it was asked for, or the person's last turn after that."""


@dataclass(frozen=True, slots=True)
class Start:
    """A start that had its turn and is not ready."""

    turn_at: datetime
    usual_bytes: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Of the node, as it was last measured."""

    total_bytes: int
    available_bytes: int
    """What could be used without swapping (`MemAvailable`)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many go at once."""

    at_once: int = 8
    reserve: float = 0.1
    """Share of memory that starts leave alone; where less is free, spares go too."""
    holds: timedelta = timedelta(seconds=60)
    """A start that takes longer lets the next one go: a program that never answers stops nobody.
    What memory it may take stays promised to it."""


class Hold(StrEnum):
    """Why the first does not go."""

    TURNS = "turns"
    """As many start as may at once."""
    MEMORY = "memory"


def first(waiting: Iterable[Waiting]) -> Waiting | None:
    """Return whose turn is next; None where nobody waits."""
    return min(waiting, key=_rank, default=None)


def after_turn(waiting: Iterable[Waiting], gone: Waiting, now: datetime) -> list[Waiting]:
    """Return who waits after somebody's turn: places of the same person count from now on."""
    return [
        Waiting(each.run, each.person, each.asked_at, now) if each.person == gone.person else each
        for each in waiting
        if each.run != gone.run
    ]


def line_up(waiting: Collection[Waiting]) -> list[Waiting]:
    """Return all in the order in which their turns come, if nobody else does."""
    by_person: dict[str, list[Waiting]] = defaultdict(list)
    for each in sorted(waiting, key=_rank):
        by_person[each.person].append(each)
    # The first of each, as they are known; then the second of each, in the order of the firsts.
    heads = [*by_person.values()]
    longest = max(map(len, heads), default=0)
    return [mine[n] for n in range(longest) for mine in heads if n < len(mine)]


def _rank(each: Waiting) -> tuple[datetime, datetime, str]:
    return each.since, each.asked_at, each.run


def usual_bytes(measured: int | None, limit_bytes: int) -> int:
    """Return what a start is counted with: what was measured, else a share of its limit."""
    return int(limit_bytes * SHARE_OF_LIMIT) if measured is None else min(measured, limit_bytes)


def why_not(
    next_bytes: int,
    starts: Sequence[Start],
    memory: Memory,
    now: datetime,
    limits: Limits,
    *,
    nobody_runs: bool = False,
) -> Hold | None:
    """Return why the first may not go now; None if they may.

    `nobody_runs`: no person's run exists outside or is about to. Then there is nothing to wait
    for, and the first goes whatever the figures say.
    """
    if nobody_runs and not starts:
        return None
    if sum(now - each.turn_at < limits.holds for each in starts) >= limits.at_once:
        return Hold.TURNS
    free = memory.available_bytes - limits.reserve * memory.total_bytes
    return Hold.MEMORY if asked_bytes(next_bytes, starts) > free else None


def asked_bytes(next_bytes: int, starts: Sequence[Start]) -> int:
    """Return what has to be free beside the reserve, so that the first may go.

    A start counts in full, whatever it has taken already: it is not known how far it is.
    """
    return next_bytes + sum(each.usual_bytes for each in starts)


@dataclass(frozen=True, slots=True)
class Pace:
    """What was measured of how fast people come through."""

    at_once: int
    under_way: int
    """Starts that had their turn and are not ready."""
    waiting: int
    start_seconds: float | None
    """Median from turn to ready of the starts of the last minutes; None if there were none."""
    finished: int
    """Starts that got ready since the one who waits longest asked."""
    waited_seconds: float
    """How long that one has waited."""


def seconds_until_ready(place: int, usual_seconds: float | None, pace: Pace) -> float | None:
    """Return how long whoever has this place (from 1) still waits, its start included.

    `usual_seconds`: from turn to ready, of its environment. Never less than what was measured:
    the slower of the starts' own time and the rate at which people came through lately. None where
    nothing was measured that could tell.
    """
    known = [each for each in (usual_seconds, pace.start_seconds) if each is not None]
    if not known:
        return None
    start = max(known)
    if not pace.waiting and pace.under_way < pace.at_once:
        return start
    came = pace.finished + pace.under_way
    if not came and pace.waited_seconds > start:
        return None  # held for memory, and nobody came through who would tell for how long
    between = max(start / pace.at_once, pace.waited_seconds / max(came, 1))
    if pace.finished >= pace.at_once:  # enough of them: those under way need not be guessed
        between = max(between, pace.waited_seconds / pace.finished)
    return place * between + start
