"""The log of a build on a terminal: when each thing was said, and in which step."""

import asyncio
import time
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from mydocker.domain.build_logs import LogEntry
    from mydocker.store.builds import BuildRow

LOOK_SECONDS = 0.5
"""How often a build that waits is looked at."""


def follow(row: "BuildRow") -> "BuildRow":
    """Print what a build says until it is over; return what came of it."""
    from mydocker.domain.builds import State
    from mydocker.ports.errors import Unavailable
    from mydocker.services import images
    from mydocker.services.operator import OPERATOR

    log, is_mute = Log(row), False
    if row.state is State.QUEUED:
        typer.echo("It waits for its turn.", err=True)
    while True:
        # Read before its log is: what is over says nothing more.
        row = images.build(OPERATOR, row.slug, row.number)
        try:
            log.print(follow=True)
        except Unavailable as error:
            if not is_mute:
                typer.echo(f"Its log cannot be read at the moment: {error}", err=True)
            is_mute = True
        else:
            is_mute = False
        if row.state.is_over:
            return row
        if not log.is_over:
            time.sleep(LOOK_SECONDS)


class Log:
    """The log of one build, printed as far as `seen` entries."""

    def __init__(self, row: "BuildRow") -> None:
        from mydocker.domain.recipes import steps

        self._build, self._steps = row.id, len(steps(row.dockerfile))
        self.seen = 0
        self.is_over = False
        """Whether it said that the build is over."""

    def print(self, *, follow: bool) -> None:
        """Print what is new, and with `follow` what comes. Raises `Unavailable`."""
        asyncio.run(self._print(follow))

    async def _print(self, follow: bool) -> None:
        from mydocker.adapters.window import SocketWindow
        from mydocker.bootstrap import sockets
        from mydocker.cli.main import settings

        window = SocketWindow(sockets(settings()).loops)
        async for entry in window.build_log(self._build, after=self.seen, follow=follow):
            self.seen += 1
            self.is_over = entry.kind == "end"
            if line := line_of(entry, self._steps):
                typer.echo(line)


def line_of(entry: "LogEntry", steps: int) -> str:
    """What is printed of an entry: when it was, and which step; empty for the end."""
    from mydocker.domain.build_logs import plain
    from mydocker.domain.quantities import write_bytes

    said = {
        "step": f"[{entry.step}/{steps}] {plain(entry.text)}",
        "said": f"  {plain(entry.text)}",
        "cached": f"[{entry.step}/{steps}] taken from an earlier build",
        "ended": f"[{entry.step}/{steps}] done" + (
            f", {write_bytes(entry.bytes // 1000 * 1000)} more" if entry.bytes >= 1000 else ""
        ),
        "fetch": f"  {entry.text}: {entry.bytes // 10**6} MB are here",
        "again": "it was cut off, and begins again",
        "look": "looking for packages",
        "end": "",
    }[entry.kind]  # fmt: skip
    return f"{entry.seconds:8.1f} s  {said}".rstrip() if said else ""
