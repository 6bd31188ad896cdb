"""What the engine is sent: the Dockerfile and the files beside it, as a tar archive."""

import io
import tarfile
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from typing import BinaryIO

from mydocker.ports.builder import BuildFailed, FileOfContext, Why

DOCKERFILE = ".mydocker.Dockerfile"
_IGNORED = ".dockerignore"
"""What it names the engine takes out of the context: of ours, the two files that nobody gave."""


def archive_of(dockerfile: str, files: Sequence[FileOfContext]) -> BinaryIO:
    """Write the archive to a file without a name; the caller closes it. Slow: in a thread.

    Owners and times are the same in all, so that the cache depends on the bytes alone. Raises
    OSError for a file that is not there, `BuildFailed` for one that would be read as ours.
    """
    ours = {DOCKERFILE: dockerfile, _IGNORED: f"{DOCKERFILE}\n{_IGNORED}\n"}
    for file in files:
        if file.path.partition("/")[0] in ours:
            raise BuildFailed(Why.RECIPE, f"no context file may be called {file.path}")
    with ExitStack() as unless_done:
        target = unless_done.enter_context(tempfile.TemporaryFile())
        with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, text in ours.items():
                data = text.encode()
                archive.addfile(_member(name, len(data), 0o644), io.BytesIO(data))
            for file in files:
                with file.source.open("rb") as source:
                    size = source.seek(0, io.SEEK_END)
                    source.seek(0)
                    mode = 0o755 if file.is_executable else 0o644
                    archive.addfile(_member(file.path, size, mode), source)
        target.seek(0)
        unless_done.pop_all()
    return target


def _member(name: str, size: int, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, mode
    return member
