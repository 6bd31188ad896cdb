"""What of the running service pages need to know and cannot find out by themselves.

`bootstrap` puts the answers in; until it does, everything counts as working.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the first environment can start, and what of the parts is missing."""

    missing: Mapping[str, str]
    """A sentence for the operator by the name of each part that does not work."""

    @property
    def is_ready(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


Check = Callable[[], Mapping[str, str]]


class _Checks:
    """The one place that bootstrap writes to."""

    readiness: Check = dict
    refresh: Callable[[], None] = staticmethod(lambda: None)


def answer_readiness_with(check: Check) -> None:
    """Ask `check` from now on; it returns what is missing, and must not block for long."""
    _Checks.readiness = staticmethod(check)


def refresh_metrics_with(refresh: Callable[[], None]) -> None:
    """Call `refresh` before each reading of the metrics, to set what is counted in the database."""
    _Checks.refresh = staticmethod(refresh)


def readiness() -> Readiness:
    """Whether the service can do its work now."""
    return Readiness(_Checks.readiness())


def refresh_metrics() -> None:
    """Bring the gauges up to date."""
    _Checks.refresh()
