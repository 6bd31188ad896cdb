"""What a shell and a zygote make of the person's variables: the same, and nothing is evaluated."""

import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tests.inside.places import INSIDE, SHELLS

PAPER = b"""\
GIT_AUTHOR_NAME=Zo\xc3\xa9 O'Neill "the 1st"
EMAIL=zoe@example.org
DOLLARS=$(touch evil) `touch evil` ${HOME} $HOME \\n
SPACES=  two before, two after\x20\x20
EQUALS=a=b=c
EMPTY=
GLOB=* ? [a-z]
TAB=\ta\tb
SEMICOLON=; touch evil
2BAD=no
WITH-DASH=no
=no
no equals sign
 LEADING=no
$(touch evil)=no
A$(touch evil)=no
UID=0
LAST=without a newline"""

EXPECTED = {
    "GIT_AUTHOR_NAME": 'Zoé O\'Neill "the 1st"',
    "EMAIL": "zoe@example.org",
    "DOLLARS": "$(touch evil) `touch evil` ${HOME} $HOME \\n",
    "SPACES": "  two before, two after  ",
    "EQUALS": "a=b=c",
    "EMPTY": "",
    "GLOB": "* ? [a-z]",
    "TAB": "\ta\tb",
    "SEMICOLON": "; touch evil",
    "LAST": "without a newline",
}
SHELLS_OWN = {"PWD", "OLDPWD", "SHLVL", "_"}


@pytest.fixture(params=SHELLS, ids=lambda shell: Path(shell[0]).name)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return list(request.param)


def sourced(shell: list[str], folder: Path, paper: bytes | None) -> dict[str, str]:
    """The environment of a shell that has sourced person.sh, strict as a shell may be."""
    if paper is not None:
        (folder / "environment").write_bytes(paper)
    script = (INSIDE / "person.sh").read_text()
    assert "/run/mydocker/environment" in script
    (folder / "person.sh").write_text(
        script.replace("/run/mydocker/environment", str(folder / "environment"))
    )
    ended = subprocess.run(
        [*shell, "-euc", ". ./person.sh; exec /usr/bin/env -0"],
        cwd=folder, env={"PATH": "/usr/bin:/bin"}, capture_output=True, timeout=30, check=True,
    )  # fmt: skip
    assert ended.stderr == b""
    found = dict(one.decode().split("=", 1) for one in ended.stdout.split(b"\0") if one)
    return {name: value for name, value in found.items() if name not in {"PATH", *SHELLS_OWN}}


def test_a_shell_takes_values_as_they_are(shell: list[str], tmp_path: Path) -> None:
    assert sourced(shell, tmp_path, PAPER) == EXPECTED


def test_nothing_in_a_paper_is_run(shell: list[str], tmp_path: Path) -> None:
    sourced(shell, tmp_path, PAPER)
    assert not (tmp_path / "evil").exists()


def test_a_second_line_never_joins_a_value(shell: list[str], tmp_path: Path) -> None:
    assert sourced(shell, tmp_path, b"A=one\\\ntwo\n") == {"A": "one\\"}


def test_a_shell_without_papers_goes_on(shell: list[str], tmp_path: Path) -> None:
    assert sourced(shell, tmp_path, None) == {}


def test_a_shell_that_got_half_a_paper_goes_on(shell: list[str], tmp_path: Path) -> None:
    assert sourced(shell, tmp_path, b"") == {}


def test_a_zygote_reads_what_a_shell_reads(zygote: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "environment").write_bytes(PAPER)
    found = zygote.read_environment(str(tmp_path / "environment"))
    assert {name: value for name, value in found.items() if name != "UID"} == EXPECTED


def test_a_zygote_without_papers_goes_on(zygote: ModuleType, tmp_path: Path) -> None:
    assert zygote.read_environment(str(tmp_path / "environment")) == {}
