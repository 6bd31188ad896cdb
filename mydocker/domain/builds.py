"""Builds: what state one is in, and whose is next.

Nobody who asks for many keeps others waiting: turns go to the person who has had fewest lately,
then by time. One image is built once at a time.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LATELY = timedelta(hours=1)
"""How long a person's turn counts."""
NEWEST = "latest"
"""Instead of a number, in the name of an image: its newest good build."""
MOST_TRIES = 3
"""A build that was cut off so often, by an engine or a service that ended, may be the reason."""


class State(StrEnum):
    """How far a build is. The values are stored and part of the API."""

    QUEUED = "queued"
    BUILDING = "building"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing about it changes any more."""
        return self not in (State.QUEUED, State.BUILDING)


LIVE = (State.QUEUED, State.BUILDING)


@dataclass(frozen=True, slots=True)
class Asked:
    """A build that waits."""

    build: str
    person: str
    asked_at: datetime


def in_turn(waiting: Iterable[Asked], had: Iterable[str]) -> Sequence[Asked]:
    """Return who waits in the order of their turns; `had` names a person for each turn lately.

    Builds under way count as turns. The second build of a person comes after the first of
    everybody who has had as few.
    """
    turns = Counter(had)
    left = sorted(waiting, key=lambda each: (each.asked_at, each.build))
    line: list[Asked] = []
    while left:
        first = min(left, key=lambda each: (turns[each.person], each.asked_at, each.build))
        left.remove(first)
        turns[first.person] += 1
        line.append(first)
    return line


def to_begin(
    waiting: Iterable[Asked], had: Iterable[str], going: Collection[str], at_once: int
) -> Sequence[Asked]:
    """Return those that begin now, where `going` are under way and `at_once` may be."""
    return in_turn(waiting, had)[: max(0, at_once - len(going))]
