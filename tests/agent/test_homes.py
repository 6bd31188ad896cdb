"""Homes at rest, seen through the agent."""

import shutil
import time
from pathlib import Path
from typing import Any

from mydocker.agent.homes import shard

from .process import Line, home, names


def trash_names(place: Path) -> list[str]:
    return names(place / "data/trash")


def test_trash_moves_the_whole_home_and_may_be_repeated(place: Path, line: Line) -> None:
    (source,) = line.ask("attach", run="run00001", homes=[home()])["sources"]
    Path(source, "file").write_text("kept")
    assert line.ask("trash", home="home0001") == {"error": "home_attached"}
    line.ask("detach", run="run00001")
    assert line.ask("trash", home="home0001") == {"trashed": True}
    assert line.ask("trash", home="home0001") == {"trashed": False}
    assert line.ask("homes", after="") == {"homes": [], "after": None}
    (name,) = trash_names(place)
    stem, stamp = name.split(".")
    assert stem == "home0001" and abs(int(stamp) - time.time()) < 60
    assert (place / "data/trash" / name / "file").read_text() == "kept"


def test_a_home_trashed_twice_within_a_second_is_kept_twice(place: Path, line: Line) -> None:
    for number in range(3):
        (source,) = line.ask("attach", run="run00001", homes=[home()])["sources"]
        Path(source, "file").write_text(str(number))
        line.ask("detach", run="run00001")
        assert line.ask("trash", home="home0001") == {"trashed": True}
    kept = {(place / "data/trash" / name / "file").read_text() for name in trash_names(place)}
    assert kept == {"0", "1", "2"}


def test_empty_trash_removes_only_what_is_old(place: Path, line: Line) -> None:
    month = 30 * 86400
    now = int(time.time())
    for name in (f"home0001.{now - month - 9}", f"home0002.{now}", "stranger", f"x.{now}.y"):
        (place / "data/trash" / name / "a" / "b").mkdir(parents=True)
    (place / "data/trash" / f"home0003.{now - month - 9}.4").mkdir()  # of a killed removal
    answer = line.ask("empty_trash", older_than_s=month)
    assert sorted(answer["removed"]) == [
        f"home0001.{now - month - 9}",
        f"home0003.{now - month - 9}.4",
    ]
    assert answer["complete"]
    assert trash_names(place) == [f"home0002.{now}", "stranger", f"x.{now}.y"]


def test_homes_are_listed_in_pages_without_gaps(place: Path, line: Line) -> None:
    names = [f"home{number:05}" for number in range(2500)]
    for name in names:
        (place / "data/homes" / shard(name) / name).mkdir(parents=True)
    (place / "data/homes/lost+found").mkdir()
    found: list[str] = []
    sizes = []
    page: dict[str, Any] = {"after": ""}
    while page["after"] is not None:
        page = line.ask("homes", after=page["after"])
        found += page["homes"]
        sizes.append(len(page["homes"]))
    assert sorted(found) == names
    assert sizes == [1000, 1000, 500]
    shutil.rmtree(place / "data/homes" / shard(names[0]))


def test_usage_counts_a_home_and_repeats_a_recent_count(place: Path, line: Line) -> None:
    assert line.ask("home_usage", home="home0001")["inodes"] == 0
    (source,) = line.ask("attach", run="run00001", homes=[home(0, "home0002")])["sources"]
    Path(source, "file").write_bytes(b"x" * 1_000_000)
    first = line.ask("home_usage", home="home0002")
    assert first["complete"] and first["inodes"] == 2 and first["bytes"] >= 1_000_000
    Path(source, "more").touch()
    assert line.ask("home_usage", home="home0002") == first


def test_a_reset_home_is_counted_anew(place: Path, line: Line) -> None:
    (source,) = line.ask("attach", run="run00001", homes=[home()])["sources"]
    Path(source, "file").touch()
    assert line.ask("home_usage", home="home0001")["inodes"] == 2
    line.ask("detach", run="run00001")
    line.ask("trash", home="home0001")
    line.ask("attach", run="run00002", homes=[home()])
    assert line.ask("home_usage", home="home0001")["inodes"] == 1
