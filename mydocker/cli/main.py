"""The command line: parse, one service call, print. Exit 0 done, 1 refused, 2 wrong usage."""

import faulthandler
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import typer

from mydocker import __version__
from mydocker.settings import BadSettings, Settings, load

if TYPE_CHECKING:
    from mydocker.services.definitions import BadDefinition

app = typer.Typer(
    name="mydocker",
    help="Working environments for students, in their browser, in a second.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def settings() -> Settings:
    """The operator's settings, or the end with a sentence."""
    try:
        return load()
    except BadSettings as bad:
        refuse(str(bad))


def refuse(sentence: str) -> NoReturn:
    """Say no on standard error and end with status 1."""
    sys.stderr.write(f"mydocker: {sentence}\n")
    raise typer.Exit(1)


def told(file: str, bad: "BadDefinition") -> str:
    """Say why an environment file is refused: every mistake, and the line that it is on."""
    lines = [f"{file} cannot be applied; nothing was changed."]
    for line, mistake in bad.mistakes:
        place = f"{file}:{line}" if line else file
        lines.append(f"{place}: {mistake.place}: {' '.join(mistake.told())}".rstrip())
    return "\n".join(lines)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command()
def up(
    detach: bool = typer.Option(False, "--detach", help="Return once it is ready."),
    logs: bool = typer.Option(False, "--logs", help="Logs to standard output, not to files."),
) -> None:
    """Start the service and supervise it until Ctrl-C; workspaces that run are adopted."""
    from mydocker.cli.service import DETACH, LOGS

    settings()  # says at once what is wrong with them
    flags = [flag for flag, is_wanted in ((DETACH, detach), (LOGS, logs)) if is_wanted]
    # -P: root runs nothing that lies in the folder where somebody happens to stand.
    os.execv(  # noqa: S606 - no shell is wanted
        sys.executable, [sys.executable, "-P", "-m", "mydocker.cli.service", *flags]
    )


@app.command()
def down() -> None:
    """Stop the service; running workspaces go on and are found again by the next start."""
    from mydocker.cli.up import Problem
    from mydocker.cli.up import down as stop

    try:
        if not stop(settings()):
            typer.echo("Nothing was running.")
    except Problem as problem:
        refuse(str(problem))


@app.command()
def status(json: bool = typer.Option(False, "--json", help="For programs.")) -> None:
    """Say what runs and what is in the way of being ready."""
    from mydocker.cli.up import show_status

    show_status(settings(), as_json=json)


@app.command()
def doctor() -> None:
    """Check every dependency, port, right, name and clock; say how to mend what is wrong."""
    from mydocker.cli.doctor import examine

    raise typer.Exit(0 if examine(settings()) else 1)


@app.command()
def backup(target: str = typer.Argument(..., help="File to write (.tar.gz).")) -> None:
    """Write the database, environments, settings and key into one file; homes by reference."""
    from mydocker.cli.backups import BadBackup, write

    try:
        typer.echo(write(settings(), target))
    except BadBackup as bad:
        refuse(str(bad))


@app.command()
def restore(source: str = typer.Argument(..., help="File that `backup` wrote.")) -> None:
    """Fill an empty data folder from a backup."""
    from mydocker.cli.backups import BadBackup, read

    try:
        typer.echo(read(settings(), source))
    except BadBackup as bad:
        refuse(str(bad))


def main() -> None:
    """Run the command line."""
    from mydocker.cli import administration

    administration.register(app)
    faulthandler.register(signal.SIGUSR1)
    try:
        app()
    except BadSettings as bad:
        sys.exit(f"mydocker: {bad}")
