"""Files beside a recipe: all of what was sent, or nothing; nobody's work overwritten."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from django.db import connection

from mydocker.domain.people import Person
from mydocker.domain.recipes import MOST_BYTES_OF_FILE, MOST_FILES
from mydocker.domain.refusals import Kind, Refusal
from mydocker.services import image_files, images
from mydocker.services.image_files import BadFiles, Upload
from tests.images import small, teacher, upload

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def owner(now: datetime) -> Person:
    """Who has made the image `small`."""
    person = teacher(now)
    small(now, person)
    return person


def refused(ask: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        ask()
    return caught.value


def reasons(ask: Callable[[], object]) -> str:
    refusal = refused(ask)
    assert isinstance(refusal, BadFiles) and refusal.facts["count"] == len(refusal.faults)
    return "\n".join(message for message, _hint in refusal.told())


def content(who: Person, path: str) -> bytes:
    return images.file(who, "small", path)[1].read_bytes()


class Zeros(BytesIO):
    """A stream of so many zeros, which takes no memory."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.left = size

    def read(self, size: int | None = -1) -> bytes:
        given = min(self.left, size or 0)
        self.left -= given
        return bytes(given)


def test_what_is_put_is_there(owner: Person, now: datetime) -> None:
    sent = [upload("b/c.txt", b"hello"), upload("a.sh", b"", is_executable=True)]
    images.put_files(owner, "small", sent, now)
    found = images.files(owner, "small")
    assert [(row.path, row.size_bytes, row.is_executable) for row in found] == [
        ("a.sh", 0, True), ("b/c.txt", 5, False),
    ]  # fmt: skip
    assert content(owner, "b/c.txt") == b"hello"
    assert images.for_viewing(owner, "small").row.revision == 2


def test_a_file_replaces_the_one_of_its_path(owner: Person, now: datetime) -> None:
    for word in (b"old", b"newer"):
        found = images.put_files(owner, "small", [upload("a", word)], now)
    assert [row.size_bytes for row in found] == [5] and content(owner, "a") == b"newer"


@pytest.mark.parametrize(
    "paths",
    [["../a"], ["/etc/passwd"], ["a\\b"], ["a\0"], ["Dockerfile"], [".dockerignore"], [""],
     ["good", "a", "a"], ["A", "a"], ["a", "a/b"], ["good", "Kept"], ["kept/x"], ["\ud800"]],
)  # fmt: skip
def test_one_bad_name_and_nothing_is_taken(owner: Person, now: datetime, paths: list[str]) -> None:
    before = images.put_files(owner, "small", [upload("kept")], now)
    sent = [upload(path) for path in paths]
    refusal = refused(lambda: images.put_files(owner, "small", sent, now))
    assert isinstance(refusal, BadFiles) and (refusal.kind, refusal.code) == (
        Kind.INVALID, "bad_files",
    )  # fmt: skip
    assert all(message for message, _hint in refusal.told())
    assert images.files(owner, "small") == before
    assert images.for_viewing(owner, "small").row.revision == 2


def test_all_that_is_wrong_is_told(owner: Person, now: datetime) -> None:
    sent = [upload(path) for path in ("../a", "/b", "c")]
    refusal = refused(lambda: images.put_files(owner, "small", sent, now))
    assert isinstance(refusal, BadFiles) and len(refusal.told()) == 2


def test_a_file_that_is_too_large_is_not_taken(owner: Person, now: datetime) -> None:
    sent = [upload("a"), Upload("big", Zeros(MOST_BYTES_OF_FILE + 1))]
    said = reasons(lambda: images.put_files(owner, "small", sent, now))
    assert "big has more than 50 MiB" in said and images.files(owner, "small") == []


def test_files_that_are_too_large_together_are_not_taken(
    owner: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_files, "MOST_BYTES", 1000)
    sent = [Upload("a", Zeros(600)), Upload("b", Zeros(600))]
    said = reasons(lambda: images.put_files(owner, "small", sent, now))
    assert "together" in said and images.files(owner, "small") == []


