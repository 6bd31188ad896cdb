"""The spares of an environment in words: what stands by, what is wanted and why, what lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext, ngettext

from mydocker.domain.environments import Environment
from mydocker.domain.spares import Limits, NotAhead, eligibility, next_excess
from mydocker.domain.spares.demand import TOLD as WHY_TOLD
from mydocker.domain.spares.demand import Why
from mydocker.domain.words import gettext_noop as _
from mydocker.services.statistics import Figures, told_shortage
from mydocker.store.statistics import Census, Decision, Slept
from mydocker.web import days, machine, timetables
from mydocker.web.amounts import duration_text, size_text
from mydocker.web.days import Shown
from mydocker.web.templatetags.mydocker import when_text

TOO_FEW: tuple[str, str] = (
    _("%(when)s, %(wanted)s spares are wanted, and all memory holds %(possible)s at best."),
    _("One takes %(memory)s. Those who find none start cold: expect fewer, or ask for memory."),
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The spares of an environment; `message` and `hint` say why it can have none."""

    census: Census
    wanted: int
    why: str
    warnings: Sequence[tuple[str, str]]
    """What stands in the way, and what to do about it."""
    lines: Sequence[tuple[str, str]]
    sessions: Sequence[tuple[str, str]]
    more_sessions: int
    next_change: str
    sleepers: str
    queue: str
    day: Shown
    message: str = ""
    hint: str = ""


def shelf_of(definition: Environment, figures: Figures, now: datetime) -> Shelf:
    """What the page of an environment tells of its spares and its last day."""
    way, decision = eligibility(definition), figures.decision
    message, hint = way.told(gettext) if isinstance(way, NotAhead) else ("", "")
    return Shelf(
        census=figures.census,
        wanted=decision.wanted,
        why=why_told(decision),
        warnings=[] if message else list(_warnings(definition, decision, now)),
        lines=timetables.lines_of(definition),
        sessions=timetables.sessions_of(definition, now),
        more_sessions=timetables.more_sessions(definition, now),
        next_change="" if message else timetables.next_change_of(definition, now),
        sleepers=memory_told(figures.slept),
        queue=queue_told(figures.census, now),
        day=days.shown(figures.day, now),
        message=message,
        hint=hint,
    )


def why_told(decision: Decision) -> str:
    """Where the number of wanted spares comes from."""
    return gettext(WHY_TOLD[Why(decision.why)]) % {"asked": decision.asked}


def memory_told(slept: Slept) -> str:
    """What sleepers take; empty where nothing is known."""
    if not slept.resident_bytes and not slept.swapped_bytes:
        return ""
    if not slept.swapped_bytes:
        return gettext("%(memory)s of memory") % {"memory": size_text(slept.resident_bytes)}
    return gettext("%(memory)s of memory, %(swap)s in swap") % {
        "memory": size_text(slept.resident_bytes),
        "swap": size_text(slept.swapped_bytes),
    }


def queue_told(census: Census, now: datetime) -> str:
    """How long the first has waited; empty where nobody waits."""
    if census.waits_since is None:
        return ""
    time = duration_text(now - census.waits_since)
    return ngettext("for %(time)s", "the longest for %(time)s", census.waiting) % {"time": time}


def _warnings(definition: Environment, decision: Decision, now: datetime) -> list[tuple[str, str]]:
    found = []
    if told := told_shortage(decision):
        found.append(told)
    if decision.asked > decision.wanted:
        found.append(
            (
                gettext("%(asked)s spares are asked for, and the definition allows %(most)s.")
                % {"asked": decision.asked, "most": definition.spares.most},
                gettext("Write a larger number for most under spares."),
            )
        )
    if decision.spare_bytes and not decision.short:
        found += _foreseen(definition, decision.spare_bytes, now)
    return found


def _foreseen(definition: Environment, spare_bytes: int, now: datetime) -> list[tuple[str, str]]:
    """Whether calendars will ask for more than the machine could ever hold."""
    total = machine.look(settings.MYDOCKER.data).memory_total
    possible = int(total * (1 - Limits().kept_free) / spare_bytes)
    excess = next_excess(definition.spares, definition.sessions, possible, now)
    if excess is None:
        return []
    at, wanted = excess
    message, hint = (gettext(each) for each in TOO_FEW)
    told = {
        "when": when_text(at, now), "wanted": wanted, "possible": possible,
        "memory": size_text(spare_bytes),
    }  # fmt: skip
    text = message % told
    return [(text[:1].upper() + text[1:], hint % told)]
