"""Every way in which the service says no, read from the places in the code that say it."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mydocker.adapters.haproxy.refusals import REFUSALS
from mydocker.domain.refusals import Kind
from mydocker.services.answers import status_of
from rendering import Incomplete
from rendering.markdown import code, entry, french, sentence, told

PACKAGE = Path(__file__).parents[3] / "mydocker"
_WORDS_OF_REFUSAL = ("kind", "code", "message", "hint")
_WORDS_OF_ANSWER = ("status", "code", "message", "hint")


@dataclass(frozen=True, slots=True)
class No:
    """One no: what it is called, its HTTP status and its words (English msgids)."""

    code: str
    status: int
    message: str
    hint: str


def render() -> str:
    """Return every code with its sentences, by code."""
    by_code: dict[str, list[No]] = defaultdict(list)
    for no in sorted(set(found_in(PACKAGE)), key=lambda no: (no.code, no.status, no.message)):
        by_code[no.code].append(no)
    return "\n".join(_entry(name, nos) for name, nos in by_code.items())


def render_gateway() -> str:
    """Return what the gateway itself answers to programs."""
    return "\n".join(
        entry(
            f"{code(each.code)} ({each.status})",
            f"{sentence(each.message[0])} {sentence(each.hint[0])}",
            french(f"{sentence(each.message[1])} {sentence(each.hint[1])}"),
        )
        for each in REFUSALS
    )


def found_in(package: Path) -> Iterator[No]:
    """Read every `Refusal` and `Answer` that is made in a package's modules.

    Raises `Incomplete` where a refusal's code or sentence is not written in its place.
    """
    for path in sorted(package.rglob("*.py")):
        yield from found_in_module(path.read_text(encoding="utf-8"), str(path))


def found_in_module(source: str, path: str) -> Iterator[No]:
    """Do so for the source of one module."""
    if "Refusal" not in source and "Answer" not in source:
        return
    tree = ast.parse(source)
    for made in _made_by_name(tree, "Refusal"):
        yield _refusal(made, path)
    for made in _made_by_subclasses(tree):
        yield _refusal(made, path)
    for made in _made_by_name(tree, "Answer"):
        # An answer with a computed code tells a refusal that is listed already.
        if (no := _answer(made, path)) is not None:
            yield no


def _made_by_name(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def _made_by_subclasses(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and "Refusal" in map(ast.unparse, node.bases):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and ast.unparse(inner.func) == "super().__init__":
                    yield inner


def _refusal(made: ast.Call, path: str) -> No:
    words = _words(made, _WORDS_OF_REFUSAL)
    name, message = _text(words.get("code")), _text(words.get("message"))
    kind = words.get("kind")
    if not name or not message or not isinstance(kind, ast.Attribute):
        raise Incomplete(f"{path}:{made.lineno}: a Refusal without a written code or sentence")
    return No(name, status_of(Kind[kind.attr]), message, _text(words.get("hint")))


def _answer(made: ast.Call, path: str) -> No | None:
    words = _words(made, _WORDS_OF_ANSWER)
    name, status = _text(words.get("code")), words.get("status")
    if not name or not isinstance(status, ast.Constant):
        return None
    message = _text(words.get("message"))
    if not message:
        raise Incomplete(f"{path}:{made.lineno}: the answer {name} has no sentence")
    return No(name, int(str(status.value)), message, _text(words.get("hint")))


def _words(made: ast.Call, names: Sequence[str]) -> dict[str, ast.expr]:
    return dict(zip(names, made.args, strict=False)) | {
        word.arg: word.value for word in made.keywords if word.arg and word.arg in names
    }


def _text(written: ast.expr | None) -> str:
    """Return a text that stands there, marked for translation or not; empty for anything else."""
    match written:
        case ast.Call(func=ast.Name(id="_"), args=[ast.Constant(value=str(text))]):
            return text
        case ast.Constant(value=str(text)):
            return text
    return ""


def _entry(name: str, nos: Iterable[No]) -> str:
    nos = list(nos)
    statuses = ", ".join(dict.fromkeys(str(no.status) for no in nos))
    paragraphs = [
        part
        for no in nos
        for part in (f"{sentence(no.message)} {sentence(no.hint)}", told(no.message, no.hint))
    ]
    return entry(f"{code(name)} ({statuses})", *paragraphs)
