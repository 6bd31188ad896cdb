"""Keeps the spares: looks what there is, decides by `domain.spares`, makes and retires.

Containers are the custodian's: here rows are made, and marked as not wanted any more.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from statistics import median

import structlog

from mydocker.domain.environments import Status
from mydocker.domain.sleep import Standby, spares_asleep
from mydocker.domain.spares import (
    LOOK_BACK,
    Limits,
    NotAhead,
    Plan,
    Room,
    Shelf,
    Shortage,
    Spare,
    Wanted,
    Way,
    eligibility,
    plan_stock,
    wanted_spares,
)
from mydocker.loops import ledger, metrics
from mydocker.loops.cases import key_of
from mydocker.loops.decisions import Decisions, decision_of
from mydocker.loops.parts import Parts
from mydocker.loops.probe import Answers, answers
from mydocker.services import catalogue
from mydocker.services.catalogue import Known
from mydocker.store import environments, runs, spares
from mydocker.store.doorbell import ring
from mydocker.store.runs import RunRow
from mydocker.store.spares import Failures
from mydocker.store.statistics import Decision

LOG = structlog.get_logger()
BACKSTOP = timedelta(seconds=20)
STARTS_HOLD = timedelta(seconds=60)
"""A start that takes longer keeps nobody from spares: an image may take half an hour to come."""
ONCE_EACH = timedelta(minutes=30)
"""Who comes again so soon restarts: that is one arrival."""
OVERLAP = timedelta(minutes=10)
"""A wish may get its run, and be found, later than it was asked for."""
LATELY = timedelta(seconds=10)
BETWEEN_ROUNDS_SECONDS, PAUSED_ROUNDS = 0.25, 8
"""A burst rings for every claim; the decision would be the same."""
ANSWER_SECONDS = 3.0
GUESSED_BYTES = 256 * 2**20
"""For one spare of an environment none of which was measured yet: thrice what JupyterLab takes."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An environment, what its spares are to be, and those that there are."""

    known: Known
    wanted: Wanted
    way: Way | NotAhead
    spares: Sequence[RunRow]
    failures: Failures


@dataclass(slots=True)
class Arrivals:
    """Who asked for what lately; read once, then only what is new."""

    found: dict[str, set[tuple[datetime, str]]] = field(default_factory=dict)
    """Moments and workspaces, by environment."""
    until: datetime | None = None
    came: dict[str, Sequence[datetime]] = field(default_factory=dict)
    """What `of` found out, until there is more: a busy fortnight is long to sort."""

    def of(self, environment: str) -> Sequence[datetime]:
        """When somebody came for a workspace of this environment, earliest first."""
        if environment not in self.came:
            self.came[environment] = list(_came(sorted(self.found.get(environment, ()))))
        return self.came[environment]

    def read(self, now: datetime) -> None:
        """Take in what is new, forget what is old. In the database's thread."""
        since = now - LOOK_BACK if self.until is None else self.until - OVERLAP
        for environment, at, workspace in spares.arrivals(since):
            known = self.found.setdefault(environment, set())
            if (at, workspace) not in known:
                known.add((at, workspace))
                self.came.pop(environment, None)
        for environment, known in self.found.items():
            if old := {each for each in known if each[0] < now - LOOK_BACK}:
                known.difference_update(old)
                self.came.pop(environment, None)
        self.until = now

    def lately(self, now: datetime) -> int:
        """How many asked in the last seconds."""
        everybody = (each for known in self.found.values() for each in known)
        return len({workspace for at, workspace in everybody if at >= now - LATELY})


def _came(arrivals: Iterable[tuple[datetime, str]]) -> Iterator[datetime]:
    """Leave out those who had come shortly before."""
    last: dict[str, datetime] = {}
    for at, workspace in arrivals:
        if workspace not in last or at - last[workspace] >= ONCE_EACH:
            last[workspace] = at
            yield at


