"""Watches over sleepers: hears who was rung for, and sees who moves on a websocket.

The agent has thawed already whoever was rung for; here that is written down. On a websocket that
was open before its run fell asleep nobody rings: its bytes are looked at every second, as long as
there is such a one.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

import structlog

from mydocker.loops import ledger, metrics
from mydocker.loops.parts import Parts
from mydocker.ports.errors import Unavailable
from mydocker.ports.gateway import Activity
from mydocker.store import runs
from mydocker.store.runs import RunRow

LOG = structlog.get_logger()
SELDOM, OFTEN = timedelta(seconds=20), timedelta(seconds=1)
LISTEN, AGAIN_SECONDS = timedelta(seconds=30), 1.0


class Watchman:
    """An office with one key, and a side task that listens (`listen`)."""

    name = "watchman"
    topics = frozenset({"asleep"})

    def __init__(self, parts: Parts) -> None:
        self._database, self._gateway, self._agent = parts.database, parts.gateway, parts.agent
        self.backstop = SELDOM
        self._counted: dict[str, int] = {}
        """Interactions with each sleeper when it was looked at last."""

    async def keys(self) -> Collection[str]:
        return ("sleepers",)

    async def turn(self, key: str, woken: asyncio.Event) -> None:
        """Wake those that somebody moves in."""
        asleep = await self._database(runs.asleep)
        metrics.count_sleepers(asleep)
        theirs = [run for run in asleep if run.workspace]
        activity = await self._gateway.activity() if theirs else {}
        for run in theirs:
            before = self._counted.get(run.id)
            counted = sum(each.interactions for each in _of(run, activity))
            self._counted[run.id] = counted
            if before is not None and counted > before:  # less: the gateway counts anew
                await self._database(ledger.wake, run)
        alive = {run.id for run in theirs}
        self._counted = {run: count for run, count in self._counted.items() if run in alive}
        watched = any(each.open_streams for run in theirs for each in _of(run, activity))
        self.backstop = OFTEN if watched else SELDOM

    async def listen(self) -> None:
        """Hear who was rung for, until cancelled."""
        after, began = 0, ""
        while True:
            try:
                rung = await self._agent.rung(after, LISTEN)
                if rung.began == began:
                    await self._database(ledger.wake_containers, rung.containers)
                else:  # what was said before, nobody heard
                    await self._look_at_all()
                after, began = rung.last, rung.began
            except Unavailable as error:
                LOG.info("watchman.deaf", error=str(error))
                await asyncio.sleep(AGAIN_SECONDS)

    async def _look_at_all(self) -> None:
        """Wake those that are not frozen any more; have the memory of the others put away."""
        asleep = {run.container: run for run in await self._database(runs.asleep)}
        if not asleep:
            return
        seen = await self._agent.frozen(list(asleep))
        for container, sleep in seen.items():
            if not sleep.is_frozen:
                await self._database(ledger.wake, asleep[container])
        await self._agent.reclaim([each for each, sleep in seen.items() if sleep.is_frozen])


def _of(run: RunRow, activity: Mapping[str, Activity]) -> Sequence[Activity]:
    return [activity[host] for host in run.hosts.values() if host in activity]
