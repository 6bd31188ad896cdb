"""Commands about people, tokens, environments and workspaces; in process, as the operator."""

import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from mydocker.cli import images
from mydocker.cli.acting import AS_JSON, LANGUAGE, database, now, print_json
from mydocker.settings import read_duration

WAIT_SECONDS = 300.0
SETTLED = frozenset({"ready", "failed", "stopped"})
"""States that nothing changes but another wish."""

user_app = typer.Typer(help="People.", no_args_is_help=True)
token_app = typer.Typer(help="API tokens.", no_args_is_help=True)
environment_app = typer.Typer(help="Environments.", no_args_is_help=True)
workspace_app = typer.Typer(help="Workspaces.", no_args_is_help=True)


EMAIL = typer.Argument(..., help="The person's mail address.")
SLUG = typer.Argument(..., help="The environment's slug, such as jupyterlab-python.")
WORKSPACE = typer.Argument(..., help="The workspace's id, as `workspace list` shows it.")


def register(app: typer.Typer) -> None:
    """Add the groups to the command line."""
    app.add_typer(user_app, name="user")
    app.add_typer(token_app, name="token")
    app.add_typer(environment_app, name="environment")
    app.add_typer(images.image_app, name="image")
    app.add_typer(workspace_app, name="workspace")


@user_app.command("add")
def user_add(
    email: str = EMAIL,
    role: str = typer.Option("student", help="student, teacher or admin."),
    name: str = typer.Option("", help="Name shown to others."),
    password_stdin: bool = typer.Option(False, "--password-stdin", help="Read it from stdin."),
) -> None:
    """Add a local account, or change its role, name or password; applying it twice is fine."""
    from mydocker.domain.people import Role

    if role not in set(Role):
        raise typer.BadParameter("write student, teacher or admin", param_hint="--role")
    password = sys.stdin.readline().rstrip("\n") if password_stdin else ""
    with database():
        from mydocker.services import people

        person = people.add_local(email, Role(role), now(), password=password, name=name)
    typer.echo(person.id)


@token_app.command("create")
def token_create(
    email: str = EMAIL,
    scope: list[str] = typer.Option([], "--scope", help="May be repeated; none: everything."),
    expires: str = typer.Option("", help="Such as 8h or 30d; empty: never."),
    title: str = typer.Option("command line", help="Shown in the person's account."),
) -> None:
    """Make an API token and print it alone; it cannot be shown again."""
    try:
        lifetime = read_duration(expires) if expires else None
    except ValueError:
        raise typer.BadParameter("write 8h or 30d", param_hint="--expires") from None
    with database():
        from mydocker.services import people

        person = people.by_mail(email)
        typer.echo(people.create_token(person, title, scope, now(), lifetime))


@environment_app.command("apply")
def environment_apply(file: str = typer.Argument(..., help="A YAML file, or - for stdin.")) -> None:
    """Create or change an environment from its definition; applying it twice changes nothing."""
    from mydocker.cli.main import refuse, told
    from mydocker.domain.environments import warnings_of

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"{file}: {error}")
    with database():
        from mydocker.services import environments
        from mydocker.services.definitions import BadDefinition, read_definition
        from mydocker.services.operator import OPERATOR

        try:
            definition = read_definition(text)
        except BadDefinition as bad:
            refuse(told(file, bad))
        for warning in warnings_of(definition):
            sys.stderr.write(f"warning: {warning.place}: {' '.join(warning.told()).strip()}\n")
        found, changed = environments.apply(OPERATOR, definition, now())
    word = "applied" if changed else "unchanged"
    typer.echo(f"{found.row.slug}  {word}  join code {found.row.join_code}")


@environment_app.command("export")
def environment_export(slug: str = SLUG) -> None:
    """Print an environment's definition as YAML; `apply` takes it back."""
    with database():
        from mydocker.services import environments
        from mydocker.services.definitions import write_definition

        found = environments.by_slug(slug)
        typer.echo(write_definition(found.row.definition), nl=False)


@environment_app.command("list")
def environment_list(as_json: bool = AS_JSON) -> None:
    """List every environment."""
    with database():
        from mydocker.services import environments
        from mydocker.services.operator import OPERATOR

        rows = [each.row for each in environments.editable(OPERATOR)]
    if as_json:
        print_json([
            {"slug": row.slug, "title": {"en": row.title_en, "fr": row.title_fr},
             "status": row.status, "join_code": row.join_code}
            for row in rows
        ])  # fmt: skip
        return
    for row in rows:
        typer.echo(f"{row.slug:30} {row.status:10} {row.join_code}")


