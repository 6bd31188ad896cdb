"""Reads the tutorials as a reader does: what to type, what is shown, what to press.

Comments on a line of their own, right above a fenced block or alone, say what a test may do:

    <!-- run -->             the block below is executed, in order
    <!-- run: restarts -->   the same, and it stops and starts the service
    <!-- by hand -->         the block below is not executed
    <!-- prints -->          the block below is what the last executed one printed, line by line;
                             `…` stands for anything
    <!-- example: NAME -->   the block below is the definition of an environment
    <!-- step: WORDS -->     something to do in a browser; a block below belongs to it
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "tutorials"
LANGUAGES = ("en", "fr")
PAGES = ("student", "image", "teacher", "administrator", "operator")
EXECUTED = ("operator", "student", "image")

_PART = re.compile(
    r"(?:^<!-- (?P<marker>[^\n]*?) -->$\n?)(?:^```(?P<kind>\w+)\n(?P<text>.*?)^```$)?"
    r"|^```(?P<bare_kind>\w+)\n(?P<bare>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, or a step without one. `marker` is empty where nothing stands above it."""

    marker: str
    kind: str
    text: str

    @property
    def verb(self) -> str:
        """The marker's first word, without its colon."""
        return self.marker.partition(" ")[0].removesuffix(":")

    @property
    def words(self) -> str:
        """What follows it."""
        return self.marker.partition(" ")[2]


@dataclass(frozen=True, slots=True)
class Command:
    """What to type into a shell, and what it must print."""

    text: str
    prints: tuple[str, ...] = ()
    restarts: bool = False
    """Stops and starts the service."""


def source_of(page: str, language: str) -> str:
    """The page's source."""
    return (FOLDER / f"{page}.{language}.md").read_text(encoding="utf-8")


def blocks_of(page: str, language: str) -> list[Block]:
    """Every marker and fenced block of a page, in order."""
    return list(blocks_in(source_of(page, language)))


def blocks_in(source: str) -> Iterator[Block]:
    """Every marker and fenced block of a source, in order."""
    for part in _PART.finditer(source):
        if part["marker"] is not None:
            yield Block(part["marker"], part["kind"] or "", part["text"] or "")
        else:
            yield Block("", part["bare_kind"], part["bare"])


def commands_of(page: str, language: str) -> list[Command]:
    """The commands of a page that are executed, in order, with what they must print."""
    commands: list[Command] = []
    for block in blocks_of(page, language):
        if block.verb == "run":
            commands.append(Command(block.text, restarts=block.words == "restarts"))
        elif block.verb == "prints":
            last = commands.pop()
            lines = tuple(block.text.splitlines())
            commands.append(Command(last.text, last.prints + lines, last.restarts))
    return commands


def steps_of(page: str, language: str) -> list[tuple[str, str]]:
    """What to do in a browser, in order: a verb, and what belongs to it (words, or a block)."""
    return [
        (verb, words or block.text.strip())
        for block in blocks_of(page, language)
        if block.verb == "step"
        for verb, _space, words in [block.words.partition(" ")]
    ]


def examples_of(page: str, language: str) -> list[str]:
    """The definitions of environments on a page."""
    return [block.text for block in blocks_of(page, language) if block.verb == "example"]


def missing_lines(wanted: tuple[str, ...], printed: str) -> list[str]:
    """Which of the wanted lines were not printed, in this order; `…` stands for anything."""
    lines = iter(printed.splitlines())
    missing = []
    for line in wanted:
        pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
        if not any(pattern.fullmatch(each.rstrip()) for each in lines):
            missing.append(line)
    return missing
