"""Every figure for Prometheus, read from the places in the code that declare one."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rendering import Incomplete
from rendering.markdown import code, entry, plain

PACKAGE = Path(__file__).parents[3] / "mydocker"
_KINDS = ("Counter", "Gauge", "Histogram", "Summary", "Info")


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure as it is exposed."""

    name: str
    kind: str
    meaning: str
    labels: tuple[str, ...]


def render() -> str:
    """Return every figure, by name."""
    found = sorted(found_in(PACKAGE), key=lambda metric: metric.name)
    return "\n".join(_entry(metric) for metric in found)


def found_in(package: Path) -> Iterator[Metric]:
    """Read every figure that a package's modules declare. Raises `Incomplete`."""
    for path in sorted(package.rglob("*.py")):
        yield from found_in_module(path.read_text(encoding="utf-8"), str(path))


def found_in_module(source: str, path: str) -> Iterator[Metric]:
    """Do so for the source of one module."""
    if "prometheus_client" not in source:
        return
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "prometheus_client"
        for alias in node.names
        if alias.name in _KINDS
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (kind := imported.get(ast.unparse(node.func))):
            yield _metric(node, kind, path)


def _metric(declared: ast.Call, kind: str, path: str) -> Metric:
    words = dict(zip(("name", "meaning", "labels"), map(_value, declared.args), strict=False))
    name, meaning = words.get("name"), words.get("meaning")
    if not isinstance(name, str) or not isinstance(meaning, str) or not meaning.strip():
        raise Incomplete(f"{path}:{declared.lineno}: a metric without a written name or meaning")
    labels = words.get("labels")
    named = tuple(map(str, labels)) if isinstance(labels, list | tuple) else ()
    return Metric(name, kind.lower(), meaning, named)


def _value(written: ast.expr) -> object:
    try:
        return ast.literal_eval(written)
    except ValueError:
        return None


def _entry(metric: Metric) -> str:
    labels = ", ".join(map(code, metric.labels))
    more = f"Labels: {labels}." if labels else ""
    return entry(f"{code(metric.name)} ({metric.kind})", plain(metric.meaning), more)
