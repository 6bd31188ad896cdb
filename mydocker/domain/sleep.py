"""When a run that nobody uses is put to sleep, and which sleepers end when memory is short.

*Interaction* is what a person does and *work* what goes on without one, as for a lifetime
(`domain.lifetime`). A sleeper is frozen: it costs no CPU, and goes on where it was.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mydocker.domain.environments.values import Environment
from mydocker.domain.jupyter import Culler, culling_options
from mydocker.domain.queue import Limits
from mydocker.domain.templates import BadTemplate, words_as_written

AWAKE_AT_LEAST = timedelta(minutes=1)
"""Once woken; an open tab that wakes it by itself must not make it go to and fro."""
SETTLING = timedelta(seconds=20)
"""So long a spare that stands by is left to finish what it does by itself."""
SPARES_AWAKE = 4
"""Of each environment: those that are claimed next need not be fetched from swap."""
MEMORY_RESERVE = 0.05
"""The share of a node's memory below which sleepers end."""


def as_it_runs(environment: Environment) -> Environment:
    """Return the environment with Jupyter's own culling taken over by the platform.

    Those options compare wall clocks, so they would end a run right after its thaw. The time
    after which the server was to end becomes the idle time, where it is shorter; kernels and
    terminals do not end any more, for asleep they cost nothing. What cannot be taken out of a
    command (`Culling.is_all_understood`) keeps the run from sleeping.
    """
    try:
        words = words_as_written(environment.command)
    except BadTemplate:
        return environment
    culling = culling_options(words)
    lifetime = environment.lifetime
    if not culling.is_all_understood:
        return replace(environment, lifetime=replace(lifetime, sleep=None))
    if Culler.SERVER in culling.seconds:
        quiet = timedelta(seconds=culling.seconds[Culler.SERVER])
        lifetime = replace(lifetime, idle=min(lifetime.idle or quiet, quiet))
    return replace(environment, lifetime=lifetime)


def may_sleep(
    after: timedelta | None, quiet_since: datetime, awake_since: datetime, now: datetime
) -> bool:
    """Whether a ready run is to be frozen now.

    `after`: so long without interaction or work, None for never; `quiet_since`: its last sign of
    either; `awake_since`: when it was ready, or woken last. Moments in the future count as now.
    """
    if after is None:
        return False
    return now - quiet_since >= after and now - awake_since >= min(after, AWAKE_AT_LEAST)


@dataclass(frozen=True, slots=True)
class Standby:
    """A spare that can be claimed."""

    run: str
    since: datetime
    """From when on it stands by. The longest standing is claimed first, those awake before."""


def spares_asleep(spares: Collection[Standby], now: datetime) -> frozenset[str]:
    """Return the spares of one environment that are to sleep; the others are to be awake."""
    in_turn = sorted(spares, key=lambda spare: (spare.since, spare.run))
    return frozenset(spare.run for spare in in_turn[SPARES_AWAKE:] if now - spare.since >= SETTLING)


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A run of somebody's that is asleep."""

    run: str
    since: datetime
    holds_bytes: int
    """Memory that its end would free."""


def ending_for_memory(
    sleepers: Collection[Sleeper], total_bytes: int, available_bytes: int, asked_bytes: int = 0
) -> Sequence[str]:
    """Return the sleepers that end because the node's memory is short, the oldest first.

    As few as free what lacks to the reserve, as far as one knows; none while it is there. Where
    people wait for memory it is theirs: `asked_bytes` beside the reserve of the queue.
    """
    reserve = Limits().reserve if asked_bytes else MEMORY_RESERVE
    lacking = reserve * total_bytes + asked_bytes - available_bytes
    ending = []
    for sleeper in sorted(sleepers, key=lambda each: (each.since, each.run)):
        if lacking <= 0:
            break
        ending.append(sleeper.run)
        lacking -= sleeper.holds_bytes
    return ending