def test_too_many_files_are_not_even_read(owner: Person, now: datetime) -> None:
    class Unread(BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise AssertionError

    sent = [Upload(str(number), Unread()) for number in range(MOST_FILES + 1)]
    said = reasons(lambda: images.put_files(owner, "small", sent, now))
    assert f"These are {MOST_FILES + 1} files" in said


def test_of_two_who_send_names_that_collide_one_gets_through(owner: Person, now: datetime) -> None:
    def put(path: str) -> bool:
        try:
            images.put_files(owner, "small", [upload(path)], now)
        except BadFiles:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as people:
        assert sum(people.map(put, ["Data", "data", "DATA", "data/a"])) == 1
    assert len(images.files(owner, "small")) == 1


def test_a_text_is_edited(owner: Person, now: datetime) -> None:
    [row] = images.put_files(owner, "small", [upload("a.sh", b"old", is_executable=True)], now)
    edited = images.edit_file(
        owner, "small", "a.sh", "new\r\nlines\r\n", digest=row.digest, now=now + MINUTE
    )
    assert content(owner, "a.sh") == b"new\nlines\n" and edited.is_executable
    assert images.files(owner, "small") == [edited] and edited.updated_at == now + MINUTE
    assert images.for_viewing(owner, "small").row.revision == 3


def test_two_who_edit_one_file_do_not_overwrite_one_another(owner: Person, now: datetime) -> None:
    [row] = images.put_files(owner, "small", [upload("a", b"old")], now)
    images.edit_file(owner, "small", "a", "first", digest=row.digest, now=now)
    refusal = refused(
        lambda: images.edit_file(owner, "small", "a", "second", digest=row.digest, now=now)
    )
    assert (refusal.kind, refusal.code) == (Kind.CONFLICT, "file_changed_meanwhile")
    assert content(owner, "a") == b"first"


def test_a_new_text_is_written_only_where_there_is_none(owner: Person, now: datetime) -> None:
    images.edit_file(owner, "small", "a", "x", digest="", now=now)
    refusal = refused(lambda: images.edit_file(owner, "small", "a", "y", digest="", now=now))
    assert refusal.code == "file_changed_meanwhile" and content(owner, "a") == b"x"


def test_a_file_that_somebody_took_away_is_not_written_again(owner: Person, now: datetime) -> None:
    [row] = images.put_files(owner, "small", [upload("a")], now)
    images.remove_file(owner, "small", "a", now)
    refusal = refused(
        lambda: images.edit_file(owner, "small", "a", "y", digest=row.digest, now=now)
    )
    assert refusal.code == "file_changed_meanwhile" and images.files(owner, "small") == []


@pytest.mark.parametrize(("path", "text"), [("../a", "x"), ("a", "\ud800"), ("a/b", "x")])
def test_what_cannot_be_a_text_file_is_not_written(
    owner: Person, now: datetime, path: str, text: str
) -> None:
    images.put_files(owner, "small", [upload("a")], now)
    digest = images.files(owner, "small")[0].digest if path == "a" else ""
    refusal = refused(lambda: images.edit_file(owner, "small", path, text, digest=digest, now=now))
    assert refusal.code == "bad_files" and content(owner, "a") == b"x\n"


@pytest.mark.parametrize("path", ["b", "../a", "", "a/b", "\0", "\ud800"])
def test_files_that_are_not_there_are_told_so(owner: Person, now: datetime, path: str) -> None:
    images.put_files(owner, "small", [upload("a")], now)
    assert refused(lambda: images.file(owner, "small", path)).code == "unknown_file"
    assert refused(lambda: images.remove_file(owner, "small", path, now)).code == "unknown_file"
    assert images.for_viewing(owner, "small").row.revision == 2


def test_a_file_is_taken_away(owner: Person, now: datetime) -> None:
    images.put_files(owner, "small", [upload("a"), upload("b")], now)
    images.remove_file(owner, "small", "a", now)
    assert [row.path for row in images.files(owner, "small")] == ["b"]
    assert images.for_viewing(owner, "small").row.revision == 3
