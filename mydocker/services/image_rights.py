"""Images as they are found, and who may see, use or edit one. Changes are in `images.py`."""

import re
from dataclasses import dataclass

from django.conf import settings

from mydocker.domain.builds import NEWEST, State
from mydocker.domain.people import Action, Person, may
from mydocker.domain.recipes import Recipe, read_recipe
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.store import builds
from mydocker.store import images as store
from mydocker.store.images import ImageRow


@dataclass(frozen=True, slots=True)
class KnownImage:
    """An image as stored, its recipe as a value, and what the person who asks may do."""

    row: ImageRow
    recipe: Recipe
    may_edit: bool


def for_viewing(person: Person, slug: str) -> KnownImage:
    """An image that the person may see and use. Others learn nothing of it but its name."""
    row = store.by_slug(slug)
    if row is None:
        raise Refusal(
            Kind.NOT_FOUND, "unknown_image", _("There is no image “%(slug)s”."),
            _("Look in the list of images, or check the name."), slug=slug,
        )  # fmt: skip
    right = _right(person, row)
    if not may(person, Action.VIEW_IMAGE, maintains=bool(right)):
        raise Refusal(
            Kind.FORBIDDEN,
            "image_not_shared",
            _("Only the people with whom “%(slug)s” is shared can see it."),
            _("Ask whoever made it to share it with you."),
            slug=slug,
        )
    may_edit = may(person, Action.EDIT_IMAGE, maintains=right == "edit")
    return KnownImage(row, read_recipe(row.recipe), may_edit)


def for_editing(person: Person, slug: str) -> KnownImage:
    """An image that the person may change, build, share and delete."""
    found = for_viewing(person, slug)
    if not found.may_edit:
        raise Refusal(
            Kind.FORBIDDEN,
            "image_view_only",
            _("You can see and use “%(slug)s”, but not change it."),
            _("Ask whoever made it to let you edit it, or make an image of your own."),
            slug=slug,
        )
    return found


def reference_of(slug: str, number: int) -> str:
    """What the image of a build is called; an environment uses it by this name."""
    return f"{_prefix()}{slug}:{number}"


def newest_of(slug: str) -> tuple[str, str]:
    """The names under which an environment runs the newest good build, whichever that is."""
    return f"{_prefix()}{slug}:{NEWEST}", f"{_prefix()}{slug}"


def may_use(person: Person, reference: str) -> None:
    """Pass if an image's name is none of this installation's, or the person may see it.

    Refuses else: an environment or a recipe that names an image shows what is in it.
    """
    # The engine takes these hosts for its own.
    name = reference.removeprefix("index.").removeprefix("docker.io/")
    if not name.startswith(_prefix()):
        return
    slug, tag = re.match(r"([^:@]*):?(.*)", name.removeprefix(_prefix()), re.DOTALL).groups()  # type: ignore[union-attr]
    row = for_viewing(person, slug).row
    # The engine may still have what another image of this name was.
    number = int(tag) if tag.isascii() and tag.isdecimal() and len(tag) < 10 else 0
    is_newest = tag in ("", NEWEST)
    found = builds.latest_good(row.id) if is_newest else builds.by_number(row.id, number)
    if found is None or found.state is not State.DONE:
        raise Refusal(
            Kind.CONFLICT, "no_such_build",
            _("“%(image)s” is not the name of a build that ended well."),
            _("Take the name from the page of a build."), image=reference[:200],
        )  # fmt: skip


def _prefix() -> str:
    return f"md-{settings.MYDOCKER.instance}/"


def _right(person: Person, row: ImageRow) -> str:
    return "edit" if row.created_by == person.id else store.right_of(person.mail, row.id)
