"""Which environments run a build of an image, and which build that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mydocker.domain.builds import State
from mydocker.domain.people import Action, Person, may
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.services import catalogue
from mydocker.services.environments import apply
from mydocker.services.image_builds import build
from mydocker.services.image_rights import for_viewing, newest_of
from mydocker.store import environments as store
from mydocker.store.environments import EnvironmentRow
from mydocker.store.images import ImageRow


@dataclass(frozen=True, slots=True)
class InUse:
    """What came of giving a build to environments."""

    reference: str
    changed: Sequence[str]
    """Slugs of those that start with it from now on, and did not before."""
    left: Sequence[str]
    """Slugs of those that others maintain."""


def used_by(row: ImageRow) -> Sequence[EnvironmentRow]:
    """Environments that run a build of an image, by slug; the first hundred."""
    return store.using(row.id, newest_of(row.slug))


def counted_using(rows: Sequence[ImageRow]) -> Mapping[str, int]:
    """How many environments run a build of each of these images, by id."""
    by_number = store.counted_using([row.id for row in rows])
    newest = {row.id: newest_of(row.slug) for row in rows}
    by_name = store.counted_by_name([name for names in newest.values() for name in names])
    return {
        id: by_number.get(id, 0) + sum(by_name.get(name, 0) for name in names)
        for id, names in newest.items()
    }


def put_into_use(person: Person, slug: str, number: int | None, now: datetime) -> InUse:
    """Give a build to all environments that run one of this image: a newer one, or an older one
    again. `number` None: always the newest good one from now on.

    Who works goes on with what they have; the next start has the other. Environments that the
    person may not edit stay as they are.
    """
    known = for_viewing(person, slug)
    reference = newest_of(slug)[0] if number is None else _reference(person, slug, number)
    changed, left = list[str](), list[str]()
    for row in used_by(known.row):
        maintains = store.maintains(person.mail, row.id)
        if not may(person, Action.EDIT_ENVIRONMENT, maintains=maintains):
            left.append(row.slug)
        elif apply(person, replace(catalogue.known(row).definition, image=reference), now)[1]:
            changed.append(row.slug)
    return InUse(reference, changed, left)


def _reference(person: Person, slug: str, number: int) -> str:
    found = build(person, slug, number)
    if found.state is not State.DONE or found.collected_at is not None:
        raise Refusal(
            Kind.CONFLICT, "no_image_of_build", _("Build %(number)s has no image."),
            _("Choose one that ended well."), number=number,
        )  # fmt: skip
    return found.reference
