"""What to do about the spares of a pool now: which to retire, which to make, what is not possible.

People come first. Nothing is made while somebody's start is under way, while many ask, or while the
CPUs are busy; memory is kept free for people, and taken back from spares when it becomes scarce.
A spare that is claimed is a person's run and no business of this module.

The plan depends on its arguments alone, and not on the order of shelves or spares. It is made for a
moment that may have passed when it is carried out: whoever does so retires a spare by conditional
update, so that one claimed meanwhile stays.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import heapify, heappop, heappush
from types import MappingProxyType

from mydocker.domain.quantities import write_bytes
from mydocker.domain.words import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Spare:
    """A run without a workspace, as it was last seen."""

    id: str
    made_at: datetime
    stands_by: bool = False
    """False: it is still starting."""
    is_current: bool = True
    """Whether a cold start now would give the same: image, command, environment. False also where
    the environment may have no spares any more."""
    answered_at: datetime | None = None
    """When it last answered; None where nobody asks it, as while it sleeps."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The spares of one environment."""

    environment: str
    """Unique among the shelves of a plan."""
    wanted: int
    spare_bytes: int
    """Memory of one spare as measured, or the environment's limit while none was."""
    spares: Sequence[Spare] = ()
    failures: int = 0
    """Spares of the environment's present revision that came to nothing, since one stood by."""
    failed_at: datetime | None = None
    """When the last of them did."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a pool has, as it was last measured."""

    total_bytes: int
    available_bytes: int
    """What could be used without swapping (`MemAvailable`)."""
    returning_bytes: int = 0
    """Of spares that were retired and whose containers have not ended yet."""
    asked_bytes: int = 0
    """What somebody in the queue waits for, beside what is never given away."""
    cpu_busy: float = 0.0
    """Share of all CPUs, from 0 to 1."""
    starts: int = 0
    """Starts of people's runs under way, claims included."""
    asked_lately: int = 0
    """How many people asked for a workspace in the last ten seconds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far spares may go."""

    at_once: int = 2
    """Starting at the same time: a start is CPU-heavy, and a person's may begin any moment."""
    burst: int = 3
    """So many people in ten seconds are a burst, which is served before anything is made."""
    busy: float = 0.7
    """Share of the CPUs in use above which nothing is made."""
    kept_free: float = 0.2
    """Share of memory that stays available after all spares are made."""
    scarce: float = 0.1
    """Share of memory available below which spares are retired; less than `kept_free`, so that
    what is retired is not made again."""
    slack: float = 0.1
    """So much more than wanted is left alone, at least one, while any is wanted."""
    settled: timedelta = timedelta(minutes=10)
    """Where none is wanted any more, spares younger than this stay a while."""
    age: timedelta = timedelta(hours=24)
    """Older ones are replaced, a few at a time."""
    silent: timedelta = timedelta(minutes=1)
    """Who has not answered for so long is retired."""
    first_pause: timedelta = timedelta(seconds=30)
    """After one failure; doubles with each further one."""
    give_up: int = 5
    """After so many failures in a row no further spare is tried of this revision."""


class WhyRetired(StrEnum):
    """Why a spare goes."""

    OUT_OF_DATE = "out_of_date"
    SILENT = "silent"
    TOO_OLD = "too_old"
    TOO_MANY = "too_many"
    MEMORY = "memory"
    """People need its memory."""


class Pause(StrEnum):
    """Why nothing is made anywhere just now."""

    STARTS = "starts"
    BURST = "burst"
    CPU = "cpu"


class WhyShort(StrEnum):
    """Why an environment has not, and will not soon have, all the spares it should."""

    MEMORY = "memory"
    FAILING = "failing"
    GIVEN_UP = "given_up"


TOLD: Mapping[WhyShort, tuple[str, str]] = MappingProxyType(
    {
        WhyShort.MEMORY: (
            _("%(wanted)s spares are wanted and memory allows %(possible)s: one takes %(memory)s."),
            _("People who find no spare start cold. Want fewer, or give the pool more memory."),
        ),
        WhyShort.FAILING: (
            _("The last spares failed (%(failures)s in a row); the next one is tried later."),
            _("Start the environment once and read the log of its run."),
        ),
        WhyShort.GIVEN_UP: (
            _("No more spares are tried: %(failures)s in a row have failed."),
            _("Mend the image or the definition; with any change it is tried again."),
        ),
    }
)
"""Message and hint, English msgids; `Shortage.facts` fill them."""


@dataclass(frozen=True, slots=True)
class Retirement:
    """A spare that goes, and why."""

    id: str
    environment: str
    why: WhyRetired


