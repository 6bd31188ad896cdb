"""Real containers that count, hold memory and are put to sleep; swap of an instance."""

import secrets
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .neighbourhood import IMAGE, import_image, run
from .process import DEADLINE_S

MIB = 1 << 20
BLOCKS = Path("/sys/block")
_COUNT = """
trap 'exit 0' TERM
busybox dd if=/dev/urandom of=/dev/shm/memory bs=1M count={mebibytes} 2>/dev/null
while busybox usleep 2000; do echo; done >> /out/ticks
"""


def wait_until(is_so: Callable[[], object]) -> None:
    """Ask again and again, with a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline


@dataclass
class Counter:
    """A container that counts for ever and holds some memory."""

    id: str
    out: Path

    def ticks(self) -> int:
        ticks = self.out / "ticks"
        return ticks.stat().st_size if ticks.exists() else 0

    def goes_on(self) -> None:
        """Wait until it has counted further."""
        before = self.ticks()
        wait_until(lambda: self.ticks() > before)

    def digest(self) -> str:
        """Of the memory that it holds."""
        return run("docker", "exec", self.id, "busybox", "md5sum", "/dev/shm/memory")

    def file(self, controller: str, name: str) -> Path:
        """One of its cgroup's, version 1."""
        return Path("/sys/fs/cgroup", controller, "docker", self.id, name)


class Dormitory:
    """Makes containers, and removes them at the end whatever state they are in."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        import_image()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def add(self, mebibytes: int = 1) -> Counter:
        """Start a container as ours are: it may hold memory, and swap none of it."""
        name = f"test-agent-sleep-{secrets.token_hex(4)}"
        out = self._place / name
        out.mkdir()
        words = "--network=none --cpus=1 --memory=1g --memory-swap=1g --memory-swappiness=0"
        words += f" --shm-size=900m --name={name} --volume={out}:/out"
        script = _COUNT.format(mebibytes=mebibytes)
        counter = Counter(
            run("docker", "run", "-d", *words.split(), IMAGE, "/bin/sh", "-c", script), out
        )
        self._undo.callback(run, "docker", "rm", "-f", name, check=False)
        wait_until(counter.ticks)
        return counter


def zram_devices() -> set[str]:
    return {path.name for path in BLOCKS.glob("zram*")}


def swap_devices() -> list[str]:
    """Paths of swap in use."""
    return [line.split()[0] for line in Path("/proc/swaps").read_text().splitlines()[1:]]


def labelled(label: str) -> list[str]:
    """Zram devices with this label, by a tool of somebody else's."""
    found = []
    for name in sorted(zram_devices()):
        words = ["blkid", "-p", "-s", "LABEL", "-o", "value", f"/dev/{name}"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.stdout.strip() == label:
            found.append(name)
    return found


def remove_swap(label: str) -> None:
    """As the documentation tells the operator."""
    for name in labelled(label):
        if f"/dev/{name}" in swap_devices():
            run("swapoff", f"/dev/{name}")
        remove_zram(name)


def make_zram(label: str) -> str:
    """Set up a device with a label, not in use."""
    name = f"zram{int(Path('/sys/class/zram-control/hot_add').read_text())}"
    (BLOCKS / name / "disksize").write_text(str(64 * MIB))
    run("mkswap", "-L", label, f"/dev/{name}")
    return name


def remove_zram(name: str) -> None:
    Path("/sys/class/zram-control/hot_remove").write_text(name.removeprefix("zram"))
