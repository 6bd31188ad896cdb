"""Commands of images, in this process, on the tests' database and with a window of their own."""

import asyncio
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from typer.testing import CliRunner

from mydocker import bootstrap
from mydocker.cli import image_logs
from mydocker.cli.image_logs import line_of
from mydocker.cli.images import image_app
from mydocker.domain.build_logs import LogEntry
from mydocker.domain.people import Role
from mydocker.loops.journal import Journals
from mydocker.services import images, people
from mydocker.services.operator import OPERATOR
from mydocker.store import blobs, builds

pytestmark = pytest.mark.django_db(transaction=True)

RECIPE = """\
kind: packages
base: mydocker/jupyterlab-python
packages:
  pip: [numpy==2.4]
"""
DOCKERFILE = "kind: dockerfile\ntext: |\n  FROM mydocker/tiny\n  RUN echo hello\n"
FAILURE = {
    "why": "step",
    "message": "%(tool)s failed.",
    "hint": "Mend it.",
    "facts": {"tool": "cc"},
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said."""

    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """A command sets it for the process, which is its own in life."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def run(*words: str, stdin: str = "") -> Said:
    done = CliRunner().invoke(image_app, words, input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Said(done.exit_code, done.stdout, done.stderr)


def applied(text: str = DOCKERFILE, slug: str = "proofs") -> None:
    assert run("apply", slug, "-", stdin=text).status == 0


# --- recipes ---


def test_a_recipe_is_applied_changed_and_the_same_again(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(RECIPE)
    assert run("apply", "numerics", str(file)).out == "numerics  created  revision 1\n"
    assert run("apply", "numerics", str(file)).out == "numerics  unchanged  revision 1\n"
    exported = run("export", "numerics").out
    assert run("apply", "numerics", "-", stdin=exported).out == "numerics  unchanged  revision 1\n"
    changed = run("apply", "numerics", "-", "--title", "Numerics", stdin=DOCKERFILE)
    assert changed.out == "numerics  changed  revision 2\n"
    assert images.for_viewing(OPERATOR, "numerics").row.title == "Numerics"


def test_a_new_image_may_belong_to_a_teacher(now: datetime) -> None:
    teacher = people.add_local("curie@example.org", Role.TEACHER, now)
    run("apply", "proofs", "-", "--user", "curie@example.org", stdin=DOCKERFILE)
    assert images.for_editing(teacher, "proofs").row.created_by == teacher.id
    nobody = run("apply", "other", "-", "--user", "nobody@example.org", stdin=DOCKERFILE)
    assert nobody.status == 1 and "nobody@example.org" in nobody.err


def test_all_mistakes_of_a_recipe_are_told_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text("kind: packages\npackages:\n  pip: ['$(reboot)']\n  gem: []\n")
    refused = run("apply", "bad", str(file))
    assert refused.status == 1 and refused.out == ""
    for place in (f"{file}:1: base: ", f"{file}:3: packages.pip[0]: ", f"{file}:4: packages.gem: "):
        assert place in refused.err
    assert run("apply", "bad", str(tmp_path / "none.yaml")).status == 1
    assert run("apply", "../bad", "-", stdin=RECIPE).status == 1
    assert json.loads(run("list", "--json").out) == []


def test_what_can_be_seen_without_building_is_told() -> None:
    warned = run("apply", "bad", "-", stdin="kind: dockerfile\ntext: |\n  FROM a\n  RUNN x\n")
    assert warned.status == 0 and "mistake: Dockerfile:2: " in warned.err
    refused = run("build", "bad")
    assert refused.status == 1 and "Dockerfile:2: " in refused.err


def test_images_are_listed_with_their_newest_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mydocker.cli.images.PART", 2)
    for slug in ("a", "b", "c"):
        applied(slug=slug)
    run("build", "b")
    assert [line.split() for line in run("list").out.splitlines()] == [
        ["a", "dockerfile", "never", "built"],
        ["b", "dockerfile", "build", "1", "queued"],
        ["c", "dockerfile", "never", "built"],
    ]
    told = json.loads(run("list", "--json").out)
    assert [each["slug"] for each in told] == ["a", "b", "c"]
    assert told[1]["latest"]["state"] == "queued" and told[0]["latest"] is None


def test_an_image_is_deleted() -> None:
    applied()
    assert run("delete", "proofs").status == 0
    gone = run("delete", "proofs")
    assert gone.status == 1 and "no image" in gone.err


# --- files ---


def test_files_and_folders_are_put_and_taken_away(tmp_path: Path) -> None:
    applied()
    course = tmp_path / "course"
    (course / "data").mkdir(parents=True)
    (course / "data" / "points.csv").write_text("a;b\n")
    program = tmp_path / "run.sh"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    put = run("files", "proofs", "--put", str(course), "--put", str(program))
    assert [line.split() for line in put.out.splitlines()] == [
        ["4", "-", "data/points.csv"], ["10", "x", "run.sh"],
    ]  # fmt: skip
    left = run("files", "proofs", "--remove", "run.sh", "--json")
    assert [each["path"] for each in json.loads(left.out)] == ["data/points.csv"]
    gone = run("files", "proofs", "--remove", "run.sh")
    assert gone.status == 1 and "run.sh" in gone.err


def test_an_archive_is_unpacked_or_every_reason_is_told(tmp_path: Path) -> None:
    applied()
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    for path, names in ((good, ["top/a", "top/b/c"]), (bad, ["../evil", "Dockerfile", "d"])):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, "x")
    assert [line.split()[-1] for line in run(
        "files", "proofs", "--archive", str(good)
    ).out.splitlines()] == ["a", "b/c"]  # fmt: skip
    refused = run("files", "proofs", "--archive", str(bad))
    assert refused.status == 1 and "../evil" in refused.err and "Dockerfile" in refused.err
    assert len(run("files", "proofs").out.splitlines()) == 2


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    applied()
    course = tmp_path / "course"
    course.mkdir()
    (course / "a").write_text("x")
    (course / "shadow").symlink_to("/etc/shadow")
    refused = run("files", "proofs", "--put", str(course))
    assert refused.status == 1 and "shadow" in refused.err
    assert run("files", "proofs").out == ""
    assert run("files", "proofs", "--put", str(tmp_path / "none")).status == 1


def test_files_belong_to_whoever_the_folder_belongs_to(tmp_path: Path) -> None:
    applied()
    folder = Path(settings.MYDOCKER.data) / "files"
    before = folder.stat()
    if os.geteuid() == 0:
        os.chown(folder, 4321, 4321)
        folder.chmod(0o2750)
    secret = tmp_path / "secret"
    secret.write_text("only its owner reads this")
    secret.chmod(0o600)
    try:
        assert run("files", "proofs", "--put", str(secret)).status == 0
        [row] = images.files(OPERATOR, "proofs")
        kept, whose = blobs.path_of(row.digest), folder.stat()
        for path in (kept, kept.parent):
            assert (path.stat().st_uid, path.stat().st_gid) == (whose.st_uid, whose.st_gid)
    finally:
        os.chown(folder, before.st_uid, before.st_gid)
        folder.chmod(before.st_mode & 0o7777)
    assert os.geteuid() == os.getuid()


# --- builds ---


@contextmanager
def window(journals: Journals) -> Iterator[None]:
    """Who shows the logs of builds, as the loops do, in another thread."""
    where = bootstrap.sockets(settings.MYDOCKER).loops
    where.parent.mkdir(parents=True, exist_ok=True)
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked: Any = json.loads(await reader.readline())
        assert asked["verb"] == "build_log"
        async for entry in journals.read(asked["build"], asked["after"], follow=asked["follow"]):
            told = [entry.seconds, entry.step, entry.kind, entry.text, entry.bytes]
            writer.write(json.dumps({"entry": told}).encode() + b"\n")
        writer.write(b'{"end": true}\n')
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_unix_server(answer, str(where))
        async with server:
            ready.set()
            await stop.wait()
        where.unlink(missing_ok=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def built(build: str, journals: Journals, now: datetime, failure: dict[str, object]) -> None:
    """Build, as the loops do, in another thread."""
    assert builds.begin(build, now)
    with journals.open(build) as journal:
        journal.write("step", "FROM mydocker/tiny", step=1)
        journal.write("cached", step=1)
        journal.write("step", "RUN echo hello", step=2)
        journal.write("said", "\x1b[31mhello\x1b[0m", step=2)
        journal.write("ended", step=2, added=2_500_000)
        if failure:
            assert builds.fail(build, failure, now)
        else:
            assert builds.finish(
                build, reference="md-x/proofs:1", engine_id="", size_bytes=1, layers=[],
                packages=[], now=now,
            )  # fmt: skip
        journal.write("end", "failed" if failure else "done")


@pytest.mark.parametrize("failure", [{}, FAILURE], ids=["done", "failed"])
def test_whoever_waits_reads_the_log_and_what_came_of_it(
    failure: dict[str, object], tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied()
    journals = Journals(tmp_path)

    def build_meanwhile(seconds: float) -> None:
        [row] = builds.live()
        built(row.id, journals, now, failure)

    # The command finds it waiting; while it would rest, the build is made.
    monkeypatch.setattr(image_logs.time, "sleep", build_meanwhile)
    with window(journals):
        said = run("build", "proofs", "--wait")
    lines = [line.partition(" s  ")[2] for line in said.out.splitlines()[:5]]
    assert lines == [
        "[1/2] FROM mydocker/tiny", "[1/2] taken from an earlier build", "[2/2] RUN echo hello",
        "  hello", "[2/2] done, 2500 kB more",
    ]  # fmt: skip
    word = "failed" if failure else "done  md-x/proofs:1"
    assert said.out.splitlines()[5:] == [f"proofs  build 1  {word}"]
    assert said.err.startswith("It waits for its turn.\n")
    assert said.status == (1 if failure else 0)
    assert ("cc failed.\nMend it." in said.err) == bool(failure)


def test_a_log_is_read_later_and_tells_why_it_failed(tmp_path: Path, now: datetime) -> None:
    applied()
    journals = Journals(tmp_path)
    run("build", "proofs")
    built(builds.live()[0].id, journals, now, FAILURE)
    with window(journals):
        whole, followed = run("log", "proofs"), run("log", "proofs", "1", "--follow")
    assert whole.status == 0 and whole.out == followed.out and "hello" in whole.out
    assert "cc failed." in whole.err
    away = run("log", "proofs")
    assert away.status == 1 and "cannot be read" in away.err


def test_what_was_never_built_has_no_log() -> None:
    applied()
    assert "never built" in run("log", "proofs").err
    assert "no build 7" in run("log", "proofs", "7").err
    assert run("log", "nowhere").status == 1


def test_a_build_is_asked_for_once_and_cancelled(now: datetime) -> None:
    applied()
    asked = json.loads(run("build", "proofs", "--no-cache", "--json").out)
    assert (asked["number"], asked["state"]) == (1, "queued")
    assert not builds.live()[0].use_cache
    again = run("build", "proofs")
    assert again.status == 1 and "under way" in again.err
    assert run("cancel", "proofs").out == "proofs  build 1  cancelled\n"
    run("build", "proofs")
    builds.begin(builds.live()[0].id, now)
    assert run("cancel", "proofs", "2").out == "proofs  build 2  being cancelled\n"


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (
            LogEntry(0.04, 0, "fetch", "debian:13", 4 << 20),
            "     0.0 s    debian:13: 4 MB are here",
        ),
        (LogEntry(3600, 3, "ended", "", 10), "  3600.0 s  [3/9] done"),
        (LogEntry(1, 0, "again"), "     1.0 s  it was cut off, and begins again"),
        (LogEntry(1, 0, "look"), "     1.0 s  looking for packages"),
        (LogEntry(1, 2, "said", "\x1b]0;title\x07a\x07b\u202e"), "     1.0 s    ab"),
        (LogEntry(1, 0, "end", "done"), ""),
    ],
)
def test_an_entry_is_a_line(entry: LogEntry, line: str) -> None:
    assert line_of(entry, 9) == line
