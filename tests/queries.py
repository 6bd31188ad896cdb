"""Remembers one example of every query that the tests make, for `tests/test_queries.py`."""

import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

_ROOT = str(Path(__file__).parent.parent) + "/"
_PRODUCT = _ROOT + "mydocker/"
_PACKAGES = sysconfig.get_path("purelib") + "/"
SEEN: dict[str, tuple[object, ...]] = {}
"""Parameters by the text of the query."""


def _is_ours() -> bool:
    """Whether the product asks, and not a test."""
    frame = sys._getframe(2)
    while frame := frame.f_back:
        path = frame.f_code.co_filename
        if path.startswith(_ROOT) and not path.startswith(_PACKAGES):
            return path.startswith(_PRODUCT)
    return False


def _remember(
    execute: Callable[..., Any], sql: str, params: Sequence[object] | None, many: bool, context: Any
) -> Any:
    if (
        not many
        and _is_ours()
        and sql.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH"))
    ):
        SEEN.setdefault(sql, tuple(params or ()))
    return execute(sql, params, many, context)


def _watch(connection: BaseDatabaseWrapper, **_: object) -> None:
    if _remember not in connection.execute_wrappers:
        connection.execute_wrappers.append(_remember)


def watch() -> None:
    """Remember from now on."""
    connection_created.connect(_watch)
