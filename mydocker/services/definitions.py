"""Definitions as teachers write them: YAML (or JSON, which is YAML too), mistakes told by line.

Of YAML 1.2 this reads what a definition needs: mappings, lists and scalars. Anchors, aliases,
tags and second documents are refused, so no small file can grow into a large tree. Only
`true`, `false`, `null` and decimal numbers are more than texts.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

import yaml

from mydocker.domain.environments import Environment, Mistake, Mistakes, Path, read_environment
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _

LONGEST = 1_000_000
"""Characters of a definition; one with 5,000 people's mails has a fifth of it."""
DEEPEST = 30
"""Lists in lists; a definition needs four."""

_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,30})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,30}\.[0-9]{0,30}")

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BadDefinition(Refusal):
    """A definition with mistakes, each with the line it stands on (from 1; 0 where unknown)."""

    def __init__(self, mistakes: Sequence[tuple[int, Mistake]]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda each: each[0]))
        super().__init__(
            Kind.INVALID, "bad_definition", _("The definition has mistakes: %(count)s."),
            count=len(self.mistakes),
        )  # fmt: skip

    def told(self, translate: Callable[[str], str] = str) -> list[dict[str, object]]:
        """Return `{line, place, message, hint}` of each, translated."""
        return [
            {"line": line, "place": mistake.place, "message": message, "hint": hint}
            for line, mistake in self.mistakes
            for message, hint in [mistake.told(translate)]
        ]


def read_definition(text: str, *, slug: str = "") -> Environment:
    """Return the environment that a YAML or JSON text describes. Raises `BadDefinition`.

    `slug` is used where the text names none.
    """
    tree, lines = read_tree(text)
    if slug and isinstance(tree, dict) and tree.get("slug") is None:
        tree = tree | {"slug": slug}
    try:
        return read_environment(tree)
    except Mistakes as found:
        raise BadDefinition([(_line(lines, m.path), m) for m in found.mistakes]) from found


def read_tree(text: str) -> tuple[object, dict[Path, int]]:
    """Return the plain tree of a text, and the line of each place. Raises `BadDefinition`."""
    if len(text) > LONGEST:
        raise _wrong(0, _("This is too long for a definition: %(most)s characters are the most."),
                     most=LONGEST)  # fmt: skip
    if text.lstrip().startswith("{"):
        with suppress(_NotStrictError, ValueError, RecursionError):
            return _json_tree(text), {}
    return _yaml_tree(text)


def _yaml_tree(text: str) -> tuple[object, dict[Path, int]]:
    reader = _Reader()
    try:
        for event in yaml.parse(text, Loader=Loader):
            reader.take(event)
    except (yaml.reader.ReaderError, UnicodeEncodeError):
        raise _wrong(0, _("This text contains an invisible character.")) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise _wrong(line, _("This is not YAML: %(problem)s."), problem=error.problem) from None
    return reader.root, reader.lines


def _json_tree(text: str) -> object:
    # JSON writes some characters as two escapes, which YAML does not know (RFC 8259 §7).
    tree = json.loads(
        text, parse_constant=_not_strict, parse_float=_finite, object_pairs_hook=_once_each
    )
    json.dumps(tree, ensure_ascii=False).encode()  # half of such a pair raises ValueError here
    return tree


class _NotStrictError(Exception):
    """JSON that is read as YAML, whose mistakes have lines."""


def _not_strict(_word: str) -> NoReturn:
    raise _NotStrictError


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _not_strict(digits)


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return dict(pairs) if len({key for key, _value in pairs}) == len(pairs) else _not_strict("")


def write_definition(tree: object) -> str:
    """Return the YAML text of a plain tree; `read_tree` gives the same tree back."""
    return str(yaml.dump(tree, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=100))


class _Writer(yaml.SafeDumper):
    """Writes long texts as blocks."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _block(writer: _Writer, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _block)


@dataclass(slots=True)
class _Open:
    """A list or mapping under construction."""

    value: list[object] | dict[object, object]
    path: Path
    key: object = None
    has_key: bool = False


@dataclass(slots=True)
class _Reader:
    """Builds the tree from parser events, without recursion."""

    root: object = None
    lines: dict[Path, int] = field(default_factory=dict)
    _open: list[_Open] = field(default_factory=list)
    _documents: int = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 0
        _refuse_unwelcome(event, line)
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _wrong(line, _("A file holds one definition; here begins a second one."))
            case yaml.ScalarEvent():
                self._put(_scalar(event), line)
            case yaml.SequenceStartEvent():
                self._begin([], line)
            case yaml.MappingStartEvent():
                self._begin({}, line)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._open.pop()

    def _begin(self, value: list[object] | dict[object, object], line: int) -> None:
        if len(self._open) >= DEEPEST:
            raise _wrong(line, _("Nothing in a definition is nested so deeply."))
        path = self._put(value, line)
        self._open.append(_Open(value, path))

    def _put(self, value: object, line: int) -> Path:
        if not self._open:
            self.root = value
            self.lines[()] = line
            return ()
        parent = self._open[-1]
        if isinstance(parent.value, list):
            path = (*parent.path, len(parent.value))
            parent.value.append(value)
        elif not parent.has_key:
            return self._keep_key(parent, value, line)
        else:
            path = (*parent.path, _name(parent.key))
            parent.value[parent.key] = value
            parent.has_key = False
        self.lines.setdefault(path, line)
        return path

    def _keep_key(self, parent: _Open, key: object, line: int) -> Path:
        if isinstance(key, list | dict):
            raise _wrong(line, _("A name before “:” is a word, not a list."))
        if key in parent.value:
            raise _wrong(line, _("%(key)s stands here twice."), key=_name(key))
        parent.key, parent.has_key = key, True
        path = (*parent.path, _name(key))
        self.lines[path] = line
        return path


def _refuse_unwelcome(event: yaml.Event, line: int) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise _wrong(line, _("Anchors and aliases (& and *) are not for definitions."),
                     _("Write the value out; quote a text that begins with & or *."))  # fmt: skip
    if getattr(event, "tag", None):
        raise _wrong(line, _("Tags (!) are not for definitions."),
                     _("Put a text that begins with ! between quotes."))  # fmt: skip


def _scalar(event: yaml.ScalarEvent) -> object:
    text: str = event.value
    if not event.implicit[0]:  # between quotes, or a block
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _name(key: object) -> str:
    return str(key)[:80]


def _line(lines: dict[Path, int], path: Path) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


def _wrong(line: int, message: str, hint: str = "", **facts: object) -> BadDefinition:
    return BadDefinition([(line, Mistake((), message, hint, facts))])
