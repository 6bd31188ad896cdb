"""From a run to its container: homes attached, plan made, engine asked, a few at a time."""

import asyncio
import time
from collections.abc import Callable, Sequence

from mydocker.domain.environments import Environment
from mydocker.domain.failures import Cause
from mydocker.domain.runs import Sighting
from mydocker.domain.templates import Values, render_command, render_variables
from mydocker.loops import ledger
from mydocker.loops.parts import Parts
from mydocker.ports.driver import Mount, RunPlan
from mydocker.ports.errors import Refused, Unavailable
from mydocker.ports.nodes import HomeMount, NodeAgent
from mydocker.store.runs import RunRow

PROTECTION_FRESH_SECONDS = 5.0
"""How long a look at the node's firewall holds for further starts."""
PROTECTION_PATIENCE_SECONDS = 30.0
"""How long starts wait for rules that were lost; the warden mends them within a second."""
DEFAULT_UID = 1000


class Protection:
    """Whether the node's firewall is in place; starts nothing otherwise (invariant 5)."""

    def __init__(
        self,
        agent: NodeAgent,
        *,
        mend: Callable[[], None] = lambda: None,
        patience_seconds: float = PROTECTION_PATIENCE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._agent, self._mend, self._monotonic = agent, mend, monotonic
        self._patience = patience_seconds
        self._good_until = 0.0
        self._bad_since: float | None = None

    async def ensure(self) -> None:
        """Pass if the rules were seen in place within the last seconds.

        Raises `Unavailable` and asks for them to be mended; `Refused` if that takes too long.
        """
        now = self._monotonic()
        if now < self._good_until:
            return
        firewall = await self._agent.firewall_state()
        if firewall.is_loaded:
            self._good_until, self._bad_since = now + PROTECTION_FRESH_SECONDS, None
            return
        self._mend()
        self._bad_since = now if self._bad_since is None else self._bad_since
        if now - self._bad_since >= self._patience:
            raise Refused(Cause.ISOLATION_MISSING.value, firewall.problem)
        raise Unavailable(f"firewall: {firewall.problem}")


class Launcher:
    """Starts containers."""

    def __init__(
        self,
        parts: Parts,
        protection: Protection,
        *,
        at_once: int,
        port_suffix: str,
    ) -> None:
        self._database, self._clock = parts.database, parts.clock
        self._driver, self._agent, self._protection = parts.driver, parts.agent, protection
        self._turn = asyncio.Semaphore(at_once)
        self._port_suffix = port_suffix

    async def launch(self, run: RunRow) -> Sighting:
        """Attach the run's homes and start its container; repeatable."""
        definition = ledger.definition_of(run)
        async with self._turn:
            await self._protection.ensure()
            sources = await self._attach(run, definition)
            return await self._driver.launch(self._plan(run, definition, sources))

    async def _attach(self, run: RunRow, definition: Environment) -> Sequence[str]:
        if not definition.homes:
            return ()
        homes = await self._database(ledger.homes_of, run, self._clock.now())
        uid = DEFAULT_UID if definition.user is None else definition.user
        wanted = [HomeMount(slot, home, uid, uid) for slot, home in enumerate(homes)]
        try:
            return await self._agent.attach(run.id, wanted)
        except Refused as refusal:
            raise Refused(Cause.HOME_UNAVAILABLE.value, str(refusal)) from refusal

    def _plan(self, run: RunRow, definition: Environment, sources: Sequence[str]) -> RunPlan:
        hosts = {port: host + self._port_suffix for port, host in run.hosts.items()}
        username, password = run.credentials()
        values = Values(username=username, password=password, hosts=hosts)
        resources = definition.resources
        mounts = [
            Mount(source, home.path) for source, home in zip(sources, definition.homes, strict=True)
        ]
        user = definition.user
        return RunPlan(
            run=run.id,
            image=definition.image,
            command=render_command(definition.command, values),
            variables={
                **_about_limits(definition),
                **render_variables(definition.variables, values),
            },
            network=definition.network,
            cpu_nanos=resources.cpu_nanos,
            memory_bytes=resources.memory_bytes,
            pids=resources.pids,
            shm_bytes=resources.shm_bytes,
            tmp_bytes=resources.tmp_bytes,
            mounts=mounts,
            user="" if user is None else f"{user}:{user}",
            sudo=definition.sudo,
        )


def _about_limits(definition: Environment) -> dict[str, str]:
    """What numerical libraries would otherwise guess from the whole machine."""
    cpus = str(max(1, round(definition.resources.cpu_nanos / 1e9)))
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS"), cpus
    )
    return {
        **threads,
        "MYDOCKER_CPUS": cpus,
        "MYDOCKER_MEMORY_BYTES": str(definition.resources.memory_bytes),
    }
