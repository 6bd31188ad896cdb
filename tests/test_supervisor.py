"""A process that hangs is started again, and says where it hung."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.idler import HUNG_SECONDS, PACE_SECONDS
from tests.service import wait_for


@contextmanager
def supervised(folder: Path, word: str) -> Iterator[None]:
    """A supervisor with one child, told to stop at the end."""
    words = [sys.executable, "-m", "tests.idler", str(folder), word]
    with (folder / "told").open("w") as told, subprocess.Popen(words, stdout=told) as process:
        try:
            wait_for(lambda: child_of(folder) != 0, "the first start")
            yield
        finally:
            process.terminate()
        assert process.wait(10) == 0


def child_of(folder: Path) -> int:
    """The child's process id; 0 while there is none."""
    pids = folder / "pids"
    return int(json.loads(pids.read_text())["idler"]) if pids.exists() else 0


def test_who_hangs_is_started_again_and_tells_where(tmp_path: Path) -> None:
    with supervised(tmp_path, "hangs"):
        first = child_of(tmp_path)
        wait_for(lambda: child_of(tmp_path) not in (0, first), "the second start")
        assert "idler hangs" in (tmp_path / "told").read_text()
        assert "tests/idler.py" in (tmp_path / "idler.log").read_text()


def test_who_gets_things_done_is_left_alone(tmp_path: Path) -> None:
    with supervised(tmp_path, "beats"):
        first = child_of(tmp_path)
        log = tmp_path / "idler.log"
        often = 2.5 * HUNG_SECONDS / PACE_SECONDS
        wait_for(lambda: log.read_text().count("beaten") > often, "many beats")
        assert child_of(tmp_path) == first
        assert not (tmp_path / "told").read_text()
