"""For administrators: everything that runs, with stop, and how the machine is doing."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mydocker import steady
from mydocker.domain.runs import Phase
from mydocker.store import pages
from mydocker.store.pages import Visitor
from mydocker.web.machine import look
from mydocker.web.rendering import render
from mydocker.web.visitors import administrators_only

PER_PAGE = 50


@require_safe
@administrators_only
def workspaces(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """All workspaces with a live run."""
    after = request.GET.get("after", "")[:20]
    found = pages.running(PER_PAGE + 1, after)
    shown = found[:PER_PAGE]
    phases = pages.live_by_phase()
    context = {
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
