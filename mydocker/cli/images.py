"""Commands about images and their builds; in process, as the operator."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mydocker.cli.acting import AS_JSON, database, now, print_json
from mydocker.cli.image_files import as_the_web, opened, put
from mydocker.cli.image_logs import Log, follow

if TYPE_CHECKING:
    from mydocker.domain.recipes import Recipe
    from mydocker.services.images import KnownImage
    from mydocker.store.builds import BuildLine, BuildRow

PART = 100

image_app = typer.Typer(help="Images and their builds.", no_args_is_help=True)

SLUG = typer.Argument(..., help="The image's slug, such as numerics.")
NUMBER = typer.Argument(0, help="Of the build; left out: the newest.", show_default=False)


@image_app.command("list")
def image_list(as_json: bool = AS_JSON) -> None:
    """List every image, with its newest build."""
    with database():
        from mydocker.services import images
        from mydocker.services.operator import OPERATOR

        found = list(images.visible(OPERATOR, limit=PART))
        while part := images.visible(OPERATOR, after=found[-1].row.slug if found else "",
                                     limit=PART):  # fmt: skip
            found += part
    if as_json:
        print_json([
            {"slug": each.row.slug, "title": each.row.title, "kind": each.kind.value,
             "revision": each.row.revision, "used_by": each.used_by,
             "latest": _as_json(each.latest) if each.latest else None}
            for each in found
        ])  # fmt: skip
        return
    for each in found:
        latest = f"build {each.latest.number} {each.latest.state}" if each.latest else "never built"
        typer.echo(f"{each.row.slug:30} {each.kind:10} {latest}")


@image_app.command("apply")
def image_apply(
    slug: str = SLUG,
    file: str = typer.Argument(..., help="A recipe in YAML, or - for stdin."),
    title: str = typer.Option("", help="Shown to people; of a new image, else its slug."),
    user: str = typer.Option("", "--user", help="Mail of whoever it belongs to, if it is new."),
) -> None:
    """Make an image of a recipe, or change its recipe; applying it twice changes nothing."""
    from mydocker.cli.main import refuse

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"{file}: {error}")
    with database():
        from mydocker.domain.recipes import GitRepository
        from mydocker.services import images

        recipe = _recipe(file, text)
        known, word = _applied(slug, recipe, title, user)
        if not isinstance(recipe, GitRepository):
            _warn(images.dockerfile_of(recipe))
    typer.echo(f"{known.row.slug}  {word}  revision {known.row.revision}")


@image_app.command("export")
def image_export(slug: str = SLUG) -> None:
    """Print an image's recipe as YAML; `apply` takes it back."""
    with database():
        from mydocker.services import images
        from mydocker.services.definitions import write_definition
        from mydocker.services.operator import OPERATOR

        found = images.for_viewing(OPERATOR, slug)
        typer.echo(write_definition(dict(found.row.recipe)), nl=False)


@image_app.command("files")
def image_files(
    slug: str = SLUG,
    given: list[Path] = typer.Option([], "--put", help="A file or a folder; may be repeated."),
    archive: Path | None = typer.Option(None, "--archive", help="A zip or tar to unpack there."),
    remove: list[str] = typer.Option([], "--remove", help="A path to delete; may be repeated."),
    as_json: bool = AS_JSON,
) -> None:
    """List the files beside an image's recipe, after the changes that are asked for."""
    with database(), _mistakes_told():
        from mydocker.services import images
        from mydocker.services.operator import OPERATOR

        images.for_editing(OPERATOR, slug)
        for path in remove:
            images.remove_file(OPERATOR, slug, path, now())
        if given:
            put(slug, given)
        if archive is not None:
            with opened(archive) as stream, as_the_web():
                images.put_archive(OPERATOR, slug, archive.name, stream, now())
        rows = images.files(OPERATOR, slug)
    if as_json:
        print_json([
            {"path": row.path, "digest": row.digest, "size_bytes": row.size_bytes,
             "is_executable": row.is_executable}
            for row in rows
        ])  # fmt: skip
        return
    for row in rows:
        typer.echo(f"{row.size_bytes:12} {'x' if row.is_executable else '-'} {row.path}")


@image_app.command("build")
def image_build(
    slug: str = SLUG,
    wait: bool = typer.Option(False, "--wait", help="Print its log until it is over."),
    no_cache: bool = typer.Option(False, "--no-cache", help="Do every step anew."),
    as_json: bool = AS_JSON,
) -> None:
    """Ask for a build of an image as it is now."""
    with database(), _mistakes_told():
        from mydocker.services import images
        from mydocker.services.operator import OPERATOR

        row = images.ask_build(OPERATOR, slug, now(), use_cache=not no_cache)
        if wait:
            row = follow(row)
        if as_json:
            print_json(_as_json(row))
        else:
            typer.echo(f"{slug}  {_summary(row)}")
        if wait:
            _refuse_unless_done(row)


