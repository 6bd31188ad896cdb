"""Every way in which a rule says no: a code, a sentence for the person, what they can do.

A refusal knows nothing of HTTP: the one table from refusal to status is `web/errors.py`.
"""

from collections.abc import Mapping
from enum import Enum


class Kind(Enum):
    """What sort of no it is; the web's table turns it into a status."""

    NOT_SIGNED_IN = "not_signed_in"
    """Nobody we know is asking."""
    FORBIDDEN = "forbidden"
    """We know who asks, and they may not."""
    NOT_FOUND = "not_found"
    """It does not exist, or they may not know that it does."""
    CONFLICT = "conflict"
    """Not now: something else is under way or in use."""
    INVALID = "invalid"
    """What was sent makes no sense."""
    GONE = "gone"
    """It was valid once."""
    TOO_MANY = "too_many"
    """A limit is reached."""


class Refusal(Exception):
    """A rule said no.

    `code` is stable and machine-readable. `message` and `hint` are English msgids with
    `%(name)s` places, filled from `facts` after translation.
    """

    def __init__(
        self,
        kind: Kind,
        code: str,
        message: str,
        hint: str = "",
        **facts: object,
    ) -> None:
        super().__init__(f"{code}: {message % facts if facts else message}")
        self.kind = kind
        self.code = code
        self.message = message
        self.hint = hint
        self.facts: Mapping[str, object] = facts
