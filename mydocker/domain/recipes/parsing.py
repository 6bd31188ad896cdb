"""A Dockerfile cut into its instructions, without judging them.

Source: the Dockerfile reference (parser directives, comments, escape character, here-documents).
A line that continues another may have comments and empty lines before it, as the builders allow.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mydocker.domain.environments.mistakes import Mistake, Mistakes
from mydocker.domain.words import gettext_noop as _

LONGEST = 200_000
"""Characters of a Dockerfile that is looked at."""

_DIRECTIVE = re.compile(r"#\s*([a-z]+)\s*=\s*(\S+)\s*", re.IGNORECASE)
_HEREDOC = re.compile(r"(?<!\S)\d{0,3}<<(-?)([\"']?)([A-Za-z_][\w.]*)\2(?=[\s;|&)]|$)")
_WITH_HEREDOCS = frozenset({"RUN", "COPY", "ADD"})
_SPACE = re.compile(r"[ \t]+")
_BLANK_OR_COMMENT = re.compile(r"\s*(?:#.*)?")
_QUOTED = re.compile(r"'[^']*(?:'|$)|\"(?:[^\"\\]|\\.)*(?:\"|$)")


@dataclass(frozen=True, slots=True)
class Heredoc:
    """What stands between `<<NAME` and NAME."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction with all its lines."""

    line: int
    """Where it begins, from 1."""
    last_line: int
    name: str
    """In upper case, whether or not there is such an instruction."""
    rest: str
    """What follows the name, its lines joined without the signs that continue them."""
    heredocs: tuple[Heredoc, ...] = field(default=())


def instructions_of(text: str) -> tuple[Instruction, ...]:
    """Cut a Dockerfile into its instructions, in order.

    Raises `Mistakes` with the path `("line", number)` where that cannot be done: a here-document
    without an end, a zero byte, a text beyond `LONGEST`.
    """
    if len(text) > LONGEST:
        raise _unreadable(
            1,
            _("This Dockerfile is too long: %(most)s characters are the most."),
            _("Upload long scripts as files beside it, and COPY them."),
            most=LONGEST,
        )
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        if "\0" in line:
            raise _unreadable(
                number,
                _("This line has a zero byte: this is not a text."),
                _("Paste the text of the Dockerfile; other files are uploaded beside it."),
            )
    return tuple(_instructions(lines, _escape_of(lines)))


def directives_of(text: str) -> dict[str, int]:
    """Return the parser directives (`syntax`, `escape`, `check`) with their lines."""
    return {name: line for name, (line, _value) in _directives(text.split("\n")).items()}


def _directives(lines: Sequence[str]) -> dict[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines, 1):
        directive = _DIRECTIVE.fullmatch(line.strip().removeprefix("\ufeff"))
        if directive is None:
            break
        found.setdefault(directive[1].lower(), (number, directive[2]))
    return found


def _escape_of(lines: Sequence[str]) -> str:
    _line, escape = _directives(lines).get("escape", (0, "\\"))
    return escape if escape in ("\\", "`") else "\\"


def _instructions(lines: Sequence[str], escape: str) -> Iterator[Instruction]:
    # Spaces behind the sign are allowed, as the builders do.
    continued = re.compile(re.escape(escape) + r"[ \t]*$")
    at = 0
    while at < len(lines):
        if _BLANK_OR_COMMENT.fullmatch(lines[at]):
            at += 1
            continue
        begin = at
        joined, at = _joined(lines, at, continued)
        name, rest = _SPACE.split(joined.strip() + " ", maxsplit=1)
        name, rest = name.upper(), rest.strip()
        heredocs: list[Heredoc] = []
        if name in _WITH_HEREDOCS:
            for wanted in _heredocs_begun(rest):
                heredoc, at = _heredoc(lines, begin, at, wanted)
                heredocs.append(heredoc)
        yield Instruction(begin + 1, at, name, rest, tuple(heredocs))


def _joined(lines: Sequence[str], at: int, continued: re.Pattern[str]) -> tuple[str, int]:
    """Join the lines of an instruction from `at` on; return the text and the line after it."""
    parts: list[str] = []
    while at < len(lines):
        line = lines[at]
        at += 1
        if parts and _BLANK_OR_COMMENT.fullmatch(line):
            continue
        sign = continued.search(line)
        parts.append(line[: sign.start()] if sign else line)
        if not sign:
            break
    return "".join(parts), at


def _heredocs_begun(rest: str) -> list[re.Match[str]]:
    # What stands between quotes is the shell's: `sh -c "cat <<EOF"`.
    bare = _QUOTED.sub(lambda found: "_" if "<<" in found[0] else found[0], rest)
    return list(_HEREDOC.finditer(bare))


def _heredoc(
    lines: Sequence[str], begin: int, at: int, wanted: re.Match[str]
) -> tuple[Heredoc, int]:
    name, strips_tabs = wanted[3], wanted[1] == "-"
    for end in range(at, len(lines)):
        if (lines[end].lstrip("\t") if strips_tabs else lines[end]) == name:
            return Heredoc(name, "\n".join(lines[at:end])), end + 1
    raise _unreadable(
        begin + 1,
        _("The here-document <<%(name)s has no end."),
        _("Write a line with %(name)s alone where it ends."),
        name=name,
    )


def _unreadable(line: int, message: str, hint: str, /, **facts: object) -> Mistakes:
    return Mistakes([Mistake(("line", line), message, hint, facts | {"line": line})])
