"""Images that teachers make: listed, created, changed, shared, deleted.

Files beside a recipe are in `image_files.py`, archives of them in `archives.py`, builds in
`image_builds.py`; all can be called here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mydocker.domain.environments import fields, words
from mydocker.domain.environments.fields import Place
from mydocker.domain.people import Action, Person, may
from mydocker.domain.recipes import Kind as RecipeKind
from mydocker.domain.recipes import Recipe, write_recipe
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.services.archives import put_archive
from mydocker.services.image_builds import (
    BadRecipe,
    ask_build,
    build,
    builds,
    cancel_build,
    dockerfile_of,
)
from mydocker.services.image_files import (
    BadFiles,
    Upload,
    edit_file,
    file,
    files,
    put_files,
    remove_file,
)
from mydocker.services.image_rights import (
    KnownImage,
    for_editing,
    for_viewing,
    may_use,
    newest_of,
    reference_of,
)
from mydocker.services.image_use import InUse, counted_using, put_into_use, used_by
from mydocker.store import builds as stored_builds
from mydocker.store import images as store
from mydocker.store.builds import BuildLine
from mydocker.store.images import ImageRow, ShareRow
from mydocker.store.transactions import unit_of_work

__all__ = [
    "BadFiles", "BadRecipe", "ImageLine", "InUse", "KnownImage", "Upload", "ask_build", "build",
    "builds", "cancel_build", "change", "create", "delete", "dockerfile_of", "edit_file", "file",
    "files", "for_editing", "for_viewing", "may_use", "newest_of", "put_archive", "put_files",
    "put_into_use", "reference_of", "remove_file", "share", "shares", "used_by", "visible",
]  # fmt: skip

LONGEST_TITLE = 200
MOST_SHARES = 500


@dataclass(frozen=True, slots=True)
class ImageLine:
    """An image as a list shows it."""

    row: ImageRow
    kind: RecipeKind
    latest: BuildLine | None
    live: BuildLine | None
    used_by: int
    """How many environments run a build of it."""
    may_edit: bool


def visible(
    person: Person, *, words: str = "", after: str = "", limit: int = 50
) -> Sequence[ImageLine]:
    """Images that the person may see, by slug, after the slug `after`.

    Each of `words` stands in title or slug.
    """
    rows = store.listed(
        person.id, person.mail, is_admin=may(person, Action.SEE_ALL_IMAGES),
        words=words.replace("\0", "")[:LONGEST_TITLE], after=after, limit=max(1, min(limit, 200)),
    )  # fmt: skip
    ids = [row.id for row in rows]
    latest, live = stored_builds.latest_of(ids), stored_builds.live_of(ids)
    used, shared = counted_using(rows), store.edited_by(person.mail, ids)
    return [
        ImageLine(
            row, RecipeKind(str(row.recipe["kind"])), latest.get(row.id), live.get(row.id),
            used.get(row.id, 0),
            may(person, Action.EDIT_IMAGE,
                maintains=row.created_by == person.id or row.id in shared),
        )
        for row in rows
    ]  # fmt: skip


def create(
    person: Person, title: str, recipe: Recipe, now: datetime, *, slug: str = ""
) -> KnownImage:
    """Make an image; its slug comes from the title if none is given."""
    if not may(person, Action.CREATE_IMAGE):
        raise Refusal(
            Kind.FORBIDDEN, "not_teacher", _("Only teachers can make images."),
            _("If you teach, ask support to change your role."),
        )  # fmt: skip
    title = _title(title)
    slug = _slug(slug or words.slug_of(title))
    row = store.create(write_recipe(recipe), slug=slug, title=title, created_by=person.id, now=now)
    if row is None:
        raise Refusal(
            Kind.CONFLICT, "slug_taken", _("There is an image “%(slug)s” already."),
            _("Choose another name; it may be somebody else's, which you cannot see."), slug=slug,
        )  # fmt: skip
    return KnownImage(row, recipe, may_edit=True)


def change(
    person: Person, slug: str, *, revision: int, title: str, recipe: Recipe, now: datetime
) -> KnownImage:
    """Give an image another title and recipe; `revision` is that of what was edited.

    What is the same already changes nothing.
    """
    row = for_editing(person, slug).row
    title, tree = _title(title), write_recipe(recipe)
    if (row.title, row.recipe) == (title, tree):
        return KnownImage(row, recipe, may_edit=True)
    if row.revision != revision or not store.update(row, title=title, recipe=tree, now=now):
        raise Refusal(
            Kind.CONFLICT, "changed_meanwhile",
            _("Somebody else changed “%(slug)s” meanwhile; nothing was overwritten."),
            _("Copy what you wrote, look at the image as it is now, then change it again."),
            slug=slug,
        )  # fmt: skip
    return for_viewing(person, slug)


def shares(person: Person, slug: str) -> Sequence[ShareRow]:
    """With whom an image is shared, by mail; `MOST_SHARES` at most."""
    return store.shares(for_editing(person, slug).row.id)


def share(person: Person, slug: str, shares: Mapping[str, bool], now: datetime) -> None:
    """Share an image with the people of these mails and nobody else; true: they may edit it."""
    image = for_editing(person, slug).row.id
    if len(shares) > MOST_SHARES:
        raise Refusal(
            Kind.INVALID, "too_many_shares",
            _("An image can be shared with %(most)s people at most."), most=MOST_SHARES,
        )  # fmt: skip
    wanted = {_mail(mail): can_edit for mail, can_edit in shares.items()}
    with unit_of_work():
        store.hold(image)
        store.set_shares(image, wanted)


def delete(person: Person, slug: str, now: datetime) -> None:
    """Delete an image and its builds, unless an environment uses one or one is under way."""
    known = for_editing(person, slug)
    image = known.row.id
    with unit_of_work():
        store.hold(image)
        if users := used_by(known.row):
            raise Refusal(
                Kind.CONFLICT, "image_in_use",
                _("“%(slug)s” is the image of: %(environments)s."),
                _("Give them another image first, then delete this one."),
                slug=slug, environments=", ".join(row.slug for row in users),
            )  # fmt: skip
        if live := stored_builds.live_of([image]).get(image):
            raise Refusal(
                Kind.CONFLICT, "build_under_way",
                _("Build %(number)s of “%(slug)s” is under way."),
                _("Wait for its end, or cancel it."), slug=slug, number=live.number,
            )  # fmt: skip
        store.delete(image)


def _title(title: str) -> str:
    place = Place(title)
    read = fields.text(place, LONGEST_TITLE)
    if not read or place.found:
        raise Refusal(
            Kind.INVALID, "bad_title",
            _("A title stands on one line and has %(most)s characters at most, all visible."),
            _("Write another one."), most=LONGEST_TITLE,
        )  # fmt: skip
    return read


def _slug(slug: str) -> str:
    if not slug:
        raise Refusal(
            Kind.INVALID, "no_slug", _("No name for addresses can be made of this title."),
            _("Write one."),
        )  # fmt: skip
    place = Place(slug)
    read = words.slug(place)
    if not read or place.found:
        raise Refusal(
            Kind.INVALID, "bad_slug", _("“%(slug)s” cannot stand in an address."),
            _("Use small letters, digits and single hyphens, such as %(near)s."),
            slug=slug[:80], near=words.slug_of(slug) or "python-l1",
        )  # fmt: skip
    return read


def _mail(mail: str) -> str:
    place = Place(mail)
    read = words.mail(place)
    if not read or place.found:
        raise Refusal(
            Kind.INVALID, "bad_mail", _("“%(mail)s” is not a mail address."),
            _("Write it as name@example.org."), mail=mail[:80],
        )  # fmt: skip
    return read
