"""Workspaces: asked for, looked at, stopped, opened."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import get_language
from ninja import Path, Query, Router

from mydocker import steady
from mydocker.api.auth import caller_of
from mydocker.api.noes import ALWAYS, CHANGES, EMPTY, UNKNOWN
from mydocker.api.shapes import Asked, Id, Items, Part, Ticket, TicketAsked, Workspace
from mydocker.domain.addresses import read_user_redirect
from mydocker.domain.scopes import Scope, allows
from mydocker.services import entries, summaries
from mydocker.services import workspaces as service
from mydocker.services.callers import Caller
from mydocker.services.entries import Site

router = Router(tags=["workspaces"])


@router.post("/workspaces", response={200: Workspace, 201: Workspace, **CHANGES})
def ask_for_workspace(request: HttpRequest, asked: Asked) -> HttpResponse:
    """Want your workspace in an environment to run.

    201 where it did not exist before; else 200, and where it was stopped or had failed, it starts.
    Repeatable. Needs the scope `workspaces:write`.
    """
    caller = _caller(request, Scope.WRITE_WORKSPACES)
    done = service.ask(caller.person, asked.environment, steady.now())
    return _shown(caller, done.workspace, status=201 if done.is_new else 200)


@router.get("/workspaces", response={200: Items[Workspace], **ALWAYS})
def list_workspaces(request: HttpRequest, part: Query[Part]) -> HttpResponse:
    """List your workspaces, newest first, without credentials. Needs `workspaces:read`."""
    caller = _caller(request, Scope.READ_WORKSPACES)
    page = summaries.of_person(caller.person, after=part.after or "", limit=part.limit)
    items = [summaries.as_json(each, language()) for each in page.items]
    return JsonResponse({"items": items, "next": page.next})


@router.get("/workspaces/{workspace}", response={200: Workspace, **UNKNOWN})
def look_at_workspace(request: HttpRequest, workspace: Path[Id]) -> HttpResponse:
    """Look at a workspace. Needs `workspaces:read`; administrators see everybody's."""
    return _shown(_caller(request, Scope.READ_WORKSPACES), workspace)


@router.post("/workspaces/{workspace}/stop", response={200: Workspace, **CHANGES})
def stop_workspace(request: HttpRequest, workspace: Path[Id]) -> HttpResponse:
    """Stop it; files stay. Stopping what is stopped is fine. Needs `workspaces:write`."""
    caller = _caller(request, Scope.WRITE_WORKSPACES)
    service.stop_own(caller.person, workspace, steady.now())
    return _shown(caller, workspace)


@router.post("/workspaces/{workspace}/restart", response={200: Workspace, **CHANGES})
def restart_workspace(request: HttpRequest, workspace: Path[Id]) -> HttpResponse:
    """Put a new container in its place; files stay. Needs `workspaces:write`."""
    caller = _caller(request, Scope.WRITE_WORKSPACES)
    service.restart(caller.person, workspace, steady.now())
    return _shown(caller, workspace)


@router.post("/workspaces/{workspace}/reset", response={200: Workspace, **CHANGES})
def reset_workspace(request: HttpRequest, workspace: Path[Id]) -> HttpResponse:
    """Begin anew: a new container and an empty environment home; the former is kept 30 days.

    Needs `workspaces:write`.
    """
    caller = _caller(request, Scope.WRITE_WORKSPACES)
    service.reset(caller.person, workspace, steady.now())
    return _shown(caller, workspace)


@router.post("/workspaces/{workspace}/extend", response={200: Workspace, **CHANGES})
def extend_workspace(request: HttpRequest, workspace: Path[Id]) -> HttpResponse:
    """Put the end of a running workspace off by an hour. Needs `workspaces:write`."""
    caller = _caller(request, Scope.WRITE_WORKSPACES)
    service.extend(caller.person, workspace, steady.now())
    return _shown(caller, workspace)


@router.post("/workspaces/{workspace}/ticket", response={200: Ticket, **CHANGES})
def ticket_to_workspace(
    request: HttpRequest, workspace: Path[Id], asked: TicketAsked | None = None
) -> HttpResponse:
    """Get an address that lets its bearer into the ready workspace, once, within 60 s.

    It gives a cookie that is good until the run, the token or the login ends. For the owner
    alone. Needs `workspaces:open`.
    """
    caller = _caller(request, Scope.OPEN_WORKSPACES)
    asked = asked or TicketAsked()
    url = entries.open_interface(
        caller.person, workspace, asked.interface or "",
        read_user_redirect((asked.path or "").lstrip("/")),
        caller.holder(), _site(), steady.now(),
    )  # fmt: skip
    return JsonResponse({"url": url})


@router.delete("/workspaces/{workspace}", response={**EMPTY, **CHANGES})
def delete_workspace(request: HttpRequest, workspace: Path[Id]) -> HttpResponse:
    """Delete it: the environment home is kept in the trash for 30 days, the global home stays.

    Needs `workspaces:write`.
    """
    caller = _caller(request, Scope.WRITE_WORKSPACES)
    service.delete(caller.person, workspace, steady.now())
    return HttpResponse(status=204)


def language() -> str:
    """Return the language of this answer."""
    return get_language() or str(settings.LANGUAGE_CODE)


def _caller(request: HttpRequest, scope: Scope) -> Caller:
    caller = caller_of(request)
    caller.need(scope)
    return caller


def _shown(caller: Caller, workspace: str, status: int = 200) -> HttpResponse:
    opens = caller.token is None or allows(caller.token.scopes, Scope.OPEN_WORKSPACES)
    summary = summaries.of_workspace(caller.person, workspace, with_credentials=opens)
    return JsonResponse(summaries.as_json(summary, language()), status=status)


def _site() -> Site:
    ours = settings.MYDOCKER
    port = ours.parsed_url.port
    return Site(ours.scheme, f":{port}" if port else "")
