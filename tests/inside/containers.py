"""The same environment started cold and claimed from a zygote, in the way of the agent.

Slots are folders under a shared mount; a claim mounts the home on the container's slot.
"""

import ctypes
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.inside.places import INSIDE

IMAGE = "mydocker/jupyterlab-python:latest"
TOKEN = "a-generated-password"
WORDS = ("jupyter", "lab", f"--IdentityProvider.token={TOKEN}")
HARDENED = (
    "--init",
    "--hostname=inside",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--user=1000",
    "--pids-limit=512",
    "--memory=2g",
    "--tmpfs=/tmp:rw,nosuid,nodev,size=1g,mode=1777",
    f"--volume={INSIDE}:/opt/mydocker:ro",
    f"--volume={INSIDE}/person.sh:/etc/profile.d/mydocker-person.sh:ro",
    f"--volume={INSIDE}/tab:/usr/local/share/jupyter/labextensions/mydocker-tab:ro",
)
PATIENCE_SECONDS = 60
MS_BIND, MS_SHARED, MNT_DETACH = 4096, 1 << 20, 2

_libc = ctypes.CDLL(None, use_errno=True)


def docker(*words: str | Path) -> str:
    return subprocess.run(
        ["docker", *words], capture_output=True, text=True, check=True
    ).stdout.strip()


def mount(source: Path, target: Path, flags: int = MS_BIND) -> None:
    if _libc.mount(bytes(source), bytes(target), None, flags, None):
        raise OSError(ctypes.get_errno(), f"cannot mount on {target}")


@contextmanager
def shared(folder: Path) -> Iterator[Path]:
    """A folder whose later mounts reach the containers that were given a part of it."""
    folder.mkdir()
    mount(folder, folder)
    mount(folder, folder, MS_SHARED)
    try:
        yield folder
    finally:
        _libc.umount2(bytes(folder), MNT_DETACH)


def own(folder: Path) -> None:
    """Give a tree to the person of the image."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 1000, 1000, follow_symlinks=False)


@dataclass(frozen=True)
class Place:
    """One container with its home and, where it stands by, its slot and papers."""

    name: str
    home: Path
    slot: Path
    papers: Path

    @property
    def address(self) -> str:
        return docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", self.name)

    def state(self) -> tuple[str, int]:
        status = docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", self.name)
        word, code = status.split()
        return word, int(code)

    def listens(self) -> None:
        """Wait until the port takes connections; nothing is said on them."""
        address, deadline = self.address, time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection((address, 8888), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline and self.state()[0] == "running"

    def write_papers(self, variables: Mapping[str, str]) -> None:
        text = "".join(f"{name}={value}\n" for name, value in variables.items())
        (self.papers / "environment").write_text(text)

    def claim(self, variables: Mapping[str, str], ring: bytes = b"!") -> None:
        """Attach the home, write the papers, ring."""
        self.write_papers(variables)
        mount(self.home, self.slot)
        bell = os.open(self.papers / "go", os.O_WRONLY | os.O_NONBLOCK)
        os.write(bell, ring)
        os.close(bell)

    def get(self, path: str) -> int:
        """The status of one request, which is never tried again."""
        connection = http.client.HTTPConnection(self.address, 8888, timeout=PATIENCE_SECONDS)
        connection.request("GET", path, headers={"Authorization": f"token {TOKEN}"})
        status = connection.getresponse().status
        connection.close()
        return status

    def went_on(self) -> bool:
        """Whether the claimed server is the one that started in front of nobody."""
        given = self.variables()
        assert "MYDOCKER_PORT=8888" in given
        return not any(variable.startswith("MYDOCKER_ANEW=") for variable in given)

    def variables(self) -> list[str]:
        """Those with which its processes began."""
        return docker("exec", self.name, "sh", "-c", "cat /proc/[0-9]*/environ").split("\0")

    def frozen(self, state: str) -> None:
        """Freeze or thaw the container behind the engine's back, as the agent does."""
        full = docker("inspect", "-f", "{{.Id}}", self.name)
        control = Path("/sys/fs/cgroup/freezer/docker", full, "freezer.state")
        control.write_text(state)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while control.read_text().strip() != state:
            assert time.monotonic() < deadline


LAX = """\
#!/opt/venv/bin/python
import sys
from jupyterlab.labapp import main
if __name__ == "__main__":
    sys.exit(main())
"""
"""JupyterLab's script without the image's -s: it sees the packages of the home."""


