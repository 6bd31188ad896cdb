"""Papers: `papers/<run>` is what a container is told from outside, read-only, at `/run/mydocker`.

`go` is a named pipe on which a program that was started ahead waits for its person. With the
person come `environment` (lines `NAME=value`), `gitconfig` and `whose` (the workspace's id). And
the platform's own files for the inside of containers, `inside/<digest>`, at `/opt/mydocker`.
"""

import errno
import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mydocker.agent.errors import refused
from mydocker.agent.folders import FOLDER, made, remove, root_folder
from mydocker.agent.kernel import opened
from mydocker.agent.shapes import Person

_GO, _WHOSE = "go", "whose"
_INSIDE = Path(__file__).parent.parent / "inside"
_LONGEST_BYTES = 1 << 16


class Papers:
    """The papers of one data folder, whose absolute path is `path`."""

    def __init__(self, data: int, path: str) -> None:
        self._root = root_folder(data, "papers")
        self._path = path
        self.inside = f"{path}/inside/{_laid_out(data, _files_inside())}"
        """Where the platform's files for containers are; never changed, so never under one."""

    def prepare(self, run: str) -> str:
        """Make a run's folder with its pipe; returns its path. Repeatable."""
        with made(self._root, run, 0o755) as folder, suppress(FileExistsError):
            os.mkfifo(_GO, 0o644, dir_fd=folder)
        return f"{self._path}/papers/{run}"

    def introduce(self, run: str, person: Person) -> None:
        """Write who the person is, then tell whoever waits for them. Repeatable.

        Refused (`papers_taken`) if it was another's before: a container has one person. What is
        told of them may have changed meanwhile.
        """
        written = {
            _WHOSE: person.whose.encode(),
            "environment": _environment(person),
            "gitconfig": _gitconfig(person),
        }
        with opened(self._root, run, FOLDER) as folder:
            if _read(folder, _WHOSE) not in (b"", written[_WHOSE]):
                raise refused("papers_taken", "This run is another person's.")
            for name, content in written.items():
                _write(folder, name, content)
            _ring(folder)

    def remove(self, run: str) -> None:
        """Remove a run's folder. Repeatable."""
        with suppress(FileNotFoundError):
            remove(self._root, run)

    def runs(self) -> list[str]:
        """List the runs that have papers."""
        return os.listdir(self._root)


def _environment(person: Person) -> bytes:
    told = {"NAME": person.name, "MAIL": person.mail, "LANGUAGE": person.language}
    lines = [f"MYDOCKER_PERSON_{name}={value}\n" for name, value in told.items()]
    return "".join(lines).encode()


def _gitconfig(person: Person) -> bytes:
    """What the image says to git, and the person's identity; their own configuration goes first."""
    told = {"name": person.name, "email": person.mail}
    lines = [f"\t{name} = {_quoted(value)}\n" for name, value in told.items() if value]
    return ("[include]\n\tpath = /etc/gitconfig\n[user]\n" + "".join(lines)).encode()


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _ring(folder: int) -> None:
    """Write one byte for whoever waits; nobody waits where all is as it should be already."""
    try:
        pipe = os.open(_GO, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENOENT):
            return
        raise
    try:
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(pipe, b"!")
    finally:
        os.close(pipe)


def _read(folder: int, name: str) -> bytes:
    try:
        with opened(folder, name, os.O_RDONLY) as handle:
            return os.read(handle, _LONGEST_BYTES)
    except FileNotFoundError:
        return b""


def _write(folder: int, name: str, content: bytes) -> None:
    """Write a file whole, or not at all."""
    fresh = f".{name}"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644, dir_fd=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.rename(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)


def _files_inside() -> Mapping[str, bytes]:
    """Contents by path; what Python keeps for itself there is none of them."""
    found = (path for path in sorted(_INSIDE.rglob("*")) if path.is_file())
    kept = [path for path in found if "__pycache__" not in path.parts]
    return {path.relative_to(_INSIDE).as_posix(): path.read_bytes() for path in kept}


def _laid_out(data: int, files: Mapping[str, bytes]) -> str:
    """Write files into a folder named after their contents; returns its name."""
    content = b"".join(name.encode() + b"\0" + each for name, each in files.items())
    digest = hashlib.sha256(content).hexdigest()[:16]
    root = root_folder(data, "inside")
    try:
        with made(root, digest, 0o755) as folder:
            for path, each in files.items():
                _lay(folder, path.split("/"), each)
    finally:
        os.close(root)
    return digest


def _lay(folder: int, path: Sequence[str], content: bytes) -> None:
    """Write a file, unless it is there as it should be."""
    name, *below = path
    if below:
        with made(folder, name, 0o755) as inner:
            _lay(inner, below, content)
    elif _read(folder, name) != content[:_LONGEST_BYTES]:
        _write(folder, name, content)
