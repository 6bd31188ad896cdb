"""What a start in front of nobody may do, and when it is of use to who comes; without Jupyter."""

import glob
import os
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the person's home will appear, which is where the start begins."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def rehearsal(stage: ModuleType, home: Path) -> Iterator[Any]:
    """A rehearsal that has begun."""
    begun = stage.Rehearsal([str(home)])
    begun.begin()
    yield begun
    with suppress(stage.Wasted):
        begun.end()


ASKING: dict[str, Callable[[Path], object]] = {
    "exists": lambda path: path.exists(),
    "is_file": lambda path: os.path.isfile(path),
    "access": lambda path: os.access(path, os.R_OK),
    "bytes": lambda path: os.path.lexists(os.fsencode(path)),
    "open": lambda path: path.read_text(),
    "open to change": lambda path: path.open("r+"),
    "readlink": lambda path: path.readlink(),
    "relative": lambda path: Path(path.name).exists(),
    "listdir": lambda path: os.listdir(path),
    "glob": lambda path: glob.glob(f"{path}/*.json"),
    "iterdir": lambda path: list(path.iterdir()),
}


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING)
def test_what_was_asked_for_must_still_not_be_there(
    rehearsal: Any, home: Path, ask: Callable[[Path], object]
) -> None:
    with suppress(OSError):
        ask(home / "settings")
    rehearsal.end()
    assert rehearsal.holds([])
    (home / "notes").touch()
    assert rehearsal.holds([])
    (home / "settings").symlink_to("nowhere")
    assert not rehearsal.holds([])
    assert rehearsal.holds([str(home / "settings")])


def test_what_others_have_makes_no_difference(rehearsal: Any, tmp_path: Path) -> None:
    assert not (tmp_path / "homely").exists()
    rehearsal.end()
    (tmp_path / "homely").touch()
    assert rehearsal.holds([])


def test_folders_are_made_when_the_person_is_here(rehearsal: Any, home: Path) -> None:
    folder = home / "share" / "application"
    folder.mkdir(0o700, parents=True)
    folder.mkdir(exist_ok=True)
    assert folder.is_dir() and os.access(folder, os.W_OK) and not (folder / "key").exists()
    with pytest.raises(FileExistsError):
        os.mkdir(folder)
    with pytest.raises(FileNotFoundError):
        os.mkdir(home / "no" / "such")
    rehearsal.end()
    assert not list(home.iterdir())
    assert rehearsal.holds([])
    rehearsal.make_folders()
    assert folder.stat().st_mode & 0o777 == 0o700
    rehearsal.make_folders()
    assert rehearsal.holds([])
    (folder / "key").touch()
    assert not rehearsal.holds([])


def test_a_file_where_it_made_a_folder_is_another_start(rehearsal: Any, home: Path) -> None:
    (home / "share").mkdir()
    rehearsal.end()
    (home / "share").touch()
    assert not rehearsal.holds([])


WASTING: dict[str, Callable[[Path], object]] = {
    "writing": lambda path: path.write_text("here"),
    "appending": lambda path: path.open("a").close(),
    "removing": lambda path: path.unlink(missing_ok=True),
    "linking": lambda path: path.symlink_to("nowhere"),
    "a database": lambda path: sqlite3.connect(path).close(),
    "changing directory": lambda path: os.chdir(path.parent),
    "another program": lambda _: subprocess.run(["true"], check=True),
    "looking through the home": lambda path: os.listdir(path.parent),
    "looking around": lambda _: os.listdir(),
}


@pytest.mark.parametrize("waste", WASTING.values(), ids=WASTING)
def test_what_cannot_be_taken_back_wastes_it(
    stage: ModuleType, rehearsal: Any, home: Path, waste: Callable[[Path], object]
) -> None:
    waste(home / "file")
    with pytest.raises(stage.Wasted):
        rehearsal.end()


def test_threads_waste_it(stage: ModuleType, rehearsal: Any) -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    with pytest.raises(stage.Wasted, match="threads"):
        rehearsal.end()
    over.set()
    thread.join()


def test_afterwards_everything_is_as_ever(stage: ModuleType, home: Path) -> None:
    before = {name: getattr(os, name) for name in (*stage.ASKED, "mkdir")}
    rehearsal = stage.Rehearsal([str(home)])
    rehearsal.begin()
    rehearsal.end()
    assert before == {name: getattr(os, name) for name in before}
    (home / "folder").mkdir()
    subprocess.run(["true"], check=True)
    rehearsal.end()
