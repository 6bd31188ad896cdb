"""Removing and measuring what a hostile user may have left in a home."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mydocker.agent import folders
from mydocker.agent.folders import Measure, remove

from .process import mounts_below, names


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[int]:
    handle = os.open(tmp_path, os.O_RDONLY)
    yield handle
    os.close(handle)


def measured(root: Path, is_over: folders.IsOver = lambda: False) -> Measure:
    measure = Measure(is_over)
    handle = os.open(root, os.O_RDONLY)
    measure.walk(handle)
    os.close(handle)
    return measure


def deep(root: Path, levels: int) -> None:
    """Make folders nested further than any path can say."""
    root.mkdir()
    here = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def test_removes_folders_nested_deeper_than_any_path(tmp_path: Path, parent: int) -> None:
    deep(tmp_path / "home", 2500)
    assert remove(parent, "home")
    assert names(tmp_path) == []


def test_removes_wide_trees_and_odd_files(tmp_path: Path, parent: int) -> None:
    for number in range(60):
        folder = tmp_path / "home" / f"d{number}" / "x"
        folder.mkdir(parents=True)
        (folder / "file").touch()
        os.mkfifo(folder / "fifo")
        (folder / "link").symlink_to("/etc/passwd")
        (folder / "loop").symlink_to("../..")
    assert remove(parent, "home")
    assert names(tmp_path) == []


def test_what_links_point_to_stays(tmp_path: Path, parent: int) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "link").symlink_to(kept)
    (tmp_path / "link").symlink_to(kept)
    assert remove(parent, "home")
    assert remove(parent, "link")
    assert names(kept) == ["file"]


def test_never_removes_across_a_mount(tmp_path: Path, parent: int) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").touch()
    point = tmp_path / "home" / "below" / "point"
    point.mkdir(parents=True)
    subprocess.run(["mount", "--bind", other, point], check=True)
    try:
        with pytest.raises(OSError, match=r"busy|cross-device"):
            remove(parent, "home")
        assert names(other) == ["file"]
    finally:
        (mounted,) = mounts_below(tmp_path)
        subprocess.run(["umount", mounted], check=True)
    for left in set(names(tmp_path)) - {"other"}:
        assert remove(parent, left)
    assert names(tmp_path) == ["other"]
    assert names(other) == ["file"]


def test_never_removes_what_is_mounted_in_its_place(tmp_path: Path, parent: int) -> None:
    for name in ("home", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "other" / "file").touch()
    subprocess.run(["mount", "--bind", tmp_path / "other", tmp_path / "home"], check=True)
    try:
        with pytest.raises(OSError, match=r"busy|cross-device"):
            remove(parent, "home")
        assert names(tmp_path / "other") == ["file"]
    finally:
        subprocess.run(["umount", tmp_path / "home"], check=True)


def test_an_unfinished_removal_is_finished_by_the_next(tmp_path: Path, parent: int) -> None:
    for number in range(10):
        (tmp_path / "home" / f"d{number}" / "x" / "y").mkdir(parents=True)
    answers = iter([False, False, False, True])
    assert not remove(parent, "home", lambda: next(answers))
    assert names(tmp_path)
    for left in names(tmp_path):
        assert remove(parent, left)
    assert names(tmp_path) == []


def test_measures_as_du_does(tmp_path: Path) -> None:
    root = tmp_path / "home"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "file").write_bytes(b"x" * 100_000)
    os.link(root / "a" / "file", root / "again")
    (root / "sparse").touch()
    os.truncate(root / "sparse", 10**9)
    (root / "link").symlink_to("/usr")
    os.mkfifo(root / "fifo")
    (root / "loop").symlink_to(".")
    measure = measured(root)
    du = subprocess.run(["du", "-s", "-B1", root], capture_output=True, text=True, check=True)
    inodes = subprocess.run(
        ["du", "-s", "--inodes", root], capture_output=True, text=True, check=True
    )
    own_block = root.stat().st_blocks * 512
    assert measure.bytes + own_block == int(du.stdout.split()[0])
    assert measure.inodes == int(inodes.stdout.split()[0])
    assert measure.is_complete


def test_measures_neither_mounts_nor_without_end(tmp_path: Path, parent: int) -> None:
    root = tmp_path / "home"
    (root / "point").mkdir(parents=True)
    subprocess.run(["mount", "--bind", "/usr", root / "point"], check=True)
    try:
        assert measured(root).inodes < 10
    finally:
        subprocess.run(["umount", root / "point"], check=True)
    deep(tmp_path / "deep", 1100)
    assert not measured(tmp_path / "deep").is_complete
    assert remove(parent, "deep")  # nobody else can
    for number in range(2000):
        (root / f"f{number}").touch()
    cut_short = measured(root, lambda: True)
    assert not cut_short.is_complete and cut_short.inodes <= 512


def test_measuring_leaves_no_descriptor_open(tmp_path: Path, parent: int) -> None:
    before = names(Path("/proc/self/fd"))
    deep(tmp_path / "deep", 300)
    measured(tmp_path / "deep")
    assert remove(parent, "deep")
    assert len(names(Path("/proc/self/fd"))) == len(before)
