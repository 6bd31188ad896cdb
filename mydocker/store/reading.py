"""Queries that are written out, because building them anew costs more than running them."""

import json
from datetime import UTC, datetime
from typing import Any

from django.db import connection


def rows(sql: str, *parameters: str | int) -> list[tuple[Any, ...]]:
    """What a query gives, with the database's own types: see `moment` and `tree`."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def moment(value: Any) -> datetime:
    """A moment as the databases give it: SQLite keeps texts in UTC."""
    given: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def moment_or_none(value: Any) -> datetime | None:
    """As `moment`, where there may be none."""
    return None if value is None else moment(value)


def tree(value: Any) -> Any:
    """What a JSON column holds: SQLite keeps texts."""
    return json.loads(value) if isinstance(value, str | bytes) else value
