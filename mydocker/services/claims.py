"""Giving a spare to a workspace: one conditional update, in the transaction of whoever asks."""

from dataclasses import dataclass
from datetime import datetime

from mydocker.domain.runs import Phase
from mydocker.domain.story import StoryKind
from mydocker.services.catalogue import Known, by_slug
from mydocker.store import runs, story
from mydocker.store.doorbell import ring


@dataclass(frozen=True, slots=True)
class Stock:
    """The spares of an environment."""

    standing: int
    """They can be claimed."""
    coming: int
    going: int
    """Not wanted any more, or ended by themselves; something of them may be there still."""


def stock(slug: str) -> Stock:
    """Count the spares of the environment of this slug. Refuses where there is none."""
    environment = by_slug(slug).row.id
    spares = [spare for spare in runs.spares() if spare.environment == environment]
    going = sum(bool(spare.retired) or spare.phase >= Phase.STOPPING for spare in spares)
    standing = sum(
        spare.stands_by_at is not None and not spare.retired and spare.phase is Phase.ANSWERING
        for spare in spares
    )
    return Stock(standing, len(spares) - going - standing, going)


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
