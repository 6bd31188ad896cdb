"""A Dockerfile as the builder is given it: each instruction on one line, none that lets the engine
itself fetch something, and with what this installation puts after every FROM.

The steps of a build run in a cage; the engine does not. What it would download for `ADD` comes
past the cage's network, so no address may stand there. What is built is what was read here, not
the teacher's text: the engine reads comments, continued lines and here-documents in its own way,
and could find an instruction where we saw none.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mydocker.domain.environments.mistakes import Mistake, Mistakes
from mydocker.domain.image_names import fault_of_image
from mydocker.domain.recipes.dockerfile import INSTRUCTIONS, arguments_of, expanded
from mydocker.domain.recipes.parsing import Instruction, directives_of, instructions_of
from mydocker.domain.words import gettext_noop as _

LABELS = "org.mydocker."
"""Labels of these names are the platform's."""
CERTIFICATES = "/usr/local/share/mydocker-extra-ca.crt"
_TRUSTING = (
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
)
"""Variables that name a file of authorities, for curl and R, Node.js, pip, requests, OpenSSL."""

_FLAG = re.compile(r"--(from|chown|platform)=([^\s\"'\\]+)\s+")
"""The engine takes signs out of what it reads; what has none is the same to both."""
_FLAGGED = frozenset({"FROM", "COPY"})
_STAGE = re.compile(r"\bAS\s+(\S+)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the builder is given."""

    text: str
    steps: Sequence[int]
    """For each of its steps the number of the teacher's; 0 for what was put in."""
    lines: Sequence[int]
    """For each of its lines the line of the teacher's text; that of FROM for what was put in."""
    bases: Sequence[str]
    """Every image that it takes something of, each once, in order; `scratch` is none."""


def prepare(text: str, prelude: Sequence[str] = ()) -> Prepared:
    """Write a Dockerfile as the builder is given it; `prelude` goes after every FROM.

    Raises `Mistakes`, each with the path `("line", number)`, for what is not let through.
    """
    instructions = instructions_of(text)
    named = dict(_named(instructions))
    mistakes = [
        *_of_directives(text),
        *(each for instruction in instructions for each in _mistakes(instruction)),
        *_of_bases(instructions, named),
    ]
    if mistakes:
        raise Mistakes(mistakes)
    written: list[tuple[str, int, int]] = []
    for number, each in enumerate(instructions, 1):
        source = named.get(each.line)
        written.append((source.line if source else f"{each.name} {each.rest}", number, each.line))
        if each.name == "FROM":
            written += [(line, 0, each.line) for line in prelude]
    bases = (base for each in named.values() for base in each.bases)
    return Prepared(
        "".join(f"{line}\n" for line, _step, _line in written),
        tuple(step for _text, step, _line in written),
        tuple(line for _text, _step, line in written),
        tuple(dict.fromkeys(bases)),
    )


def prelude(instance: str, extra_ca: str, arguments: Collection[str]) -> Sequence[str]:
    """Return what an installation puts after every FROM.

    A label by which what its builds leave can be found; the context file `extra_ca` (empty: none)
    as the authorities that all steps trust; and the names of build arguments that they know.
    """
    lines, variables = [f"LABEL {LABELS}workshop={instance}"], sorted(arguments)
    if extra_ca:
        lines.append(f'COPY ["{extra_ca}", "{CERTIFICATES}"]')
        variables += [f"{variable}={CERTIFICATES}" for variable in _TRUSTING]
    return [*lines, f"ARG {' '.join(variables)}"] if variables else lines


def reaches_out(trigger: str) -> bool:
    """Whether an `ONBUILD` trigger of a base could let the engine take something unseen.

    A later build runs it as if it stood there, after the engine has read it in its own way: what is
    not one plain instruction counts as reaching out.
    """
    try:
        found = instructions_of(trigger)
    except Mistakes:
        return True
    if len(found) != 1 or "\n" in trigger or "\r" in trigger:
        return True
    return found[0].name in ("ADD", "FROM", "ONBUILD") or _takes_flags(found[0])


def _takes_flags(each: Instruction) -> bool:
    return each.name == "COPY" and each.rest.startswith("--")


def _of_directives(text: str) -> Iterator[Mistake]:
    if line := directives_of(text).get("escape"):
        yield _mistake(
            line,
            _("The line # escape= is not for the builder here."),
            _("Delete it, and end lines that go on with a backslash: \\"),
        )


def _mistakes(each: Instruction) -> Iterator[Mistake]:
    if each.name not in INSTRUCTIONS:
        yield _mistake(
            each.line, _("There is no instruction %(instruction)s."), instruction=each.name[:40]
        )
    if not each.rest:
        yield _mistake(each.line, _("%(instruction)s is empty."), instruction=each.name[:40])
    if each.heredocs:
        yield _mistake(
            each.line,
            _("The builder here does not know here-documents (<<%(name)s)."),
            _("Join the lines with && \\, or upload a file and COPY it."),
            name=each.heredocs[0].name,
        )
    if each.rest.endswith("\\"):
        yield _mistake(
            each.line,
            _("This instruction ends with a backslash."),
            _("Leave it out, or put a space and a comment sign of the shell behind it: \\ #"),
        )
    if each.name == "ADD":
        yield _mistake(
            each.line,
            _("ADD is not for the builder here."),
            _("Write COPY; download with RUN curl -fsSL, and unpack with RUN tar -xf."),
        )
    if each.name == "ONBUILD" and reaches_out(each.rest):
        yield _mistake(
            each.line,
            _("ONBUILD takes one plain instruction here, and neither ADD nor flags of COPY."),
            _("Write what is to happen in the image itself."),
        )
    if each.name in _FLAGGED and _flags(each.rest)[1].startswith("--"):
        yield _mistake(
            each.line,
            _("The builder here does not know this flag of %(instruction)s."),
            _("Write the line without it."),
            instruction=each.name,
        )
    if "LABEL" in (each.name, each.rest[:5].upper()) and LABELS in _plain(each.rest):
        yield _mistake(
            each.line,
            _("Labels that begin with %(labels)s are the platform's."),
            _("Choose another name."),
            labels=LABELS,
        )


@dataclass(frozen=True, slots=True)
class _Source:
    """What an instruction takes from elsewhere."""

    line: str
    """As it is written: without flags, its variables filled in."""
    bases: Sequence[str]
    """Images; stages of the same file are none."""


def _named(instructions: Sequence[Instruction]) -> Iterator[tuple[int, _Source]]:
    """Say for each FROM, and each COPY --from, by its line, which images it means."""
    values: dict[str, str] = {}
    stages: set[str] = set()
    """Those that are done: the engine knows no stage before its end."""
    own = ""
    number = 0
    for each in instructions:
        flags, rest = _flags(each.rest)
        if each.name == "ARG" and not number:
            values |= arguments_of(rest, values, {})
        elif each.name == "FROM" and rest:
            stages |= {own, str(number - 1)} - {"", "-1"}
            stage = _STAGE.search(rest)
            own = stage[1].lower() if stage else ""
            image = expanded(rest.split()[0], values)
            is_base = (image.lower() not in stages or image.isdigit()) and image != "scratch"
            image = _explicit(image) if is_base else image
            written = f"FROM {image} AS {stage[1]}" if stage else f"FROM {image}"
            yield each.line, _Source(written, (image,) if is_base else ())
            number += 1
        elif each.name == "COPY" and (source := flags.get("from", "")):
            is_stage = source.lower() in stages
            image = source if is_stage else _explicit(source)
            written = " ".join(
                f"--{name}={value}" for name, value in {**flags, "from": image}.items()
            )
            yield each.line, _Source(f"COPY {written} {rest}", () if is_stage else (image,))


def _explicit(image: str) -> str:
    """Write an image's name with its tag: without one the engine may take it for part of an id."""
    last = image.rpartition("/")[2]
    return image if not image or ":" in last or "@" in last else f"{image}:latest"


def _of_bases(
    instructions: Sequence[Instruction], named: Mapping[int, _Source]
) -> Iterator[Mistake]:
    if all(each.name != "FROM" for each in instructions):
        yield _mistake(
            1,
            _("There is no FROM: nothing says which image this is built on."),
            _("Begin with a line such as FROM mydocker/jupyterlab-python."),
        )
    for line, source in named.items():
        for fault in filter(None, map(fault_of_image, source.bases)):
            yield Mistake(("line", line), fault.message, fault.hint, fault.facts)


def _flags(rest: str) -> tuple[dict[str, str], str]:
    flags: dict[str, str] = {}
    begin = 0
    while found := _FLAG.match(rest, begin):
        flags[found[1]] = found[2]
        begin = found.end()
    return flags, rest[begin:]


def _plain(words: str) -> str:
    """Return words as the engine has them in the end, for looking something up in them."""
    return re.sub(r"[\\\"']", "", words)


def _mistake(line: int, message: str, hint: str = "", /, **facts: object) -> Mistake:
    return Mistake(("line", line), message, hint, facts | {"line": line})
