"""Statements of our own: for what is asked at every click, where the ORM's time would show."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from django.db import connection


def rows(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Everything a question finds. Values are as the database has them: see below."""
    with connection.cursor() as cursor:
        cursor.execute(statement, _adapted(parameters))
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def row(statement: str, *parameters: object) -> tuple[Any, ...] | None:
    """The first of what a question finds."""
    found = rows(statement, *parameters)
    return found[0] if found else None


def change(statement: str, *parameters: object) -> int:
    """Insert, update or delete; how many rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, _adapted(parameters))
        return int(cursor.rowcount)


def update(table: str, changes: Mapping[str, object], which: str, *parameters: object) -> int:
    """Set columns of the rows that `which` picks; how many. Names are the code's own."""
    columns = ", ".join(f"{name} = %s" for name in changes)
    return change(f"UPDATE {table} SET {columns} WHERE {which}", *changes.values(), *parameters)


def locked(statement: str) -> str:
    """The question, keeping what it finds from others until the transaction ends."""
    # SQLite has one writer at a time, from the beginning of its transaction.
    return f"{statement} FOR UPDATE" if connection.vendor == "postgresql" else statement


def skipping_locked() -> str:
    """What ends a question in an update, so that two who ask at once do not wait for one row."""
    return "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""


def _adapted(parameters: Sequence[object]) -> list[Any]:
    return [_parameter(each) for each in parameters]


def _parameter(value: object) -> object:
    match value:
        case datetime():
            return connection.ops.adapt_datetimefield_value(value)
        case dict() | list():
            return json.dumps(value)
        case IntEnum():
            return int(value)
        case _:
            return value


def json_of(value: object) -> Any:
    """What a JSON column holds."""
    return json.loads(value) if isinstance(value, str | bytes) else value


def moment(value: Any) -> datetime:
    """A moment as the databases give it: SQLite keeps texts in UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    found: datetime = value
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def moment_or_none(value: Any) -> datetime | None:
    """The same, where there may be none."""
    return None if value is None else moment(value)
