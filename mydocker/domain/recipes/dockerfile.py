"""Dockerfiles told as the steps of a progress list, and what they are built on."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from mydocker.domain.recipes.parsing import Instruction, instructions_of
from mydocker.domain.words import gettext_noop as _


class Title(Enum):
    """What a person calls a step. English msgids."""

    BASE = _("Base")
    SYSTEM = _("System packages")
    CONDA = _("Conda")
    PYTHON = _("Python")
    R = _("R")
    NODE = _("Node.js")
    FILES = _("Files")
    COMMAND = _("Command")
    SETTINGS = _("Settings")
    USER = _("User")
    FOLDER = _("Folder")
    PORTS = _("Ports")
    START = _("Start command")
    LATER = _("For images built on this one")
    UNKNOWN = _("Unknown")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction as builders count them."""

    number: int
    """From 1, as in `Step 3/7`."""
    line: int
    """Of the Dockerfile, from 1."""
    instruction: str
    """In upper case: `RUN`."""
    title: Title
    text: str
    """What follows the instruction, on one line."""
    stage: str = ""
    """The name or the number of its stage; empty before the first `FROM`."""


_TITLES: Mapping[str, Title] = {
    "FROM": Title.BASE, "COPY": Title.FILES, "ADD": Title.FILES, "RUN": Title.COMMAND,
    "ENV": Title.SETTINGS, "ARG": Title.SETTINGS, "LABEL": Title.SETTINGS,
    "SHELL": Title.SETTINGS, "STOPSIGNAL": Title.SETTINGS, "MAINTAINER": Title.SETTINGS,
    "HEALTHCHECK": Title.SETTINGS, "USER": Title.USER, "WORKDIR": Title.FOLDER,
    "VOLUME": Title.FOLDER, "EXPOSE": Title.PORTS, "CMD": Title.START,
    "ENTRYPOINT": Title.START, "ONBUILD": Title.LATER,
}  # fmt: skip
INSTRUCTIONS = tuple(_TITLES)
"""All that the Dockerfile reference has, `MAINTAINER` included."""

_INSTALLERS: tuple[tuple[re.Pattern[str], Title], ...] = (
    (
        re.compile(r"\b(?:apt-get|apt|aptitude|apk|dnf|yum)\s[^&;|]{0,300}\b(?:install|add)\b"),
        Title.SYSTEM,
    ),
    (
        re.compile(
            r"(?:\b(?:conda|mamba|micromamba)|\$installer\")\s[^&;|]{0,300}\b(?:install|create|env)\b"
        ),
        Title.CONDA,
    ),
    (
        re.compile(r"\b(?:uv\s+)?pip3?\s[^&;|]{0,300}\binstall\b|\b(?:uv|poetry)\s+(?:sync|add)\b"),
        Title.PYTHON,
    ),
    (re.compile(r"\binstall\.packages\(|\binstall2?\.r\b|\binstall_(?:cran|version)\("), Title.R),
    (re.compile(r"\b(?:npm|yarn|pnpm)\s[^&;|]{0,300}\b(?:install|ci|add|i)\b"), Title.NODE),
)
_CONDITION = re.compile(r"\bif !? ?command -v .{0,999}?\bfi\b")
LONGEST_VALUE = 1_000
"""Characters of an argument's value that are looked at."""
_STAGE = re.compile(r"\bAS\s+(\S+)\s*$", re.IGNORECASE)
_FLAG = re.compile(r"--[\w-]+(?:=\S*)?")
_USE = re.compile(r"\$(?:\{(\w+)(?::?([-+])([^}]*))?\}|(\w+))")


def steps(text: str) -> tuple[Step, ...]:
    """Return the steps of a Dockerfile, in order, counted over all stages.

    Instructions that do not exist are steps too, called unknown. Raises `Mistakes` with the line
    where the text cannot be cut into instructions.
    """
    return tuple(_steps(instructions_of(text)))


def _steps(instructions: Sequence[Instruction]) -> Iterator[Step]:
    stage, stages = "", 0
    for number, each in enumerate(instructions, 1):
        if each.name == "FROM":
            named = _STAGE.search(each.rest)
            stage, stages = named[1].lower() if named else str(stages), stages + 1
        yield Step(number, each.line, each.name, _title(each), " ".join(each.rest.split()), stage)


def _title(instruction: Instruction) -> Title:
    if instruction.name != "RUN":
        return _TITLES.get(instruction.name, Title.UNKNOWN)
    said = "\n".join([instruction.rest, *(heredoc.text for heredoc in instruction.heredocs)])
    said = _CONDITION.sub("", said)
    found = [
        (match.start(), title) for pattern, title in _INSTALLERS if (match := pattern.search(said))
    ]
    return min(found, key=lambda each: each[0])[1] if found else Title.COMMAND


def base_of(text: str, arguments: Mapping[str, str] | None = None) -> str | None:
    """Return the image that the last stage is built on in the end; None if nothing says it.

    `arguments` are the build arguments given from outside; else the defaults of `ARG` count.
    Raises `Mistakes` as `steps` does.
    """
    values: dict[str, str] = {}
    stages: dict[str, str] = {}
    base: str | None = None
    for each in instructions_of(text):
        if each.name == "ARG" and base is None:
            values |= arguments_of(each.rest, values, arguments or {})
        elif each.name == "FROM":
            words = _FLAG.sub("", each.rest).split()
            image = expanded(words[0], values) if words else ""
            base = stages.get(image.lower(), image)
            named = _STAGE.search(each.rest)
            if named:
                stages[named[1].lower()] = base
    return base or None


def arguments_of(rest: str, known: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the values that an `ARG` gives to its names: those given from outside come first."""
    found: dict[str, str] = {}
    for word in rest.split():
        name, _equals, default = word.partition("=")
        found[name] = given.get(name, expanded(default.strip("\"'"), known))
    return found


def expanded(word: str, values: Mapping[str, str]) -> str:
    """Put values in the place of `$NAME`, `${NAME}`, `${NAME:-else}` and `${NAME:+then}`.

    What is longer than `LONGEST_VALUE` is cut: values that are made of values could grow for ever.
    """

    def value(found: re.Match[str]) -> str:
        known = values.get(found[1] or found[4], "")
        match found[2]:
            case "-":
                return known or found[3]
            case "+":
                return found[3] if known else ""
            case _:
                return known

    return _USE.sub(value, word[:LONGEST_VALUE])[:LONGEST_VALUE]
