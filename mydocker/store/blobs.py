"""Bytes of files, found by what they are: `files/ab/abcd…`, the name being their SHA-256.

The web process writes them, the loops read them; a blob never changes. One that no row names is
taken away later by who asks `unused` and `remove`. Links are never followed.
"""

import fcntl
import os
import re
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from mydocker.store import sql
from mydocker.store.ids import opaque
from mydocker.store.models import ContextFile

CHUNK_BYTES = 1 << 18
_AT_ONCE = 500
"""Digests that one question names."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_PREFIX = ".new-"


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are kept."""

    digest: str
    """SHA-256, hexadecimal."""
    size_bytes: int


class TooLarge(Exception):
    """There were more bytes than the most that were to be kept; none are."""


def path_of(digest: str) -> Path:
    """Where the bytes of this digest are, if they are kept. Raises ValueError for no digest."""
    _check(digest)
    return _root() / digest[:2] / digest


def keep(stream: BinaryIO, *, most_bytes: int) -> Blob:
    """Read a stream to its end and keep what it gave, on the disk. Repeatable. Raises `TooLarge`.

    The same bytes are kept once; they count as new from now on.
    """
    with _opened_root() as root:
        name = f"{_NEW_PREFIX}{opaque(20)}"
        try:
            blob = _write(root, name, stream, most_bytes)
            _publish(root, name, blob.digest)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=root)
    return blob


def _write(root: int, name: str, stream: BinaryIO, most_bytes: int) -> Blob:
    digest, size = sha256(), 0
    with os.fdopen(os.open(name, _NEW, 0o640, dir_fd=root), "wb") as out:
        os.fchmod(out.fileno(), 0o640)
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > most_bytes:
                raise TooLarge
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return Blob(digest.hexdigest(), size)


def _publish(root: int, name: str, digest: str) -> None:
    with suppress(FileExistsError):
        os.mkdir(digest[:2], 0o750, dir_fd=root)
        os.fsync(root)
    with _opened(digest[:2], root) as folder:
        fcntl.flock(root, fcntl.LOCK_SH)  # see `remove`
        # Also where it is already: so it is new, and nobody takes it away meanwhile.
        os.rename(name, digest, src_dir_fd=root, dst_dir_fd=folder)
        os.fsync(folder)


def unused(older_than: datetime, limit: int = 1000) -> Sequence[str]:
    """Digests of blobs that are older and that neither a file nor a build names.

    What a writer that was killed left behind is taken away in passing.
    """
    found: list[str] = []
    with _opened_root() as root:
        _forget_halves(root, older_than)
        for part in sorted(name for name in _names(root) if len(name) == 2):
            with _opened(part, root) as folder:
                old = [each for each in _names(folder) if _is_old(folder, each, older_than)]
            found += _unnamed(sorted(old))
            if len(found) >= limit:
                break
    return _not_in_builds(found)[:limit]


def remove(digest: str, older_than: datetime) -> bool:
    """Take away a blob that `unused` told. False if it is not there, or was kept anew since."""
    _check(digest)
    with suppress(FileNotFoundError), _opened_root() as root, _opened(digest[:2], root) as folder:
        # While nobody publishes: what `keep` gave back must be there.
        fcntl.flock(root, fcntl.LOCK_EX)
        if _is_old(folder, digest, older_than):
            os.unlink(digest, dir_fd=folder)
            return True
    return False


def _unnamed(digests: Sequence[str]) -> list[str]:
    left = set(digests)
    rest = iter(digests)
    while some := list(islice(rest, _AT_ONCE)):
        left -= set(ContextFile.objects.filter(digest__in=some).values_list("digest", flat=True))
    return sorted(left)


def _not_in_builds(digests: Collection[str]) -> Sequence[str]:
    """Those that no build names. All builds are read, a page at a time; none if none are asked."""
    left, after = set(digests), ""
    while left:
        page = sql.rows(
            "SELECT id, files FROM build WHERE id > %s ORDER BY id LIMIT %s", after, _AT_ONCE
        )
        if not page:
            break
        after = page[-1][0]
        left -= {each[1] for row in page for each in sql.json_of(row[1])}
    return sorted(left)


def _forget_halves(root: int, older_than: datetime) -> None:
    for name in _names(root):
        if name.startswith(_NEW_PREFIX) and _is_old(root, name, older_than):
            os.unlink(name, dir_fd=root)


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _is_old(folder: int, name: str, older_than: datetime) -> bool:
    facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return stat.S_ISREG(facts.st_mode) and facts.st_mtime < older_than.timestamp()


def _check(digest: str) -> None:
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"not a digest: {digest[:80]!r}")


def _root() -> Path:
    return Path(settings.MYDOCKER.data) / "files"


@contextmanager
def _opened_root() -> Iterator[int]:
    with _opened(_root()) as root:
        yield root


@contextmanager
def _opened(folder: Path | str, inside: int | None = None) -> Iterator[int]:
    handle = os.open(folder, _FOLDER, dir_fd=inside)
    try:
        yield handle
    finally:
        os.close(handle)
