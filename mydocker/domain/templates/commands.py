"""Commands: how they are cut in words and rendered. No shell ever reads them."""

import re
import shlex
from collections.abc import Iterator, Mapping

from mydocker.domain.templates.variables import (
    IN_COMMANDS,
    USE,
    BadTemplate,
    Fault,
    Values,
    faults_of_variables,
    known,
    substitute,
    value_of,
)
from mydocker.domain.words import gettext_noop as _

_PLACEHOLDER = re.compile("\0([0-9]+)\0")
_CONTINUATION = re.compile(r"(?<!\\)((?:\\\\)*)\\\r?\n")


def faults_of_command(command: str) -> Iterator[Fault]:
    """Tell everything that is wrong with a command."""
    yield from faults_of_variables(command, IN_COMMANDS)
    try:
        words_as_written(command)
    except BadTemplate as bad:
        yield bad.fault


def words_as_written(command: str) -> tuple[str, ...]:
    """Cut a command in words, each variable standing as a neutral letter.

    Raises `BadTemplate` for a quote that is not closed.
    """
    return _cut(USE.sub("X", command))


def _cut(command: str) -> tuple[str, ...]:
    """Cut in words as a POSIX shell does, without expanding anything."""
    try:
        return tuple(shlex.split(_CONTINUATION.sub(r"\1", command)))
    except ValueError:
        raise BadTemplate(
            Fault(
                _("This command cannot be cut in words: a quote or a backslash has no partner."),
                _("Close every quote; write \\' for an apostrophe outside quotes."),
            )
        ) from None


def render_command(command: str, values: Values) -> tuple[str, ...]:
    """Return the words of a command, to be given as CMD.

    A value never makes another word, whatever it contains: the command is cut first.
    """
    pieces: list[str] = []

    def remember(found: re.Match[str]) -> str:
        pieces.append(value_of(known(found.group(1)), values))
        return f"\0{len(pieces) - 1}\0"

    words = _cut(USE.sub(remember, command.replace("\0", "")))
    return tuple(_PLACEHOLDER.sub(lambda found: pieces[int(found[1])], word) for word in words)


def render_variables(variables: Mapping[str, str], values: Values) -> dict[str, str]:
    """Return a run's environment variables: the teacher's, and the two that are always there."""
    rendered = {name: substitute(text, values, str) for name, text in variables.items()}
    return rendered | {
        "MYDOCKER_USERNAME": values.username,
        "MYDOCKER_PASSWORD": values.password,
    }
