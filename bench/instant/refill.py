"""What the filling of spares costs a person who starts cold meanwhile."""

import statistics
import time
from collections.abc import Sequence

from bench.definitions import COLD, filled
from bench.patience import until
from bench.peers.measure import Ours, our_starts
from bench.results import Goal, Result, interleaved, spread
from tests.service import Service, running

UNDER_WAY = 3
"""Containers that there are when the person clicks; the next are being made."""
BETWEEN_LOOKS_SECONDS = 0.2
SETTLE_SECONDS = 3.0
PATIENCE_SECONDS = 120.0


def refill(pairs: int, spares: int) -> Result:
    """`refill.interference`: cold starts of JupyterLab, by turns with and without it."""
    with running(COLD, filled(0)) as service:
        tokens = [service.person("refill@example.org").token]
        with our_starts(service, tokens) as ours:
            shelf = Shelf(service, ours, spares)
            return slowed(interleaved(shelf.start_meanwhile, shelf.start_in_peace, pairs))


def slowed(pairs: Sequence[tuple[float, float]]) -> Result:
    """Seconds while spares were made, and without, as a ratio: the median of all pairs."""
    ratios = [meanwhile / in_peace for meanwhile, in_peace in pairs]
    ours = 1000 * statistics.median(meanwhile for meanwhile, _ in pairs)
    return Result(
        "refill.interference", "ms", ours, ours / statistics.median(ratios),
        f"ratio {spread(ratios, 2)}", len(pairs), Goal("ratio", most=1.2),
    )  # fmt: skip


class Shelf:
    """Spares that are made, or not."""

    def __init__(self, service: Service, ours: Ours, spares: int) -> None:
        self._service, self._ours, self._spares = service, ours, spares

    def start_meanwhile(self) -> float:
        """Seconds of a start while so many are made from none."""
        self._want(0)
        self._until(at_most=0)
        self._want(self._spares)
        self._until(at_least=UNDER_WAY)
        return self._ours.start_and_stop()

    def start_in_peace(self) -> float:
        """Seconds of a start while there are none."""
        self._want(0)
        self._until(at_most=0)
        time.sleep(SETTLE_SECONDS)
        return self._ours.start_and_stop()

    def _want(self, number: int) -> None:
        self._service.cli("environment", "apply", "-", stdin=filled(number))

    def _until(self, at_least: int = 0, at_most: int | None = None) -> None:
        def is_so() -> bool:
            number = len(self._service.containers())
            return at_least <= number and (at_most is None or number <= at_most)

        what = f"containers: {at_least} or more, {at_most} or fewer"
        until(is_so, what, self._service, PATIENCE_SECONDS, BETWEEN_LOOKS_SECONDS)
