"""What can be seen in a Dockerfile at once, without building it.

Not a style guide: each finding is something that will fail, or that a teacher would be surprised
by later. Sources: the Dockerfile reference; what the classic builder lacks of it is in "BuildKit".
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from itertools import islice

from mydocker.domain.environments.mistakes import Mistakes
from mydocker.domain.image_names import fault_of_image
from mydocker.domain.recipes.dockerfile import INSTRUCTIONS, base_of
from mydocker.domain.recipes.parsing import Instruction, directives_of, instructions_of
from mydocker.domain.words import filled_in
from mydocker.domain.words import gettext_noop as _

MOST_FINDINGS = 100


class Severity(Enum):
    """Whether a build can come of it."""

    MISTAKE = "mistake"
    """The build will fail."""
    ADVICE = "advice"
    """It may build, but probably not to what its teacher wants."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in one line. `message` and `hint` are msgids whose places `facts` fill."""

    line: int
    """Of the Dockerfile, from 1."""
    severity: Severity
    message: str
    hint: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)

    def told(self, translate: Callable[[str], str] = str) -> tuple[str, str]:
        """Return the message and the hint, translated and filled in."""
        return filled_in(translate, self.message, self.hint, self.facts)


_SYNONYMS = {
    "INSTALL": "RUN", "SH": "RUN", "EXEC": "RUN", "START": "CMD",
    "COMMAND": "CMD", "PORT": "EXPOSE", "PORTS": "EXPOSE", "BASE": "FROM", "IMAGE": "FROM",
    "VARIABLE": "ENV", "CD": "WORKDIR", "DIR": "WORKDIR", "FILE": "COPY", "CP": "COPY",
    "MKDIR": "RUN", "APT-GET": "RUN", "APT": "RUN", "PIP": "RUN", "PIP3": "RUN", "NPM": "RUN",
    "GIT": "RUN", "CURL": "RUN", "WGET": "RUN", "CHMOD": "RUN", "CHOWN": "RUN", "ECHO": "RUN",
}  # fmt: skip
_ONLY_BUILDKIT: Mapping[str, tuple[str, ...]] = {
    "RUN": ("--mount", "--network", "--security", "--device"),
    "COPY": ("--link", "--chmod", "--parents", "--exclude"),
}
_FLAG = re.compile(r"(--[\w-]+)(?:=(\S*))?\s*")
_APT_INSTALL = re.compile(r"\bapt(?:-get)?\s(?P<options>[^&;|]{0,300}\binstall\b[^&;|]*)")
_YES = re.compile(r"(?:^|\s)(?:-\w*y\w*|--yes|--assume-yes|-qq\w*)(?:\s|$)")
_PORT = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/\w+)?")


def faults(
    text: str, *, ports: Collection[int] = (), buildkit: bool = False
) -> tuple[Finding, ...]:
    """Tell what is wrong or unwise in a Dockerfile, by line; at most `MOST_FINDINGS`.

    `ports` are those that the environment wants to reach, `buildkit` whether the builder knows
    the syntax that came with BuildKit. Never raises.
    """
    try:
        instructions = instructions_of(text)
    except Mistakes as unreadable:
        return tuple(
            Finding(int(each.path[1]), Severity.MISTAKE, each.message, each.hint, each.facts)
            for each in unreadable.mistakes
        )
    found = [
        *_of_start(instructions),
        *islice(_of_words(text, instructions), MOST_FINDINGS),
        *_of_base(text, instructions),
        *_of_files(instructions),
        *_of_commands(instructions),
        *([] if buildkit else _of_buildkit(text, instructions)),
        *_of_end(instructions, ports),
    ]
    return tuple(sorted(found, key=lambda finding: finding.line)[:MOST_FINDINGS])


def _mistake(line: int, message: str, hint: str = "", /, **facts: object) -> Finding:
    return Finding(line, Severity.MISTAKE, message, hint, facts)


def _advice(line: int, message: str, hint: str = "", /, **facts: object) -> Finding:
    return Finding(line, Severity.ADVICE, message, hint, facts)


def _of_start(instructions: Sequence[Instruction]) -> Iterator[Finding]:
    if all(each.name != "FROM" for each in instructions):
        yield _mistake(
            1,
            _("There is no FROM: nothing says which image this is built on."),
            _("Begin with a line such as FROM mydocker/jupyterlab-python."),
        )
        return
    for each in instructions:
        if each.name == "FROM":
            return
        if each.name != "ARG" and each.name in INSTRUCTIONS:
            yield _mistake(
                each.line,
                _("%(instruction)s stands before FROM."),
                _("Put FROM first; ARG alone may come before it."),
                instruction=each.name,
            )


def _of_words(text: str, instructions: Sequence[Instruction]) -> Iterator[Finding]:
    lines = text.split("\n")
    before: Instruction | None = None
    for each in instructions:
        if each.name not in INSTRUCTIONS:
            yield _unknown(each, before, is_indented=lines[each.line - 1][:1].isspace())
        elif not each.rest:
            yield _mistake(
                each.line,
                _("%(instruction)s is empty."),
                _("Write behind it what it is for, or delete the line."),
                instruction=each.name,
            )
        before = each