@environment_app.command("spares")
def environment_spares(slug: str = SLUG, as_json: bool = AS_JSON) -> None:
    """Say how many spares of an environment stand by, are coming, and are going."""
    with database():
        from mydocker.services import claims

        stock = claims.stock(slug)
    if as_json:
        print_json(asdict(stock))
    else:
        typer.echo(f"standing {stock.standing}  coming {stock.coming}  going {stock.going}")


@environment_app.command("delete")
def environment_delete(slug: str = SLUG) -> None:
    """Delete an environment that nobody ever used."""
    with database():
        from mydocker.services import environments
        from mydocker.services.operator import OPERATOR

        environments.delete(OPERATOR, slug, now())


@workspace_app.command("start")
def workspace_start(
    environment: str = SLUG,
    user: str = typer.Option(..., "--user", help="Mail of the person."),
    wait: bool = typer.Option(False, "--wait", help="Until it is ready or failed."),
    as_json: bool = AS_JSON,
) -> None:
    """Start a person's workspace in an environment."""
    from mydocker.cli.main import refuse

    with database():
        from mydocker.services import people, workspaces

        person = people.by_mail(user)
        asked = workspaces.ask(person, environment, now())
        found = _summary(person, asked.workspace)
        deadline = time.monotonic() + (WAIT_SECONDS if wait else 0)
        while found["state"] not in SETTLED and time.monotonic() < deadline:
            before = _progress(found)
            time.sleep(0.05)
            found = _summary(person, asked.workspace)
            if _progress(found) != before:
                typer.echo(_progress(found), err=True)
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['id']}  {_progress(found)}")
    if wait and found["state"] != "ready":
        refuse(_why(found))


def _progress(found: Mapping[str, Any]) -> str:
    """The state, and the place of what waits: `queued, 3 of 14, about 12 s`."""
    queue = found["queue"]
    if queue is None:
        return str(found["state"])
    about = "" if queue["seconds"] is None else f", about {queue['seconds']} s"
    return f"{found['state']}, {queue['place']} of {queue['of']}{about}"


def _why(found: Mapping[str, Any]) -> str:
    reason = found["reason"]
    if reason is None and found["state"] == "stopped":
        return "It was stopped before it was ready."
    if reason is None:
        return (
            f"It is not ready after {WAIT_SECONDS:.0f} s. Ask again, or look at the service's logs."
        )
    return f"{reason['message']}\n{reason['hint']}".strip()


def _summary(person: Any, workspace: str) -> dict[str, object]:
    from mydocker.services import summaries

    return summaries.as_json(summaries.of_workspace(person, workspace), LANGUAGE)


@workspace_app.command("list")
def workspace_list(as_json: bool = AS_JSON) -> None:
    """List every workspace that runs."""
    with database():
        from mydocker.services import summaries
        from mydocker.services.operator import OPERATOR

        page = summaries.in_use(OPERATOR)
        rows = [summaries.as_json(each, LANGUAGE) for each in page.items]
        while page.next:
            page = summaries.in_use(OPERATOR, after=page.next)
            rows += [summaries.as_json(each, LANGUAGE) for each in page.items]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['id']}  {row['environment']:30} {_progress(row)}")


@workspace_app.command("stop")
def workspace_stop(workspace: str = WORKSPACE) -> None:
    """Stop a workspace."""
    with database():
        from mydocker.services import workspaces
        from mydocker.services.operator import OPERATOR

        workspaces.stop_own(OPERATOR, workspace, now())


@workspace_app.command("logs")
def workspace_logs(
    workspace: str = WORKSPACE,
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on as it writes."),
    tail: int = typer.Option(200, "--tail", help="How many of the last lines."),
) -> None:
    """Print what a workspace's program wrote; of a failed run, its last lines."""
    import asyncio

    from mydocker.cli.main import refuse, settings
    from mydocker.ports.errors import Refused, Unavailable

    with database():
        from mydocker.store import runs

        run = runs.latest_of(workspace)
    if run is None:
        refuse("This workspace was never started.")
    try:
        asyncio.run(_print_logs(settings(), run.id, tail, follow))
    except (Unavailable, Refused) as error:
        refuse(str(error))


async def _print_logs(settings: Any, run: str, tail: int, follow: bool) -> None:
    from mydocker.adapters.window import SocketWindow
    from mydocker.bootstrap import sockets

    async for line in SocketWindow(sockets(settings).loops).logs(run, tail=tail, follow=follow):
        typer.echo(line.text)
