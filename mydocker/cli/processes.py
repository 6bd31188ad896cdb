"""What each supervised process does once it is forked."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mydocker import bootstrap
from mydocker.adapters.haproxy import gateway_command
from mydocker.cli.serving import bind, serve
from mydocker.cli.supervisor import Child, end_with_parent
from mydocker.cli.users import Users, become, engine_group
from mydocker.pulse import Pulse, keep_beating
from mydocker.settings import Settings

WEB_THREADS = 8


def children(settings: Settings, users: Users, haproxy: Path) -> list[Child]:
    """In the order in which they start."""
    listening = bind(bootstrap.sockets(settings).web)
    loops, streams = Pulse(), Pulse()
    return [
        Child("agent", _agent(settings, users)),
        Child("gateway", _gateway(haproxy)),
        Child("loops", _loops(settings, users, loops), loops),
        Child("streams", _streams(settings, users, streams), streams),
        *(_web(name, settings, users, listening) for name in _web_names(settings)),
    ]


def _agent(settings: Settings, users: Users) -> Callable[[], None]:
    """A fresh interpreter, so that the process that stays root holds nothing but its own code."""
    program = (
        "import sys; from pathlib import Path; from mydocker.agent import main; "
        "main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], frozenset({int(sys.argv[4])}), "
        "sys.argv[5], int(sys.argv[6]), frozenset({int(sys.argv[7])}))"
    )
    arguments = [
        str(settings.data),
        str(settings.run_folder),
        settings.instance,
        str(users.loops.uid),
        settings.freeze_swap,
        str(settings.freeze_swap_bytes),
        str(users.gateway.uid),
    ]

    def work() -> None:
        end_with_parent()
        os.execv(  # noqa: S606 - no shell is wanted
            sys.executable, [sys.executable, "-I", "-c", program, *arguments]
        )

    return work


def _gateway(configuration: Path) -> Callable[[], None]:
    def work() -> None:
        command = gateway_command(configuration)
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted

    return work


def _loops(settings: Settings, users: Users, pulse: Pulse) -> Callable[[], None]:
    def work() -> None:
        become(users.loops, (users.web.gid, *engine_group()))
        end_with_parent()
        bootstrap.configure_logging()
        import uvloop

        uvloop.run(bootstrap.run_loops(settings, [users.web.uid], pulse.beat))

    return work


def _streams(settings: Settings, users: Users, pulse: Pulse) -> Callable[[], None]:
    def work() -> None:
        become(users.web)
        end_with_parent()
        bootstrap.configure_logging()
        import uvicorn

        config = uvicorn.Config(
            bootstrap.streams(settings),
            uds=str(bootstrap.sockets(settings).streams),
            loop="uvloop",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        asyncio.run(_serve(uvicorn.Server(config), pulse))

    return work


async def _serve(server: Any, pulse: Pulse) -> None:
    async def beat() -> None:
        pulse.beat()

    beating = asyncio.create_task(keep_beating(beat))
    await server.serve()
    beating.cancel()


def _web(name: str, settings: Settings, users: Users, listening: socket.socket) -> Child:
    pulse = Pulse()

    def work() -> None:
        become(users.web)
        end_with_parent()
        bootstrap.configure_logging()
        bootstrap.connect_web(settings)
        serve(listening, WEB_THREADS, pulse.beat)

    return Child(name, work, pulse)


def _web_names(settings: Settings) -> list[str]:
    count = settings.web_workers or max(1, (os.cpu_count() or 1) // 2)
    return ["web", *(f"web-{number}" for number in range(2, count + 1))]
