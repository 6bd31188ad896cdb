"""Cutting what was typed or pasted into the words that name packages.

Knows lists, commands (`pip install …`, `install.packages(…)`), requirements files. Whether a word
is a package is not decided here.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from mydocker.domain.recipes.grammar import Manager
from mydocker.domain.templates import Fault
from mydocker.domain.words import gettext_noop as _

Word = str


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its comment, joined with those that continue it; numbers are from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class _Options:
    """What a manager's command may hold besides packages."""

    plain: frozenset[str]
    """Options that change nothing here."""
    valued: frozenset[str] = field(default_factory=frozenset)
    """The same, each followed by a value."""


_COMMENT = re.compile(r"(?:^|\s)#.*")
_BULLET = re.compile(r"^(?:[-*•]|\d+[.)])\s+")
_COMPARED = re.compile(r"\s*(===|==|~=|!=|>=|<=|=(?!=)|<(?!<)|>(?!>))\s*")
_MORE_BOUNDS = re.compile(r"\s*,\s*(?=(?:===|==|~=|!=|>=|<=|<|>))")
_BETWEEN_BRACKETS = re.compile(r"\s*\[\s*([^\[\]]*)\]")
_IN_PARENTHESES = re.compile(r"(?<=[\w.\]])\s*\(\s*([=<>~!]{0,3}\s*[^()]*)\)")
# What stands between commas, except those of extras and of bounds.
_PART = re.compile(r"(?:\[[^\[\]]*\]|,(?====|==|~=|!=|>=|<=|<|>)|[^,])+")
_VERSION = re.compile(
    r"[\^~]?v?(?:[0-9]+:)?[0-9]+(?:\.[0-9]+)*(?:\.\*|[a-z]+[0-9]*|(?:[._+~-][\w.+~-]*)?)"
)
_LONGEST_VERSION = 100
_HAS_VERSION = re.compile(r".[=<>]|.@|~=")
_JOINTS: Mapping[Manager, str] = {
    Manager.APT: "=",
    Manager.CONDA: "=",
    Manager.CRAN: "=",
    Manager.NPM: "@",
    Manager.PIP: "==",
}
_PROGRAMS: Mapping[str, Manager] = {
    "apt": Manager.APT, "apt-get": Manager.APT, "aptitude": Manager.APT,
    "conda": Manager.CONDA, "mamba": Manager.CONDA, "micromamba": Manager.CONDA,
    "npm": Manager.NPM, "pnpm": Manager.NPM, "yarn": Manager.NPM,
    "pip": Manager.PIP, "pip3": Manager.PIP, "pipx": Manager.PIP,
}  # fmt: skip
_PROMPT = re.compile(r"^(?:[$>]\s+|[!%]\s*)(?=[a-zA-Z])")
_BEFORE_PROGRAMS = frozenset({"RUN", "sudo", "uv", "python", "python3", "-m"})
_INSTALLS = frozenset({"install", "add", "i", "global"})
_HARMLESS = frozenset({"update", "upgrade", "clean", "autoremove", "config"})
_OPTIONS: Mapping[Manager, _Options] = {
    Manager.APT: _Options(
        frozenset({"-y", "--yes", "-q", "-qq", "--no-install-recommends", "--quiet", "-qy", "-yq"})
    ),
    Manager.CONDA: _Options(
        frozenset({"-y", "--yes", "-q", "--quiet"}), frozenset({"-n", "--name"})
    ),
    Manager.CRAN: _Options(frozenset()),
    Manager.NPM: _Options(
        frozenset({"-g", "--global", "--save", "-S", "-D", "--save-dev", "--no-audit", "--no-fund"})
    ),
    Manager.PIP: _Options(
        frozenset({"-U", "--upgrade", "--user", "-q", "--quiet", "--no-cache-dir", "--system"})
        | {"--no-cache", "--disable-pip-version-check", "--break-system-packages"}
    ),
}
_OF_R = re.compile(r"(?:\w+::)?(install\.packages|install_cran|library|require)\s*\((.*)\)\s*;?")
_NAME_OF_R = re.compile(r"[\"']([^\"']*)[\"']")


def lines_of(text: str) -> Iterator[Line]:
    """Yield the lines that hold something; a backslash at the end joins the next one."""
    begun, waiting = 0, ""
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        line = _COMMENT.sub("", raw).strip().removeprefix("\ufeff")
        begun = begun if waiting else number
        if line.endswith("\\"):
            waiting += line[:-1] + " "
            continue
        # Many spaces mean no more than one, and cost patterns much.
        whole, waiting = " ".join((waiting + line).split()), ""
        if whole:
            yield Line(begun, whole)
    if waiting.strip():
        yield Line(begun, " ".join(waiting.split()))


def words_of_line(manager: Manager, line: str) -> Sequence[Word] | Fault:
    """Cut a line into words, each with its version; or say why it cannot be taken at all."""
    line = _PROMPT.sub("", line)
    if found := _OF_R.fullmatch(line):
        return _of_r(manager, found[1], found[2])
    first = next((word for word in line.split() if not _is_before(word)), "")
    if first.rpartition("/")[2] in _PROGRAMS and len(line.split()) > 1 and _is_command(line):
        return _of_commands(manager, line)
    return _of_list(manager, line)


