"""Homes at rest: `homes/<shard>/<home>`, and `trash/<home>.<unix time>` for those thrown away."""

import errno
import hashlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mydocker.agent.errors import refused
from mydocker.agent.folders import FOLDER, Measure, made, remove, root_folder
from mydocker.agent.kernel import opened

HOME_UID = 1000
"""Owner, user and group, of every home on disk; idmapped mounts show another to a container."""

_SHARD = re.compile(r"[0-9a-f]{2}")
_TRASHED = re.compile(r"[a-z0-9]{4,40}\.([0-9]{1,12})(\.[0-9]+)*")
_PAGE = 1000
_WALK_SECONDS = 10.0
_EMPTY_SECONDS = 20.0
_FRESH_SECONDS = 30.0
_FRESH_PER_WALK = 50
"""A figure is kept for this many times what its walk took: at most 2 % of a core per home."""
_USAGES_KEPT = 5000


def shard(home: str) -> str:
    """Folder of a home below `homes`: two hex digits."""
    return hashlib.sha256(home.encode()).hexdigest()[:2]


class Homes:
    """The homes of one data folder."""

    def __init__(self, data: int, clock: Callable[[], float] = time.time) -> None:
        self.root = root_folder(data, "homes")
        self._trash = root_folder(data, "trash")
        self._clock = clock
        self._usages: dict[str, tuple[float, object]] = {}
        self._emptying = threading.Lock()

    @contextmanager
    def made(self, home: str) -> Iterator[int]:
        """Open a home; one that is missing is made, 0700 and owned by `HOME_UID`. Repeatable."""
        with made(self.root, shard(home)) as parent, made(parent, home) as handle:
            facts = os.fstat(handle)
            if (facts.st_uid, facts.st_gid) != (HOME_UID, HOME_UID):
                os.fchown(handle, HOME_UID, HOME_UID)
            yield handle

    def identity(self, home: str) -> tuple[int, int] | None:
        """Device and inode of a home, None if there is none."""
        try:
            with opened(self.root, f"{shard(home)}/{home}", FOLDER) as handle:
                facts = os.fstat(handle)
                return facts.st_dev, facts.st_ino
        except FileNotFoundError:
            return None

    def page(self, after: str) -> object:
        """List homes by shard and name, from behind one; `after` asks for the next page."""
        start = (shard(after), after) if after else ("", "")
        found: list[str] = []
        for folder in sorted(filter(_SHARD.fullmatch, os.listdir(self.root))):
            if folder < start[0]:
                continue
            with opened(self.root, folder, FOLDER) as handle:
                names = sorted(os.listdir(handle))
            found += [name for name in names if (folder, name) > start]
            if len(found) > _PAGE:
                return {"homes": found[:_PAGE], "after": found[_PAGE - 1]}
        return {"homes": found, "after": None}

    def trash(self, home: str) -> bool:
        """Move a home to the trash; False if there was none. It must be attached nowhere."""
        try:
            with opened(self.root, shard(home), FOLDER) as parent:
                os.stat(home, dir_fd=parent, follow_symlinks=False)
                self._move_to_trash(parent, home)
        except FileNotFoundError:
            return False
        self._usages.pop(home, None)
        return True

    def _move_to_trash(self, parent: int, home: str) -> None:
        stamp = int(self._clock())
        while True:
            try:
                os.rename(home, f"{home}.{stamp}", src_dir_fd=parent, dst_dir_fd=self._trash)
                return
            except OSError as error:
                if error.errno == errno.EXDEV:
                    text = "The folders homes and trash must lie on one file system."
                    raise refused("trash_elsewhere", text) from error
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                stamp += 1  # it was trashed, made again and trashed again within a second

    def empty_trash(self, older_than_s: int) -> object:
        """Remove for good what was trashed so long ago; not `complete` if time was too short."""
        deadline = time.monotonic() + _EMPTY_SECONDS
        removed: list[str] = []
        with self._emptying:
            for name in os.listdir(self._trash):
                age = _TRASHED.fullmatch(name)
                if age and self._clock() - int(age[1]) >= older_than_s:
                    if not remove(self._trash, name, lambda: time.monotonic() > deadline):
                        return {"removed": removed, "complete": False}
                    removed.append(name)
        return {"removed": removed, "complete": True}

    def usage(self, home: str) -> object:
        """Count a home's bytes and inodes, or repeat a recent count; a missing home is empty."""
        kept_until, known = self._usages.get(home, (0.0, None))
        started = time.monotonic()
        if started < kept_until:
            return known
        measure = Measure(lambda: time.monotonic() > started + _WALK_SECONDS)
        try:
            with opened(self.root, f"{shard(home)}/{home}", FOLDER) as handle:
                measure.walk(handle)
        except FileNotFoundError:
            measure.inodes = 0
        took = time.monotonic() - started
        fresh = max(_FRESH_SECONDS, _FRESH_PER_WALK * took)
        usage = {
            "bytes": measure.bytes,
            "inodes": measure.inodes,
            "complete": measure.is_complete,
            "at": self._clock(),
        }
        if len(self._usages) > _USAGES_KEPT:
            self._usages = {name: kept for name, kept in self._usages.items() if kept[0] > started}
        self._usages[home] = (time.monotonic() + fresh, usage)
        return usage
