"""Giving a spare to a workspace: one conditional update, in the transaction of whoever asks."""

from datetime import datetime

from mydocker.domain.story import StoryKind
from mydocker.services.catalogue import Known
from mydocker.store import runs, story
from mydocker.store.doorbell import ring


def claim(
    environment: Known, workspace: str, generation: int, asked_at: datetime, now: datetime
) -> str | None:
    """Give the workspace a spare of the environment as it is now: the run's id, None without one.

    A spare is never given twice, and none to a workspace that a run lives for. `asked_at`: when
    the person asked.
    """
    row = environment.row
    run = runs.claim(row.id, row.revision, workspace, generation, asked_at, now)
    if run is not None:
        story.append(workspace, StoryKind.CLAIMED, now, run=run)
        ring("stock", row.id)
    return run
