"""The caller, their tokens, and what administrators do."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Path, Query, Router

from mydocker import steady
from mydocker.api.auth import caller_of
from mydocker.api.noes import ALWAYS, EMPTY, UNKNOWN
from mydocker.api.shapes import (
    Id,
    Items,
    Me,
    OwnedWorkspace,
    Part,
    PersonState,
    TokenAsked,
    TokenMade,
    TokenShown,
)
from mydocker.api.workspaces import language
from mydocker.domain.people import Action, may
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.services import people as service
from mydocker.services import summaries
from mydocker.services.callers import Caller
from mydocker.services.summaries import iso
from mydocker.store import access
from mydocker.store import people as stored
from mydocker.store import summaries as lists
from mydocker.store.access import TokenRow

router = Router()


@router.get("/me", response={200: Me, **ALWAYS}, tags=["people"])
def me(request: HttpRequest) -> HttpResponse:
    """Tell whom the service takes you for, and what your token covers."""
    caller = caller_of(request)
    person = caller.person
    return JsonResponse(
        {
            "id": person.id,
            "name": person.display_name,
            "mail": person.mail,
            "role": person.role.value,
            "scopes": list(caller.token.scopes) if caller.token else None,
        }
    )


@router.get("/tokens", response={200: Items[TokenShown], **ALWAYS}, tags=["people"])
def list_tokens(request: HttpRequest, part: Query[Part]) -> HttpResponse:
    """List your tokens that are not revoked, newest first, without their secrets."""
    caller = _unlimited(request)
    rows = lists.tokens_of(caller.person, after=part.after or "", limit=part.limit + 1)
    page = rows[: part.limit]
    following = page[-1].id if len(rows) > len(page) else None
    return JsonResponse({"items": [_token(row) for row in page], "next": following})


@router.post("/tokens", response={201: TokenMade, **ALWAYS}, tags=["people"])
def create_token(request: HttpRequest, asked: TokenAsked) -> HttpResponse:
    """Make a token. Its secret is in this answer and never again.

    A token without scopes may make others, none of which outlives it.
    """
    caller, now = _unlimited(request), steady.now()
    lifetime = timedelta(seconds=asked.expires_in) if asked.expires_in else None
    if caller.token and caller.token.expires_at:
        left = caller.token.expires_at - now
        lifetime = min(lifetime, left) if lifetime else left
    secret = service.create_token(caller.person, asked.title, asked.scopes, now, lifetime)
    made = access.token_of(secret, now)
    shown = _token(made) if made else {}
    return JsonResponse({**shown, "token": secret}, status=201)


@router.delete("/tokens/{token}", response={**EMPTY, **UNKNOWN}, tags=["people"])
def revoke_token(request: HttpRequest, token: Path[Id]) -> HttpResponse:
    """Revoke one of your tokens; what it opened is closed within a second."""
    if not service.revoke_token(_unlimited(request).person, token, steady.now()):
        raise Refusal(
            Kind.NOT_FOUND, "unknown_token", _("You have no such token."),
            _("It may have been revoked already."),
        )  # fmt: skip
    return HttpResponse(status=204)


@router.get(
    "/admin/workspaces", response={200: Items[OwnedWorkspace], **ALWAYS}, tags=["administration"]
)
def list_all_workspaces(request: HttpRequest, part: Query[Part]) -> HttpResponse:
    """List everybody's workspaces that run or are wanted to, newest first."""
    person = _unlimited(request).person
    page = summaries.in_use(person, after=part.after or "", limit=part.limit)
    items = [
        summaries.as_json(each, language())
        | {
            "person": {
                "id": each.owner.id,
                "name": each.owner.display_name,
                "mail": each.owner.mail,
            }
        }
        for each in page.items
    ]
    return JsonResponse({"items": items, "next": page.next})


@router.post(
    "/admin/people/{person}/enable", response={200: PersonState, **UNKNOWN}, tags=["administration"]
)
def enable_person(request: HttpRequest, person: Path[Id]) -> HttpResponse:
    """Let a person in again."""
    return _set_enabled(request, person, enabled=True)


@router.post(
    "/admin/people/{person}/disable",
    response={200: PersonState, **UNKNOWN, 409: ALWAYS[403]},
    tags=["administration"],
)
def disable_person(request: HttpRequest, person: Path[Id]) -> HttpResponse:
    """Keep a person out: ends their logins, tokens and workspaces at once; files stay."""
    return _set_enabled(request, person, enabled=False)


def _set_enabled(request: HttpRequest, person: str, *, enabled: bool) -> HttpResponse:
    caller = _unlimited(request)
    if not may(caller.person, Action.ADMINISTER):
        raise summaries.not_administrator()
    if person == caller.person.id:
        raise Refusal(
            Kind.CONFLICT, "yourself", _("You cannot do this to your own account."),
            _("Ask another administrator."),
        )  # fmt: skip
    if stored.find(person) is None:
        raise Refusal(
            Kind.NOT_FOUND, "unknown_person", _("There is nobody with the id “%(id)s”."),
            _("The list of workspaces shows the ids of people."), id=person,
        )  # fmt: skip
    service.set_enabled(person, enabled, steady.now())
    return JsonResponse({"id": person, "enabled": enabled})


def _unlimited(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    if not caller.is_unlimited:
        raise Refusal(
            Kind.FORBIDDEN, "scope_missing", _("This needs a token without scopes, or a login."),
            _("Make a token without scopes."),
        )  # fmt: skip
    return caller


def _token(row: TokenRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "scopes": list(row.scopes),
        "created_at": iso(row.created_at),
        "expires_at": iso(row.expires_at) if row.expires_at else None,
    }
