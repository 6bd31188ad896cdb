"""Swap for sleepers: a compressed part of memory (zram) that the agent makes, or the node's own.

Ours is known by its label, `mydocker-` and the instance. It outlives the agent, since sleepers
lie in it. Nothing else is ever configured, formatted or switched off here.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

from mydocker.agent import tools
from mydocker.agent.errors import VerbError, refused, unavailable

_CONTROL = Path("/sys/class/zram-control")
_BLOCKS = Path("/sys/block")
_LEAST_BYTES = 1 << 20
_PRIORITY = "100"
"""Before any swap of the node's own."""
_ALGORITHM = "lzo-rle"
"""Measured: 2.8 to 1 on JupyterLab, and a thaw feels nothing of it."""
_SIGNATURE = b"SWAPSPACE2"
_LABEL = slice(1052, 1068)
"""Where mkswap(8) writes the label, `union swap_header` in linux/swap.h."""


@dataclass(frozen=True, slots=True)
class Area:
    """Swap that is in use. `memory_bytes` is what zram takes of the memory for what it holds."""

    kind: str
    is_ours: bool
    size_bytes: int
    used_bytes: int
    memory_bytes: int


class Swap:
    """What the operator agreed to: `none`; `zram`, made here; `node`, any that the node has."""

    def __init__(self, instance: str, kind: str, most_bytes: int) -> None:
        self._label = f"mydocker-{instance}"
        self._kind = kind
        self.most_bytes = most_bytes or _memory_bytes()
        self._making = Lock()
        self._problem = ""

    def is_for_sleepers(self) -> bool:
        """Whether there is swap that sleepers may be put into."""
        match self._kind:
            case "zram":
                return any(area.is_ours for area in self.areas())
            case "node":
                return any(self.areas())
        return False

    def state(self) -> dict[str, object]:
        """Say what swap there is, and whether sleepers may be put into it."""
        return {
            "areas": [asdict(area) for area in self.areas()],
            "is_for_sleepers": self.is_for_sleepers(),
            "problem": self._problem,
        }

    def make(self, size: int) -> object:
        """Make swap of so many bytes unless ours is there, of whatever size. Repeatable.

        Refused: `not_agreed`, `no_zram`; what else goes wrong leaves nothing behind.
        """
        if self._kind != "zram" or not _LEAST_BYTES <= size <= self.most_bytes:
            raise refused("not_agreed", "The operator has not agreed to swap of this size.")
        with self._making:
            try:
                if not any(area.is_ours for area in self.areas()):
                    self._put_into_use(self._found() or self._made(size))
                self._problem = ""
            except (OSError, VerbError) as error:
                self._problem = str(error)
                raise
        return self.state()

    def areas(self) -> Iterator[Area]:
        """Read what is in use (`proc_swaps(5)`)."""
        for line in Path("/proc/swaps").read_text().splitlines()[1:]:
            path, _, size, used, _ = line.split()
            name = Path(path).name
            is_zram = path == f"/dev/{name}" and name.startswith("zram")
            yield Area(
                kind="zram" if is_zram else "other",
                is_ours=is_zram and _label(name) == self._label,
                size_bytes=int(size) * 1024,
                used_bytes=int(used) * 1024,
                memory_bytes=_memory_taken(name) if is_zram else 0,
            )

    def _found(self) -> str:
        """Find the device that an agent was killed over before it was in use."""
        names = (path.name for path in _BLOCKS.glob("zram*"))
        return next((name for name in names if _label(name) == self._label), "")

    def _made(self, size: int) -> str:
        if not _CONTROL.exists():
            tools.run("modprobe", "zram")
        try:
            name = f"zram{int((_CONTROL / 'hot_add').read_text())}"
        except FileNotFoundError as error:
            raise refused("no_zram", "The kernel lacks zram.") from error
        try:
            with suppress(OSError):  # it lacks this algorithm, and has another
                (_BLOCKS / name / "comp_algorithm").write_text(_ALGORITHM)
            (_BLOCKS / name / "disksize").write_text(str(size))
            _do("mkswap", "-L", self._label, f"/dev/{name}")
        except (OSError, VerbError):
            (_CONTROL / "hot_remove").write_text(name.removeprefix("zram"))
            raise
        return name

    def _put_into_use(self, name: str) -> None:
        _do("swapon", "-p", _PRIORITY, f"/dev/{name}")


def _do(*words: str) -> None:
    done = tools.run(*words)
    if done.returncode:
        raise unavailable("swap_failed", done.stderr.strip()[:500])


def _label(name: str) -> str:
    """Read the label of a zram device; one that nobody has set up has none."""
    page = os.sysconf("SC_PAGE_SIZE")
    try:
        if not int((_BLOCKS / name / "disksize").read_text()):
            return ""
        with open(f"/dev/{name}", "rb", buffering=0) as device:
            header = device.read(page)
    except OSError:  # it was taken away meanwhile
        return ""
    if not header.endswith(_SIGNATURE):
        return ""
    return header[_LABEL].rstrip(b"\0").decode(errors="replace")


def _memory_taken(name: str) -> int:
    """Third figure of `mm_stat`, see admin-guide/blockdev/zram in the kernel's documentation."""
    return int((_BLOCKS / name / "mm_stat").read_text().split()[2])


def _memory_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
