"""Named questions and writes about builds.

Every write says from which state it leads, and tells whether it did: what is over never changes,
but for the moment at which the engine let go of it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction

from mydocker.domain.builds import State
from mydocker.store import sql
from mydocker.store.models import Build, Image


class BuildFile(NamedTuple):
    """A file beside the Dockerfile, as it was when the build was asked for."""

    path: str
    digest: str
    size_bytes: int
    is_executable: bool


class BuildLayer(NamedTuple):
    """What one instruction added."""

    made_by: str
    size_bytes: int


class BuildPackage(NamedTuple):
    """A package in the image."""

    manager: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class BuildLine:
    """A build as a list shows it."""

    id: str
    image: str
    slug: str
    """Of the image."""
    number: int
    state: State
    asked_by: str
    asked_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    tries: int
    cancel_asked: bool
    use_cache: bool
    step: int
    steps: int
    reference: str
    engine_id: str
    size_bytes: int | None
    failure: Mapping[str, object]
    """`why`, and of `domain.recipes.Explanation`: `message`, `hint`, `line`, `facts`, `said`."""
    collected_at: datetime | None


@dataclass(frozen=True, slots=True)
class BuildRow(BuildLine):
    """All of a build."""

    recipe: Mapping[str, object]
    dockerfile: str
    files: tuple[BuildFile, ...]
    layers: tuple[BuildLayer, ...]
    """The lowest first."""
    packages: tuple[BuildPackage, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a build is made of."""

    recipe: Mapping[str, object]
    dockerfile: str
    files: Sequence[BuildFile] = ()
    use_cache: bool = True


_LINE = """
SELECT b.id, b.image_id, i.slug, b.number, b.state, b.asked_by, b.asked_at, b.began_at, b.ended_at,
       b.tries, b.cancel_asked, b.use_cache, b.step, b.steps, b.reference, b.engine_id,
       b.size_bytes, b.failure, b.collected_at"""
_FROM = """
  FROM build b JOIN image i ON i.id = b.image_id
 WHERE """
_LINES = f"{_LINE}{_FROM}"
_ROWS = f"{_LINE}, b.recipe, b.dockerfile, b.files, b.layers, b.packages{_FROM}"
_BEYOND = 2**31 - 1
"""More builds than an image can have."""
# The index holds live builds, and SQLite wants to be told so.
_LIVE = "state IN ('queued', 'building')"


def ask(image: str, plan: Plan, *, asked_by: str, now: datetime) -> BuildRow | None:
    """Queue a build with the image's next number. None if one is live, or there is no image."""
    try:
        with transaction.atomic():
            given = sql.row(
                "UPDATE image SET next_number = next_number + 1 WHERE id = %s"
                " RETURNING next_number - 1", image,
            )  # fmt: skip
            if given is None:
                return None
            made = Build.objects.create(
                image=Image(id=image), number=given[0], state=State.QUEUED, recipe=plan.recipe,
                dockerfile=plan.dockerfile, files=plan.files, use_cache=plan.use_cache,
                asked_by=asked_by, asked_at=now,
            )  # fmt: skip
    except IntegrityError:
        return None
    return by_id(made.id)


def by_id(build: str) -> BuildRow | None:
    """The build of this id."""
    return _first("b.id = %s", build)


def by_number(image: str, number: int) -> BuildRow | None:
    """The build of an image with this number."""
    return _first("b.image_id = %s AND b.number = %s", image, number)


def of_image(image: str, before: int | None = None, limit: int = 20) -> Sequence[BuildLine]:
    """Builds of an image, the newest first, those before the number `before`."""
    before = _BEYOND if before is None else before
    return _lines(
        "b.image_id = %s AND b.number < %s ORDER BY b.number DESC LIMIT %s", image, before, limit
    )


def latest_good(image: str) -> BuildRow | None:
    """The newest build of an image that the engine has."""
    return _first(
        "b.image_id = %s AND b.state = 'done' AND b.collected_at IS NULL"
        " ORDER BY b.number DESC LIMIT 1", image,
    )  # fmt: skip


def latest_of(images: Collection[str]) -> Mapping[str, BuildLine]:
    """The newest build of each of these images that has one."""
    return _by_image(
        "(b.image_id, b.number) IN (SELECT image_id, MAX(number) FROM build"
        " WHERE image_id IN {images} GROUP BY image_id)", images,
    )  # fmt: skip


def live_of(images: Collection[str]) -> Mapping[str, BuildLine]:
    """The live build of each of these images that has one."""
    return _by_image(f"b.image_id IN {{images}} AND b.{_LIVE}", images)


def live() -> Sequence[BuildLine]:
    """Every build that waits or is under way, by when it was asked for."""
    return _lines(f"b.{_LIVE} ORDER BY b.asked_at, b.id")


def live_of_person(person: str) -> int:
    """How many builds of a person wait or are under way."""
    found = sql.row(f"SELECT COUNT(*) FROM build WHERE asked_by = %s AND {_LIVE}", person)
    return int(found[0]) if found else 0