class Storekeeper:
    """An office with one key: the pool of this node."""

    name = "storekeeper"
    topics = frozenset({"stock"})
    backstop = BACKSTOP

    def __init__(
        self,
        parts: Parts,
        *,
        apps_domain: str,
        limits: Limits | None = None,
        answers: Answers = answers,
        between_rounds: float = BETWEEN_ROUNDS_SECONDS,
        measured: dict[str, int] | None = None,
        asked_bytes: Callable[[], int] = lambda: 0,
    ) -> None:
        self._database, self._clock = parts.database, parts.clock
        self._driver, self._agent = parts.driver, parts.agent
        self._apps_domain, self._limits = apps_domain, limits or Limits()
        self._answers, self._between_rounds = answers, between_rounds
        self._arrivals = Arrivals()
        self._answered: dict[str, datetime] = {}
        self._bytes = {} if measured is None else measured
        """By environment; others read it."""
        self._asked_bytes = asked_bytes
        self._offered: set[str] = set()
        """Environments that had or wanted spares once; their figures go on."""
        self._told: tuple[Shortage, ...] = ()
        self._decisions = Decisions(parts.database)

    async def keys(self) -> Collection[str]:
        return ("pool",)

    async def turn(self, key: str, woken: asyncio.Event) -> None:
        between = self._between_rounds
        while await self._round():  # nobody rings when the CPUs are free again
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), PAUSED_ROUNDS * between)
            woken.clear()
            await asyncio.sleep(between)
        await asyncio.sleep(between)

    async def _round(self) -> bool:
        """Look and decide once; whether something is lacking that may not be made just now."""
        paused, decided = False, list[Decision]()
        offers, starts = await self._database(self._offers, self._clock.now())
        if offers:
            await self._measure(offers)
            shelves = [await self._shelf(offer) for offer in offers]
            room = await self._room(offers, starts)
            plan = plan_stock(shelves, room, self._clock.now(), self._limits)
            await self._database(self._carry_out, plan, self._clock.now())
            has_swap = (await self._agent.swap()).is_for_sleepers
            await self._database(partial(_tuck_in, has_swap=has_swap), offers, self._clock.now())
            self._tell(plan)
            decided = [
                decision_of(offer.wanted, shelf, self._bytes.get(shelf.environment), plan.shortages)
                for offer, shelf in zip(offers, shelves, strict=True)
            ]
            paused = plan.pause is not None and any(map(_is_lacking, offers))
        await self._decisions.write(decided, self._clock.now())
        _count(offers)
        return paused

    def _offers(self, now: datetime) -> tuple[Sequence[Offer], int]:
        """What there is and should be, and how many people's starts are under way."""
        self._arrivals.read(now)
        shelves: dict[str, list[RunRow]] = defaultdict(list)
        for run in runs.spares():
            shelves[run.environment].append(run)
        present = spares.present(now - STARTS_HOLD)
        statuses = [each.value for each in Status if each is not Status.ARCHIVED]
        known = {row.id: catalogue.known(row) for row in environments.listed(statuses)}
        known |= {each: catalogue.by_id(each) for each in shelves.keys() - known.keys()}
        found = []
        for id, each in known.items():
            way, live = eligibility(each.definition), [at for of, at, _ in present if of == id]
            wanted = Wanted() if isinstance(way, NotAhead) else self._wanted(each, live, now)
            if wanted.number or shelves[id] or id in self._offered:
                failures = spares.failures(id, each.row.revision)
                found.append(Offer(each, wanted, way, shelves[id], failures))
                self._offered.add(id)
        return found, sum(is_coming for _, _, is_coming in present)

    def _wanted(self, known: Known, live: Sequence[datetime], now: datetime) -> Wanted:
        definition = known.definition
        came = self._arrivals.of(known.row.id)
        return wanted_spares(definition.spares, definition.sessions, came, now, present=live)

    async def _measure(self, offers: Sequence[Offer]) -> None:
        """What a spare of each environment takes, by those that stand by."""
        standing = {
            run.container: offer.known.row.id
            for offer in offers
            for run in offer.spares
            if run.stands_by_at and run.container and not run.asleep_at
        }
        used = await self._agent.usage(list(standing))
        found: dict[str, list[int]] = defaultdict(list)
        for container, usage in used.items():
            found[standing[container]].append(usage.memory_bytes)
        self._bytes |= {each: int(median(sizes)) for each, sizes in found.items()}

    async def _shelf(self, offer: Offer) -> Shelf:
        known, now = offer.known, self._clock.now()
        image = await self._driver.image(known.definition.image) if offer.spares else None
        if offer.way is Way.RUNNING:
            await self._ask(offer.spares)
        limit = known.definition.resources.memory_bytes
        return Shelf(
            environment=known.row.id,
            wanted=offer.wanted.number,
            spare_bytes=self._bytes.get(known.row.id, min(limit, GUESSED_BYTES)),
            spares=[
                Spare(
                    id=run.id,
                    made_at=min(run.created_at, now),
                    stands_by=run.stands_by_at is not None,
                    is_current=_is_current(run, offer, image.id if image else ""),
                    answered_at=self._answered.get(run.id),
                )
                for run in offer.spares
                if not run.retired
            ],
            failures=offer.failures.count,
            failed_at=offer.failures.last_at,
        )

    async def _ask(self, standing: Sequence[RunRow]) -> None:
        """Whether those that run still answer. A zygote has nothing to say before it is claimed."""

        async def ask(run: RunRow) -> None:
            if run.asleep_at:
                self._answered[run.id] = self._clock.now()  # it would have to wake up for that
                return
            ports = ledger.definition_of(run).ports
            if await self._answers(run.address, ports, ANSWER_SECONDS):
                self._answered[run.id] = self._clock.now()
            elif run.stands_by_at is not None:
                self._answered.setdefault(run.id, run.stands_by_at)

        await asyncio.gather(*(ask(run) for run in standing if run.stands_by_at))
        alive = {run.id for run in standing}
        self._answered = {run: at for run, at in self._answered.items() if run in alive}

    async def _room(self, offers: Sequence[Offer], starts: int) -> Room:
        machine = await self._agent.machine()
        leaving = [
            self._bytes.get(offer.known.row.id, 0)
            for offer in offers
            for run in offer.spares
            if run.retired
        ]
        return Room(
            total_bytes=machine.memory_total_bytes,
            available_bytes=machine.memory_available_bytes,
            returning_bytes=sum(leaving),
            cpu_busy=machine.cpu_busy,
            asked_bytes=self._asked_bytes(),
            starts=starts,
            asked_lately=self._arrivals.lately(self._clock.now()),
        )

    def _carry_out(self, plan: Plan, now: datetime) -> None:
        for going in plan.retire:
            if runs.retire(going.id, going.why.value):
                LOG.info("spare.retired", run=going.id, why=going.why.value)
                ring("spare", key_of(None, going.id))
        for environment, number in plan.make.items():
            for _ in range(number):
                if made := ledger.make_spare(environment, self._apps_domain, now):
                    ring("spare", key_of(None, made.id))

    def _tell(self, plan: Plan) -> None:
        if plan.shortages != self._told:
            for short in plan.shortages:
                LOG.warning("spares.short", environment=short.environment, why=short.why.value)
            self._told = plan.shortages


