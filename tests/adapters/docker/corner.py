"""A corner of a real engine for one test module: an installation of its own, swept afterwards.

It speaks to the engine without the driver, so that the driver is not its own witness.
"""

import http.client
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
PROGRAMS = ("sh", "sleep", "cat", "echo", "id", "mount")
UNUSED = {
    *("__pycache__", "test", "tests", "idlelib", "lib2to3", "tkinter", "turtledemo", "unittest"),
    *("pydoc_data", "ensurepip", "distutils", "asyncio", "xml", "email"),
    *("dist-packages", "site-packages"),
}


class Connection(http.client.HTTPConnection):
    """HTTP to the engine's socket."""

    def __init__(self) -> None:
        super().__init__("localhost", timeout=60)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)


def ask(method: str, path: str, body: Any = None, *, tar: bytes | None = None) -> tuple[int, Any]:
    """Ask the engine; returns status and decoded answer."""
    data = tar if tar is not None else None if body is None else json.dumps(body)
    kind = "application/x-tar" if tar is not None else "application/json"
    connection = Connection()
    try:
        connection.request(method, f"/v1.41/{path}", data, {"Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    try:
        return answer.status, json.loads(text)
    except ValueError:
        return answer.status, text.decode(errors="replace")


def engine_answers() -> bool:
    """Whether there is an engine to test on."""
    try:
        return ask("GET", "_ping")[0] == 200
    except OSError:
        return False


class Corner:
    """One installation's id, an image to run, and what it left on the engine."""

    def __init__(self) -> None:
        self.instance = secrets.token_hex(3)
        self.image = f"test-driver-bare:{self.instance}"

    @property
    def filter(self) -> str:
        """The engine's filter for what is this installation's."""
        return quote(json.dumps({"label": [f"org.mydocker.instance={self.instance}"]}))

    def containers(self) -> list[Any]:
        """Every container of this corner, running or not."""
        listed: list[Any] = ask("GET", f"containers/json?all=1&filters={self.filter}")[1]
        return listed

    def inspect(self, run: str) -> Any:
        """All that the engine says of a run's container."""
        return ask("GET", f"containers/md-{self.instance}-{run}/json")[1]

    def starts(self, run: str) -> int:
        """How often a run's container was started, as the engine's own events have it."""
        filters = quote(json.dumps({"container": [self.inspect(run)["Id"]], "event": ["start"]}))
        told = ask("GET", f"events?since=0&until={time.time():.9f}&filters={filters}")[1]
        return sum(1 for line in str(told).splitlines() if line.strip()) if told else 0

    def drop(self, image: str) -> None:
        """Remove an image."""
        ask("DELETE", f"images/{image}?force=1")

    def act(self, run: str, verb: str) -> None:
        """Do something to a run's container behind the driver's back."""
        status, said = ask("POST", f"containers/md-{self.instance}-{run}/{verb}")
        assert status < 400, said

    def forget(self, run: str) -> None:
        """Remove a run's container behind the driver's back."""
        ask("DELETE", f"containers/md-{self.instance}-{run}?force=1&v=1")

    def sweep(self) -> None:
        """Remove every container."""
        for container in self.containers():
            ask("DELETE", f"containers/{container['Id']}?force=1&v=1")

    def leave(self) -> None:
        """Remove all that this corner made."""
        self.sweep()
        for network in ask("GET", f"networks?filters={self.filter}")[1]:
            ask("DELETE", f"networks/{network['Id']}")
        ask("DELETE", f"images/{self.image}?force=1")


@contextmanager
def corner() -> Iterator[Corner]:
    """Make a corner with its image, and sweep it whatever happens."""
    made = Corner()
    repository, tag = made.image.split(":")
    status, said = ask(
        "POST", f"images/create?fromSrc=-&repo={repository}&tag={tag}", tar=bare_image()
    )
    assert status == 200 and "error" not in str(said), said
    try:
        yield made
    finally:
        made.leave()


@cache
def bare_image() -> bytes:
    """Pack a file system out of this machine's own shell and Python, as a tar."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", dereference=True) as tar:
        for path in sorted(_programs() | _python()):
            tar.add(path, path.lstrip("/"), recursive=False)
        for link in ("bin/python3", "usr/bin/python3"):
            _add_link(tar, link, os.path.realpath(sys.executable))
        for name in ("proc", "sys", "dev", "etc", "home"):
            _add_folder(tar, name, 0o755)
        _add_folder(tar, "tmp", 0o1777)
    return packed.getvalue()


def _programs() -> set[str]:
    paths = {found for name in PROGRAMS if (found := shutil.which(name, path="/bin:/usr/bin"))}
    return paths | _libraries(paths)


def _python() -> set[str]:
    executable = os.path.realpath(sys.executable)
    library = Path(sysconfig.get_path("stdlib"))
    modules = {str(path) for path in library.rglob("*") if path.is_file() and _is_used(path)}
    binaries = {executable, *(path for path in modules if path.endswith(".so"))}
    return {executable} | modules | _libraries(binaries)


def _is_used(path: Path) -> bool:
    return path.suffix in (".py", ".so") and UNUSED.isdisjoint(path.parts)


def _libraries(binaries: set[str]) -> set[str]:
    listed = subprocess.run(["ldd", *binaries], capture_output=True, text=True, check=False).stdout
    listed = "\n".join(line for line in listed.splitlines() if not line.endswith(":"))
    return {word for word in listed.split() if word.startswith("/")}


def _add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    if f"/{name}" != target:
        link = tarfile.TarInfo(name)
        link.type, link.linkname = tarfile.SYMTYPE, target
        tar.addfile(link)


def _add_folder(tar: tarfile.TarFile, name: str, mode: int) -> None:
    folder = tarfile.TarInfo(name)
    folder.type, folder.mode = tarfile.DIRTYPE, mode
    tar.addfile(folder)
