"""How long a start takes: nothing where a spare stands by, else what the last starts of the
environment took; never guessed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mydocker.store import runs

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
    """Median seconds from wish to ready; None before the first start. At most `FRESH` old."""
    found = _KNOWN.get(environment)
    if found is None or not timedelta(0) <= now - found[0] < FRESH:
        found = _KNOWN[environment] = (now, runs.usual_seconds(environment))
    return found[1]


def is_ready_at_once(environment: str, now: datetime) -> bool:
    """Whether a spare stands by for whoever clicks now. At most `STOCK_FRESH` old."""
    if not timedelta(0) <= now - _STOCK.seen_at < STOCK_FRESH:
        _STOCK.environments, _STOCK.seen_at = runs.with_spares(), now
    return environment in _STOCK.environments


def forget() -> None:
    """Measure anew."""
    _KNOWN.clear()
    _STOCK.seen_at = _NEVER
