"""Builds of images: asked for, looked at, cancelled."""

from collections.abc import Callable, Sequence
from datetime import datetime

from mydocker.domain.builds import State
from mydocker.domain.environments import Mistakes
from mydocker.domain.people import Person
from mydocker.domain.recipes import (
    Dockerfile,
    ExistingImage,
    Finding,
    GitRepository,
    PackageList,
    Prepared,
    Recipe,
    Severity,
    faults,
    prepare,
    render,
)
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.services.image_rights import KnownImage, for_editing, for_viewing, may_use
from mydocker.store import builds as store
from mydocker.store import images
from mydocker.store.builds import BuildFile, BuildLine, BuildRow, Plan
from mydocker.store.doorbell import ring
from mydocker.store.transactions import unit_of_work

FOLDER = "files"
"""Of the context, where a list of packages has its files; see `domain.recipes.render`."""
MOST_LIVE = 20
"""Builds of one person that wait or are under way."""
_LARGEST_NUMBER = 2**31 - 1


class BadRecipe(Refusal):
    """A recipe of which no image can come; all the mistakes that were found in its Dockerfile."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            Kind.INVALID, "bad_recipe", _("The recipe has mistakes: %(count)s."),
            _("Mend them first: this build would fail."), count=len(self.findings),
        )  # fmt: skip

    def told(self, translate: Callable[[str], str] = str) -> list[dict[str, object]]:
        """Return `{line, message, hint}` of each mistake, translated."""
        return [
            {"line": finding.line, "message": message, "hint": hint}
            for finding in self.findings
            for message, hint in [finding.told(translate)]
        ]


def dockerfile_of(recipe: Recipe, *, has_files: bool = False) -> str:
    """The Dockerfile that is built, where there are files or not. Refuses a Git repository."""
    match recipe:
        case PackageList():
            return render(recipe, files=FOLDER if has_files else "")
        case Dockerfile(text):
            return text
        case ExistingImage(reference):
            return f"FROM {reference}\n"
        case GitRepository():
            raise Refusal(
                Kind.INVALID, "git_later",
                _("Images cannot be built from a Git repository yet."),
                _("Upload its files as an archive, and paste its Dockerfile into the recipe."),
            )  # fmt: skip


def ask_build(person: Person, slug: str, now: datetime, *, use_cache: bool = True) -> BuildRow:
    """Queue a build of the image as it is now: recipe, Dockerfile and files are kept with it.

    Raises `BadRecipe` where the build would fail; refuses what is built on an image that the
    person may not see.
    """
    known = for_editing(person, slug)
    files = _files(known)
    dockerfile = dockerfile_of(known.recipe, has_files=bool(files))
    for base in _checked(dockerfile).bases:
        may_use(person, base)
    if store.live_of_person(person.id) >= MOST_LIVE:
        raise Refusal(
            Kind.CONFLICT, "too_many_builds",
            _("You have %(most)s builds that wait or are under way: more cannot wait."),
            _("Wait for one of them, or cancel one."), most=MOST_LIVE,
        )  # fmt: skip
    with unit_of_work():
        if images.hold(known.row.id) != known.row.revision:
            raise Refusal(
                Kind.CONFLICT, "changed_meanwhile",
                _("Somebody else changed “%(slug)s” meanwhile; it was not built."),
                _("Look at the image as it is now, then build it."), slug=slug,
            )  # fmt: skip
        plan = Plan(known.row.recipe, dockerfile, files, use_cache)
        build = store.ask(known.row.id, plan, asked_by=person.id, now=now)
        if build is None:
            raise _under_way(known)
        ring("build", build.id)
    return build


def _checked(dockerfile: str) -> Prepared:
    found = [each for each in faults(dockerfile) if each.severity is Severity.MISTAKE]
    if found:
        raise BadRecipe(found)
    try:
        return prepare(dockerfile)
    except Mistakes as wrong:
        raise BadRecipe(
            [
                Finding(int(each.path[1]), Severity.MISTAKE, each.message, each.hint, each.facts)
                for each in wrong.mistakes
            ]
        ) from None


def cancel_build(person: Person, slug: str, number: int, now: datetime) -> BuildRow:
    """Cancel a build: one that waits is over at once, one under way as soon as it can be ended.

    Repeatable; refuses what ended otherwise.
    """
    build = _found(for_editing(person, slug), number)
    with unit_of_work():
        # A build may begin, or wait again, between two looks.
        cancelled = (
            store.cancel_waiting(build.id, now)
            or store.ask_cancel(build.id)
            or store.cancel_waiting(build.id, now)
        )
        if cancelled:
            ring("build", build.id)
    build = store.by_id(build.id) or build
    if build.state in (State.DONE, State.FAILED):
        raise Refusal(
            Kind.CONFLICT, "build_over", _("Build %(number)s is over already."),
            _("Look at what came of it."), number=number,
        )  # fmt: skip
    return build


def builds(
    person: Person, slug: str, *, before: int | None = None, limit: int = 20
) -> Sequence[BuildLine]:
    """Builds of an image, the newest first, those before the number `before`."""
    image = for_viewing(person, slug).row.id
    before = None if before is None else max(0, min(before, _LARGEST_NUMBER))
    return store.of_image(image, before, max(1, min(limit, 100)))


def build(person: Person, slug: str, number: int) -> BuildRow:
    """One build of an image."""
    return _found(for_viewing(person, slug), number)


def _found(known: KnownImage, number: int) -> BuildRow:
    is_number = 0 < number <= _LARGEST_NUMBER
    found = store.by_number(known.row.id, number) if is_number else None
    if found is None:
        raise Refusal(
            Kind.NOT_FOUND, "unknown_build", _("“%(slug)s” has no build %(number)s."),
            _("Look in the list of its builds."), slug=known.row.slug, number=number,
        )  # fmt: skip
    return found


def _files(known: KnownImage) -> tuple[BuildFile, ...]:
    """The files that go with the Dockerfile; those of a list of packages lie in `FOLDER`."""
    match known.recipe:
        case Dockerfile():
            folder = ""
        case PackageList():
            folder = f"{FOLDER}/"
        case _:
            return ()
    return tuple(
        BuildFile(f"{folder}{row.path}", row.digest, row.size_bytes, row.is_executable)
        for row in images.files(known.row.id)
    )


def _under_way(known: KnownImage) -> Refusal:
    live = store.live_of([known.row.id]).get(known.row.id)
    return Refusal(
        Kind.CONFLICT, "build_under_way",
        _("Build %(number)s of “%(slug)s” is under way."),
        _("Wait for its end, or cancel it."),
        slug=known.row.slug, number=live.number if live else "",
    )  # fmt: skip
