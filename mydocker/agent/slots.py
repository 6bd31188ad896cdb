"""Slots: `slots/<run>/<slot>` is where a home is mounted for a run's container.

All slots lie on one shared mount of their own, so that what is mounted later appears in
containers that were given the slot as a slave. The caller holds one lock around all of it.
"""

import errno
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property

from mydocker.agent import kernel
from mydocker.agent.errors import refused
from mydocker.agent.folders import FOLDER, made, make, remove, root_folder
from mydocker.agent.homes import HOME_UID, Homes
from mydocker.agent.kernel import INSIDE, opened
from mydocker.agent.papers import Papers
from mydocker.agent.shapes import HomeMount

_NAMESPACES_KEPT = 200


class Slots:
    """The slots of one data folder, whose absolute path is `path`."""

    def __init__(self, data: int, path: str, homes: Homes, papers: Papers) -> None:
        self._data = data
        self._path = path
        self._homes = homes
        self._papers = papers
        self._root = _own_mount(data, "slots")
        kernel.make_shared(self._root)  # made private first, it would be lost to containers
        self._namespaces: dict[tuple[int, int], int] = {}
        self._started = time.monotonic()
        self._asked: dict[str, float] = {}

    @cached_property
    def idmap_problem(self) -> str:
        """Why homes cannot be shown as another's here; empty if they can."""
        try:
            os.close(kernel.clone_mount(self._homes.root, self._namespace(HOME_UID + 1, 0)))
        except OSError as error:
            return f"the kernel cannot idmap mounts of this file system: {error.strerror}"
        return ""

    def prepare(self, run: str, slots: int) -> object:
        """Make a run's slots, empty, and its papers; returns where all is. Repeatable."""
        self._asked[run] = time.monotonic()
        with made(self._root, run) as folder:
            for slot in range(slots):
                make(folder, str(slot), 0o755)
        sources = [f"{self._path}/slots/{run}/{slot}" for slot in range(slots)]
        papers = self._papers.prepare(run)
        return {"sources": sources, "papers": papers, "inside": self._papers.inside}

    def attach(self, run: str, homes: Sequence[HomeMount]) -> object:
        """Mount homes on a run's slots; returns the slots' paths. Repeatable.

        Refused: `idmap_unsupported`, and `slot_taken` where a slot holds something else.
        """
        if self.idmap_problem and any(map(_is_idmapped, homes)):
            raise refused("idmap_unsupported", self.idmap_problem)
        self._asked[run] = time.monotonic()
        with made(self._root, run) as folder:
            for mount in homes:
                self._attach(folder, mount)
        return {"sources": [f"{self._path}/slots/{run}/{mount.slot}" for mount in homes]}

    def _attach(self, run: int, mount: HomeMount) -> None:
        slot = str(mount.slot)
        with self._homes.made(mount.home) as home:
            make(run, slot, 0o755)
            if kernel.is_mount_point(run, slot):
                self._check_same(run, mount, os.fstat(home))
                return
            with opened(run, slot, FOLDER) as target:
                tree = self._tree(home, mount)
                try:
                    kernel.place_mount(tree, target)
                finally:
                    os.close(tree)

    def _check_same(self, run: int, mount: HomeMount, home: os.stat_result) -> None:
        with opened(run, str(mount.slot), FOLDER, INSIDE) as there:
            facts = os.fstat(there)
        same = (facts.st_dev, facts.st_ino) == (home.st_dev, home.st_ino)
        if not same or (facts.st_uid, facts.st_gid) != (mount.uid, mount.gid):
            raise refused("slot_taken", f"Slot {mount.slot} of this run holds something else.")

    def _tree(self, home: int, mount: HomeMount) -> int:
        if _is_idmapped(mount):
            return kernel.clone_mount(home, self._namespace(mount.uid, mount.gid))
        try:
            return kernel.clone_mount(home)
        except OSError as error:
            if error.errno != errno.ENOSYS:
                raise
            return kernel.staged_mount(home, self._stage)

    @cached_property
    def _stage(self) -> int:
        """A private mount where older kernels set a mount's flags before anybody sees it."""
        stage = _own_mount(self._data, "stage")
        make(stage, "home")
        return stage

    def _namespace(self, uid: int, gid: int) -> int:
        if (uid, gid) not in self._namespaces:
            if len(self._namespaces) >= _NAMESPACES_KEPT:
                os.close(self._namespaces.pop(next(iter(self._namespaces))))
            self._namespaces[uid, gid] = kernel.user_namespace(HOME_UID, uid, gid)
        return self._namespaces[uid, gid]

    def detach(self, run: str) -> None:
        """Unmount and remove a run's slots. Its container must be gone. Repeatable.

        What is still used, by nobody of the container's then, is unmounted lazily.
        """
        self._dissolve(run, lazily=True)

    def sweep(self, known_runs: Sequence[str], older_than_s: int) -> object:
        """Remove the slots of runs not known; returns those removed and those still used.

        Spared are runs that this process attached, or found at its start, more recently.
        """
        known, latest = set(known_runs), time.monotonic() - older_than_s
        removed: list[str] = []
        busy: list[str] = []
        for run in sorted({*os.listdir(self._root), *self._papers.runs()}):
            if run not in known and self._asked.get(run, self._started) <= latest:
                (removed if self._dissolve(run, lazily=False) else busy).append(run)
        return {"removed": removed, "busy": busy}

    def _dissolve(self, run: str, *, lazily: bool) -> bool:
        """Whether it went; it does always if `lazily`."""
        with suppress(FileNotFoundError):
            with opened(self._root, run, FOLDER) as folder:
                for slot in os.listdir(folder):
                    if not _unmounted(folder, slot, lazily):
                        return False
                    remove(folder, slot)
            os.rmdir(run, dir_fd=self._root)
        self._papers.remove(run)
        self._asked.pop(run, None)
        return True

    def attached(self) -> object:
        """List runs that have slots, and which of those hold a home."""
        return {"runs": self._attached()}

    def _attached(self) -> dict[str, list[int]]:
        found = {}
        for run in sorted(os.listdir(self._root)):
            with opened(self._root, run, FOLDER) as folder:
                mounted = [s for s in os.listdir(folder) if kernel.is_mount_point(folder, s)]
            found[run] = sorted(map(int, mounted))
        return found

    def is_attached(self, home: str) -> bool:
        """Whether a home is mounted on any run's slot."""
        wanted = self._homes.identity(home)
        for run, slots in self._attached().items():
            for slot in slots:
                with opened(self._root, f"{run}/{slot}", FOLDER, INSIDE) as handle:
                    facts = os.fstat(handle)
                if (facts.st_dev, facts.st_ino) == wanted:
                    return True
        return False


def _is_idmapped(mount: HomeMount) -> bool:
    return (mount.uid, mount.gid) != (HOME_UID, HOME_UID)


def _own_mount(data: int, name: str) -> int:
    """Open a folder of `data` that is a mount of its own; a new one is bound onto itself, private.

    The caller closes it.
    """
    beneath = root_folder(data, name)
    if kernel.is_mount_point(data, name):
        return beneath
    tree = kernel.bind(beneath)
    try:
        kernel.place_mount(tree, beneath)
    finally:
        os.close(tree)
        os.close(beneath)
    root = root_folder(data, name)
    kernel.make_private(root)
    return root


def _unmounted(run: int, slot: str, lazily: bool) -> bool:
    while kernel.is_mount_point(run, slot):
        try:
            kernel.unmount(run, slot)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            if not lazily:
                return False
            kernel.unmount(run, slot, lazily=True)
    return True
