"""The command line, from what Typer knows of it."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from rendering import Incomplete
from rendering.markdown import code, plain

_SELF_EVIDENT: Mapping[str, str] = {
    "--json": "Print JSON, for programs.",
    "--follow": "Go on with what comes, until Ctrl-C.",
    "--tail": "How many of the last lines.",
    "EMAIL": "The person: their local account, else a mail that only one person has.",
    "SLUG": "The environment's short name.",
    "ENVIRONMENT": "The environment's short name.",
    "WORKSPACE": "The workspace's id, as `mydocker workspace list` shows it.",
}
"""Words that mean the same in every command, for those that the code leaves bare."""


def render() -> str:
    """Return a section for each command."""
    return "\n".join(section(name, command) for name, command in commands())


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command by its full name, `mydocker environment apply`."""
    for name, command in tree().commands.items():
        if not hasattr(command, "commands"):
            yield f"mydocker {name}", command
    for group, inner in tree().commands.items():
        for name, command in getattr(inner, "commands", {}).items():
            yield f"mydocker {group} {name}", command


@cache
def tree() -> Any:
    """Return the whole command line; made once, for its groups can be added only once."""
    from typer.main import get_command

    from mydocker.cli import administration
    from mydocker.cli.main import app

    if not app.registered_groups:
        administration.register(app)
    return get_command(app)


def section(name: str, command: Any) -> str:
    """Return one command. Raises `Incomplete` for it or a parameter of it that is unexplained."""
    said = (command.help or "").strip()
    if not said:
        raise Incomplete(f"{name}: the command's function has no docstring")
    parameters = [one for one in command.params if one.name != "help"]
    usage = " ".join([name, *(_usage(one) for one in parameters)])
    lines = [f"- {_signs(one)}: {_words(name, one)}" for one in parameters]
    more = [*lines, ""] if lines else []
    return "\n".join([f"## {name}", "", plain(said), "", "```text", usage, "```", "", *more])


def _usage(one: Any) -> str:
    written = one.opts[0] if one.param_type_name == "option" else _name(one)
    if one.param_type_name == "option" and not getattr(one, "is_flag", False):
        written += f" {one.name.upper()}"
    return written if one.required else f"[{written}]"


def _signs(one: Any) -> str:
    if one.param_type_name == "option":
        return ", ".join(map(code, one.opts))
    return code(_name(one))


def _words(command: str, one: Any) -> str:
    key = one.opts[0] if one.param_type_name == "option" else _name(one)
    said = (one.help or "").strip() or _SELF_EVIDENT.get(key, "")
    if not said:
        raise Incomplete(f"{command}: {key} has no help")
    return plain(said) + _default(one)


def _default(one: Any) -> str:
    if one.required or one.default in (None, "", False, [], ()) or callable(one.default):
        return ""
    return f" Default: {code(str(one.default))}."


def _name(one: Any) -> str:
    return str(one.metavar or one.name).upper()
