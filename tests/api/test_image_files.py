"""Files beside a recipe over the API: whole, by their names, and nothing hostile."""

import io
import stat
import tarfile
import zipfile
from collections.abc import Mapping
from urllib.parse import quote

import pytest

from mydocker.domain.recipes import MOST_BYTES_OF_FILE
from mydocker.services.archives import MOST_ARCHIVE_BYTES

from .conftest import Answered, Somebody, make_image

OCTETS = {"content_type": "application/octet-stream"}


@pytest.fixture
def image(teacher: Somebody) -> str:
    return make_image(teacher.person, "proofs")


def put(somebody: Somebody, image: str, path: str, content: bytes = b"x\n") -> Answered:
    return somebody.ask("PUT", f"/images/{image}/files/{quote(path)}", content, **OCTETS)


def paths(somebody: Somebody, image: str) -> list[str]:
    return [each["path"] for each in somebody.ask("GET", f"/images/{image}/files").body["items"]]


def zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def taped(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


def test_a_file_is_sent_read_replaced_and_deleted(teacher: Somebody, image: str) -> None:
    sent = put(teacher, image, "données/points été.csv", b"a;b\r\n1;2\n\xc3\xa9")
    assert (sent.status, sent.body["size_bytes"]) == (200, 11)
    address = f"/images/{image}/files/{quote('données/points été.csv')}"
    read = teacher.ask("GET", address)
    assert (read.status, read.body) == (200, "a;b\r\n1;2\né")
    assert read.headers["Content-Length"] == "11"
    assert read.headers["Content-Disposition"].startswith("attachment; filename")
    assert read.headers["Content-Type"] == "application/octet-stream"
    replaced = teacher.ask("PUT", f"{address}?executable=1", b"#!/bin/sh\n", **OCTETS)
    assert replaced.body["is_executable"] and replaced.body["digest"] != sent.body["digest"]
    assert teacher.ask("DELETE", address).status == 204
    assert teacher.ask("GET", address).body["code"] == "unknown_file"
    assert teacher.ask("DELETE", address).status == 404


def test_an_empty_file_is_a_file(teacher: Somebody, image: str) -> None:
    assert put(teacher, image, "empty", b"").body["size_bytes"] == 0
    assert teacher.ask("GET", f"/images/{image}/files/empty").body == ""


def test_files_are_listed_in_parts(teacher: Somebody, image: str) -> None:
    for name in ("b", "a/z", "a-b"):
        put(teacher, image, name)
    first = teacher.ask("GET", f"/images/{image}/files?limit=2").body
    rest = teacher.ask("GET", f"/images/{image}/files?limit=2&after={quote(first['next'])}").body
    assert [each["path"] for each in first["items"]] == ["a-b", "a/z"]
    assert ([each["path"] for each in rest["items"]], rest["next"]) == (["b"], None)


@pytest.mark.parametrize(
    "path",
    [
        "../etc/passwd", "a/../../b", "./a", "a//b", "a/", "/etc/passwd", "a\\b", "a\u202eb",
        "a\tb", "Dockerfile", "containerfile", ".dockerignore", "x/.wh.y", "x" * 256, "\x7f",
    ],
)  # fmt: skip
def test_a_hostile_name_is_refused(path: str, teacher: Somebody, image: str) -> None:
    refused = put(teacher, image, path)
    assert (refused.status, refused.body["code"]) == (422, "bad_files")
    assert len(refused.body["mistakes"]) == 1 and refused.body["mistakes"][0]["message"]
    quoted = quote(path)
    assert teacher.ask("GET", f"/images/{image}/files/{quoted}").body["code"] == "unknown_file"
    assert teacher.ask("DELETE", f"/images/{image}/files/{quoted}").status == 404
    assert paths(teacher, image) == []


def test_names_that_collide_are_refused(teacher: Somebody, image: str) -> None:
    put(teacher, image, "Data/a")
    for name in ("data/b", "Data", "Data/a/b"):
        assert put(teacher, image, name).body["code"] == "bad_files"
    assert paths(teacher, image) == ["Data/a"]


def test_a_file_that_is_too_large_is_refused(teacher: Somebody, image: str) -> None:
    put(teacher, image, "kept")
    refused = put(teacher, image, "large", bytes(MOST_BYTES_OF_FILE + 1))
    assert (refused.status, refused.body["code"]) == (422, "bad_files")
    assert paths(teacher, image) == ["kept"]
    assert put(teacher, image, "large", bytes(MOST_BYTES_OF_FILE)).status == 200


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data", "x"])
def test_a_file_is_sent_as_what_it_is(kind: str, teacher: Somebody, image: str) -> None:
    address = f"/images/{image}/files/a"
    for method in ("PUT", "POST"):
        target = address if method == "PUT" else f"/images/{image}/files"
        refused = teacher.ask(method, target, b"x", content_type=kind)
        assert (refused.status, refused.body["code"]) == (415, "wrong_type")


def test_an_archive_is_taken_whole(teacher: Somebody, image: str) -> None:
    put(teacher, image, "old")
    archive = zipped({"course-main/a.py": b"a", "course-main/data/b.csv": b"b"})
    kind = {"content_type": "application/zip"}
    taken = teacher.ask("POST", f"/images/{image}/files", archive, **kind)
    assert taken.status == 200 and taken.body["next"] is None
    assert [each["path"] for each in taken.body["items"]] == ["a.py", "data/b.csv", "old"]
    tape = taped((member("tape.txt"), b""))
    again = teacher.ask("POST", f"/images/{image}/files", tape, content_type="application/gzip")
    assert again.status == 200 and "tape.txt" in paths(teacher, image)


def link_in_zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return stream.getvalue()


HOSTILE = {
    "nothing": b"",
    "no archive": b"hello",
    "cut off": zipped({"a": b"x" * 1000})[:-30],
    "empty": zipped({}),
    "upwards": zipped({"a": b"", "../../evil": b""}),
    "absolute": taped((member("/etc/cron.d/evil"), b"")),
    "symbolic link": taped((member("a", tarfile.SYMTYPE, "/etc/passwd"), b"")),
    "hard link": taped((member("a", tarfile.LNKTYPE, "../a"), b"")),
    "device": taped((member("null", tarfile.CHRTYPE), b"")),
    "link in zip": link_in_zip(),
    "bomb": zipped({"bomb": bytes(60 << 20)}),
    "not UTF-8": taped((member("caf\udce9"), b"")),
    "too many": zipped({str(number): b"" for number in range(2001)}),
    "case": zipped({"a/x": b"", "A/x": b"", "b": b""}),
    "the recipe": zipped({"b": b"", "Dockerfile": b"FROM evil"}),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_changes_nothing(content: bytes, teacher: Somebody, image: str) -> None:
    put(teacher, image, "kept")
    refused = teacher.ask("POST", f"/images/{image}/files?name=course.zip", content, **OCTETS)
    assert (refused.status, refused.body["code"]) == (422, "bad_files")
    assert refused.body["mistakes"] and refused.body["message"]
    assert paths(teacher, image) == ["kept"]


def test_an_archive_that_is_too_large_is_refused_unread(
    teacher: Somebody, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mydocker.services.archives.MOST_ARCHIVE_BYTES", 1000)
    monkeypatch.setattr("mydocker.api.image_files.MOST_ARCHIVE_BYTES", 1000)
    assert MOST_ARCHIVE_BYTES > 1000
    refused = teacher.ask("POST", f"/images/{image}/files", b"PK\x03\x04" * 1000, **OCTETS)
    assert (refused.status, refused.body["code"]) == (422, "bad_files")


def test_who_may_not_edit_sends_nothing(
    teacher: Somebody, student: Somebody, image: str
) -> None:  # fmt: skip
    put(teacher, image, "kept")
    wanted = {"shares": [{"mail": "ada@example.org", "right": "view"}]}
    for code in ("image_not_shared", "image_view_only"):
        for answer in (
            put(student, image, "kept", b"other"),
            student.ask("POST", f"/images/{image}/files", zipped({"kept": b""}), **OCTETS),
            student.ask("DELETE", f"/images/{image}/files/kept"),
        ):
            assert (answer.status, answer.body["code"]) == (403, code)
        teacher.ask("PUT", f"/images/{image}/shares", wanted)
    assert student.ask("GET", f"/images/{image}/files/kept").body == "x\n"
