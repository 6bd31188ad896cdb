"""What the custodian works on."""

from dataclasses import dataclass

from mydocker.domain.failures import Reason
from mydocker.store.runs import RunRow


@dataclass(frozen=True, slots=True)
class Case:
    """A live run, whether it is still wanted, and why not if it is not."""

    run: RunRow
    wanted: bool
    why_not: Reason
