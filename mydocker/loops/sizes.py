"""What pulls moved last time, remembered in the database without waiting for it."""

import asyncio

from mydocker.loops.database import Database
from mydocker.store import runs


class Sizes(dict[str, int]):
    """Bytes by image reference."""

    def __init__(self, known: dict[str, int], database: Database) -> None:
        super().__init__(known)
        self._database = database
        self._writing: set[asyncio.Task[None]] = set()

    @classmethod
    async def load(cls, database: Database) -> "Sizes":
        """What is known so far."""
        return cls(dict(await database(runs.sizes)), database)

    def __setitem__(self, reference: str, total_bytes: int) -> None:
        super().__setitem__(reference, total_bytes)
        writing = asyncio.ensure_future(self._database(runs.remember_size, reference, total_bytes))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
