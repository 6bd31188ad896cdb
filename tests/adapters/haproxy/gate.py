"""A real HAProxy on loopback ports, with a dashboard and containers behind it."""

import asyncio
import contextlib
import hashlib
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mydocker.adapters.haproxy import (
    GatewayConfig,
    HaproxyGateway,
    gateway_command,
    write_configuration,
)
from mydocker.ports.gateway import Route
from tests.adapters.haproxy.origin import Bell, Origin, bell, origin
from tests.adapters.haproxy.wire import DEADLINE_SECONDS, Answer, Headers, ask

HAPROXY = shutil.which("haproxy")
APPS = "mydocker-apps.localhost"
DASHBOARD = "mydocker.localhost"
COOKIE = "k" * 43


def digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def host(letter: str = "a") -> str:
    """A run's host."""
    return f"{letter * 20}.{APPS}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(slots=True)
class Gate:
    """The gateway and what stands behind it."""

    config: GatewayConfig
    gateway: HaproxyGateway
    web: Origin
    streams: Origin
    run: Origin
    other: Origin
    bell: Bell
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.config.folder / "log"

    @property
    def port(self) -> int:
        return self.config.port

    async def start(self) -> None:
        """Start HAProxy and wait until it answers."""
        with self.log.open("ab") as log:
            command = gateway_command(self.config.file)
            self.process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: ASYNC220
        await eventually(self._answers)

    async def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        return await self.gateway.started_at() is not None

    def kill(self) -> None:
        """`kill -9`."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    async def restart(self) -> None:
        self.kill()
        await self.start()

    def route(self, letter: str = "a", to: Origin | None = None, **more: Any) -> Route:
        return Route(host(letter), f"run-{letter}", "127.0.0.1", (to or self.run).port, **more)

    async def open(self, letter: str = "a", cookie: str = COOKIE, **more: Any) -> str:
        """Add a route and a grant; returns the host."""
        await self.gateway.put_routes([self.route(letter, **more)])
        await self.gateway.put_grants([(digest(cookie), host(letter))])
        return host(letter)

    async def ask(
        self,
        name: str | None = None,
        *headers: tuple[str, str],
        cookie: str | None = f"__Host-mydocker_grant={COOKIE}",
        **more: Any,
    ) -> Answer:
        """One request; by default to the first run's host, with the grant."""
        held: Headers = [("Cookie", cookie)] if cookie is not None else []
        return await ask(
            self.port, [("Host", host() if name is None else name), *held, *headers], **more
        )

    def logged(self) -> str:
        return self.log.read_text()


async def eventually(holds: Any) -> None:
    """Wait until an awaitable check holds, with a deadline. For what HAProxy counts, logs, opens or
    closes: it tells nobody, so that one has to look again.
    """
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def gate(**settings: Any) -> AsyncIterator[Gate]:
    """A gateway that answers. Its folder is short, for the sake of sockets."""
    with tempfile.TemporaryDirectory(prefix="gw-", dir="/tmp") as folder:
        at = Path(folder)
        async with (
            origin("web", f"{at}/web.sock") as web,
            origin("streams", f"{at}/streams.sock") as streams,
            origin("run") as run,
            origin("other") as other,
            bell(at / "bell.sock") as ringing,
        ):
            config = _config(at, settings)
            write_configuration(config)
            gateway = HaproxyGateway(at, config.socket, APPS)
            made = Gate(config, gateway, web, streams, run, other, ringing)
            try:
                await made.start()
                yield made
            finally:
                made.kill()
                await made.gateway.close()


def _config(at: Path, settings: dict[str, Any]) -> GatewayConfig:
    port = free_port()
    usual: dict[str, Any] = {
        "folder": at,
        "socket": at / "run" / "admin.sock",
        "bind": ("127.0.0.1", "::1"),
        "port": port,
        "scheme": "http",
        "dashboard_host": DASHBOARD,
        "apps_domain": APPS,
        "url": f"http://{DASHBOARD}:{port}",
        "web": at / "web.sock",
        "streams": at / "streams.sock",
        "bell": at / "bell.sock",
        "maxconn": 500,
        "threads": 2,
    }
    return GatewayConfig(**usual | settings)