@dataclass(frozen=True, slots=True)
class Shortage:
    """Fewer spares than wanted, not only for the moment."""

    environment: str
    wanted: int
    possible: int
    """How many there can be beside those of the others, or as long as it fails."""
    why: WhyShort
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now. What is retired is no longer there for what is made."""

    retire: tuple[Retirement, ...] = ()
    make: Mapping[str, int] = field(default_factory=dict)
    """How many, by environment; in the order of need, each at least 1."""
    shortages: tuple[Shortage, ...] = ()
    pause: Pause | None = None
    """Why `make` is empty, where nothing may be made anywhere."""


def plan_stock(shelves: Iterable[Shelf], room: Room, now: datetime, limits: Limits) -> Plan:
    """Return what to do about all shelves of a pool.

    Retires, in this order: what is of no use (out of date, silent); what is more
    than wanted; what is too old, where its like can be made; and what people need the memory of.
    Makes the neediest first: the shelf with the smallest part of what it wants, the larger lack
    where that is equal, then by name. A shelf whose next spare does not fit lets smaller ones pass.

    Never lets spares take memory below `kept_free`: one that is starting counts in full, beside
    what it has taken already. Total, and the same for the same arguments.
    """
    kept = {
        shelf.environment: _Kept(shelf, list(shelf.spares))
        for shelf in sorted(shelves, key=lambda each: each.environment)
    }
    pause = _pause(room, limits)
    retired = [gone for each in kept.values() for gone in each.sort_out(now, limits, pause)]
    returning = room.returning_bytes + sum(
        kept[gone.environment].shelf.spare_bytes for gone in retired
    )
    given = _give_back(kept, room, returning, limits)
    returning += sum(kept[gone.environment].shelf.spare_bytes for gone in given)
    making, possible = _fill(kept, room, returning, now, limits)
    return Plan(
        retire=(*retired, *given),
        make=MappingProxyType({} if pause else making),
        shortages=tuple(_shortages(kept.values(), possible, now, limits)),
        pause=pause,
    )


@dataclass(slots=True)
class _Kept:
    """A shelf, and which of its spares stay."""

    shelf: Shelf
    spares: list[Spare]

    @property
    def starting(self) -> int:
        return sum(not spare.stands_by for spare in self.spares)

    def sort_out(self, now: datetime, limits: Limits, pause: Pause | None) -> Iterator[Retirement]:
        """Retire what is of no use, too much or too old."""
        for spare in list(self.spares):
            if why := _uselessness(spare, now, limits):
                yield self.retire(spare, why)
        for spare in self._surplus(now, limits):
            yield self.retire(spare, WhyRetired.TOO_MANY)
        for spare in self._old(now, limits, pause):
            yield self.retire(spare, WhyRetired.TOO_OLD)

    def retire(self, spare: Spare, why: WhyRetired) -> Retirement:
        """Take a spare off the shelf."""
        self.spares.remove(spare)
        return Retirement(spare.id, self.shelf.environment, why)

    def _surplus(self, now: datetime, limits: Limits) -> list[Spare]:
        """Name those that are too many.

        A number that goes up and down by one, or by the slack, changes nothing. Where none is
        wanted, the slack would keep one for ever: then it is time that steadies.
        """
        if self.shelf.wanted <= 0:
            return [spare for spare in self.spares if now - spare.made_at >= limits.settled]
        slack = max(1, int(self.shelf.wanted * limits.slack))
        too_many = max(0, len(self.spares) - self.shelf.wanted - slack)
        return _dispensable(self.spares)[:too_many]

    def _old(self, now: datetime, limits: Limits, pause: Pause | None) -> list[Spare]:
        """Name those that are too old: never so many that the shelf is empty all of a sudden.

        They still serve, so they wait until the shelf is full and their like can be made. Where
        that does not come, as without memory, they go at twice the age.
        """
        old = [spare for spare in _dispensable(self.spares) if now - spare.made_at >= limits.age]
        far_too_old = [spare for spare in old if now - spare.made_at >= 2 * limits.age]
        is_full = len(self.spares) >= self.shelf.wanted and not self.starting
        can_be_made = pause is None and not self.shelf.failures
        return far_too_old or (old[: limits.at_once] if is_full and can_be_made else [])


def _uselessness(spare: Spare, now: datetime, limits: Limits) -> WhyRetired | None:
    if not spare.is_current:
        return WhyRetired.OUT_OF_DATE
    if spare.answered_at is not None and now - spare.answered_at >= limits.silent:
        return WhyRetired.SILENT
    return None


def _dispensable(spares: Iterable[Spare]) -> list[Spare]:
    """Put those first that are missed least.

    First those that still start, the youngest of them first: they serve nobody yet, and the least
    work is lost. Then the oldest, which are nearest to their age and would go soonest anyway.
    """

    def key(spare: Spare) -> tuple[bool, float, str]:
        made = spare.made_at.timestamp()
        return spare.stands_by, made if spare.stands_by else -made, spare.id

    return sorted(spares, key=key)


def _give_back(
    kept: Mapping[str, _Kept], room: Room, returning: int, limits: Limits
) -> list[Retirement]:
    """Retire until memory is no longer scarce, always from the shelf that has most of its wanted.

    So all environments come down together, and none loses its last spare while another is full.
    `returning` bytes are on their way back already. Who waits for memory gets it from spares.
    """
    wanted = limits.scarce * room.total_bytes + room.asked_bytes
    lacking = wanted - room.available_bytes - returning
    given: list[Retirement] = []
    while lacking > 0 and (full := [each for each in kept.values() if each.spares]):
        most = max(full, key=lambda each: (_part(each.shelf, len(each.spares)), len(each.spares)))
        given.append(most.retire(_dispensable(most.spares)[0], WhyRetired.MEMORY))
        lacking -= most.shelf.spare_bytes
    return given


def _part(shelf: Shelf, number: int) -> float:
    """Return which part of its wanted a shelf has with so many spares."""
    return number / shelf.wanted if shelf.wanted > 0 else float("inf")


def _fill(
    kept: Mapping[str, _Kept], room: Room, returning: int, now: datetime, limits: Limits
) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many to make now by environment, and how many there can be in all.

    The `returning` bytes of what is retired count for what there can be, not for what is made now.
    """
    starting = sum(each.starting for each in kept.values())
    promised = sum(each.starting * each.shelf.spare_bytes for each in kept.values())
    free = room.available_bytes - promised - limits.kept_free * room.total_bytes
    free_later = free + returning
    possible = {name: len(each.spares) for name, each in kept.items()}
    making: dict[str, int] = {}
    needy = [
        _need(each.shelf, len(each.spares)) for each in kept.values() if _may_try(each, now, limits)
    ]
    heapify(needy)
    while needy:
        name = heappop(needy)[-1]
        shelf = kept[name].shelf
        if possible[name] >= shelf.wanted or shelf.spare_bytes > free_later:
            continue
        free_later -= shelf.spare_bytes
        possible[name] += 1
        if starting < limits.at_once and shelf.spare_bytes <= free:
            free -= shelf.spare_bytes
            starting += 1
            making[name] = making.get(name, 0) + 1
        # After a failure, one spare is tried and no more.
        if not shelf.failures:
            heappush(needy, _need(shelf, possible[name]))
    return making, possible


