"""Which interpreter `ahead` starts, with what, and what it says where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.inside.places import INSIDE, SHELLS

SAYS = "import sys; print(sys.flags.no_user_site, *sys.argv[1:], sep='|')"


@pytest.fixture(params=SHELLS, ids=lambda shell: Path(shell[0]).name)
def ahead(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """`ahead` beside a zygote that only says how it was started."""
    folder = tmp_path / "opt"
    folder.mkdir()
    (folder / "ahead").write_text((INSIDE / "ahead").read_text())
    (folder / "zygote.py").write_text(SAYS)
    return [*request.param, str(folder / "ahead")]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    return folder


def program(folder: Path, name: str, first: str, mode: int = 0o755) -> Path:
    path = folder / name
    path.write_text(f"{first}\nprint('not me')\n")
    path.chmod(mode)
    return path


def start(ahead: list[str], programs: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = f"/nowhere:{programs}:{os.environ['PATH']}"
    return subprocess.run(
        [*ahead, *words], env={"PATH": path}, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip


def says(ahead: list[str], programs: Path, *words: str) -> list[str]:
    ended = start(ahead, programs, *words)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.rstrip("\n").split("|")


def refuses(ahead: list[str], programs: Path, *words: str) -> str:
    ended = start(ahead, programs, *words)
    assert (ended.returncode, ended.stdout) == (78, "")
    assert ended.stderr.count("\n") == 1 and "without spares" in ended.stderr
    return ended.stderr


def test_the_interpreter_is_that_of_the_first_line(ahead: list[str], programs: Path) -> None:
    path = program(programs, "jupyter-lab", f"#!{programs}/python3")
    assert says(ahead, programs, "jupyter-lab") == ["0", str(path)]


def test_the_options_of_the_first_line_are_kept(ahead: list[str], programs: Path) -> None:
    path = program(programs, "jupyter-lab", f"#! {programs}/python3 -s")
    assert says(ahead, programs, "jupyter-lab", "--x=1") == ["1", str(path), "--x=1"]


@pytest.mark.parametrize("first", ["#!/usr/bin/env python3", "#!/usr/bin/env -S python3"])
def test_env_finds_the_interpreter_on_the_path(
    ahead: list[str], programs: Path, first: str
) -> None:
    path = program(programs, "jupyter-lab", first)
    assert says(ahead, programs, "jupyter-lab") == ["0", str(path)]


def test_env_may_pass_options(ahead: list[str], programs: Path) -> None:
    path = program(programs, "jupyter-lab", "#!/usr/bin/env -S python3 -s")
    assert says(ahead, programs, "jupyter-lab") == ["1", str(path)]


def test_an_interpreter_whose_path_has_spaces_is_found(ahead: list[str], programs: Path) -> None:
    odd = programs / "my python"
    odd.mkdir()
    (odd / "python3").symlink_to(sys.executable)
    first = f"#!/bin/sh\n'''exec' \"{odd}/python3\" \"$0\" \"$@\"\n' '''"
    path = program(programs, "jupyter-lab", first)
    assert says(ahead, programs, "jupyter-lab") == ["0", str(path)]


def test_words_reach_the_application_as_they_are(ahead: list[str], programs: Path) -> None:
    path = program(programs, "jupyter-lab", "#!/usr/bin/env python3")
    words = ["--a=b c", "*", "$(echo no)", "'", '"', "", "-s"]
    assert says(ahead, programs, "jupyter-lab", *words) == ["0", str(path), *words]


def test_a_subcommand_is_the_program_beside_jupyter(ahead: list[str], programs: Path) -> None:
    program(programs, "jupyter", "#!/bin/false")
    path = program(programs, "jupyter-lab", "#!/usr/bin/env python3")
    assert says(ahead, programs, "jupyter", "lab", "--x") == ["0", str(path), "--x"]


def test_a_program_may_be_given_by_its_path(ahead: list[str], programs: Path) -> None:
    path = program(programs, "jupyter-lab", "#!/usr/bin/env python3")
    assert says(ahead, programs, str(path), "--x") == ["0", str(path), "--x"]


def test_no_command_is_refused(ahead: list[str], programs: Path) -> None:
    assert "there is no command" in refuses(ahead, programs)


def test_a_missing_program_is_named(ahead: list[str], programs: Path) -> None:
    assert "no program is called jupyter-lab" in refuses(ahead, programs, "jupyter-lab")


def test_a_missing_subcommand_is_named(ahead: list[str], programs: Path) -> None:
    program(programs, "jupyter", "#!/usr/bin/env python3")
    assert "jupyter-nothing" in refuses(ahead, programs, "jupyter", "nothing")


def test_a_file_that_cannot_be_executed_is_no_program(ahead: list[str], programs: Path) -> None:
    program(programs, "jupyter-lab", "#!/usr/bin/env python3", mode=0o644)
    assert "no program is called" in refuses(ahead, programs, "jupyter-lab")


@pytest.mark.parametrize(
    "first", ["#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env node", "plain", "", "\x7fELF\x02\x00"]
)
def test_what_is_no_python_script_is_refused(ahead: list[str], programs: Path, first: str) -> None:
    program(programs, "start", first)
    assert "is no Python script" in refuses(ahead, programs, "start")


def test_a_missing_interpreter_is_named(ahead: list[str], programs: Path) -> None:
    program(programs, "jupyter-lab", "#!/opt/gone/python3")
    assert "/opt/gone/python3" in refuses(ahead, programs, "jupyter-lab")
