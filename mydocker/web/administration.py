"""For administrators: everything that runs, with stop; spares, sleepers and the last day; and how
the machine is doing.
"""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mydocker import steady
from mydocker.domain.environments import Text
from mydocker.domain.runs import Phase
from mydocker.services import statistics
from mydocker.services.statistics import Line
from mydocker.store import pages
from mydocker.store.pages import Visitor
from mydocker.web import days, shelves
from mydocker.web.machine import look
from mydocker.web.rendering import render
from mydocker.web.visitors import administrators_only

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """An environment in the list of spares."""

    line: Line
    title: Text
    why: str
    message: str
    hint: str


@require_safe
@administrators_only
def workspaces(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """All workspaces with a live run."""
    after = request.GET.get("after", "")[:20]
    found = pages.running(PER_PAGE + 1, after)
    shown = found[:PER_PAGE]
    phases = pages.live_by_phase()
    context = {
        "here": "workspaces",
        "now": steady.now(),
        "inside": shown,
        "next_page": shown[-1].card.id if len(found) > PER_PAGE else "",
        "is_first": not after,
        "ready": phases.get(Phase.READY, 0),
        "starting": phases.get(Phase.STARTING, 0) + phases.get(Phase.ANSWERING, 0),
        "waiting": phases.get(Phase.NEW, 0),
        "stopping": phases.get(Phase.STOPPING, 0),
        "total": sum(phases.values()),
        "machine": look(settings.MYDOCKER.data),
    }
    return render(request, "administration/workspaces.html", context)


@require_safe
@administrators_only
def spares(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What stands by, sleeps and waits, in all and by environment, and the last day."""
    after, now = request.GET.get("after", "")[:80], steady.now()
    found = statistics.overview(visitor.person, now, after=after, limit=PER_PAGE)
    context = {
        "here": "spares",
        "now": now,
        "total": found.total,
        "wanted": found.wanted,
        "memory": shelves.memory_told(found.slept),
        "queue": shelves.queue_told(found.total, now),
        "day": days.shown(found.day, now),
        "shortages": [_row(line) for line in found.shortages],
        "rows": [_row(line) for line in found.lines],
        "next_page": found.next,
        "is_first": not after,
        "machine": look(settings.MYDOCKER.data),
    }
    return render(request, "administration/spares.html", context)


def _row(line: Line) -> Row:
    title = Text(line.named.title_en, line.named.title_fr)
    message, hint = statistics.told_shortage(line.decision) or ("", "")
    why = shelves.why_told(line.decision) if line.decision.wanted else ""
    return Row(line, title, why, message, hint)
