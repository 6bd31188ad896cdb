"""Images: listed, made, changed, shared, deleted. See `image_files.py` and `image_builds.py`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext
from ninja import Path, Query, Router

from mydocker import steady
from mydocker.api.auth import person_of
from mydocker.api.image_builds import line_as_json
from mydocker.api.image_shapes import (
    ImageAsked,
    ImageChanged,
    ImageLineShown,
    ImageShown,
    PartOfImages,
    Shares,
)
from mydocker.api.noes import ALWAYS, CHANGES, DEFINES, EMPTY, UNKNOWN
from mydocker.api.shapes import Items, Slug
from mydocker.domain.environments import Mistakes
from mydocker.domain.people import Person
from mydocker.domain.recipes import GitRepository, Recipe, faults, kind_of, read_recipe
from mydocker.domain.scopes import Scope
from mydocker.services import images as service
from mydocker.services.definitions import BadDefinition
from mydocker.services.images import ImageLine, KnownImage
from mydocker.services.summaries import iso

router = Router(tags=["images"])


@router.get("/images", response={200: Items[ImageLineShown], **ALWAYS})
def list_images(request: HttpRequest, part: Query[PartOfImages]) -> HttpResponse:
    """List, by slug, the images that you may see. Needs the scope `images:read`."""
    person = person_of(request, Scope.READ_IMAGES)
    after, limit = part.after or "", part.limit
    found = service.visible(person, words=part.words, after=after, limit=limit + 1)
    page = found[:limit]
    following = page[-1].row.slug if len(found) > len(page) else None
    return JsonResponse({"items": [_line(each) for each in page], "next": following})


@router.post("/images", response={201: ImageShown, **DEFINES})
def create_image(request: HttpRequest, asked: ImageAsked) -> HttpResponse:
    """Make an image; for teachers. Nothing is built yet. Needs `images:write`."""
    person = person_of(request, Scope.WRITE_IMAGES)
    known = service.create(
        person, asked.title, _recipe(asked.recipe), steady.now(), slug=asked.slug or ""
    )
    return JsonResponse(_shown(person, known), status=201)


@router.get("/images/{image}", response={200: ImageShown, **UNKNOWN})
def look_at_image(request: HttpRequest, image: Path[Slug]) -> HttpResponse:
    """Look at an image that you may see. Needs `images:read`."""
    person = person_of(request, Scope.READ_IMAGES)
    return JsonResponse(_shown(person, service.for_viewing(person, image)))


@router.put("/images/{image}", response={200: ImageShown, **DEFINES})
def change_image(request: HttpRequest, image: Path[Slug], changed: ImageChanged) -> HttpResponse:
    """Give an image another title and recipe; for those who may edit it.

    `revision` is that of the image you changed: 409 if somebody changed it since, and nothing is
    overwritten. What is the same already changes nothing. Needs `images:write`.
    """
    person = person_of(request, Scope.WRITE_IMAGES)
    known = service.change(
        person, image, revision=changed.revision, title=changed.title,
        recipe=_recipe(changed.recipe), now=steady.now(),
    )  # fmt: skip
    return JsonResponse(_shown(person, known))


@router.delete("/images/{image}", response={**EMPTY, **CHANGES})
def delete_image(request: HttpRequest, image: Path[Slug]) -> HttpResponse:
    """Delete an image with its files and builds; not while an environment runs one of them.

    Needs `images:write`.
    """
    service.delete(person_of(request, Scope.WRITE_IMAGES), image, steady.now())
    return HttpResponse(status=204)


@router.get("/images/{image}/shares", response={200: Shares, **UNKNOWN})
def list_shares_of_image(request: HttpRequest, image: Path[Slug]) -> HttpResponse:
    """Tell with whom an image is shared; for those who may edit it. Needs `images:read`."""
    return JsonResponse(_shares(person_of(request, Scope.READ_IMAGES), image))


@router.put("/images/{image}/shares", response={200: Shares, **CHANGES})
def share_image(request: HttpRequest, image: Path[Slug], wanted: Shares) -> HttpResponse:
    """Share an image with these people and nobody else; for those who may edit it.

    Of a mail that stands there twice, the last right counts. Needs `images:write`.
    """
    person = person_of(request, Scope.WRITE_IMAGES)
    rights = {each.mail: each.right == "edit" for each in wanted.shares}
    service.share(person, image, rights, steady.now())
    return JsonResponse(_shares(person, image))


def _recipe(tree: Mapping[str, Any]) -> Recipe:
    try:
        return read_recipe(tree)
    except Mistakes as found:
        raise BadDefinition([(0, mistake) for mistake in found.mistakes]) from found


def _line(each: ImageLine) -> dict[str, object]:
    return {
        "slug": each.row.slug,
        "title": each.row.title,
        "kind": each.kind.value,
        "revision": each.row.revision,
        "may_edit": each.may_edit,
        "updated_at": iso(each.row.updated_at),
        "used_by": each.used_by,
        "latest": line_as_json(each.latest) if each.latest else None,
        "live": line_as_json(each.live) if each.live else None,
    }


def _shown(person: Person, known: KnownImage) -> dict[str, object]:
    row, dockerfile = known.row, _dockerfile(person, known)
    return {
        "slug": row.slug,
        "title": row.title,
        "kind": kind_of(known.recipe).value,
        "revision": row.revision,
        "may_edit": known.may_edit,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        "recipe": dict(row.recipe),
        "dockerfile": dockerfile,
        "findings": list(_findings(dockerfile or "")),
        "used_by": [each.slug for each in _users(known)],
    }


def _dockerfile(person: Person, known: KnownImage) -> str | None:
    """What would be built; None of a Git repository."""
    if isinstance(known.recipe, GitRepository):
        return None
    has_files = bool(service.files(person, known.row.slug))
    return service.dockerfile_of(known.recipe, has_files=has_files)


def _findings(dockerfile: str) -> Iterator[dict[str, object]]:
    for each in faults(dockerfile) if dockerfile else ():
        message, hint = each.told(gettext)
        severity = each.severity.value
        yield {"line": each.line, "severity": severity, "message": message, "hint": hint}


def _users(known: KnownImage) -> Sequence[Any]:
    return service.used_by(known.row) if known.may_edit else ()


def _shares(person: Person, image: str) -> dict[str, object]:
    found = service.shares(person, image)
    rights = [{"mail": one.mail, "right": "edit" if one.can_edit else "view"} for one in found]
    return {"shares": rights}
