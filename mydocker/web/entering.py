"""Between the dashboard and a run's host: where a browser without a grant is sent, and how it
gets one.
"""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from mydocker import steady
from mydocker.domain.environments import Status
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.services import entries
from mydocker.services.catalogue import by_id, may_start
from mydocker.store import pages, runs
from mydocker.store.pages import HostGlance, Visitor
from mydocker.web import ways
from mydocker.web.alone import alone
from mydocker.web.placing import is_placed_soon
from mydocker.web.rendering import render
from mydocker.web.responses import leave_quietly, see_other
from mydocker.web.visitors import signed_in
from mydocker.web.workspace_page import LAYOUTS, Target, read
from mydocker.web.workspaces import local_path

GRANT_COOKIE = "__Host-mydocker_grant"
NOT_YET_SECONDS = 2


@require_safe
def enter(request: HttpRequest) -> HttpResponse:
    """On a run's host: a ticket becomes the cookie that the gateway knows, and the way goes on.

    The answer's `Location` is a path, never another host.
    """
    host = request.get_host().partition(":")[0].lower()
    entered = entries.enter(request.GET.get("ticket", ""), host, steady.now())
    path = "/" + entered.path.lstrip("/")
    response = leave_quietly(path) if is_placed_soon(entered.digest) else _not_yet(path)
    response.set_cookie(GRANT_COOKIE, entered.cookie, secure=True, httponly=True, samesite="Lax")
    return response


def _not_yet(path: str) -> HttpResponse:
    """The gateway is slow to open: the page comes back by itself."""
    response = alone(
        gettext("The gateway is still opening"),
        gettext(
            "Your workspace runs; the way to it opens in a moment. This page goes there by itself."
        ),
        href=path,
        action=gettext("Go there now"),
        status=503,
    )
    response.headers["Refresh"] = f"{NOT_YET_SECONDS}; url={path}"
    response.headers["Retry-After"] = str(NOT_YET_SECONDS)
    return response


@require_safe
@signed_in
def go(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Where the gateway sends a navigation to a run's host that may not pass: in, if it is the
    visitor's; else to what can be done.
    """
    host = request.GET.get("host", "").partition(":")[0].lower()
    path = local_path(request.GET.get("to", "/"))
    found = pages.host(host)
    if found is None:
        raise Refusal(
            Kind.NOT_FOUND, "unknown_host", _("This address leads to no workspace."),
            _("It may have been copied in part. Open the workspace from your dashboard."),
        )  # fmt: skip
    if found.person != visitor.person.id:
        return _not_yours(request, visitor, found)
    return _in(visitor, found, path) or _waiting(request, visitor, found, path)


def _in(visitor: Visitor, found: HostGlance, path: str) -> HttpResponse | None:
    """Straight into the live run, on its own host for the same port."""
    run = runs.live_of(found.workspace)
    host = run.hosts.get(found.port) if run else None
    if host is None:
        return None
    try:
        return leave_quietly(ways.ticket_to(visitor, found.workspace, host, path))
    except Refusal:
        return None


def _waiting(request: HttpRequest, visitor: Visitor, found: HostGlance, path: str) -> HttpResponse:
    target = Target(host=found.host, path=path)
    page = read(found.workspace, visitor, target, steady.now())
    if page is None:
        return see_other("/")
    if LAYOUTS[page.card.state] == "starting":
        return see_other(f"/workspaces/{found.workspace}{target.query()}")
    return render(request, "entering/stopped.html", {"page": page})


def _not_yours(request: HttpRequest, visitor: Visitor, found: HostGlance) -> HttpResponse:
    environment = by_id(found.environment)
    is_listed = environment.definition.status is Status.READY
    may_have_own = is_listed and may_start(
        visitor.person, environment.definition, environment.row.id
    )
    context = {
        "who": visitor.person.display_name,
        "join_code": environment.row.join_code if may_have_own else "",
        "back": "/go?" + urlencode({"host": found.host, "to": request.GET.get("to", "/")}),
        "reference": request.META.get("mydocker.reference", ""),
        "support": settings.MYDOCKER.support,
    }
    return render(request, "entering/not_yours.html", context, status=403)
