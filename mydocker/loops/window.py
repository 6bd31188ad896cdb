"""The window: shows flowing values to the streams over a local socket; nobody stores them."""

import asyncio
import json
import re
import socket
import struct
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

import structlog

from mydocker.domain.runs import Phase
from mydocker.loops.database import Database
from mydocker.loops.health import Health
from mydocker.loops.journal import Journals
from mydocker.ports.driver import Driver, PullProgress
from mydocker.ports.errors import Refused, Unavailable
from mydocker.ports.nodes import ContainerUsage, NodeAgent
from mydocker.store import runs

LOG = structlog.get_logger()
BACKLOG = 256
"""Lines a slow reader may have waiting; older ones give way."""
MEASURED_SECONDS = 1.0
"""CPU use is measured over this time."""
_RUN = re.compile(r"[a-z2-7]{20}")
_BUILD = re.compile(r"[a-z2-7]{12}")

Line = Mapping[str, object]


class Showcase:
    """Where the other offices put what flows."""

    def __init__(self) -> None:
        self._readers: set[asyncio.Queue[Line]] = set()
        self._pulls: dict[str, Line] = {}

    def pull(self, workspace: str, progress: PullProgress) -> None:
        """Show how far a workspace's image is."""
        line: Line = {
            "kind": "pull",
            "workspace": workspace,
            "done": progress.done_bytes,
            "total": progress.total_bytes,
            "layers": [
                (2 * layer.total, layer.downloaded + layer.extracted) for layer in progress.layers
            ],
        }
        self._show(line)

    def _show(self, line: Line) -> None:
        for queue in self._readers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(line)

    def open(self) -> "asyncio.Queue[Line]":
        """A queue of what is shown from now on."""
        queue: asyncio.Queue[Line] = asyncio.Queue(BACKLOG)
        self._readers.add(queue)
        return queue

    def close(self, queue: "asyncio.Queue[Line]") -> None:
        """Forget a reader."""
        self._readers.discard(queue)


class WindowServer:
    """Answers `follow`, `logs` and `usage` to processes of the users it knows."""

    def __init__(
        self,
        path: Path,
        callers: Collection[int],
        showcase: Showcase,
        database: Database,
        driver: Driver,
        agent: NodeAgent,
        health: Health,
        journals: Journals,
    ) -> None:
        self._health, self._journals = health, journals
        self._path, self._callers = path, frozenset(callers) | {0}
        self._showcase, self._database = showcase, database
        self._driver, self._agent = driver, agent
        self.listening = asyncio.Event()
        """Set once somebody may ask."""

    async def run(self) -> None:
        """Serve until cancelled."""
        self._path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._serve, str(self._path))
        self._path.chmod(0o666)  # who may speak is decided by the peer's user, below
        async with server:
            self.listening.set()
            await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if peer_uid(writer) not in self._callers:
                return
            request = json.loads(await reader.readline() or "{}")
            await self._answer(request, writer)
        except (OSError, ValueError, TypeError, KeyError):
            pass  # the reader went away, or never made sense
        finally:
            writer.close()

    async def _answer(self, request: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
        verbs: dict[str, Callable[..., Awaitable[None]]] = {
            "follow": self._follow,
            "logs": self._logs,
            "build_log": self._build_log,
            "usage": self._usage,
            "health": self._tell_health,
            "machine": self._tell_machine,
        }
        try:
            await verbs[request["verb"]](request, writer)
            await _say(writer, {"end": True})
        except Unavailable as error:
            await _say(writer, {"error": "unavailable", "message": str(error)})
        except Refused as error:
            await _say(writer, {"error": "refused", "code": error.code, "message": str(error)})

    async def _follow(self, request: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
        queue = self._showcase.open()
        try:
            while not writer.is_closing():
                await _say(writer, await queue.get())
        finally:
            self._showcase.close(queue)

    async def _logs(self, request: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
        run = _run_of(request)
        tail = max(0, min(int(request["tail"]), 10_000))
        row = await self._database(runs.find, run)
        if row is not None and row.phase is Phase.ENDED:
            kept = (await self._database(runs.last_log, run)).splitlines()
            for text in kept[-tail:] if tail else ():
                await _say(writer, {"text": text, "stream": "stdout"})
            return
        async for line in self._driver.logs(run, tail=tail, follow=bool(request["follow"])):
            await _say(writer, {"text": line.text, "stream": line.stream})

    async def _build_log(self, request: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
        build, after = str(request["build"]), max(0, int(request["after"]))
        if not _BUILD.fullmatch(build):
            raise Refused("bad_build", "not a build's id")
        async for entry in self._journals.read(build, after, follow=bool(request["follow"])):
            await _say(writer, {"entry": astuple(entry)})
            if writer.is_closing():
                return

    async def _usage(self, request: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
        run = await self._database(runs.find, _run_of(request))
        if run is None or not run.container:
            return
        before = await self._read(run.container)
        await asyncio.sleep(MEASURED_SECONDS)
        after = await self._read(run.container)
        if before is None or after is None:
            return
        used = (after.cpu_nanos - before.cpu_nanos) / MEASURED_SECONDS
        await _say(
            writer,
            {
                "kind": "usage",
                "workspace": run.workspace,
                "cpu_nanos_per_second": int(max(used, 0)),
                "memory_bytes": after.memory_bytes,
                "pids": after.pids,
            },
        )

    async def _tell_health(self, request: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
        await _say(writer, {"problems": list(await self._health.problems())})

    async def _tell_machine(self, request: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
        machine, disk = await self._agent.machine(), await self._agent.disk()
        await _say(writer, {**asdict(machine), "disk": asdict(disk.data)})

    async def _read(self, container: str) -> ContainerUsage | None:
        return (await self._agent.usage([container])).get(container)


def peer_uid(writer: asyncio.StreamWriter) -> int:
    """The user at the other end of a Unix socket (`SO_PEERCRED`, unix(7))."""
    peer = writer.get_extra_info("socket")
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", raw)
    return int(uid)


def _run_of(request: Mapping[str, Any]) -> str:
    run = str(request["run"])
    if not _RUN.fullmatch(run):
        raise Refused("bad_run", "not a run's id")
    return run


async def _say(writer: asyncio.StreamWriter, line: Line) -> None:
    with suppress(ConnectionError):
        writer.write(json.dumps(line).encode() + b"\n")
        await writer.drain()
