"""Named questions and writes about environments."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from mydocker.store import ids, sql
from mydocker.store.models import Build, Environment, Maintainer, Workspace


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """An environment as stored; `definition` is what `domain.environments` writes."""

    id: str
    slug: str
    title_en: str
    title_fr: str
    status: str
    join_code: str
    definition: Mapping[str, object]
    revision: int
    created_at: datetime
    updated_at: datetime


_ASKED = """
SELECT id, slug, title_en, title_fr, status, join_code, definition, revision, created_at, updated_at
  FROM environment WHERE """


def by_slug(slug: str) -> EnvironmentRow | None:
    """The environment of this slug."""
    return _first("slug = %s", slug)


def by_id(environment: str) -> EnvironmentRow | None:
    """The environment of this id."""
    return _first("id = %s", environment)


def by_join_code(code: str) -> EnvironmentRow | None:
    """The environment whose join link this is."""
    return _first("join_code = %s", code)


def listed(
    statuses: Sequence[str], *, maintained_by: str = "", limit: int = 500, after: str = ""
) -> Sequence[EnvironmentRow]:
    """Environments in one of these states, or maintained by this mail; by slug, after `after`."""
    which = Q(status__in=statuses)
    if maintained_by:
        which |= Q(maintained_by__mail=maintained_by.lower())
    rows = Environment.objects.filter(which, slug__gt=after).order_by("slug").distinct()[:limit]
    return [_row(row) for row in rows]


def using(image: str, newest: Collection[str], limit: int = 100) -> Sequence[EnvironmentRow]:
    """Environments that run a build of the image of this id, by slug.

    `newest`: the names under which they may run its newest one, whichever that is.
    """
    built = Build.objects.filter(image_id=image).exclude(reference="").values("reference")
    which = Q(image__in=built) | Q(image__in=newest)
    rows = Environment.objects.filter(which).order_by("slug")[:limit]
    return [_row(row) for row in rows]


def counted_by_name(names: Collection[str]) -> Mapping[str, int]:
    """How many environments have each of these for their image; those without are left out."""
    rows = Environment.objects.filter(image__in=names).values_list("image")
    return dict(rows.annotate(count=Count("id")))


def counted_using(images: Collection[str]) -> Mapping[str, int]:
    """How many environments run one build of each of these images; those without are left out."""
    if not images:
        return {}
    places = ", ".join(["%s"] * len(images))
    found = sql.rows(
        "SELECT b.image_id, COUNT(DISTINCT e.id)"
        "  FROM build b JOIN environment e ON e.image = b.reference"
        f" WHERE b.image_id IN ({places}) AND b.reference <> '' GROUP BY b.image_id", *images,
    )  # fmt: skip
    return {image: int(count) for image, count in found}


def create(
    definition: Mapping[str, object],
    *,
    slug: str,
    title: tuple[str, str],
    status: str,
    join_code: str | None,
    maintainers: Sequence[str],
    now: datetime,
) -> EnvironmentRow:
    """Store a new environment. `title` is (English, French)."""
    row = Environment.objects.create(
        slug=slug, title_en=title[0], title_fr=title[1], status=status,
        join_code=join_code or ids.join_code(), definition=definition, image=_image(definition),
        created_at=now, updated_at=now,
    )  # fmt: skip
    _maintain(row.id, maintainers)
    return _row(row)


def update(
    row: EnvironmentRow,
    definition: Mapping[str, object],
    *,
    title: tuple[str, str],
    status: str,
    join_code: str | None,
    maintainers: Sequence[str],
    now: datetime,
) -> bool:
    """Store another definition. False if somebody else changed it since it was read."""
    changed = Environment.objects.filter(id=row.id, revision=row.revision).update(
        title_en=title[0], title_fr=title[1], status=status,
        join_code=join_code or row.join_code, definition=definition, image=_image(definition),
        revision=row.revision + 1, updated_at=now,
    )  # fmt: skip
    if changed:
        _maintain(row.id, maintainers)
    return bool(changed)


def delete(environment: str) -> bool:
    """Delete an environment that nobody ever used. False if a workspace of it exists."""
    if Workspace.objects.filter(environment_id=environment).exists():
        return False
    return bool(Environment.objects.filter(id=environment).delete()[0])


def maintains(mail: str, environment: str) -> bool:
    """Whether the person of this mail may edit the environment."""
    return (
        bool(mail)
        and Maintainer.objects.filter(mail=mail.lower(), environment_id=environment).exists()
    )


def maintained(mail: str) -> Collection[str]:
    """Ids of the environments that the person of this mail may edit."""
    rows = Maintainer.objects.filter(mail=mail.lower()) if mail else Maintainer.objects.none()
    return frozenset(rows.values_list("environment_id", flat=True))


def _image(definition: Mapping[str, object]) -> str:
    return str(definition.get("image", ""))


def _maintain(environment: str, mails: Sequence[str]) -> None:
    wanted = {mail.lower() for mail in mails}
    Maintainer.objects.filter(environment_id=environment).exclude(mail__in=wanted).delete()
    Maintainer.objects.bulk_create(
        [Maintainer(environment_id=environment, mail=mail) for mail in sorted(wanted)],
        ignore_conflicts=True,
    )


def _first(which: str, *parameters: object) -> EnvironmentRow | None:
    row = sql.row(_ASKED + which, *parameters)
    if row is None:
        return None
    return EnvironmentRow(
        row[0], row[1], row[2], row[3], row[4], row[5], sql.json_of(row[6]), row[7],
        sql.moment(row[8]), sql.moment(row[9]),
    )  # fmt: skip


def _row(row: Environment) -> EnvironmentRow:
    return EnvironmentRow(
        row.id, row.slug, row.title_en, row.title_fr, row.status, row.join_code,
        row.definition, row.revision, row.created_at, row.updated_at,
    )  # fmt: skip
