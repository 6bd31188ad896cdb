"""How long a start usually takes, from the last starts of an environment; never guessed."""

from datetime import datetime, timedelta

from mydocker.store import runs

FRESH = timedelta(minutes=2)
_KNOWN: dict[str, tuple[datetime, float | None]] = {}


def usual_seconds(environment: str, now: datetime) -> float | None:
    """Median seconds from wish to ready; None before the first start. At most `FRESH` old."""
    found = _KNOWN.get(environment)
    if found is None or not timedelta(0) <= now - found[0] < FRESH:
        found = _KNOWN[environment] = (now, runs.usual_seconds(environment))
    return found[1]


def forget() -> None:
    """Measure anew."""
    _KNOWN.clear()
