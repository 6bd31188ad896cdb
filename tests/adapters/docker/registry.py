"""Debian's `docker-registry` on loopback, filled with images of random layers."""

import http.client
import io
import os
import shutil
import socket
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.adapters.docker.corner import Connection, ask

PROGRAM = shutil.which("docker-registry")
CONFIGURATION = """
version: 0.1
log: {{level: info}}
storage:
  filesystem: {{rootdirectory: {folder}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


class Registry:
    """A registry and what was put into it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns when it listens."""
        assert PROGRAM is not None
        configuration = self._folder / "registry.yml"
        store = self._folder / "store"
        configuration.write_text(CONFIGURATION.format(folder=store, port=self.port))
        self._process = subprocess.Popen(
            [PROGRAM, "serve", str(configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "OTEL_TRACES_EXPORTER": "none"},
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if b"listening on" in line:
                break
        else:
            raise AssertionError("docker-registry did not start")

    def kill(self) -> None:
        """Kill it; a second time is nothing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
            self._process = None

    def put(self, name: str, layers: Sequence[int]) -> str:
        """Put in an image of layers of so many random bytes; returns its reference.

        It stays nowhere else.
        """
        reference = f"127.0.0.1:{self.port}/test-driver/{name}"
        status, said = ask("POST", f"build?t={quote(reference)}", tar=_context(layers))
        assert status == 200 and "errorDetail" not in str(said), said
        said = _push(reference)
        assert "errorDetail" not in said, said
        ask("DELETE", f"images/{reference}?force=1")
        return reference


@contextmanager
def registry(folder: Path) -> Iterator[Registry]:
    """Run a registry in a folder of its own."""
    made = Registry(folder)
    made.start()
    try:
        yield made
    finally:
        made.kill()


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _context(layers: Sequence[int]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        _add(tar, "Dockerfile", _recipe(len(layers)))
        for number, size in enumerate(layers):
            _add(tar, f"layer{number}", os.urandom(size))
    return packed.getvalue()


def _recipe(layers: int) -> bytes:
    copies = [f"COPY layer{number} /layer{number}" for number in range(layers)]
    return "\n".join(["FROM scratch", *copies, 'CMD ["/none"]']).encode()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _push(reference: str) -> str:
    name, _, tag = reference.rpartition(":")
    connection = Connection()
    try:
        headers = {"X-Registry-Auth": "e30="}
        connection.request("POST", f"/v1.41/images/{name}/push?tag={tag}", headers=headers)
        answer: http.client.HTTPResponse = connection.getresponse()
        return answer.read().decode()
    finally:
        connection.close()
