"""What stands below the members of an enum: `NAME = "value"` and then a sentence."""

import ast
import inspect
from collections.abc import Iterable, Mapping
from enum import Enum
from itertools import pairwise
from textwrap import dedent

from rendering import Incomplete


def explanations(of: type[object]) -> Mapping[str, str]:
    """Return the docstring of each attribute of a class that has one, by the attribute's name."""
    [definition] = ast.parse(dedent(inspect.getsource(of))).body
    assert isinstance(definition, ast.ClassDef)
    return {
        name: " ".join(str(after.value.value).split())
        for before, after in pairwise(definition.body)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        for name in _names(before)
    }


def explained(members: Iterable[Enum]) -> Mapping[str, str]:
    """Return the sentence of each member by its value. Raises `Incomplete` for one without."""
    found = {}
    for member in members:
        said = explanations(type(member))
        if member.name not in said:
            kind = type(member)
            raise Incomplete(f"{kind.__module__}.{kind.__qualname__}.{member.name}: no docstring")
        found[str(member.value)] = said[member.name]
    return found


def _names(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []
