"""The files that HAProxy starts from: never half a line, whoever dies when, and never a rewrite."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.adapters.haproxy import maps
from mydocker.adapters.haproxy.maps import MapFile
from mydocker.ports.errors import Unavailable

KEYS = st.sampled_from(["a", "b", "c", "dd", "e" * 40])
VALUES = st.sampled_from(["", "1", "run|10.0.0.1|8888", "x" * 200])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.dictionaries(KEYS, VALUES, max_size=3)),
        st.tuples(st.just("drop"), st.sets(KEYS, max_size=3)),
        st.tuples(st.just("replace"), st.dictionaries(KEYS, VALUES)),
        st.tuples(st.just("reopen"), st.none()),
    ),
    max_size=30,
)


def as_haproxy_reads(path: Path) -> Mapping[str, str]:
    """The first of two lines with one key counts; `#` begins a comment; the last line may end."""
    entries: dict[str, str] = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            key, _, value = line.partition(" ")
            entries.setdefault(key, value)
    return entries


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return maps.touch(tmp_path / "routes.map")


@given(steps=STEPS)
def test_the_file_holds_what_was_said(steps: list[tuple[str, Any]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = maps.touch(Path(folder) / "routes.map")
        file, model = MapFile(path), dict[str, str]()
        for verb, said in steps:
            if verb == "put":
                file.put(said)
                model |= said
            elif verb == "drop":
                file.drop(said)
                model = {key: value for key, value in model.items() if key not in said}
            elif verb == "replace":
                file.replace(said)
                model = dict(said)
            else:
                file = MapFile(path)
            assert as_haproxy_reads(path) == file.entries() == model


def test_whoever_is_killed_leaves_no_half_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each single write: every entry reads as before or as after."""
    MapFile(path).put({"a": "10.0.0.12", "b": "10.0.0.1"})
    before = path.read_bytes()
    real = os.pwrite
    for killed_after in range(20):
        path.write_bytes(before)
        writes = 0

        def dies(file: int, data: bytes, offset: int) -> int:
            nonlocal writes
            if writes == killed_after:  # noqa: B023
                raise SystemExit
            writes += 1
            return real(file, data[: len(data) // 2 + 1], offset)

        monkeypatch.setattr(os, "pwrite", dies)
        try:
            MapFile(path).put({"a": "10.0.0.34", "c": "10.0.0.5"})
        except SystemExit:
            pass
        else:
            break
        finally:
            monkeypatch.setattr(os, "pwrite", real)
        entries = as_haproxy_reads(path)
        assert entries["b"] == "10.0.0.1"
        assert entries["a"] in {"10.0.0.12", "10.0.0.34"}
        assert entries.get("c", "10.0.0.5") == "10.0.0.5"
        assert set(entries) <= {"a", "b", "c"}
        mended = MapFile(path)
        mended.put({"a": "10.0.0.34", "c": "10.0.0.5"})
        assert as_haproxy_reads(path) == {"a": "10.0.0.34", "b": "10.0.0.1", "c": "10.0.0.5"}
    else:
        pytest.fail("never finished")


def test_a_full_disk_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = MapFile(path)
    file.put({"a": "1"})
    real = os.pwrite

    def full(file: int, data: bytes, offset: int) -> int:
        if offset == 4 and len(data) > 1:
            return real(file, data[:2], offset)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(Unavailable, match="No space left"):
        file.put({"b": "2"})
    monkeypatch.setattr(os, "pwrite", real)
    assert path.read_bytes() == b"a 1\n"
    file.put({"b": "2"})
    assert as_haproxy_reads(path) == {"a": "1", "b": "2"}


def test_another_writer_is_read_first(path: Path) -> None:
    mine, theirs = MapFile(path), MapFile(path)
    mine.put({"a": "1"})
    theirs.put({"b": "2"})
    mine.drop(["b"])
    theirs.put({"a": "3"})
    assert as_haproxy_reads(path) == mine.entries() == {"a": "3"}


def test_a_change_costs_the_same_among_ten_thousand(path: Path) -> None:
    file = MapFile(path)
    file.put({f"key{i}": "x" * 60 for i in range(10_000)})
    size = path.stat().st_size
    file.put({"one": "more"})
    assert path.stat().st_size == size + len("one more\n")
    file.drop(["key5000"])
    assert path.stat().st_size == size + len("one more\n")


def test_dead_lines_are_swept(path: Path) -> None:
    file = MapFile(path)
    for i in range(5_000):
        file.put({"a": f"{i}" + "x" * 90})
    assert path.stat().st_size < 200_000
    assert as_haproxy_reads(path).keys() == {"a"}


def test_nobody_else_reads_it(path: Path) -> None:
    file = MapFile(path)
    file.put({"a": "1"})
    file.replace({"b": "2"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        MapFile(tmp_path / "nowhere" / "routes.map").put({"a": "1"})
