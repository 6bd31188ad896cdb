"""Names of context files lead nowhere else, cover nothing and steer no build."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.recipes import (
    MOST_BYTES,
    MOST_BYTES_OF_FILE,
    MOST_FILES,
    collisions,
    fault_of_name,
    faults_of_files,
)
from mydocker.domain.templates import Fault


def told(fault: Fault | None) -> str:
    return f"{fault.message} {fault.hint}" % fault.facts if fault else ""


@pytest.mark.parametrize(
    "name",
    ["a", "data/notes.csv", "été/données n° 1.csv", ".bashrc", "a/.gitignore", "tp/Dockerfile",
     "...", "a..b", "日本.txt", "é" * 127, " a "],
)  # fmt: skip
def test_names_of_files_pass(name: str) -> None:
    assert fault_of_name(name) is None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "no name"),
        ("/etc/passwd", "root"),
        ("../x", "dots"), ("a/../x", "dots"), ("..", "dots"), ("./a", "dots"), ("a/.", "dots"),
        ("a//b", "empty part"), ("a/", "empty part"),
        ("a\\b", "backslash"), ("..\\x", "backslash"),
        ("a\nb", "invisible"), ("a\0b", "invisible"), ("a\u202eb", "invisible"),
        ("a\u200bb", "invisible"), ("\ufeffa", "invisible"),
        ("donn\udce9es.csv", "not written in UTF-8"),
        ("é" * 128, "255 bytes"),
        ("/".join(["abcd"] * 201), "1000 bytes"),
        (".dockerignore", "hide files"), (".DockerIgnore", "hide files"),
        ("Dockerfile.dockerignore", "hide files"), ("tp/.dockerignore", "hide files"),
        ("Dockerfile", "recipe itself"), ("dockerfile", "recipe itself"),
        (".wh.passwd", "delete a file"), ("a/.wh..wh..opq", "delete a file"),
    ],
)  # fmt: skip
def test_names_that_mean_something_else_are_refused(name: str, says: str) -> None:
    assert says in told(fault_of_name(name))


def test_a_name_in_latin_1_is_refused_whoever_decoded_it() -> None:
    assert fault_of_name("données".encode("latin-1").decode("utf-8", "surrogateescape"))


@given(st.text(st.sampled_from("ab./\\é\n\0\ud800- ")) | st.text())
def test_what_passes_stays_below_the_folder_it_is_written_to(name: str) -> None:
    fault = fault_of_name(name)
    if fault:
        told(fault).encode()
        return
    below = PurePosixPath("/context") / name
    assert str(below) == f"/context/{name}"
    assert ".." not in below.parts
    assert len(name.encode()) <= 1_000


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        (["a", "A"], "A and a differ"),
        (["Data/a", "data/b"], "Data"),
        (["e\u0301", "\u00e9"], "accent only"),
        (["straße", "STRASSE"], "differ"),
        (["a", "a/b"], "a is a file and a folder"),
        (["a/b", "a"], "a is a file and a folder"),
        (["a/b/c", "A"], "a file and a folder"),
        (["a", "a"], "twice"),
    ],
)
def test_names_that_cannot_lie_in_one_folder_are_found(paths: list[str], says: str) -> None:
    (fault,) = collisions(paths)
    assert says in told(fault)
    assert fault.facts["name"] == paths[1]


def test_files_of_one_folder_do_not_collide() -> None:
    assert not collisions(["a/b", "a/c", "b/a", "a.b", "c/a/b"])


@given(st.lists(st.text(st.sampled_from("aAbé/"), min_size=1, max_size=6), max_size=8))
def test_without_collisions_each_file_is_found_on_a_system_without_case(paths: list[str]) -> None:
    paths = [path for path in paths if not fault_of_name(path)]
    if not collisions(paths):
        folded = {path.casefold() for path in paths}
        assert len(folded) == len(paths)
        assert not any(other.startswith(f"{path}/") for path in folded for other in folded)


def test_a_context_has_bounds() -> None:
    assert not faults_of_files({f"f{number}": 1 for number in range(MOST_FILES)})
    (fault,) = faults_of_files({f"f{number}": 1 for number in range(MOST_FILES + 1)})
    assert "2001 files; 2000 are the most" in told(fault)
    assert not faults_of_files({f"f{number}": MOST_BYTES_OF_FILE for number in range(4)})
    (fault,) = faults_of_files({"a": MOST_BYTES_OF_FILE + 1})
    assert "a file may have 50 MiB" in told(fault)
    (fault,) = faults_of_files({f"f{number}": MOST_BYTES // 5 + 1 for number in range(5)})
    assert "200 MiB are the most" in told(fault)
    assert len(faults_of_files({"../a": 1, "b": 1, "B": 2})) == 2