def _unknown(each: Instruction, before: Instruction | None, *, is_indented: bool) -> Finding:
    message, name = _("There is no instruction %(instruction)s."), each.name[:40]
    known = [_SYNONYMS[each.name]] if each.name in _SYNONYMS else []
    near = known or get_close_matches(each.name, INSTRUCTIONS, n=1, cutoff=0.6)
    follows = before is not None and before.last_line == each.line - 1
    if before and follows and before.name == "RUN" and (is_indented or not near):
        return _mistake(
            each.line,
            message,
            _("If this line continues line %(before)s, end that one with a backslash: \\"),
            instruction=name,
            before=before.last_line,
        )
    if near:
        return _mistake(
            each.line, message, _("Did you mean %(near)s?"), instruction=name, near=near[0]
        )
    return _mistake(each.line, message, _("A command begins with RUN."), instruction=name)


def _of_base(text: str, instructions: Sequence[Instruction]) -> Iterator[Finding]:
    base = base_of(text)
    lines = [each.line for each in instructions if each.name == "FROM" and each.rest]
    if not lines:
        return
    if base is None:
        yield _advice(
            lines[-1],
            _("Nothing in the file says what FROM stands for."),
            _("Give the variable a value, such as ARG BASE=mydocker/jupyterlab-python."),
        )
    elif base != "scratch" and (fault := fault_of_image(base)):
        yield Finding(lines[-1], Severity.MISTAKE, fault.message, fault.hint, fault.facts)


def _of_files(instructions: Sequence[Instruction]) -> Iterator[Finding]:
    for each in instructions:
        if each.name == "ADD":
            yield _mistake(
                each.line,
                _("ADD is not for the builder here."),
                _("Write COPY; download with RUN curl -fsSL, and unpack with RUN tar -xf."),
            )
            continue
        if each.name != "COPY" or each.heredocs:
            continue
        flags, words = _words(each.rest)
        if words and len(words) < 2:
            yield _mistake(
                each.line,
                _("%(instruction)s names a file, but not where it goes."),
                _("Write both: %(instruction)s %(file)s /home/jovyan/"),
                instruction=each.name,
                file=words[0][:80],
            )
        if "--from" not in flags:
            yield from _of_sources(each, words[:-1])


def _of_sources(each: Instruction, sources: Sequence[str]) -> Iterator[Finding]:
    for source in sources:
        if ".." in source.split("/"):
            yield _mistake(
                each.line,
                _("%(file)s lies outside the files of this recipe."),
                _("Upload the file beside the recipe, and write its name without ../"),
                file=source[:200],
            )


def _words(rest: str) -> tuple[dict[str, str], list[str]]:
    """Cut the arguments of an instruction into flags and words, whichever form they have."""
    flags: dict[str, str] = {}
    begin = 0
    while found := _FLAG.match(rest, begin):
        flags[found[1]] = found[2] or ""
        begin = found.end()
    rest = rest[begin:]
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except (ValueError, RecursionError):
            return flags, rest.split()
        if isinstance(words, list):
            return flags, [str(word) for word in words]
    return flags, rest.split()


def _of_commands(instructions: Sequence[Instruction]) -> Iterator[Finding]:
    for each in instructions:
        if each.name == "MAINTAINER":
            yield _advice(
                each.line, _("MAINTAINER is out of use."), _("Write LABEL maintainer=… instead.")
            )
        if each.name != "RUN":
            continue
        for found in _APT_INSTALL.finditer(each.rest):
            if not _YES.search(found["options"]):
                yield _mistake(
                    each.line,
                    _("apt-get install asks whether to go on, and nobody answers."),
                    _("Write apt-get install -y."),
                )
        if re.search(r"(?:^|[;&|]\s*)sudo\s", each.rest):
            yield _advice(
                each.line,
                _("sudo is not there in most images."),
                _("Write USER root before this line, and the former user after it."),
            )


def _of_buildkit(text: str, instructions: Sequence[Instruction]) -> Iterator[Finding]:
    if line := directives_of(text).get("syntax"):
        yield _advice(
            line,
            _("The line # syntax= has no effect here."),
            _("Delete it: syntax that it brings is not understood."),
        )
    for each in instructions:
        flags, _rest = _words(each.rest)
        for flag in _ONLY_BUILDKIT.get(each.name, ()):
            if flag in flags:
                yield _mistake(
                    each.line,
                    _("The builder here does not know %(instruction)s %(flag)s."),
                    _("Write the line without it."),
                    instruction=each.name,
                    flag=flag,
                )
        if each.heredocs:
            yield _mistake(
                each.line,
                _("The builder here does not know here-documents (<<%(name)s)."),
                _("Join the lines with && \\, or upload a file and COPY it."),
                name=each.heredocs[0].name,
            )


def _of_end(instructions: Sequence[Instruction], ports: Collection[int]) -> Iterator[Finding]:
    starts = [number for number, each in enumerate(instructions) if each.name == "FROM"]
    last = instructions[starts[-1] :] if starts else ()
    users = [each for each in last if each.name == "USER"]
    if users and re.fullmatch(r"(?:root|0)(?::.*)?", users[-1].rest.strip("\"'")):
        yield _advice(
            users[-1].line,
            _("The image ends as root: whatever a student starts in it may change everything."),
            _("End with the user who works there, such as USER 1000."),
        )
    exposed = [word for each in last if each.name == "EXPOSE" for word in each.rest.split()]
    for port in sorted(set(ports)):
        if last and not any(_may_be(port, word) for word in exposed):
            yield _advice(
                last[-1].line,
                _("The environment wants port %(port)s, and nothing here says EXPOSE %(port)s."),
                _("Add EXPOSE %(port)s, unless the base says so already."),
                port=port,
            )


def _may_be(port: int, word: str) -> bool:
    """Say whether a word of an EXPOSE is this port: a number, a range, or a variable."""
    found = _PORT.fullmatch(word)
    if found is None:
        return True
    return int(found[1]) <= port <= int(found[2] or found[1])
