"""A workspace's page and what can be done from it. Actions are forms; a GET changes nothing."""

from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.views.decorators.http import require_POST, require_safe

from mydocker import steady
from mydocker.domain.addresses import address_within, read_user_redirect, user_redirect
from mydocker.domain.people import Action, Person, may
from mydocker.domain.refusals import Refusal
from mydocker.services import workspaces
from mydocker.services.summaries import unknown_workspace
from mydocker.services.workspaces import Asked
from mydocker.store.pages import Visitor
from mydocker.web import ways
from mydocker.web.notices import with_notice
from mydocker.web.placing import is_ready_soon
from mydocker.web.rendering import render
from mydocker.web.responses import leave_quietly, see_other
from mydocker.web.visitors import safe_next, signed_in
from mydocker.web.workspace_page import Page, Target, read, report_on


@require_safe
@signed_in
def show(request: HttpRequest, visitor: Visitor, workspace: str) -> HttpResponse:
    """The page, in whatever state the workspace is."""
    target = target_of(request.GET)
    return _page(request, visitor, workspace, target)


@require_safe
@signed_in
def open_interface(
    request: HttpRequest, visitor: Visitor, workspace: str, interface: str = "", rest: str = ""
) -> HttpResponse:
    """The lasting link: straight in where it is ready, else the page that says how to get there."""
    redirect = user_redirect(rest, request.META.get("QUERY_STRING", ""))
    try:
        return leave_quietly(ways.ticket(visitor, workspace, interface, redirect))
    except Refusal as refusal:
        if refusal.code != "not_ready":
            raise
    return _page(request, visitor, workspace, Target(redirect=redirect))


def target_of(values: QueryDict) -> Target:
    """Where the click wants to go, from a query or a form; refuses what leads out."""
    if host := values.get("host", ""):
        return Target(host=host[:253].lower(), path=local_path(values.get("path", "/")))
    redirect = values.get("to", "")
    return Target(redirect=read_user_redirect(redirect) if redirect else "")


def local_path(path: str) -> str:
    """A path of some host, that cannot be read as another host; refuses anything else."""
    path = "/" + path.lstrip("/")
    address_within("http", "host", path)
    return path


def _page(request: HttpRequest, visitor: Visitor, workspace: str, target: Target) -> HttpResponse:
    everything = request.GET.get("story") == "all"
    page = read(workspace, visitor, target, steady.now(), everything=everything)
    if page is None or not _may_see(visitor.person, page):
        raise unknown_workspace()
    context = {"page": page, "report": report_on(page)}
    return render(request, "workspaces/workspace.html", context)


def _may_see(person: Person, page: Page) -> bool:
    return page.is_owner or may(person, Action.STOP_OTHERS_WORKSPACE)


Act = Callable[[Person, str, datetime], object]
Ask = Callable[[Person, str, datetime], Asked]


def _action(act: Act, done: str) -> Callable[..., HttpResponse]:
    """A form's view: do it, go back to the page it was on, and say that it is done."""

    @require_POST
    @signed_in
    def view(request: HttpRequest, visitor: Visitor, workspace: str) -> HttpResponse:
        act(visitor.person, workspace, steady.now())
        back = request.POST.get("next", "")
        if back:
            return see_other(with_notice(safe_next(back), done))
        return see_other(with_notice(f"/workspaces/{workspace}", done))

    return view


stop = _action(workspaces.stop_own, "stopped")
extend = _action(workspaces.extend, "extended")


def _start(ask: Ask) -> Callable[..., HttpResponse]:
    """A form's view: wish for a run, then straight in where a spare was claimed, else to the page
    that follows it towards where the click wants to go.
    """

    @require_POST
    @signed_in
    def view(request: HttpRequest, visitor: Visitor, workspace: str) -> HttpResponse:
        target = target_of(request.POST)
        asked = ask(visitor.person, workspace, steady.now())
        way = _into_a_spare(visitor, asked, target) if asked.is_claimed else None
        return leave_quietly(way) if way else see_other(f"/workspaces/{workspace}{target.query()}")

    return view


def _into_a_spare(visitor: Visitor, asked: Asked, target: Target) -> str | None:
    if target.host or not is_ready_soon(asked.workspace):
        return None
    return ways.into_main(visitor, asked.workspace, target.redirect)


start = _start(workspaces.start)
restart = _start(workspaces.restart)
reset = _start(workspaces.reset)


@require_POST
@signed_in
def delete(request: HttpRequest, visitor: Visitor, workspace: str) -> HttpResponse:
    """Delete it; the global home stays."""
    workspaces.delete(visitor.person, workspace, steady.now())
    return see_other(with_notice("/", "deleted"))


@require_POST
@signed_in
def credentials(request: HttpRequest, visitor: Visitor, workspace: str) -> HttpResponse:
    """The run's user name and password, for a script of the page, or as text without one."""
    username, password = workspaces.credentials(visitor.person, workspace, steady.now())
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"username": username, "password": password})
    return HttpResponse(f"{username}\n{password}\n", content_type="text/plain; charset=utf-8")
