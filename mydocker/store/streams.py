"""What streams read with every event: one written-out query, since it runs for each follower."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from mydocker.store.story import StoryRow

_AFTER = """
SELECT id, run_id, at, kind, facts, actor FROM story_event
 WHERE workspace_id = %s AND id > %s ORDER BY id LIMIT %s
"""
_NEWEST = """
SELECT id, run_id, at, kind, facts, actor FROM story_event
 WHERE workspace_id = %s ORDER BY id DESC LIMIT %s
"""


def after(workspace: str, event: int, count: int = 500) -> Sequence[StoryRow]:
    """The first events of a workspace after this one, oldest first."""
    return _rows(_AFTER, workspace, workspace, event, count)


def newest(workspace: str, count: int = 500) -> Sequence[StoryRow]:
    """The last events of a workspace, oldest first."""
    return _rows(_NEWEST, workspace, workspace, count)[::-1]


def _rows(sql: str, workspace: str, *parameters: object) -> list[StoryRow]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [_row(workspace, *row) for row in cursor.fetchall()]


def _row(workspace: str, id: int, run: str, at: Any, kind: str, facts: Any, actor: str) -> StoryRow:
    # SQLite keeps moments and facts as texts.
    moment: datetime = datetime.fromisoformat(at) if isinstance(at, str) else at
    told = json.loads(facts) if isinstance(facts, str | bytes) else facts
    return StoryRow(
        id, workspace, run, moment.replace(tzinfo=moment.tzinfo or UTC), kind, told, actor
    )
