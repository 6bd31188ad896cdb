"""How long a start takes: nothing where a spare stands by, else what the last starts of the
environment took, and the wait for its turn where people wait; never guessed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mydocker.services import queue
from mydocker.services.queue import Standing
from mydocker.store import runs
from mydocker.store.pages import Card

FRESH = timedelta(minutes=2)
STOCK_FRESH = timedelta(seconds=2)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Stock:
    """Environments for which a spare stood by at some moment."""

    environments: Collection[str] = ()
    seen_at: datetime = _NEVER


_STOCK = _Stock()
_KNOWN: dict[str, tuple[datetime, float | None]] = {}


def usual_seconds(environment: str, now: datetime) -> float | None:
    """Median seconds from turn to ready; None before the first start. At most `FRESH` old."""
    found = _KNOWN.get(environment)
    if found is None or not timedelta(0) <= now - found[0] < FRESH:
        found = _KNOWN[environment] = (now, runs.usual_seconds(environment))
    return found[1]


def is_ready_at_once(environment: str, now: datetime) -> bool:
    """Whether a spare stands by for whoever clicks now. At most `STOCK_FRESH` old."""
    if not timedelta(0) <= now - _STOCK.seen_at < STOCK_FRESH:
        _STOCK.environments, _STOCK.seen_at = runs.with_spares(), now
    return environment in _STOCK.environments


def standing_of(card: Card, now: datetime) -> Standing | None:
    """The place of a workspace in the queue; None where it does not wait."""
    if card.run is None:
        return None
    return queue.standing(card.run.id, usual_seconds(card.environment, now), now)


def wait_of(environment: str, now: datetime) -> Standing | None:
    """What whoever asks now would find; None where they would wait for nobody, or get a spare."""
    if is_ready_at_once(environment, now):
        return None
    found = queue.ahead(usual_seconds(environment, now), now)
    return found if found.place > 1 else None


def forget() -> None:
    """Measure anew."""
    queue.forget()
    _KNOWN.clear()
    _STOCK.seen_at = _NEVER
