"""What a start in front of nobody may do, and when it is of use to who comes; without Jupyter."""

import glob
import importlib
import importlib.util
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
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
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    return folder


@pytest.fixture
def rehearsal(stage: ModuleType, home: Path) -> Iterator[Any]:
    """A rehearsal that has begun."""
    begun = stage.Rehearsal([str(home)])
    begun.begin()
    yield begun
    with suppress(stage.Wasted):
        begun.end()


def holds(
    rehearsal: Any,
    passed_over: Collection[str] = (),
    variables: Collection[str] = (),
    packages: Collection[str] = (),
) -> bool:
    return bool(rehearsal.holds(passed_over, variables, packages))


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
    assert holds(rehearsal)
    (home / "notes").touch()
    assert holds(rehearsal)
    (home / "settings").mkdir()
    assert not holds(rehearsal)
    assert holds(rehearsal, passed_over=[f"{home}/settings", f"{home}/settings/"])


def test_what_is_passed_over_is_not_if_it_was_looked_through(rehearsal: Any, home: Path) -> None:
    assert not (home / "profiles").exists()
    with suppress(OSError):
        os.listdir(home / "profiles")
    rehearsal.end()
    (home / "profiles").mkdir()
    assert not holds(rehearsal, passed_over=[f"{home}/profiles"])


def test_what_others_have_makes_no_difference(rehearsal: Any, tmp_path: Path) -> None:
    assert not (tmp_path / "homely").exists()
    rehearsal.end()
    (tmp_path / "homely").touch()
    assert holds(rehearsal)


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
    assert holds(rehearsal)
    rehearsal.make_folders()
    assert folder.stat().st_mode & 0o777 == 0o700
    rehearsal.make_folders()
    assert holds(rehearsal)
    (folder / "key").touch()
    assert not holds(rehearsal)


def test_a_file_where_it_made_a_folder_is_another_start(rehearsal: Any, home: Path) -> None:
    (home / "share").mkdir()
    rehearsal.end()
    (home / "share").touch()
    assert not holds(rehearsal)


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


def test_a_folder_where_it_may_make_none_is_refused_as_ever(
    stage: ModuleType, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    rehearsal = stage.Rehearsal([str(home)])
    rehearsal.begin()
    with pytest.raises(PermissionError):
        os.mkdir(tmp_path / "elsewhere")
    os.mkdir(home / "here")
    rehearsal.end()


def test_a_folder_that_it_made_elsewhere_is_not_looked_through(
    stage: ModuleType, rehearsal: Any, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    with suppress(OSError):
        os.listdir(tmp_path / "elsewhere")
    with pytest.raises(stage.Wasted):
        rehearsal.end()


def test_variables_that_were_missed_must_not_be_theirs(rehearsal: Any) -> None:
    assert os.environ.get("MISSED_HERE") is None and "MISSED_THERE" not in os.environ
    assert os.environ["PATH"]
    os.environ["MADE_HERE"] = "kept"
    rehearsal.end()
    assert os.environ.pop("MADE_HERE") == "kept"
    assert holds(rehearsal, variables=["PATH", "OTHER"])
    assert not holds(rehearsal, variables=["MISSED_HERE"])
    assert not holds(rehearsal, variables=["MISSED_THERE"])


def test_modules_that_were_missed_must_not_be_theirs(rehearsal: Any) -> None:
    with pytest.raises(ImportError):
        importlib.import_module("missed_here")
    assert importlib.util.find_spec("missed_there") is None
    rehearsal.end()
    assert holds(rehearsal, packages=["numpy", "six.py"])
    assert not holds(rehearsal, packages=["missed_here"])
    assert not holds(rehearsal, packages=["missed_there.py"])


def test_a_home_behind_a_link_is_the_same(
    stage: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "home").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "data" / "home")
    monkeypatch.setenv("HOME", str(tmp_path / "link"))
    rehearsal = stage.Rehearsal([str(tmp_path / "data")])
    rehearsal.begin()
    assert not (tmp_path / "link" / "settings").exists()
    rehearsal.end()
    assert holds(rehearsal)
    (tmp_path / "link" / "settings").touch()
    assert not holds(rehearsal)


def test_without_homes_nobody_knows(stage: ModuleType) -> None:
    with pytest.raises(stage.Wasted, match="no homes"):
        stage.Rehearsal([])


def test_who_keeps_its_functions_has_ordinary_ones(rehearsal: Any, home: Path) -> None:
    kept, looked = os.mkdir, os.stat
    rehearsal.end()
    kept(home / "folder")
    assert looked(home / "folder").st_mode & 0o40000
    assert holds(rehearsal)


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
