"""Builds of images: asked for, listed, looked at, cancelled. Their logs are streams."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Path, Query, Router

from mydocker import steady
from mydocker.api.auth import person_of
from mydocker.api.image_shapes import BuildAsked, BuildLineShown, BuildShown, Number, PartOfBuilds
from mydocker.api.noes import CHANGES, DEFINES, UNKNOWN
from mydocker.api.shapes import Items, Slug
from mydocker.domain.scopes import Scope
from mydocker.services import images as service
from mydocker.services.answers import fill
from mydocker.services.summaries import iso
from mydocker.store.builds import BuildLine, BuildRow

router = Router(tags=["images"])


@router.post("/images/{image}/builds", response={201: BuildShown, **DEFINES})
def build_image(
    request: HttpRequest, image: Path[Slug], asked: BuildAsked | None = None
) -> HttpResponse:
    """Ask for a build of the image as it is now; for those who may edit it.

    It waits for its turn; an image is built once at a time. A recipe that is bound to fail is
    refused, with all its mistakes. Needs the scope `images:write`.
    """
    person = person_of(request, Scope.WRITE_IMAGES)
    asked = asked or BuildAsked()
    row = service.ask_build(person, image, steady.now(), use_cache=asked.use_cache)
    return JsonResponse(as_json(row), status=201)


@router.get("/images/{image}/builds", response={200: Items[BuildLineShown], **UNKNOWN})
def list_builds(
    request: HttpRequest, image: Path[Slug], part: Query[PartOfBuilds]
) -> HttpResponse:  # fmt: skip
    """List the builds of an image, newest first. Needs `images:read`."""
    person = person_of(request, Scope.READ_IMAGES)
    # The service gives no more than `MOST_BUILDS` at once.
    page = service.builds(person, image, before=part.after, limit=part.limit)
    more = page and service.builds(person, image, before=page[-1].number, limit=1)
    following = str(page[-1].number) if more else None
    return JsonResponse({"items": [line_as_json(row) for row in page], "next": following})


@router.get("/images/{image}/builds/{number}", response={200: BuildShown, **UNKNOWN})
def look_at_build(
    request: HttpRequest, image: Path[Slug], number: Path[Number]
) -> HttpResponse:  # fmt: skip
    """Look at a build: what was built, how far it is, what came of it. Needs `images:read`."""
    person = person_of(request, Scope.READ_IMAGES)
    return JsonResponse(as_json(service.build(person, image, number)))


@router.post("/images/{image}/builds/{number}/cancel", response={200: BuildShown, **CHANGES})
def cancel_build(request: HttpRequest, image: Path[Slug], number: Path[Number]) -> HttpResponse:
    """Cancel a build: one that waits is over at once, one under way as soon as it can be ended.

    Cancelling what is cancelled is fine. Needs `images:write`.
    """
    person = person_of(request, Scope.WRITE_IMAGES)
    return JsonResponse(as_json(service.cancel_build(person, image, number, steady.now())))


def as_json(row: BuildRow) -> dict[str, Any]:
    """Return all of a build, in the active language."""
    return line_as_json(row) | {
        "recipe": dict(row.recipe),
        "dockerfile": row.dockerfile,
        "files": [each._asdict() for each in row.files],
        "layers": [each._asdict() for each in row.layers],
        "packages": [each._asdict() for each in row.packages],
    }


def line_as_json(row: BuildLine) -> dict[str, Any]:
    """Return a build as lists show it, in the active language."""
    return {
        "number": row.number,
        "state": row.state.value,
        "asked_at": iso(row.asked_at),
        "began_at": _moment(row.began_at),
        "ended_at": _moment(row.ended_at),
        "use_cache": row.use_cache,
        "cancel_asked": row.cancel_asked,
        "step": row.step,
        "steps": row.steps,
        "reference": row.reference or None,
        "size_bytes": row.size_bytes,
        "is_collected": row.collected_at is not None,
        "failure": _failure(row),
    }


def _moment(at: datetime | None) -> str | None:
    return iso(at) if at else None


def _failure(row: BuildLine) -> dict[str, object] | None:
    if not row.failure:
        return None
    told = row.failure
    facts: Any = told.get("facts") or {}
    return {
        "why": told.get("why"),
        "line": told.get("line"),
        "message": fill(str(told.get("message", "")), facts),
        "hint": fill(str(told.get("hint", "")), facts),
        "said": told.get("said") or "",
    }
