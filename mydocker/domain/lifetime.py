"""When a run ends by itself: idle for too long, or there for too long. And how it is put off."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mydocker.domain.environments.values import Lifetime
from mydocker.domain.failures import Cause, Reason
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _

EXTENSION = timedelta(hours=1)
"""What one click adds."""
MOST_EXTENSIONS = 12
"""How far beyond its absolute limit a run can be extended, in extensions."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing to do before `until`; None: nothing ever, unless something changes."""

    until: datetime | None
    stops_at: datetime | None
    """When it ends if nothing happens until then."""


@dataclass(frozen=True, slots=True)
class Warn:
    """The person has to know that it ends at `stops_at`, and why."""

    stops_at: datetime
    why: Cause


@dataclass(frozen=True, slots=True)
class Stop:
    """Its time is over."""

    reason: Reason


Verdict = Keep | Warn | Stop


def judge_idleness(
    lifetime: Lifetime,
    ready_at: datetime,
    last_interaction: datetime | None,
    last_work: datetime | None,
    extended_until: datetime | None,
    now: datetime,
) -> Verdict:
    """Say whether a ready run goes on, is about to end, or ends.

    Quiet counts from the last interaction or work, or from when it was ready; the absolute limit
    from when it was ready. Neither ends it before `extended_until`. Times that lie in the future
    count as now. Repeatable; depends on nothing else.
    """
    ends = _ends(lifetime, ready_at, last_interaction, last_work, now)
    if not ends:
        return Keep(None, None)
    end, why = min(ends)
    if extended_until is not None:
        end = max(end, extended_until)
    if now >= end:
        return Stop(_reason(why, lifetime))
    if now >= end - lifetime.warning:
        return Warn(end, why)
    return Keep(end - lifetime.warning, end)


def _ends(
    lifetime: Lifetime,
    ready_at: datetime,
    last_interaction: datetime | None,
    last_work: datetime | None,
    now: datetime,
) -> list[tuple[datetime, Cause]]:
    ends: list[tuple[datetime, Cause]] = []
    began = min(ready_at, now)
    if lifetime.idle is not None:
        signs = [began, *(sign for sign in (last_interaction, last_work) if sign is not None)]
        ends.append((min(max(signs), now) + lifetime.idle, Cause.IDLE))
    if lifetime.absolute is not None:
        ends.append((began + lifetime.absolute, Cause.TIME_UP))
    return ends


def _reason(why: Cause, lifetime: Lifetime) -> Reason:
    if why is Cause.IDLE and lifetime.idle is not None:
        return Reason(why, {"minutes": _number(lifetime.idle, timedelta(minutes=1))})
    absolute = lifetime.absolute or timedelta(0)
    return Reason(why, {"hours": _number(absolute, timedelta(hours=1))})


def _number(duration: timedelta, unit: timedelta) -> str:
    """Write a duration as a number of units, with one decimal where that is needed."""
    return f"{duration / unit:.1f}".removesuffix(".0")


def extended(
    lifetime: Lifetime, ready_at: datetime, stops_at: datetime | None, now: datetime
) -> datetime:
    """Return until when a run lives at least after one more click on *extend*.

    One extension from when it would stop; the absolute limit can be passed by `MOST_EXTENSIONS`
    of them, and what is nearer than a minute to that counts as reached: raises `Refusal`.
    """
    until = max(now, stops_at or now) + EXTENSION
    if lifetime.absolute is None:
        return until
    last = ready_at + lifetime.absolute + MOST_EXTENSIONS * EXTENSION
    if stops_at is not None and last - stops_at < timedelta(minutes=1):
        raise Refusal(
            Kind.TOO_MANY,
            "extended_enough",
            _("This workspace cannot be extended any further."),
            _("When it stops, your files stay; start it again and its time begins anew."),
        )
    return min(until, last)
