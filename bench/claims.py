"""Claims, one after the other: new people, each where spares stand by and all is quiet."""

import asyncio
import contextlib
import statistics
import time
from collections.abc import Iterator, Sequence

from bench.clicks import Click, Visitor, until_full, visitors
from bench.definitions import JUPYTERLAB
from bench.results import Goal, Result, p95
from tests.service import Service

CLAIMS = 20
SPARES = 4
SETTLE_SECONDS = 2.0
"""Between two claims, so that what is measured is not the filling after the one before."""


class Claims:
    """Claims of new people. Its functions are not for use inside an event loop."""

    def __init__(
        self, service: Service, runner: asyncio.Runner, newcomers: Sequence[Visitor]
    ) -> None:
        self._service, self._runner = service, runner
        self._newcomers = iter(newcomers)

    def click(self) -> Click:
        """The next of them clicks, and stops afterwards; then spares are made until all stand by
        again and all is quiet. Raises RuntimeError where no spare was claimed.
        """
        click = self._runner.run(self._click(next(self._newcomers)))
        self.until_quiet()
        return click

    def until_quiet(self) -> None:
        """Wait until all spares stand by."""
        until_full(self._service, JUPYTERLAB, SPARES)
        time.sleep(SETTLE_SECONDS)

    async def _click(self, visitor: Visitor) -> Click:
        click = await visitor.click(JUPYTERLAB)
        if not click.is_straight_in:
            raise RuntimeError("no spare was claimed")
        await visitor.leave()
        return click


@contextlib.contextmanager
def our_claims(service: Service, number: int) -> Iterator[Claims]:
    """So many, where `SPARES` are wanted. Not for use inside an event loop."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        try:
            newcomers = runner.run(stack.enter_async_context(visitors(service, number)))
            claims = Claims(service, runner, newcomers)
            claims.until_quiet()
            yield claims
        finally:
            runner.run(stack.aclose())


def measure(service: Service) -> list[Result]:
    """`claim.redirect` and `claim.first200`: new people, one after the other."""
    with our_claims(service, CLAIMS + 1) as claims:
        found = [claims.click() for _ in range(CLAIMS + 1)][1:]  # the first warms up
    return [
        _result("claim.redirect", [1000 * each.redirect for each in found], 50, 150),
        _result("claim.first200", [1000 * each.first_200 for each in found], 150, 400),
    ]


def _result(name: str, times: list[float], most: float, most_p95: float) -> Result:
    worst = p95(times)
    return Result(
        name, "ms p50", statistics.median(times), None, f"p95 {worst:.0f}", len(times),
        Goal("ours", most=most), also=worst <= most_p95,
    )  # fmt: skip
