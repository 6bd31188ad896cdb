"""Folders by descriptor: make, measure and remove them without ever following anything.

Names are one path component, checked by the caller or read from the folder itself.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count

from mydocker.agent.errors import refused
from mydocker.agent.kernel import INSIDE, openat2, opened

FOLDER = os.O_RDONLY | os.O_DIRECTORY
_DEEPEST = 100
_LOOK_EVERY = 512

IsOver = Callable[[], bool]


def make(parent: int, name: str, mode: int = 0o700) -> None:
    """Make a folder unless something of that name is there."""
    with suppress(FileExistsError):
        os.mkdir(name, mode, dir_fd=parent)


@contextmanager
def made(parent: int, name: str, mode: int = 0o700) -> Iterator[int]:
    """Open a folder of `parent` that lies on the same mount, made first where it is missing."""
    make(parent, name, mode)
    with opened(parent, name, FOLDER) as handle:
        yield handle


def root_folder(parent: int, name: str) -> int:
    """Open, or make, a folder that only root may touch; the operator may have mounted it.

    The caller closes the result. Refused where it belongs to anybody else, who could have put
    links and folders where the agent trusts to find its own.
    """
    make(parent, name)
    with opened(parent, name, FOLDER, INSIDE) as handle:
        if os.fstat(handle).st_uid != 0:
            raise refused("unsafe_path", f"The folder {name} in the data folder must be root's.")
        os.fchmod(handle, 0o700)
        return os.dup(handle)


def remove(parent: int, name: str, is_over: IsOver = lambda: False) -> bool:
    """Remove an entry of `parent` with all below it; False if time was over before the end.

    Stays on one mount (OSError EBUSY or EXDEV at another) and opens one folder at a time
    however deep they lie: full sub-folders are first moved up beside `name`, as `name.0`,
    `name.1`, … What an unfinished removal leaves there is removed like any other entry.
    """
    spare_names = (f"{name}.{number}" for number in count())
    waiting = [name]
    while waiting:
        if is_over():
            return False
        entry = waiting[-1]
        if not _is_folder(parent, entry):
            os.unlink(entry, dir_fd=parent)
            waiting.pop()
            continue
        with opened(parent, entry, FOLDER) as handle:
            moved = [_moved_up(handle, full, parent, spare_names) for full in _emptied(handle)]
        if _rmdir(entry, parent):
            waiting.pop()
        waiting += moved
    return True


def _is_folder(parent: int, name: str) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


def _emptied(folder: int) -> list[str]:
    """Remove all children but full folders, and return those."""
    full = []
    with os.scandir(folder) as children:
        for child in children:
            if not child.is_dir(follow_symlinks=False):
                os.unlink(child.name, dir_fd=folder)
            elif not _rmdir(child.name, folder):
                full.append(child.name)
    return full


def _rmdir(name: str, parent: int) -> bool:
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def _moved_up(folder: int, name: str, parent: int, spare_names: Iterator[str]) -> str:
    for spare in spare_names:
        try:
            os.rename(name, spare, src_dir_fd=folder, dst_dir_fd=parent)
        except (FileExistsError, NotADirectoryError):
            continue
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
            continue
        return spare
    raise AssertionError("the names never end")


class Measure:
    """Counts what lies below a folder, on its own mount, opening nothing but folders."""

    def __init__(self, is_over: IsOver) -> None:
        self.bytes = 0
        self.inodes = 1
        self.is_complete = True
        self._is_over = is_over
        self._linked: set[int] = set()

    def walk(self, root: int) -> None:
        """Count all below `root`. Incomplete if time was over or folders lie too deep."""
        levels: list[tuple[int, list[str]]] = [(os.dup(root), [])]
        try:
            levels[0][1].extend(self._read(root))
            while levels and self.is_complete:
                folder, unread = levels[-1]
                if not unread:
                    os.close(levels.pop()[0])
                elif len(levels) > _DEEPEST:
                    self.is_complete = False
                else:
                    with suppress(OSError):  # it went, or something is mounted on it
                        child = openat2(folder, unread.pop(), FOLDER | os.O_NOATIME)
                        levels.append((child, []))
                        levels[-1][1].extend(self._read(child))
        finally:
            for folder, _ in levels:
                os.close(folder)

    def _read(self, folder: int) -> list[str]:
        """Count the entries of one folder; returns the folders among them."""
        folders = []
        with os.scandir(folder) as children:
            for child in children:
                if not self.inodes % _LOOK_EVERY and self._is_over():
                    self.is_complete = False
                    break
                with suppress(FileNotFoundError):
                    self._count(child.stat(follow_symlinks=False))
                    if child.is_dir(follow_symlinks=False):
                        folders.append(child.name)
        return folders

    def _count(self, facts: os.stat_result) -> None:
        if facts.st_nlink > 1 and not stat.S_ISDIR(facts.st_mode):
            if facts.st_ino in self._linked:
                return
            self._linked.add(facts.st_ino)
        self.bytes += facts.st_blocks * 512
        self.inodes += 1
