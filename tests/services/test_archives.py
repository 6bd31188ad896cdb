"""Archives that teachers send are unpacked; those that mean harm are refused with words."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO

import pytest

from mydocker.domain.people import Person
from mydocker.domain.recipes import MOST_FILES
from mydocker.services import archives, images
from mydocker.services.image_files import BadFiles
from tests.images import small, teacher, upload
from tests.services.packing import member, taped, taped_members, zipped, zipped_members

pytestmark = pytest.mark.django_db
CONTENT = {"run.py": b"print(1)\n", "data/été.csv": b"1;2\n", "data/empty": b""}
WAYS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zipped,
    "stored.zip": lambda content: zipped(content, method=zipfile.ZIP_STORED),
    "tar": taped,
    "gnu.tar": lambda content: taped(content, form=tarfile.GNU_FORMAT),
    "tar.gz": lambda content: taped(content, "w:gz"),
    "tar.bz2": lambda content: taped(content, "w:bz2"),
    "tar.xz": lambda content: taped(content, "w:xz"),
}


@pytest.fixture
def owner(now: datetime) -> Person:
    """Who has made the image `small`, which has the file `kept`."""
    person = teacher(now)
    small(now, person)
    images.put_files(person, "small", [upload("kept")], now)
    return person


def put(who: Person, data: bytes | BinaryIO, now: datetime) -> dict[str, bytes]:
    """What is there after an archive was sent, but for what was kept."""
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    rows = images.put_archive(who, "small", "course.zip", stream, now)
    found = {row.path: images.file(who, "small", row.path)[1].read_bytes() for row in rows}
    return {path: content for path, content in found.items() if path != "kept"}


def refused(who: Person, data: bytes, now: datetime) -> str:
    """What is said of an archive of which nothing was taken."""
    with pytest.raises(BadFiles) as caught:
        images.put_archive(who, "small", "course.zip", io.BytesIO(data), now)
    assert [row.path for row in images.files(who, "small")] == ["kept"]
    assert images.for_viewing(who, "small").row.revision == 2
    return "\n".join(message for message, _hint in caught.value.told())


@pytest.mark.parametrize("way", WAYS)
def test_archives_of_every_kind_are_unpacked(way: str, owner: Person, now: datetime) -> None:
    assert put(owner, WAYS[way](CONTENT), now) == CONTENT


@pytest.mark.parametrize("way", WAYS)
def test_a_folder_that_holds_everything_is_only_wrapping(
    way: str, owner: Person, now: datetime
) -> None:
    data = WAYS[way]({f"./repository-main/{path}": content for path, content in CONTENT.items()})
    assert put(owner, data, now) == CONTENT


def test_one_wrapping_is_left_out_and_not_two(owner: Person, now: datetime) -> None:
    assert put(owner, zipped({"a/b/c": b"x"}), now) == {"b/c": b"x"}


@pytest.mark.parametrize(
    "content", [{"a": b"x"}, {"a/x": b"1", "b": b"2"}, {"a/x": b"", "b/x": b""}]
)
def test_folders_that_do_not_hold_everything_stay(
    content: dict[str, bytes], owner: Person, now: datetime
) -> None:
    assert put(owner, zipped(content), now) == content


def test_folders_and_what_macos_adds_are_left_out(owner: Person, now: datetime) -> None:
    content = {
        "c/": b"", "c/a": b"x", "c/.DS_Store": b"x", "c/._a": b"x", "__MACOSX/c/._a": b"x",
    }  # fmt: skip
    assert put(owner, zipped(content), now) == {"a": b"x"}


def test_what_may_be_executed_stays_so(owner: Person, now: datetime) -> None:
    rows = images.put_archive(
        owner, "small", "a.zip", io.BytesIO(zipped({"run": b"x"}, mode=0o755)), now
    )
    assert {row.path: row.is_executable for row in rows} == {"kept": False, "run": True}


TRAVERSALS = ["../a", "a/../../b", "/etc/passwd", "a/./b", "..", "a//b", "C:\\a", "..\\a"]


@pytest.mark.parametrize("name", TRAVERSALS)
@pytest.mark.parametrize("way", ["zip", "tar"])
def test_names_that_lead_elsewhere(way: str, name: str, owner: Person, now: datetime) -> None:
    said = refused(owner, WAYS[way]({"good": b"x", name: b"evil", "fine": b"x"}), now)
    assert name in said


@pytest.mark.parametrize("name", ["Dockerfile", "top/Dockerfile", ".dockerignore", "x/.wh.a"])
def test_names_that_steer_a_build(name: str, owner: Person, now: datetime) -> None:
    assert refused(owner, zipped({name: b"x"}), now)


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE,
     tarfile.GNUTYPE_SPARSE],
)  # fmt: skip
def test_links_and_devices_of_tars(kind: bytes, owner: Person, now: datetime) -> None:
    data = taped_members(
        [(member("good", 1), b"x"), (member("evil", kind=kind, linkname="/etc/shadow"), b"")]
    )
    assert "evil is a link" in refused(owner, data, now)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_of_zips(kind: int, owner: Person, now: datetime) -> None:
    assert "evil is a link" in refused(
        owner, zipped({"evil": b"/etc/shadow"}, mode=kind | 0o777), now
    )


def test_a_link_and_a_file_that_is_written_through_it(owner: Person, now: datetime) -> None:
    data = taped_members(
        [(member("x", kind=tarfile.SYMTYPE, linkname="/tmp"), b""), (member("x/evil", 1), b"x")]
    )
    assert "x is a link" in refused(owner, data, now)


@pytest.mark.parametrize(
    "content",
    [["a", "a"], ["A", "a"], ["a", "a/b"], ["e\u0301", "é"], ["kept/a", "b"], ["Kept", "b"]],
)
@pytest.mark.parametrize("way", ["zip", "tar"])
def test_names_that_cover_one_another(
    way: str, content: list[str], owner: Person, now: datetime
) -> None:
    if way == "tar":
        data = taped_members((member(name, 1), b"x") for name in content)
    else:
        data = zipped_members((name, b"x") for name in content)
    assert refused(owner, data, now)


@pytest.mark.parametrize("encoding", ["latin-1", "cp437"])
@pytest.mark.parametrize("way", ["zip", "tar"])
def test_names_that_are_not_utf_8(way: str, encoding: str, owner: Person, now: datetime) -> None:
    raw = "données".encode(encoding)
    data = WAYS[way]({"donnxes": b"x"})
    if way == "tar":
        header = data[:512].replace(b"donnxes", raw)
        total = sum(header[:148]) + 8 * 32 + sum(header[156:])
        data = header[:148] + b"%06o\0 " % total + header[156:] + data[512:]
    assert "UTF-8" in refused(owner, data.replace(b"donnxes", raw), now)


def test_all_reasons_are_told_at_once(owner: Person, now: datetime) -> None:
    said = refused(owner, zipped({f"../{number}": b"x" for number in range(300)}), now)
    assert len(said.splitlines()) == archives.MOST_FAULTS


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\x00",
     gzip.compress(b"hello"), bz2.compress(b""), lzma.compress(b"x" * 600), zipped({})[:10],
     b"Rar!\x1a\x07\x00", b"7z\xbc\xaf'\x1c"],
)  # fmt: skip
def test_what_is_no_archive(data: bytes, owner: Person, now: datetime) -> None:
    assert "course.zip cannot be unpacked" in refused(owner, data, now)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_cut_off(way: str, owner: Person, now: datetime) -> None:
    data = WAYS[way]({"a": bytes(range(256)) * 20})
    for part in (0.3, 0.6):
        assert "cut off" in refused(owner, data[: int(len(data.rstrip(b"\0")) * part)], now)


@pytest.mark.parametrize("way", WAYS)
def test_what_has_no_files(way: str, owner: Person, now: datetime) -> None:
    assert "no files" in refused(owner, WAYS[way]({}), now)


@pytest.mark.parametrize("way", ["zip", "tar.gz", "tar.bz2", "tar.xz"])
def test_a_bomb_is_not_unpacked(
    way: str, owner: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "ALWAYS_BYTES", 100_000)
    data = WAYS[way]({"a": bytes(4_000_000), "b": bytes(4_000_000)})
    assert "far more than it should" in refused(owner, data, now)


def test_a_file_that_unpacks_to_too_much(owner: Person, now: datetime) -> None:
    data = zipped({"a": bytes(51 << 20)})
    assert "far more" in refused(owner, data, now)


def test_what_is_nested_stays_packed(owner: Person, now: datetime) -> None:
    inner = zipped({"zeros": bytes(10_000_000)})
    assert put(owner, zipped({"a": b"", "bomb.zip": inner}), now)["bomb.zip"] == inner


def test_entries_that_share_their_bytes_are_paid_for_each(
    owner: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "ALWAYS_BYTES", 100_000)
    data = zipped({"a": bytes(90_000)})
    start = data.rindex(b"PK\x01\x02")
    end = data.rindex(b"PK\x05\x06")
    entry = data[start:end]
    directory = entry * 5
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 5, 5, len(directory), start, 0)
    # Newer editions of Python refuse such a zip by themselves.
    said = refused(owner, data[:start] + directory + tail, now)
    assert "far more" in said or "cannot be unpacked" in said


@pytest.mark.parametrize("claim", [2**31 - 1, 2**32 - 2])
def test_a_zip_that_claims_gigabytes(claim: int, owner: Person, now: datetime) -> None:
    data = bytearray(zipped({"a": b"x" * 1_000}))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = data[22:26] = struct.pack("<I", claim)
    assert "cannot be unpacked" in refused(owner, bytes(data), now)


def test_a_tar_that_claims_gigabytes(owner: Person, now: datetime) -> None:
    head = bytearray(taped({"a": b""})[:512])
    head[124:136] = b"17777777777\0"
    total = sum(head[:148]) + 8 * 32 + sum(head[156:])
    data = bytes(head[:148]) + b"%06o\0 " % total + bytes(head[156:]) + b"x" * 2_000
    assert "cannot be unpacked" in refused(owner, data, now)


def test_what_is_protected_by_a_password(owner: Person, now: datetime) -> None:
    data = bytearray(zipped({"a": b"x"}))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert "password" in refused(owner, bytes(data), now)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_compressed_in_a_way_that_is_not_known(
    method: int, owner: Person, now: datetime
) -> None:
    assert "not known here" in refused(owner, zipped({"a": b"x"}, method=method), now)


def test_too_many_files(owner: Person, now: datetime) -> None:
    many = {f"../{number}": b"" for number in range(3)} | {"a": b""}
    assert len(refused(owner, zipped(many), now).splitlines()) == 3
    links = [(member("x/", kind=tarfile.DIRTYPE), b"")] * (archives.MOST_MEMBERS + 1)
    assert f"{MOST_FILES} files at most" in refused(owner, taped_members(links), now)


def test_an_archive_that_is_too_large_is_not_read(
    owner: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_ARCHIVE_BYTES", 100)
    assert "has more than 100 B" in refused(owner, b"x" * 101, now)