def begun_lately(since: datetime) -> Sequence[str]:
    """Who asked for the builds that began since then; a person for each."""
    return [row[0] for row in sql.rows("SELECT asked_by FROM build WHERE began_at >= %s", since)]


def begin(build: str, now: datetime) -> bool:
    """Let a build that waits begin. False if it does not wait any more."""
    return _move(
        "tries = tries + 1, state = 'building', began_at = %s, step = 0, steps = 0",
        "state = 'queued' AND NOT cancel_asked", build, now,
    )  # fmt: skip


def requeue(build: str) -> bool:
    """Let a build that was cut off wait again. False if it is not under way, or is not wanted."""
    return _move(
        "state = 'queued', began_at = NULL, step = 0, steps = 0",
        "state = 'building' AND NOT cancel_asked", build,
    )  # fmt: skip


def progress(build: str, step: int, steps: int) -> bool:
    """Note at which step a build is. False if it is not under way."""
    return _move("step = %s, steps = %s", "state = 'building'", build, step, steps)


def finish(
    build: str,
    *,
    reference: str,
    engine_id: str,
    size_bytes: int,
    layers: Sequence[tuple[str, int]],
    packages: Sequence[tuple[str, str, str]],
    now: datetime,
) -> bool:
    """Note the image that came of a build. False if it is not under way."""
    return _move(
        "state = 'done', reference = %s, engine_id = %s, size_bytes = %s, layers = %s,"
        " packages = %s, ended_at = %s",
        "state = 'building' AND NOT cancel_asked", build, reference, engine_id, size_bytes,
        [list(each) for each in layers], [list(each) for each in packages], now,
    )  # fmt: skip


def list_packages(build: str, packages: Sequence[tuple[str, str, str]]) -> bool:
    """Note what is in the image of a build, once."""
    rows = Build.objects.filter(id=build, state=State.DONE, packages=[])
    return bool(rows.update(packages=[list(each) for each in packages]))


def fail(build: str, failure: Mapping[str, object], now: datetime) -> bool:
    """Note that no image comes of a build. False if it is not under way."""
    return _move(
        "state = 'failed', failure = %s, ended_at = %s", "state = 'building'",
        build, dict(failure), now,
    )  # fmt: skip


def cancel_waiting(build: str, now: datetime) -> bool:
    """End a build that waits. False if it does not."""
    return _move("state = 'cancelled', ended_at = %s", "state = 'queued'", build, now)


def cancel(build: str, now: datetime) -> bool:
    """End a build that waits, or one under way that somebody asked to cancel. False else."""
    return _move(
        "state = 'cancelled', ended_at = %s",
        "(state = 'queued' OR (state = 'building' AND cancel_asked))", build, now,
    )  # fmt: skip


def ask_cancel(build: str) -> bool:
    """Ask the builder to end a build. False if it is not under way."""
    return _move("cancel_asked = TRUE", "state = 'building'", build)


def wants_cancel(build: str) -> bool:
    """Whether a build under way is to be cancelled, or is not known any more."""
    row = sql.row("SELECT cancel_asked FROM build WHERE id = %s", build)
    return row is None or bool(row[0])


def collect(build: str, now: datetime) -> bool:
    """Note that the engine does not have the image any more. False if that was known."""
    return _move("collected_at = %s", "state = 'done' AND collected_at IS NULL", build, now)


def _move(changes: str, which: str, build: str, *values: object) -> bool:
    return bool(sql.change(f"UPDATE build SET {changes} WHERE id = %s AND {which}", *values, build))


def _first(which: str, *parameters: object) -> BuildRow | None:
    row = sql.row(f"{_ROWS} {which}", *parameters)
    return _row(row) if row else None


def _lines(which: str, *parameters: object) -> Sequence[BuildLine]:
    return [BuildLine(*_line(row)) for row in sql.rows(f"{_LINES} {which}", *parameters)]


def _by_image(which: str, images: Collection[str]) -> Mapping[str, BuildLine]:
    if not images:
        return {}
    places = f"({', '.join(['%s'] * len(images))})"
    return {line.image: line for line in _lines(which.format(images=places), *images)}


def _line(row: tuple[Any, ...]) -> tuple[Any, ...]:
    (build, image, slug, number, state, asked_by, asked, began, ended, tries, cancel_asked,
     use_cache, step, steps, reference, engine_id, size, failure, collected) = row[:19]  # fmt: skip
    return (
        build, image, slug, number, State(state), asked_by, sql.moment(asked),
        sql.moment_or_none(began), sql.moment_or_none(ended), tries, bool(cancel_asked),
        bool(use_cache), step, steps, reference, engine_id, size, sql.json_of(failure),
        sql.moment_or_none(collected),
    )  # fmt: skip


def _row(row: tuple[Any, ...]) -> BuildRow:
    recipe, dockerfile, files, layers, packages = row[19:]
    rest = (
        sql.json_of(recipe), dockerfile,
        tuple(BuildFile(*each) for each in sql.json_of(files)),
        tuple(BuildLayer(*each) for each in sql.json_of(layers)),
        tuple(BuildPackage(*each) for each in sql.json_of(packages)),
    )  # fmt: skip
    return BuildRow(*(_line(row) + rest))
