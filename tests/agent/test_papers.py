"""Papers: what a container is told, whole or not at all, and whoever waits goes on."""

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mydocker.agent.papers import _gitconfig
from mydocker.agent.shapes import Person

from .process import AgentProcess, Dial, Line

RUN = "run00001"
ADA = {
    "name": 'Ada "the \\first" Lovelace',
    "mail": "ada@example.org",
    "language": "fr",
    "whose": "wksp0001",
}


def prepared(line: Line) -> Path:
    return Path(line.ask("prepare", run=RUN, slots=1)["papers"])


@contextmanager
def waiting(papers: Path) -> Iterator[int]:
    """Wait at the pipe as a program that was started ahead does."""
    pipe = os.open(papers / "go", os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield pipe
    finally:
        os.close(pipe)


def test_papers_are_roots_and_others_may_read_them(place: Path, line: Line) -> None:
    papers = prepared(line)
    assert papers == place / "data/papers" / RUN
    line.ask("introduce", run=RUN, person=ADA)
    for path in (papers, *papers.iterdir()):
        facts = path.stat()
        assert (facts.st_uid, facts.st_mode & 0o022) == (0, 0)
        assert facts.st_mode & 0o004
    assert (place / "data/papers").stat().st_mode & 0o777 == 0o700


def test_who_waits_is_told_after_all_is_written(line: Line) -> None:
    papers = prepared(line)
    with waiting(papers) as pipe:
        assert stat.S_ISFIFO(os.fstat(pipe).st_mode)
        line.ask("introduce", run=RUN, person=ADA)
        assert os.read(pipe, 10) == b"!"
    assert (papers / "environment").read_text().splitlines() == [
        f"MYDOCKER_PERSON_NAME={ADA['name']}",
        "MYDOCKER_PERSON_MAIL=ada@example.org",
        "MYDOCKER_PERSON_LANGUAGE=fr",
    ]


def test_an_introduction_that_is_repeated_rings_again(line: Line) -> None:
    papers = prepared(line)
    line.ask("introduce", run=RUN, person=ADA)  # nobody waits yet
    with waiting(papers) as pipe:
        line.ask("introduce", run=RUN, person=ADA)
        assert os.read(pipe, 10) == b"!"


def test_a_container_that_reads_nothing_blocks_nobody(line: Line) -> None:
    with waiting(prepared(line)) as pipe:
        room = os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | os.O_NONBLOCK)
        try:
            with suppress(BlockingIOError):
                while os.write(room, b"x" * 4096):
                    pass
        finally:
            os.close(room)
        assert line.ask("introduce", run=RUN, person=ADA) is None


def test_what_is_no_line_of_text_is_refused(line: Line) -> None:
    prepared(line)
    for name in ("two\nlines", "a\0b", "\x1b[31m", "\u2028", "x" * 321, 7, None):
        words = {**ADA, "name": name}
        assert line.ask("introduce", run=RUN, person=words) == {"error": "bad_request"}
    assert line.ask("introduce", run=RUN, person={"name": "Ada"}) == {"error": "bad_request"}


def test_git_knows_the_person_and_their_own_word_goes_first(tmp_path: Path, line: Line) -> None:
    papers = prepared(line)
    line.ask("introduce", run=RUN, person=ADA)
    home = tmp_path / "home"
    home.mkdir()
    told = {"GIT_CONFIG_SYSTEM": str(papers / "gitconfig"), "HOME": str(home), "PATH": "/usr/bin"}

    def identity(key: str) -> str:
        words = ["git", "config", key]
        return subprocess.run(words, env=told, capture_output=True, text=True, check=True).stdout

    assert identity("user.name") == f"{ADA['name']}\n"
    assert identity("user.email") == "ada@example.org\n"
    (home / ".gitconfig").write_text("[user]\n\temail = own@example.org\n")
    assert identity("user.email") == "own@example.org\n"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"])))
def test_no_name_becomes_another_setting_of_git(name: str) -> None:
    config = _gitconfig(Person(name, "", ""))
    words = ["git", "config", "--file", "-", "--list", "--null", "--no-includes"]
    listed = subprocess.run(words, input=config, capture_output=True, check=True).stdout
    wanted = [b"include.path\n/etc/gitconfig"]
    wanted += [b"user.name\n" + name.encode()] if name else []
    assert listed.split(b"\0")[:-1] == wanted


def test_the_files_for_the_inside_are_laid_out_again_where_they_were_touched(
    make_agent: Callable[[], AgentProcess], dial: Dial
) -> None:
    agent = make_agent().start()
    inside = Path(dial(agent).ask("prepare", run=RUN, slots=0)["inside"])

    def there() -> dict[str, bytes]:
        found = [path for path in inside.rglob("*") if path.is_file()]
        return {path.relative_to(inside).as_posix(): path.read_bytes() for path in found}

    before = there()
    assert {"zygote.py", "tab/package.json", "tab/static/tab.js"} < before.keys()
    for name in ("zygote.py", "tab/static/tab.js"):
        (inside / name).write_text("changed")
    agent.stop()
    agent.start()
    assert there() == before


def test_detach_removes_papers(place: Path, line: Line) -> None:
    prepared(line)
    line.ask("introduce", run=RUN, person=ADA)
    line.ask("detach", run=RUN)
    assert list((place / "data/papers").iterdir()) == []
    assert list((place / "data/slots").iterdir()) == []
