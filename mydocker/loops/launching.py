"""From a run to its container: homes attached, plan made, engine asked.

How many at once is decided by whoever gives turns (`usher`) and makes spares (`storekeeper`).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address

from mydocker.domain.environments import Environment, NetworkPolicy, Port
from mydocker.domain.failures import Cause
from mydocker.domain.jupyter import culling_options
from mydocker.domain.runs import Sighting
from mydocker.domain.spares import Way, eligibility
from mydocker.domain.templates import Values, render_command, render_variables
from mydocker.loops import ledger
from mydocker.loops.parts import Parts
from mydocker.ports.driver import Mount, RunPlan
from mydocker.ports.errors import Refused, Unavailable
from mydocker.ports.nodes import HomeMount, Introduction, NodeAgent, Places
from mydocker.store.runs import RunRow

PROTECTION_FRESH_SECONDS = 5.0
"""How long a look at the node's firewall holds for further starts."""
PROTECTION_PATIENCE_SECONDS = 30.0
"""How long starts wait for rules that were lost; the warden mends them within a second."""
DEFAULT_UID = 1000
PAPERS, INSIDE = "/run/mydocker", "/opt/mydocker"
PROFILE = "/etc/profile.d/mydocker-person.sh"
TAB = "/usr/local/share/jupyter/labextensions/mydocker-tab"
"""Where every Jupyter looks for extensions of its pages, whatever the image's variables say."""
AHEAD = ("/bin/sh", f"{INSIDE}/ahead")
"""What a command is given to, to be started ahead of its person."""


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
        port_suffix: str,
    ) -> None:
        self._database, self._clock = parts.database, parts.clock
        self._driver, self._agent, self._protection = parts.driver, parts.agent, protection
        self._port_suffix = port_suffix

    async def launch(self, run: RunRow) -> Sighting:
        """Prepare the run's places, homes and person included if it has one, and start its
        container; repeatable.
        """
        definition = ledger.definition_of(run)
        await self._protection.ensure()
        places = await self._agent.prepare(run.id, len(definition.homes))
        person = await self._settle(run, definition) if run.workspace else None
        return await self._driver.launch(self._plan(run, definition, places, person))

    async def bind(self, run: RunRow, seen: Sighting) -> None:
        """Give a claimed run's container its homes, its way out and its person; repeatable."""
        definition = ledger.definition_of(run)
        await self._protection.ensure()
        if _network(run, definition) is NetworkPolicy.ONCE_CLAIMED:
            await self._let_out(seen)
        await self._settle(run, definition)

    async def _let_out(self, seen: Sighting) -> None:
        if not seen.address:
            raise Unavailable(f"container {seen.container[:12]} has no address")
        try:
            await self._agent.let_out(seen.container, IPv4Address(seen.address))
        except Refused as refusal:  # a cold start needs no letting out
            raise Refused(Cause.SPARE_LOST.value, str(refusal)) from refusal

    async def _settle(self, run: RunRow, definition: Environment) -> Introduction:
        homes, person = await self._database(ledger.settling_of, run, self._clock.now())
        uid = DEFAULT_UID if definition.user is None else definition.user
        wanted = [HomeMount(slot, home, uid, uid) for slot, home in enumerate(homes)]
        try:
            if wanted:
                await self._agent.attach(run.id, wanted)
            await self._agent.introduce(run.id, person)
        except Refused as refusal:
            raise Refused(Cause.HOME_UNAVAILABLE.value, str(refusal)) from refusal
        return person

    def _plan(
        self, run: RunRow, definition: Environment, places: Places, person: Introduction | None
    ) -> RunPlan:
        hosts = {port: host + self._port_suffix for port, host in run.hosts.items()}
        username, password = run.credentials()
        values = Values(username=username, password=password, hosts=hosts)
        resources, user = definition.resources, definition.user
        command = culling_options(render_command(definition.command, values)).words
        is_zygote = run.is_spare and eligibility(definition) is Way.ZYGOTE
        return RunPlan(
            run=run.id,
            image=definition.image,
            command=(*AHEAD, *command) if is_zygote else command,
            variables={
                **_about_limits(definition),
                **_about_person(person),
                **(_about_port(definition) if is_zygote else {}),
                **render_variables(definition.variables, values),
            },
            network=_network(run, definition),
            cpu_nanos=resources.cpu_nanos,
            memory_bytes=resources.memory_bytes,
            pids=resources.pids,
            shm_bytes=resources.shm_bytes,
            tmp_bytes=resources.tmp_bytes,
            mounts=_mounts(definition, places, is_spare=run.is_spare),
            user="" if user is None else f"{user}:{user}",
            sudo=definition.sudo,
            in_background=not run.workspace,
        )


def _network(run: RunRow, definition: Environment) -> NetworkPolicy:
    # What is started for somebody need not be let out later.
    if definition.network is NetworkPolicy.ONCE_CLAIMED and not run.is_spare:
        return NetworkPolicy.OPEN
    return definition.network


def _mounts(definition: Environment, places: Places, *, is_spare: bool) -> Sequence[Mount]:
    # What is under a spare's home is nobody's: nothing may be left there.
    homes = [
        Mount(source, home.path, read_only=is_spare)
        for source, home in zip(places.slots, definition.homes, strict=True)
    ]
    return [
        *homes,
        Mount(places.papers, PAPERS, read_only=True, is_fixed=True),
        Mount(places.inside, INSIDE, read_only=True, is_fixed=True),
        Mount(f"{places.inside}/person.sh", PROFILE, read_only=True, is_fixed=True),
        Mount(f"{places.inside}/tab", TAB, read_only=True, is_fixed=True),
    ]


def ports_ahead(definition: Environment) -> Sequence[Port]:
    """What must answer before a spare can be claimed: a zygote listens, and says nothing yet."""
    if eligibility(definition) is not Way.ZYGOTE:
        return definition.ports
    return [replace(port, ready="") for port in _zygotes_port(definition)]


def _zygotes_port(definition: Environment) -> Sequence[Port]:
    return definition.http_ports[:1]


def _about_port(definition: Environment) -> dict[str, str]:
    numbers = [str(port.number) for port in _zygotes_port(definition)]
    return {"MYDOCKER_PORT": numbers[0]} if numbers else {}


def _about_person(person: Introduction | None) -> dict[str, str]:
    """As in the papers: a container that is started for somebody knows them from the start."""
    known = {"GIT_CONFIG_SYSTEM": f"{PAPERS}/gitconfig"}
    if person is None:
        return known
    return known | {
        "MYDOCKER_PERSON_NAME": person.name,
        "MYDOCKER_PERSON_MAIL": person.mail,
        "MYDOCKER_PERSON_LANGUAGE": person.language,
    }


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