def _need(shelf: Shelf, number: int) -> tuple[float, int, str]:
    return _part(shelf, number), number - shelf.wanted, shelf.environment


def _may_try(kept: _Kept, now: datetime, limits: Limits) -> bool:
    shelf = kept.shelf
    if not shelf.failures:
        return True
    return (
        shelf.failures < limits.give_up
        and not kept.starting
        and (shelf.failed_at is None or now >= shelf.failed_at + _pause_after(shelf, limits))
    )


def _pause_after(shelf: Shelf, limits: Limits) -> timedelta:
    # Of more failures than `give_up` none is tried any more.
    return limits.first_pause * (1 << min(shelf.failures - 1, limits.give_up))


def _pause(room: Room, limits: Limits) -> Pause | None:
    if room.starts > 0:
        return Pause.STARTS
    if room.asked_lately >= limits.burst:
        return Pause.BURST
    return Pause.CPU if room.cpu_busy > limits.busy else None


def _shortages(
    kept: Iterable[_Kept], possible: Mapping[str, int], now: datetime, limits: Limits
) -> Iterator[Shortage]:
    for each in kept:
        shelf = each.shelf
        number = possible[shelf.environment]
        if number >= shelf.wanted:
            continue
        why = WhyShort.MEMORY
        if shelf.failures:
            why = WhyShort.GIVEN_UP if shelf.failures >= limits.give_up else WhyShort.FAILING
        facts: dict[str, object] = {
            "wanted": shelf.wanted,
            "possible": number,
            "memory": write_bytes(shelf.spare_bytes),
            "failures": shelf.failures,
        }
        yield Shortage(shelf.environment, shelf.wanted, number, why, MappingProxyType(facts))
