"""Named questions and writes about images, who may see them, and the files beside a recipe."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from mydocker.store import sql
from mydocker.store.models import ContextFile, Image, ImageShare


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image as stored; `recipe` is what `domain.recipes` writes."""

    id: str
    slug: str
    title: str
    recipe: Mapping[str, object]
    revision: int
    """Goes up with every change of title, recipe or files."""
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ShareRow:
    """Somebody, known by mail, who may see an image or edit it too."""

    mail: str
    can_edit: bool


@dataclass(frozen=True, slots=True)
class ContextFileRow:
    """A file beside a Dockerfile; `store.blobs` has its bytes."""

    path: str
    digest: str
    size_bytes: int
    is_executable: bool
    updated_at: datetime


def by_slug(slug: str) -> ImageRow | None:
    """The image of this slug."""
    row = Image.objects.filter(slug=slug).first()
    return _row(row) if row else None


def by_id(image: str) -> ImageRow | None:
    """The image of this id."""
    row = Image.objects.filter(id=image).first()
    return _row(row) if row else None


def listed(
    person: str, mail: str, *, is_admin: bool, words: str = "", after: str = "", limit: int = 50
) -> Sequence[ImageRow]:
    """Images that a person may see, by slug, after the slug `after`.

    Each of `words` stands in title or slug.
    """
    which = Q(slug__gt=after)
    for word in words.split():
        which &= Q(title__icontains=word) | Q(slug__icontains=word)
    found = Image.objects.filter(which)
    if not is_admin:
        found = found.filter(id__in=_seen_by(person, mail))
    return [_row(row) for row in found.order_by("slug")[:limit]]


def _seen_by(person: str, mail: str) -> QuerySet[Image, str]:
    own = Image.objects.filter(created_by=person).values_list("id", flat=True)
    if not mail:
        return own
    shared = ImageShare.objects.filter(mail=mail.lower()).values_list("image_id", flat=True)
    return own.union(shared, all=True)


def create(
    recipe: Mapping[str, object], *, slug: str, title: str, created_by: str, now: datetime
) -> ImageRow | None:
    """Store a new image. None if the slug is taken."""
    try:
        with transaction.atomic():
            row = Image.objects.create(
                slug=slug, title=title, recipe=recipe, created_by=created_by,
                created_at=now, updated_at=now,
            )  # fmt: skip
    except IntegrityError:
        return None
    return _row(row)


def update(row: ImageRow, *, title: str, recipe: Mapping[str, object], now: datetime) -> bool:
    """Store another title and recipe. False if somebody changed the image since it was read."""
    changed = Image.objects.filter(id=row.id, revision=row.revision).update(
        title=title, recipe=recipe, revision=row.revision + 1, updated_at=now
    )
    return bool(changed)


def touch(image: str, now: datetime) -> bool:
    """Note that something about the image changes. False if there is none.

    Whoever does so within a transaction keeps others from changing it until the end.
    """
    changed = Image.objects.filter(id=image).update(revision=F("revision") + 1, updated_at=now)
    return bool(changed)


def hold(image: str) -> int | None:
    """Keep others from changing or building the image until the transaction ends.

    Returns its revision; None if there is no such image.
    """
    row = sql.row(sql.locked("SELECT revision FROM image WHERE id = %s"), image)
    return int(row[0]) if row else None


def delete(image: str) -> bool:
    """Delete an image, with its shares, the rows of its files and its builds."""
    return bool(Image.objects.filter(id=image).delete()[0])


def shares(image: str) -> Sequence[ShareRow]:
    """With whom an image is shared, by mail."""
    rows = ImageShare.objects.filter(image_id=image).order_by("mail")
    return [ShareRow(row.mail, row.can_edit) for row in rows]


def set_shares(image: str, wanted: Mapping[str, bool]) -> None:
    """Share an image with the people of these mails, and nobody else; true: they may edit."""
    wanted = {mail.lower(): can_edit for mail, can_edit in wanted.items()}
    ImageShare.objects.filter(image_id=image).exclude(mail__in=wanted).delete()
    ImageShare.objects.bulk_create(
        [
            ImageShare(image_id=image, mail=mail, can_edit=can_edit)
            for mail, can_edit in sorted(wanted.items())
        ],
        update_conflicts=True, unique_fields=["mail", "image"], update_fields=["can_edit"],
    )  # fmt: skip


def right_of(mail: str, image: str) -> str:
    """What a share lets the person of this mail do: `edit`, `view`, or nothing (empty)."""
    if not mail:
        return ""
    found = ImageShare.objects.filter(mail=mail.lower(), image_id=image)
    can_edit = found.values_list("can_edit", flat=True).first()
    if can_edit is None:
        return ""
    return "edit" if can_edit else "view"


def edited_by(mail: str, images: Collection[str]) -> Collection[str]:
    """Those of these images that a share lets the person of this mail edit."""
    if not mail:
        return frozenset()
    found = ImageShare.objects.filter(mail=mail.lower(), image_id__in=images, can_edit=True)
    return frozenset(found.values_list("image_id", flat=True))


def files(image: str) -> Sequence[ContextFileRow]:
    """The files beside the recipe, by path; `domain.recipes.MOST_FILES` at most."""
    return [_file(row) for row in ContextFile.objects.filter(image_id=image).order_by("path")]


def file(image: str, path: str) -> ContextFileRow | None:
    """One file."""
    row = ContextFile.objects.filter(image_id=image, path=path).first()
    return _file(row) if row else None


def put_files(image: str, rows: Sequence[ContextFileRow]) -> None:
    """Store files; each replaces the one of its path."""
    ContextFile.objects.bulk_create(
        [
            ContextFile(
                image_id=image, path=row.path, digest=row.digest, size_bytes=row.size_bytes,
                is_executable=row.is_executable, updated_at=row.updated_at,
            )
            for row in rows
        ],
        batch_size=500, update_conflicts=True, unique_fields=["image", "path"],
        update_fields=["digest", "size_bytes", "is_executable", "updated_at"],
    )  # fmt: skip


def remove_file(image: str, path: str) -> bool:
    """Take a file away. False if there is none."""
    return bool(ContextFile.objects.filter(image_id=image, path=path).delete()[0])


def _row(row: Image) -> ImageRow:
    return ImageRow(
        row.id, row.slug, row.title, row.recipe, row.revision, row.created_by,
        row.created_at, row.updated_at,
    )  # fmt: skip


def _file(row: ContextFile) -> ContextFileRow:
    return ContextFileRow(row.path, row.digest, row.size_bytes, row.is_executable, row.updated_at)
