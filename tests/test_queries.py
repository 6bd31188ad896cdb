"""Invariant 9: every query is indexed. Those that the other tests made are explained by SQLite."""

import re

import pytest
from django.db import connection

from tests.queries import SEEN

pytestmark = pytest.mark.django_db
ENOUGH = 100
"""The tests of store, pages and API make more."""
FEW_ROWS = {"axes_accessattempt"}
"""Tables whose size does not follow people and time: wrong passwords are forgotten soon."""


def plan_of(sql: str, params: tuple[object, ...]) -> list[str]:
    """What SQLite would do."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return [str(row[3]) for row in cursor.fetchall()]


def scanned(sql: str, params: tuple[object, ...]) -> list[str]:
    """Tables read from end to end."""
    aliases = dict(re.findall(r'(?:FROM|JOIN) "?(\w+)"? (?:AS )?"?([A-Z]\w*|[a-z]{1,2})"?\s', sql))
    tables = {alias: table for table, alias in aliases.items()}
    steps = [
        re.match(r"SCAN (?:TABLE )?(\w+)(?! USING)(.*)", step) for step in plan_of(sql, params)
    ]
    found = [step[1] for step in steps if step and "INDEX" not in step[2]]
    return [tables.get(name, name) for name in found if tables.get(name, name) not in FEW_ROWS]


def test_every_query_finds_its_rows_by_an_index() -> None:
    assert len(SEEN) >= ENOUGH, "too few tests ran before this one"
    known = set(connection.introspection.table_names())
    slow = {
        sql: tables
        for sql, params in SEEN.items()
        if (tables := [name for name in scanned(sql, params) if name in known])
    }
    assert not slow, "\n".join(f"{tables}: {sql}" for sql, tables in slow.items())
