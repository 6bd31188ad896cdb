"""The only file that knows all concrete classes: settings in, wired parts out."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import structlog

from mydocker.adapters.agent.client import AgentClient
from mydocker.adapters.docker import DockerDriver
from mydocker.adapters.docker.building import DockerBuilder
from mydocker.adapters.haproxy import HaproxyGateway
from mydocker.adapters.jupyter import JupyterSensor
from mydocker.adapters.window import PATIENCE_SECONDS, SocketWindow, ask
from mydocker.domain.queue import Limits
from mydocker.domain.runs import Patience, Phase
from mydocker.domain.spares import Limits as StockLimits
from mydocker.loops import metrics
from mydocker.loops.bookkeeper import Bookkeeper
from mydocker.loops.building import Site, Terms
from mydocker.loops.culler import Culler
from mydocker.loops.custodian import Custodian
from mydocker.loops.database import Database
from mydocker.loops.doorkeeper import Doorkeeper
from mydocker.loops.foreman import Foreman
from mydocker.loops.gatekeeper import CHANGED, Gatekeeper
from mydocker.loops.health import Health
from mydocker.loops.janitor import Janitor
from mydocker.loops.journal import Journals
from mydocker.loops.launching import Launcher, Protection
from mydocker.loops.office import Desk, serve
from mydocker.loops.parts import Parts
from mydocker.loops.quartermaster import Quartermaster
from mydocker.loops.sizes import Sizes
from mydocker.loops.storekeeper import Storekeeper
from mydocker.loops.usher import Usher
from mydocker.loops.warden import Warden
from mydocker.loops.watcher import Watcher
from mydocker.loops.watchman import Watchman
from mydocker.loops.window import Showcase, WindowServer
from mydocker.ports.builder import Cage
from mydocker.ports.errors import Unavailable
from mydocker.pulse import keep_beating
from mydocker.settings import Settings
from mydocker.steady import CLOCK
from mydocker.store import pages

RECENT_SECONDS = 5.0
THIS_MACHINES_CA = "/etc/ssl/certs/ca-certificates.crt"
PASSED_ON = (
    "http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "NPM_CONFIG_REGISTRY", "CRAN",
)  # fmt: skip
PAGE_PATIENCE_SECONDS = 1.0
"""A page that tells of the service's state does not wait longer for it."""
WARM_TEMPLATES = (
    "dashboard/dashboard.html",
    "join/join.html",
    "signing/sign_in.html",
    "workspaces/workspace.html",
)
FIRST_ENVIRONMENT = "jupyterlab-python"
"""`/readyz` answers 200 once this one can start."""


