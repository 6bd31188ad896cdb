"""Builds of an image: the page of one, and the form that calls it off."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from mydocker import steady
from mydocker.domain.builds import State
from mydocker.domain.people import Person
from mydocker.services import images
from mydocker.services.images import KnownImage
from mydocker.store.builds import BuildRow
from mydocker.store.pages import Visitor
from mydocker.web.build_page import view_of
from mydocker.web.build_steps import LogSoFar
from mydocker.web.notices import with_notice
from mydocker.web.rendering import render
from mydocker.web.responses import see_other
from mydocker.web.visitors import signed_in


@dataclass(frozen=True, slots=True)
class Found:
    """A build, its image, and the build before it that came to an image."""

    image: KnownImage
    row: BuildRow
    before: BuildRow | None
    used: Sequence[str]
    """The images of the environments that run a build of this one."""


def found_build(person: Person, slug: str, number: int) -> Found:
    """A build that the person may see. Raises `Refusal`."""
    image = images.for_viewing(person, slug)
    row = images.build(person, slug, number)
    return Found(image, row, last_good(person, slug, number), images_used(image))


def images_used(image: KnownImage) -> Sequence[str]:
    """The image of each environment that runs a build of this one."""
    return [str(each.definition.get("image", "")) for each in images.used_by(image.row)]


def last_good(person: Person, slug: str, before: int) -> BuildRow | None:
    """The last build that came to an image, of the twenty before the number `before`."""
    lines = images.builds(person, slug, before=before)
    number = next((line.number for line in lines if line.state is State.DONE), None)
    return images.build(person, slug, number) if number is not None else None


@require_safe
@signed_in
def build(request: HttpRequest, visitor: Visitor, slug: str, number: int) -> HttpResponse:
    """One build: how far it is or how it ended, its log, what weighs, which packages."""
    found = found_build(visitor.person, slug, number)
    view = view_of(found.row, LogSoFar(), found.before, steady.now(), used=found.used)
    context = {"image": found.image, "view": view}
    return render(request, "workshop/build.html", context)


@require_POST
@signed_in
def cancel(request: HttpRequest, visitor: Visitor, slug: str, number: int) -> HttpResponse:
    """Call a build off."""
    return see_other(address_of(images.cancel_build(visitor.person, slug, number, steady.now())))


@require_POST
@signed_in
def use(request: HttpRequest, visitor: Visitor, slug: str, number: int) -> HttpResponse:
    """Give a build to every environment that runs one of this image."""
    done = images.put_into_use(visitor.person, slug, number, steady.now())
    notice = "partly_used" if done.left else "used" if done.changed else "unchanged"
    return see_other(with_notice(f"/teach/images/{slug}/builds/{number}", notice))


def address_of(row: BuildRow) -> str:
    """Where a build's page is."""
    return f"/teach/images/{row.slug}/builds/{row.number}"
