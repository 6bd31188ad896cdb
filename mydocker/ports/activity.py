"""Work that goes on in a workspace without a person, asked of the application itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Work:
    """What an application says of itself. `busy`: something runs now."""

    busy: bool
    last: datetime | None
    """When it last did some work of its own (aware UTC); None if it never did."""


class WorkSensor(Protocol):
    """Asks one kind of application."""

    async def sense(self, address: str, port: int, authorization: str) -> Work | None:
        """Say what goes on; None if it does not tell. Never counts as interaction itself.

        Raises `Unavailable` if it does not answer within two seconds.
        """
        ...