def _tuck_in(offers: Sequence[Offer], now: datetime, *, has_swap: bool) -> None:
    """Let spares sleep, but for those that are claimed next."""
    for offer in offers:
        standing = [run for run in offer.spares if run.stands_by_at and not run.retired]
        may = [run for run in standing if has_swap and ledger.definition_of(run).lifetime.sleep]
        asleep = spares_asleep([Standby(run.id, run.stands_by_at or now) for run in may], now)
        for run in standing:
            if run.id not in asleep and run.should_sleep:
                ledger.wake(run)
            elif run.id in asleep and not run.should_sleep:
                ledger.let_sleep(run)


def _is_lacking(offer: Offer) -> bool:
    return offer.wanted.number > sum(not run.retired for run in offer.spares)


def _is_current(run: RunRow, offer: Offer, image_id: str) -> bool:
    """Whether a cold start now would give the same."""
    if isinstance(offer.way, NotAhead) or run.revision != offer.known.row.revision:
        return False
    return not run.image_id or run.image_id == image_id


def _count(offers: Sequence[Offer]) -> None:
    for offer in offers:
        slug = offer.known.row.slug
        states: Mapping[str, int] = {
            "wanted": offer.wanted.number,
            "standing": sum(run.stands_by_at is not None for run in offer.spares),
            "coming": sum(run.stands_by_at is None for run in offer.spares),
        }
        for state, number in states.items():
            metrics.SPARES.labels(slug, state).set(number)