class Yard:
    """Where a module's containers stand; all are swept in the end."""

    def __init__(self, folder: Path, slots: Path) -> None:
        self._folder = folder
        self._slots = slots
        self._left = ExitStack()

    def _place(self, home: Path) -> Place:
        name = f"test-inside-{uuid.uuid4().hex[:8]}"
        place = Place(name, home, self._slots / name, self._folder / f"{name}-papers")
        place.slot.mkdir()
        place.papers.mkdir()
        lax = self._folder / "lax"
        if not lax.exists():
            lax.mkdir()
            (lax / "jupyter-lab").write_text(LAX)
            (lax / "jupyter-lab").chmod(0o755)
            for path, text in WRITES.items():
                (lax / path).parent.mkdir(exist_ok=True)
                (lax / path).write_text(text)
        self._left.callback(self._remove, place)
        return place

    def _remove(self, place: Place) -> None:
        docker("rm", "--force", "--volumes", place.name)
        while _libc.umount2(bytes(place.slot), 0) == 0:
            pass
        shutil.rmtree(place.slot)

    def start_ahead(
        self, home: Path, *words: str, variables: Mapping[str, str] | None = None
    ) -> Place:
        """Start a container that stands by."""
        place = self._place(home)
        os.mkfifo(place.papers / "go")
        docker(
            "run", "--detach", "--name", place.name, *HARDENED, *as_options(variables or {}),
            "--env=MYDOCKER_PORT=8888", f"--volume={place.slot}:/home/jovyan:ro,rslave",
            f"--volume={place.papers}:/run/mydocker:ro",
            f"--volume={self._folder}/lax:/home/lax:ro",
            IMAGE, "/bin/sh", "/opt/mydocker/ahead", *(words or WORDS),
        )  # fmt: skip
        return place

    def start_cold(self, home: Path, variables: Mapping[str, str], *words: str) -> Place:
        """Start a container that is somebody's from its first moment."""
        place = self._place(home)
        place.write_papers(variables)
        docker(
            "run", "--detach", "--name", place.name, *HARDENED, *as_options(variables),
            f"--volume={home}:/home/jovyan", f"--volume={place.papers}:/run/mydocker:ro",
            f"--volume={self._folder}/lax:/home/lax:ro",
            IMAGE, *(words or WORDS),
        )  # fmt: skip
        return place

    def sweep(self) -> None:
        self._left.close()


def as_options(variables: Mapping[str, str]) -> list[str]:
    return [f"--env={name}={value}" for name, value in variables.items()]


@contextmanager
def yard(folder: Path) -> Iterator[Yard]:
    with shared(folder / "slots") as slots:
        made = Yard(folder, slots)
        try:
            yield made
        finally:
            made.sweep()


def make_home(home: Path, files: Mapping[str, str] | None = None) -> Path:
    """A home of somebody who has worked here before, by default with all that one may hold."""
    for name, text in (LIVED_IN if files is None else files).items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    own(home)
    return home


def empty_home(home: Path) -> Path:
    home.mkdir()
    own(home)
    return home


NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Été"},
        {"cell_type": "code", "id": "b", "metadata": {}, "source": "print(6 * 7)",
         "execution_count": 1, "outputs": []},
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": ""}},
    "nbformat": 4,
    "nbformat_minor": 5,
}  # fmt: skip

EXTENSION = """\
import json, sys
def _jupyter_server_extension_points():
    return [{"module": "of_the_home"}]
def _load_jupyter_server_extension(server):
    with open("path.json", "w") as file:
        json.dump(sys.path, file)
"""
WITH_EXTENSION = {
    ".local/lib/python3.11/site-packages/of_the_home.py": EXTENSION,
    ".jupyter/jupyter_server_config.d/theirs.json": json.dumps(
        {"ServerApp": {"jpserver_extensions": {"of_the_home": True}}}
    ),
}

USED = {
    "été.ipynb": json.dumps(NOTEBOOK),
    "folder/notes.txt": "notes\n",
    ".hidden/secret.txt": "seen only where the person allows it\n",
    ".gitconfig": "[user]\n\tname = From the home\n\temail = home@example.org\n",
    ".jupyter/lab/user-settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings": (
        '{"theme": "JupyterLab Dark"}'
    ),
    ".local/share/jupyter/kernels/mine/kernel.json": json.dumps(
        {
            "argv": ["python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "Mine",
            "language": "python",
        }
    ),
    ".local/share/jupyter/nbconvert/templates/theirs/conf.json": '{"base_template": "lab"}',
    ".local/lib/python3.11/site-packages/theirs.py": "word = 'installed by the person'\n",
    ".local/lib/python3.11/site-packages/tornado.py": "raise SystemExit('theirs, not the image's')",
    ".config/git/ignore": "*.tmp\n",
    ".bashrc": "export FROM_BASHRC=yes\n",
    ".profile": "export FROM_PROFILE=yes\n",
}
"""Of somebody who left Jupyter's own configuration as it is."""

LIVED_IN = {
    **USED,
    ".jupyter/jupyter_server_config.py": (
        "c.ContentsManager.allow_hidden = True\n"
        "c.ServerApp.tornado_settings = {'headers': {'X-Theirs': 'yes'}}\n"
    ),
    ".jupyter/labconfig/page_config.json": '{"theirs": "from their page_config"}',
}

AT_HOME = {
    "IPYTHONDIR": "/home/jovyan/.ipython",
    "JUPYTER_RUNTIME_DIR": "/home/jovyan/.local/share/jupyter/runtime",
}
SIGNED_AT_HOME = (
    *WORDS,
    "--NotebookNotary.db_file=/home/jovyan/.local/share/jupyter/nbsignatures.db",
    "--NotebookNotary.secret_file=/home/jovyan/.local/share/jupyter/notebook_secret",
)
"""Where an image that says nothing of it has all that."""

WRITES = {
    "writes.py": """\
def _jupyter_server_extension_points():
    return [{"module": "writes"}]
def _load_jupyter_server_extension(server):
    with open("written.txt", "a") as file:
        file.write("here\\n")
""",
    "jupyter_server_config.d/writes.json": json.dumps(
        {"ServerApp": {"jpserver_extensions": {"writes": True}}}
    ),
}
WITH_WRITES = {"PYTHONPATH": "/home/lax", "JUPYTER_CONFIG_PATH": "/home/lax"}
"""An image with an extension that writes into the home while it starts."""