def configure_logging() -> None:
    """One event, one JSON line on standard output."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format="%(message)s")


@dataclass(frozen=True, slots=True)
class Sockets:
    """Where the processes of one installation find one another."""

    agent: Path
    bell: Path
    loops: Path
    web: Path
    streams: Path
    gateway: Path


def sockets(settings: Settings) -> Sockets:
    """All below `data/run`; who may open which is decided by `cli.users.make_folders`."""
    run = settings.run_folder
    return Sockets(
        run / "agent.sock", run / "bell.sock", run / "loops" / "window.sock",
        run / "web" / "web.sock", run / "streams" / "streams.sock", run / "gateway" / "admin.sock",
    )  # fmt: skip


async def run_loops(
    settings: Settings, window_callers: Sequence[int], beat: Callable[[], None]
) -> None:
    """Everything that makes true what is wanted, until SIGTERM.

    `beat` is called every few seconds, as long as there is no hanging.
    """
    where = sockets(settings)
    clock, database, showcase = CLOCK, Database(), Showcase()
    totals = await Sizes.load(database)
    driver = DockerDriver(settings.instance, totals=totals)
    builder = DockerBuilder(settings.instance, totals=totals)
    agent = AgentClient(where.agent)
    gateway = HaproxyGateway(
        data=settings.data / "gateway", socket=where.gateway, apps_domain=settings.apps_domain
    )
    parts = Parts(database, driver, gateway, agent, clock)
    warden = Desk(Warden(driver, builder, agent, settings.network_allow), key="node")
    protection = Protection(agent, mend=lambda: warden.wake(""))
    launcher = Launcher(parts, protection, port_suffix=_port_suffix(settings))
    journals = Journals(settings.data / "builds")
    site = Site(database, builder, agent, clock, journals, build_terms(settings))
    at_once = settings.builds_at_once or max(1, (os.cpu_count() or 1) // 2)
    foreman = Foreman(database, builder, agent, clock, site, journals, protection, at_once=at_once)
    custodian = Custodian(
        parts,
        launcher,
        showcase,
        apps_domain=settings.apps_domain,
        patience=Patience(to_answer=settings.start_patience),
    )
    measured: dict[str, int] = {}
    usher = Usher(
        parts,
        limits=Limits(at_once=settings.concurrent_starts, holds=settings.start_patience / 2),
        measured=measured,
    )
    health = Health(database, driver, gateway, agent, FIRST_ENVIRONMENT)
    window = WindowServer(
        where.loops, window_callers, showcase, database, driver, agent, health, journals
    )
    watchman = Watchman(parts)
    culler = Culler(
        database, gateway, agent, JupyterSensor(), clock,
        asked_bytes=lambda: usher.lacking_bytes, every=settings.idle_round,
    )  # fmt: skip
    desks = [
        Desk(custodian),
        Desk(Gatekeeper(database, gateway, agent, clock), key=CHANGED),
        Desk(culler),
        Desk(Doorkeeper(database, clock), key="all"),
        Desk(Janitor(database, driver, agent, clock), key="all"),
        Desk(Quartermaster(database, agent, clock), key="disk"),
        Desk(Bookkeeper(database, agent, clock), key="sample"),
        Desk(usher, key="queue"),
        Desk(
            Storekeeper(
                parts,
                apps_domain=settings.apps_domain,
                limits=StockLimits(at_once=max(1, (os.cpu_count() or 1) // 2)),
                measured=measured,
                asked_bytes=lambda: usher.lacking_bytes,
            ),
            key="pool",
        ),
        Desk(watchman, key="sleepers"),
        Desk(foreman, key="builds"),
        warden,
    ]
    watcher = Watcher(database, driver, clock, wake=desks[0].wake, look=desks[0].look)
    pulse = partial(keep_beating, partial(database.beat, beat))
    await serve(desks, [window.run, watcher.run, watchman.listen, pulse], _until_told_to_stop())
    await foreman.close()
    await builder.close()
    await driver.close()
    await agent.close()
    database.close()


def build_terms(settings: Settings, environ: Mapping[str, str] = os.environ) -> Terms:
    """What holds for all builds: limits, authorities, and where packages come from."""
    extra_ca = Path(settings.extra_ca or THIS_MACHINES_CA)
    own = {name: environ[name] for name in PASSED_ON if environ.get(name)}
    written = dict(each.split("=", 1) for each in settings.build_variables)
    cpus = settings.build_cpus or (os.cpu_count() or 1) / 2
    return Terms(
        instance=settings.instance,
        cage=Cage(
            memory_bytes=settings.build_memory_bytes,
            cpu_nanos=int(cpus * 10**9),
            disk_bytes=settings.build_disk_bytes,
            seconds=int(settings.build_time.total_seconds()),
        ),
        pids=settings.build_processes,
        extra_ca=extra_ca if extra_ca.exists() else None,
        arguments=written or own,
    )


async def _until_told_to_stop() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


def _port_suffix(settings: Settings) -> str:
    port = settings.parsed_url.port
    return f":{port}" if port else ""


def streams(settings: Settings) -> Any:
    """The ASGI application of the streams process."""
    from mydocker.api.asgi import application
    from mydocker.services.live import Hub
    from mydocker.web.streams import page_stream

    window = SocketWindow(sockets(settings).loops)
    return application(lambda: Hub(window), page_stream)


def readiness(settings: Settings, patience: float = PATIENCE_SECONDS) -> Sequence[str]:
    """What stands in the way of a first start; empty when there is nothing."""
    try:
        answer = ask(sockets(settings).loops, "health", patience)
    except Unavailable as error:
        return [str(error)]
    return [str(problem) for problem in answer["problems"]]


def _count_runs() -> None:
    counts = pages.live_by_phase()
    for phase in Phase:
        if phase.is_live:
            metrics.RUNS.labels(phase.name.lower()).set(counts.get(phase, 0))


class _Recent:
    """The last answer for a moment: many pages ask, and the answer changes seldom."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._good_until = settings, 0.0
        self._known: Mapping[str, str] = {"part 1": "nothing was asked yet"}
        self._asking = Lock()

    def missing(self) -> Mapping[str, str]:
        """What is missing, by a number. One asks at a time; others go by the last answer."""
        if time.monotonic() >= self._good_until and self._asking.acquire(blocking=False):
            try:
                problems = readiness(self._settings, PAGE_PATIENCE_SECONDS)
                self._known = {f"part {n}": problem for n, problem in enumerate(problems, 1)}
                self._good_until = time.monotonic() + (RECENT_SECONDS if not problems else 0.5)
            finally:
                self._asking.release()
        return self._known


def preload() -> None:
    """Import and warm up what the processes need, before they are forked: they share it then."""
    import uvicorn
    import uvloop
    from django.core.wsgi import get_wsgi_application
    from django.template.loader import get_template
    from django.urls import get_resolver
    from django.utils import translation

    from mydocker.api import asgi
    from mydocker.web import streams as page_streams

    get_wsgi_application()
    _ = (uvicorn.Server, uvloop.run, asgi, page_streams)
    get_resolver().url_patterns  # noqa: B018 - builds them
    for name in WARM_TEMPLATES:
        get_template(name)
    for language in ("fr", "en"):
        with translation.override(language):
            translation.gettext("")


def connect_web(settings: Settings) -> None:
    """Give the pages their ways to the other processes; once, before the web process serves."""
    from mydocker.web import parts

    parts.answer_readiness_with(_Recent(settings).missing)
    parts.refresh_metrics_with(_count_runs)
