"""What the storekeeper decided, written where it changed: pages tell it, with the reason."""

from collections.abc import Sequence
from datetime import datetime

from mydocker.domain.spares import Shelf, Shortage, Wanted
from mydocker.loops.database import Database
from mydocker.store import statistics
from mydocker.store.statistics import Decision

STEP_BYTES = 16 * 2**20
"""Sizes are written in steps: a spare that takes a page more is no news."""


class Decisions:
    """Remembers what it wrote. What was written before a restart is taken back where it is over."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._written: dict[str, Decision] | None = None

    async def write(self, found: Sequence[Decision], now: datetime) -> None:
        """Write what is not as it was written. Whatever is not among them is wanted no more."""
        if self._written is None:
            self._written = {
                each.environment: each for each in await self._database(statistics.wanted)
            }
        present = {each.environment: each for each in found}
        over = [
            Decision(environment)
            for environment, each in self._written.items()
            if each.wanted and environment not in present
        ]
        changed = [each for each in found if self._written.get(each.environment) != each]
        if changed or over:
            await self._database(statistics.decide, [*changed, *over], now)
            self._written = present


def decision_of(
    wanted: Wanted, shelf: Shelf, measured_bytes: int | None, shortages: Sequence[Shortage]
) -> Decision:
    """What was decided about the spares of an environment."""
    short = next((each for each in shortages if each.environment == shelf.environment), None)
    return Decision(
        shelf.environment,
        wanted.number,
        wanted.why.value,
        wanted.asked,
        None if measured_bytes is None else -(-measured_bytes // STEP_BYTES) * STEP_BYTES,
        short.why.value if short else "",
        dict(short.facts) if short else {},
    )
