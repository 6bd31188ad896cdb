"""What the custodian works on, and by which key.

A key is a workspace's id, or `spare:` and the id of a run that is nobody's yet.
"""

from dataclasses import dataclass

from mydocker.domain.failures import Reason
from mydocker.store.runs import RunRow

SPARE = "spare:"


def key_of(workspace: str | None, run: str) -> str:
    """The key under which a run is worked on."""
    return workspace or f"{SPARE}{run}"


def spare_of(key: str) -> str | None:
    """The run of a spare's key; None for a workspace."""
    return key.removeprefix(SPARE) if key.startswith(SPARE) else None


@dataclass(frozen=True, slots=True)
class Case:
    """A live run, whether it is still wanted, and why not if it is not."""

    run: RunRow
    wanted: bool
    why_not: Reason
