"""Cages: a cgroup for each build, above those of its steps, with a limit of processes.

What builds cannot be given by the engine: it bounds the memory and the CPU of a step, but not how
many processes it starts, and a fork bomb would use up the node's.
"""

import errno
import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from mydocker.agent import tools
from mydocker.agent.errors import refused, unavailable

_CONTROLLER = "pids"


class Cages:
    """The cages of one installation. `places`: where each controller's files are."""

    def __init__(self, places: dict[str, Path], instance: str) -> None:
        self._places, self._prefix = places, f"mydocker-{instance}-build"

    def cage(self, build: str, pids: int, manager: str) -> object:
        """Make a build's cage, in the way of the engine's cgroup driver. Repeatable."""
        if manager == "systemd":
            name = f"{self._prefix}-{build}.slice"
            words = ("set-property", "--runtime", name, f"TasksMax={pids}")
            done = tools.run("systemctl", *words)
            if done.returncode:
                raise unavailable("no_cage", done.stderr.strip()[:500])
            return {"parent": name}
        root = self._root()
        folder = root / self._prefix
        (folder / build).mkdir(parents=True, exist_ok=True)
        if _CONTROLLER not in self._places:
            _pass_on(root, folder)
        (folder / build / "pids.max").write_text(str(pids))
        return {"parent": f"/{self._prefix}/{build}"}

    def uncage(self, known_builds: Collection[str]) -> object:
        """Take all cages away but these. Cages that systemd made end with what is in them."""
        busy: set[str] = set()
        for root in set(self._places.values()):
            strangers = (
                each for each in _folders(root / self._prefix) if each.name not in known_builds
            )
            busy |= {cage.name for cage in strangers if not _removed(cage)}
            with suppress(OSError):  # there are others, or none was ever made
                os.rmdir(root / self._prefix)
        return {"busy": sorted(busy)}

    def _root(self) -> Path:
        """Where the controller's files are: its own of version 1, or those of version 2."""
        root = self._places.get(_CONTROLLER) or self._places.get("")
        if root is None:
            raise refused("no_controller", f"The kernel lacks the controller {_CONTROLLER}.")
        return root


def _pass_on(root: Path, folder: Path) -> None:
    """Let those below have the controller, which version 2 gives from parent to child."""
    for parent in (root, folder):
        (parent / "cgroup.subtree_control").write_text(f"+{_CONTROLLER}")


def _folders(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield from (each for each in folder.iterdir() if each.is_dir())


def _removed(cage: Path) -> bool:
    """Remove a cage and the empty cgroups of its steps; False where a process is in one."""
    for folder in (*_folders(cage), cage):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            return False
    return True
