"""How a run is put to sleep and woken: gateway, agent and database, in an order that loses nobody.

Asleep, a run's hosts stand in the gateway's list: whoever wants it there rings the agent, which
thaws it without anybody's help. So the list comes before the freeze, and the agent refuses to
freeze what was rung for just before.
"""

import asyncio
from weakref import WeakValueDictionary

from mydocker.loops import ledger, metrics
from mydocker.loops.parts import Parts
from mydocker.store.runs import RunRow


class Sleeping:
    """Freezes and thaws. One at a time for each run: a claim may come while its spare falls asleep,
    and the thaw must have the last word.
    """

    def __init__(self, parts: Parts) -> None:
        self._database, self._clock = parts.database, parts.clock
        self._gateway, self._agent = parts.gateway, parts.agent
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def freeze(self, run: RunRow) -> None:
        """Freeze a run that is to sleep, if it still is; who is wanted meanwhile goes on."""
        async with self._lock(run):
            if not await self._database(ledger.fall_asleep, run, self._clock.now()):
                return
            before = await self._interactions(run)
            if run.ready_at:
                await self._gateway.put_asleep(dict.fromkeys(run.hosts.values(), run.container))
            frozen = await self._agent.freeze([run.container])
            is_wanted = not frozen.get(run.container) or not await self._is_listed(run)
            # Who came in just before the list was written did not ring.
            if is_wanted or await self._interactions(run) != before:
                await self._thaw(run)
            else:
                await self._database(ledger.tell_asleep, run, self._clock.now())
                metrics.FREEZES.inc()

    async def thaw(self, run: RunRow) -> None:
        """Let a run go on, whoever woke it; repeatable."""
        async with self._lock(run):
            await self._thaw(run)
            metrics.THAWS.inc()

    async def _thaw(self, run: RunRow) -> None:
        await self._agent.thaw([run.container])
        if run.ready_at:
            await self._gateway.drop_asleep(list(run.hosts.values()))
        await self._database(ledger.awoke, run, self._clock.now())

    async def is_frozen(self, run: RunRow) -> bool:
        """Whether it is frozen, and nobody rang for it since."""
        seen = (await self._agent.frozen([run.container])).get(run.container)
        return seen is not None and seen.is_frozen and await self._is_listed(run)

    async def _is_listed(self, run: RunRow) -> bool:
        if not run.ready_at:
            return True
        asleep = await self._gateway.asleep()
        return all(host in asleep for host in run.hosts.values())

    async def _interactions(self, run: RunRow) -> int:
        if not run.ready_at:
            return 0
        counted = await self._gateway.activity()
        return sum(counted[host].interactions for host in run.hosts.values() if host in counted)

    def _lock(self, run: RunRow) -> asyncio.Lock:
        return self._locks.setdefault(run.id, asyncio.Lock())