@image_app.command("log")
def image_log(
    slug: str = SLUG,
    number: int = NUMBER,
    goes_on: bool = typer.Option(False, "--follow", "-f", help="Go on as it writes."),
) -> None:
    """Print what a build said; of one that failed, why."""
    from mydocker.cli.main import refuse
    from mydocker.ports.errors import Unavailable

    with database():
        row = _build(slug, number)
        try:
            if goes_on:
                row = follow(row)
            else:
                Log(row).print(follow=False)
        except Unavailable as error:
            refuse(f"Its log cannot be read at the moment: {error}")
        if row.failure:
            typer.echo(_why(row), err=True)


@image_app.command("cancel")
def image_cancel(slug: str = SLUG, number: int = NUMBER) -> None:
    """Cancel a build; one under way ends as soon as it can be ended."""
    with database():
        from mydocker.services import images
        from mydocker.services.operator import OPERATOR

        row = images.cancel_build(OPERATOR, slug, _build(slug, number).number, now())
        typer.echo(f"{slug}  {_summary(row)}")


@image_app.command("delete")
def image_delete(slug: str = SLUG) -> None:
    """Delete an image with its builds; not while an environment runs one of them."""
    with database():
        from mydocker.services import images
        from mydocker.services.operator import OPERATOR

        images.delete(OPERATOR, slug, now())


def _recipe(file: str, text: str) -> "Recipe":
    """Read a recipe, or end with every mistake and its line."""
    from mydocker.cli.main import refuse, told
    from mydocker.domain.environments import Mistakes
    from mydocker.domain.recipes import read_recipe
    from mydocker.services.definitions import BadDefinition, read_tree

    try:
        tree, lines = read_tree(text)
        try:
            return read_recipe(tree)
        except Mistakes as found:
            raise BadDefinition(
                [(_line(lines, each.path), each) for each in found.mistakes]
            ) from found
    except BadDefinition as bad:
        refuse(told(file, bad))


def _line(lines: dict[tuple[str | int, ...], int], path: tuple[str | int, ...]) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


def _applied(slug: str, recipe: "Recipe", title: str, user: str) -> tuple["KnownImage", str]:
    from mydocker.domain.refusals import Refusal
    from mydocker.services import images, people
    from mydocker.services.operator import OPERATOR

    try:
        before = images.for_editing(OPERATOR, slug)
    except Refusal as refusal:
        if refusal.code != "unknown_image":
            raise
        person = people.by_mail(user) if user else OPERATOR
        return images.create(person, title or slug, recipe, now(), slug=slug), "created"
    revision, title = before.row.revision, title or before.row.title
    after = images.change(
        OPERATOR, slug, revision=revision, title=title, recipe=recipe, now=now()
    )  # fmt: skip
    return after, "unchanged" if after.row.revision == revision else "changed"


def _warn(dockerfile: str) -> None:
    """Say what can be seen in it without building it."""
    from mydocker.domain.recipes import faults

    for each in faults(dockerfile):
        said = " ".join(each.told()).strip()
        sys.stderr.write(f"{each.severity.value}: Dockerfile:{each.line}: {said}\n")


@contextmanager
def _mistakes_told() -> Iterator[None]:
    """Let refusals with several reasons tell them all."""
    from mydocker.cli.main import refuse
    from mydocker.services.images import BadFiles, BadRecipe

    try:
        yield
    except BadRecipe as bad:
        refuse("\n".join([
            "It was not built; mend first:",
            *(f"Dockerfile:{each['line']}: {each['message']} {each['hint']}".rstrip()
              for each in bad.told()),
        ]))  # fmt: skip
    except BadFiles as bad:
        refuse("\n".join(["No file was taken:", *(" ".join(each).strip() for each in bad.told())]))


def _build(slug: str, number: int) -> "BuildRow":
    from mydocker.cli.main import refuse
    from mydocker.services import images
    from mydocker.services.operator import OPERATOR

    if not number:
        newest = images.builds(OPERATOR, slug, limit=1)
        if not newest:
            refuse(f"{slug} was never built. Build it with: mydocker image build {slug}")
        number = newest[0].number
    return images.build(OPERATOR, slug, number)


def _summary(row: "BuildRow") -> str:
    word = "being cancelled" if row.cancel_asked and not row.state.is_over else str(row.state)
    return f"build {row.number}  {word}  {row.reference}".rstrip()


def _as_json(row: "BuildLine") -> dict[str, object]:
    return {
        "number": row.number, "state": row.state.value, "reference": row.reference or None,
        "asked_at": row.asked_at, "began_at": row.began_at, "ended_at": row.ended_at,
        "size_bytes": row.size_bytes, "why": _why(row) or None,
    }  # fmt: skip


def _why(row: "BuildLine") -> str:
    """Why a build failed, in two lines; empty for one that did not."""
    from mydocker.services.answers import fill

    facts: Any = row.failure.get("facts") or {}
    told = [fill(str(row.failure.get(key, "")), facts) for key in ("message", "hint")]
    return "\n".join(each for each in told if each)


def _refuse_unless_done(row: "BuildRow") -> None:
    from mydocker.cli.main import refuse
    from mydocker.domain.builds import State

    if row.state is not State.DONE:
        refuse(_why(row) or "It was cancelled.")
