"""Environments: listed, defined, deleted."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext
from ninja import Path, Query, Router

from mydocker import steady
from mydocker.api.auth import person_of
from mydocker.api.noes import ALWAYS, CHANGES, DEFINES, EMPTY, UNKNOWN
from mydocker.api.shapes import (
    Applied,
    EnvironmentShown,
    Items,
    PartOfEnvironments,
    Slug,
    Statistics,
)
from mydocker.api.workspaces import language
from mydocker.domain.environments import Mistake, warnings_of
from mydocker.domain.environments.reading import KEYS
from mydocker.domain.people import Person
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.scopes import Scope
from mydocker.domain.words import gettext_noop as _
from mydocker.services import environments as service
from mydocker.services import statistics
from mydocker.services.definitions import read_definition, write_definition
from mydocker.services.environments import Known

router = Router(tags=["environments"])

_YAML = "application/yaml"
_SHAPE: dict[str, Any] = {
    "type": "object",
    "required": ["title", "image"],
    "properties": {key: {} for key in KEYS},
    "additionalProperties": False,
}
_EXAMPLE = {
    "title": {"en": "JupyterLab and Python", "fr": "JupyterLab et Python"},
    "image": "mydocker/jupyterlab-python",
    "ports": [{"number": 8888}],
    "interfaces": [{"key": "lab", "title": "JupyterLab", "link": "https://{{HOST['8888']}}/lab"}],
}
_CONTENT = {"schema": _SHAPE, "example": _EXAMPLE}
_TAKEN = {
    "requestBody": {
        "description": "See the reference of definitions.",
        "required": True,
        "content": {_YAML: _CONTENT, "text/yaml": _CONTENT, "application/json": _CONTENT},
    }
}
_GIVEN = {
    "responses": {
        200: {
            "description": "The definition, as it is applied.",
            "content": {_YAML: _CONTENT, "application/json": _CONTENT},
        }
    }
}


@router.get("/environments", response={200: Items[EnvironmentShown], **ALWAYS})
def list_environments(request: HttpRequest, part: Query[PartOfEnvironments]) -> HttpResponse:
    """List, by slug, what you may start from the catalogue, or what you may edit.

    Needs the scope `environments:read`.
    """
    person = person_of(request, Scope.READ_ENVIRONMENTS)
    editable = _editable(person)
    found = editable if part.which == "editable" else service.catalogue(person)
    rest = [each for each in found if each.row.slug > (part.after or "")]
    page = rest[: part.limit]
    edited = {each.row.id for each in editable}
    items = [_shown(each, is_editable=each.row.id in edited) for each in page]
    following = page[-1].row.slug if len(rest) > len(page) else None
    return JsonResponse({"items": items, "next": following})


@router.get("/environments/{slug}", response={200: EnvironmentShown, **UNKNOWN, 409: ALWAYS[403]})
def look_at_environment(request: HttpRequest, slug: Path[Slug]) -> HttpResponse:
    """Look at an environment that you may start or edit. Needs `environments:read`."""
    person = person_of(request, Scope.READ_ENVIRONMENTS)
    found = service.by_slug(slug)
    is_editable = _is_editable(person, slug)
    if not is_editable:
        service.admitted(person, found)
    return JsonResponse(_shown(found, is_editable=is_editable))


@router.put(
    "/environments/{slug}",
    response={200: Applied, 201: Applied, **DEFINES},
    openapi_extra=_TAKEN,
)
def apply_environment(request: HttpRequest, slug: Path[Slug]) -> HttpResponse:
    """Create or change an environment from its definition, in YAML or JSON; for its maintainers.

    Applying the same definition twice changes nothing. All mistakes are told at once, each with
    its line. Needs `environments:write`.
    """
    person = person_of(request, Scope.WRITE_ENVIRONMENTS)
    definition = read_definition(request.body.decode("utf-8"), slug=slug)
    if definition.slug != slug:
        raise Refusal(
            Kind.INVALID, "other_slug",
            _("The definition's slug is “%(slug)s”, the address's is not."),
            _("Leave the slug out, or send it to /environments/%(slug)s."), slug=definition.slug,
        )  # fmt: skip
    known, changed = service.apply(person, definition, steady.now())
    body = {
        "environment": _shown(known, is_editable=True),
        "changed": changed,
        "warnings": _warnings(warnings_of(known.definition)),
    }
    return JsonResponse(body, status=201 if changed and known.row.revision == 1 else 200)


@router.get("/environments/{slug}/definition", response=dict(UNKNOWN), openapi_extra=_GIVEN)
def definition_of_environment(request: HttpRequest, slug: Path[Slug]) -> HttpResponse:
    """Get the definition as YAML, or as JSON where that is what `Accept` prefers; for maintainers.

    Needs `environments:read`.
    """
    person = person_of(request, Scope.READ_ENVIRONMENTS)
    tree = service.for_editing(person, slug).row.definition
    if request.get_preferred_type([_YAML, "text/yaml", "application/json"]) == "application/json":
        return JsonResponse(tree)
    return HttpResponse(write_definition(tree), content_type=f"{_YAML}; charset=utf-8")


@router.get("/environments/{slug}/statistics", response={200: Statistics, **UNKNOWN})
def statistics_of_environment(request: HttpRequest, slug: Path[Slug]) -> HttpResponse:
    """Count the environment's spares and workspaces, now and over the last day; for maintainers.

    Needs `environments:read`.
    """
    person = person_of(request, Scope.READ_ENVIRONMENTS)
    found = service.for_editing(person, slug)
    return JsonResponse(statistics.as_json(statistics.of_environment(found.row.id, steady.now())))


@router.delete("/environments/{slug}", response={**EMPTY, **CHANGES})
def delete_environment(request: HttpRequest, slug: Path[Slug]) -> HttpResponse:
    """Delete an environment that nobody ever used; others are archived by their status.

    Needs `environments:write`.
    """
    service.delete(person_of(request, Scope.WRITE_ENVIRONMENTS), slug, steady.now())
    return HttpResponse(status=204)


def _shown(known: Known, *, is_editable: bool) -> dict[str, Any]:
    definition, code = known.definition, known.row.join_code
    base = settings.MYDOCKER.url.rstrip("/")
    return {
        "slug": definition.slug,
        "title": definition.title.in_language(language()),
        "description": definition.description.in_language(language()),
        "status": definition.status.value,
        "courses": definition.courses,
        "tags": definition.tags,
        "software": definition.software,
        "interfaces": [each.title.in_language(language()) for each in definition.interfaces],
        "join_url": f"{base}/join/{code}" if is_editable else None,
    }


def _editable(person: Person) -> Sequence[Known]:
    return service.editable(person)


def _is_editable(person: Person, slug: str) -> bool:
    try:
        service.for_editing(person, slug)
    except Refusal:
        return False
    return True


def _warnings(found: Sequence[Mistake]) -> list[dict[str, object]]:
    return [
        {"line": 0, "place": each.place, "message": message, "hint": hint}
        for each in found
        for message, hint in [each.told(gettext)]
    ]