def _is_before(word: str) -> bool:
    return word in _BEFORE_PROGRAMS or re.fullmatch(r"[A-Z_]+=\w*", word) is not None


def _is_command(line: str) -> bool:
    return not (_INSTALLS | _HARMLESS).isdisjoint(line.split())


def _of_list(manager: Manager, line: str) -> Sequence[Word] | Fault:
    line = _BULLET.sub("", line)
    if line.startswith("-"):
        # An option and its value are one mistake.
        return (line,)
    if manager is not Manager.NPM:
        line = _glued(line)
    words: list[Word] = []
    for part in _PART.findall(line):
        words.extend(_with_versions(manager, part.split()))
    return words


def _glued(text: str) -> str:
    text = _IN_PARENTHESES.sub(r" \1 ", text)
    text = _BETWEEN_BRACKETS.sub(lambda found: f"[{''.join(found[1].split())}]", text)
    text = _COMPARED.sub(r"\1", text)
    return re.sub(r"\s+@\s+", "@", _MORE_BOUNDS.sub(",", text))


def _with_versions(manager: Manager, words: Sequence[str]) -> Iterator[Word]:
    """Join a name with the version that stands beside it, as in `numpy 2.4`."""
    name = ""
    for word in words:
        if name and not _HAS_VERSION.search(name) and _is_version(manager, word):
            yield f"{name}{_JOINTS[manager]}{word}"
            name = ""
            continue
        if name:
            yield name
        name = word
    if name:
        yield name


def _is_version(manager: Manager, word: str) -> bool:
    # Names of Debian begin with digits now and then (`7zip`, `4ti2`), versions have a dot.
    if manager is Manager.APT and not re.match(r"[0-9:]+\.", word):
        return False
    return len(word) <= _LONGEST_VERSION and _VERSION.fullmatch(word) is not None


def _of_commands(manager: Manager, line: str) -> Sequence[Word] | Fault:
    try:
        words = shlex.split(line)
    except ValueError:
        return Fault(_("A quote of this command has no partner."), _("Paste the whole command."))
    found: list[Word] = []
    while words:
        command = list(takewhile(lambda word: word not in ("&&", ";"), words))
        words = words[len(command) + 1 :]
        one = _of_command(manager, command)
        if isinstance(one, Fault):
            return one
        found.extend(one)
    return found


def _of_command(manager: Manager, words: Sequence[str]) -> Sequence[Word] | Fault:
    while words and _is_before(words[0]):
        words = words[1:]
    program = words[0].rpartition("/")[2] if words else ""
    if program not in _PROGRAMS:
        return Fault(
            _("%(program)s is not a command that installs packages."),
            _("Paste the names of the packages only; other commands belong in a Dockerfile."),
            {"program": program[:80]},
        )
    if _PROGRAMS[program] is not manager:
        return _elsewhere(program, _PROGRAMS[program])
    rest = words[1:]
    if not _HARMLESS.isdisjoint(rest[:2]) and _INSTALLS.isdisjoint(rest):
        return ()
    return _without_options(manager, rest)


def _elsewhere(program: str, manager: Manager) -> Fault:
    return Fault(
        _("%(program)s belongs to another list."),
        _("Paste this line into the list of %(manager)s packages."),
        {"program": program, "manager": manager.value},
    )


def _without_options(manager: Manager, words: Sequence[str]) -> Sequence[Word]:
    """Leave out verbs and options that change nothing; those that do are left, to be refused."""
    known = _OPTIONS[manager]
    found: list[Word] = []
    channel = ""
    rest = iter(words)
    verbs = set(_INSTALLS)
    for word in rest:
        if word in verbs:
            verbs.discard(word)
        elif manager is Manager.CONDA and (given := _channel(word, rest)):
            channel = given
        elif word in known.valued:
            next(rest, "")
        elif word not in known.plain:
            found.append(word if manager is Manager.NPM else _glued(word))
    return [_in_channel(channel, word) for word in found]


def _channel(word: str, rest: Iterator[str]) -> str:
    if word in ("-c", "--channel"):
        return next(rest, "")
    return word.removeprefix("--channel=") if word.startswith("--channel=") else ""


def _in_channel(channel: str, word: str) -> Word:
    # conda-forge is where packages come from in any case (`dockerfile.py`).
    is_plain = channel in ("", "conda-forge", "defaults") or "::" in word or word.startswith("-")
    return word if is_plain else f"{channel}::{word}"


def _of_r(manager: Manager, call: str, arguments: str) -> Sequence[Word] | Fault:
    if manager is not Manager.CRAN:
        return _elsewhere(call, Manager.CRAN)
    # What comes by name (`repos = …`) is no package.
    unnamed = re.sub(r",\s*\w+\s*=.*", "", arguments)
    names = _NAME_OF_R.findall(unnamed)
    return names or ([unnamed.strip()] if unnamed.strip() else [])
