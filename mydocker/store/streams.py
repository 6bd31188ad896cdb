"""What streams read with every event, for each follower."""

from collections.abc import Sequence

from mydocker.store.reading import moment, rows, tree
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
    return _events(_AFTER, workspace, event, count)


def newest(workspace: str, count: int = 500) -> Sequence[StoryRow]:
    """The last events of a workspace, oldest first."""
    return _events(_NEWEST, workspace, count)[::-1]


def _events(sql: str, workspace: str, *parameters: int) -> list[StoryRow]:
    return [
        StoryRow(id, workspace, run, moment(at), kind, tree(facts), actor)
        for id, run, at, kind, facts, actor in rows(sql, workspace, *parameters)
    ]
