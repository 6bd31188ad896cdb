"""Freezing in version 2 of cgroups, in a folder that looks like it."""

from pathlib import Path

import pytest

from mydocker.agent.cgroups import CgroupFiles
from mydocker.agent.errors import VerbError
from mydocker.agent.sleepers import Sleepers

from .dormitory import wait_until

ONE, TWO = "ab" * 32, "cd" * 32
FROZEN = "populated 1\nfrozen 1\n"


def cgroup(root: Path, container: str, **changes: str) -> Path:
    """The cgroup of a container that the kernel stops at once, unless told otherwise."""
    folder = root / "system.slice" / f"docker-{container}.scope"
    folder.mkdir(parents=True)
    files = {
        "cgroup.freeze": "0\n",
        "cgroup.events": FROZEN,
        "memory.current": "80000000\n",
        "memory.swap.current": "0\n",
        "memory.swap.max": "0\n",
        "memory.reclaim": "",
    }
    for name, text in (files | {k.replace("__", "."): v for k, v in changes.items()}).items():
        (folder / name).write_text(text)
    return folder


def said(folder: Path, name: str) -> str:
    return (folder / name).read_text().strip()


def sleepers(root: Path, *, has_swap: bool = True) -> Sleepers:
    return Sleepers(CgroupFiles({"": root}), lambda: has_swap)


def test_asleep_it_may_swap_and_awake_no_more(tmp_path: Path) -> None:
    folder, rooms = cgroup(tmp_path, ONE), sleepers(tmp_path)
    assert rooms.freeze([ONE, TWO]) == {ONE: True}
    wait_until(lambda: said(folder, "memory.reclaim"))
    assert (said(folder, "cgroup.freeze"), said(folder, "memory.swap.max")) == ("1", "max")
    assert int(said(folder, "memory.reclaim")) == 64 << 20
    assert rooms.thaw([ONE, TWO]) == {"thawed": [ONE]}
    assert (said(folder, "cgroup.freeze"), said(folder, "memory.swap.max")) == ("0", "0")


def test_what_is_seen_of_it(tmp_path: Path) -> None:
    cgroup(tmp_path, ONE, cgroup__freeze="1\n", memory__swap__current="70000000\n")
    cgroup(tmp_path, TWO)
    assert sleepers(tmp_path).look([ONE, TWO, "ef" * 32]) == {
        ONE: {"is_frozen": True, "resident_bytes": 80_000_000, "swapped_bytes": 70_000_000},
        TWO: {"is_frozen": False, "resident_bytes": 80_000_000, "swapped_bytes": 0},
    }


def test_one_that_does_not_stop_goes_on(tmp_path: Path) -> None:
    busy = cgroup(tmp_path, ONE, cgroup__events="populated 1\nfrozen 0\n")
    cgroup(tmp_path, TWO)
    assert sleepers(tmp_path).freeze([ONE, TWO]) == {ONE: False, TWO: True}
    assert said(busy, "cgroup.freeze") == "0"
    assert said(busy, "memory.reclaim") == ""


def test_memory_stays_where_there_is_no_swap_for_it(tmp_path: Path) -> None:
    kept, taken = cgroup(tmp_path, ONE), cgroup(tmp_path, TWO)
    answers = iter([False, True])
    rooms = Sleepers(CgroupFiles({"": tmp_path}), lambda: next(answers))
    rooms.freeze([ONE])
    rooms.freeze([TWO])
    wait_until(lambda: said(taken, "memory.reclaim"))
    assert (said(kept, "memory.reclaim"), said(kept, "memory.swap.max")) == ("", "0")


def test_a_kernel_without_swap_freezes_and_thaws_all_the_same(tmp_path: Path) -> None:
    folder, rooms = cgroup(tmp_path, ONE), sleepers(tmp_path, has_swap=False)
    for name in ("memory.swap.max", "memory.swap.current"):
        (folder / name).unlink()
    assert rooms.freeze([ONE]) == {ONE: True}
    assert rooms.look([ONE])
    assert rooms.thaw([ONE]) == {"thawed": [ONE]}
    assert said(folder, "cgroup.freeze") == "0"


def test_a_reclaim_that_fails_ends_no_other(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken, sound = cgroup(tmp_path, ONE), cgroup(tmp_path, TWO)
    (broken / "memory.reclaim").unlink()
    (broken / "memory.reclaim").mkdir()
    sleepers(tmp_path).freeze([ONE, TWO])
    wait_until(lambda: said(sound, "memory.reclaim"))
    assert '"agent.reclaim"' in capfd.readouterr().err


def test_a_kernel_without_freezer_is_told(tmp_path: Path) -> None:
    (tmp_path / "memory/docker" / ONE).mkdir(parents=True)
    rooms = Sleepers(CgroupFiles({"memory": tmp_path / "memory"}), lambda: True)
    with pytest.raises(VerbError, match="freezer"):
        rooms.freeze([ONE])
