"""Zips are read as Python writes them; whatever else comes is told."""

import io
import stat
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydocker.services import zips
from mydocker.services.unpacking import Damaged
from tests.services.packing import zipped

NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=50
).filter(lambda name: not name.endswith("/"))
CONTENTS = st.dictionaries(NAMES, st.binary(max_size=2_000), max_size=6)


def read(data: bytes) -> dict[str, bytes]:
    """The files of a zip, by name."""
    found = {}
    for entry in zips.entries(io.BytesIO(data)):
        if entry.is_file and entry.is_known and not entry.is_encrypted:
            inside = entry.opened()
            found[entry.path] = b"".join(iter(lambda inside=inside: inside.read(777), b""))
    return found


@settings(max_examples=100, deadline=None)
@given(CONTENTS, st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
def test_what_python_writes_is_read_as_it_was(content: dict[str, bytes], method: int) -> None:
    assert read(zipped(content, method=method)) == content


def renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    """The same zip with another name of the same length."""
    assert len(old) == len(new)
    return data.replace(old, new)


def test_utf_8_that_does_not_say_so_is_utf_8() -> None:
    assert read(renamed(zipped({"donnxxes": b"x"}), b"donnxxes", "données".encode())) == {
        "données": b"x"
    }


@pytest.mark.parametrize("encoding", ["latin-1", "cp437", "cp850"])
def test_names_that_are_not_utf_8_keep_their_bytes(encoding: str) -> None:
    raw = "données".encode(encoding)
    [name] = read(renamed(zipped({"donnxes": b"x"}), b"donnxes", raw))
    assert name.encode("utf-8", "surrogateescape") == raw


def test_a_name_that_claims_to_be_utf_8_and_is_not_is_damaged() -> None:
    data = renamed(zipped({"donnéexx": b"x"}), "donnéexx".encode(), b"donn\xff\xfeexx")
    with pytest.raises(Damaged):
        read(data)


def test_a_name_with_a_null_is_not_cut_there() -> None:
    assert list(read(renamed(zipped({"ab/cd": b"x"}), b"ab/cd", b"ab\0cd"))) == ["ab\0cd"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO])
def test_links_and_devices_are_no_files(kind: int) -> None:
    [entry] = zips.entries(io.BytesIO(zipped({"a": b"/etc/passwd"}, mode=kind | 0o777)))
    assert not entry.is_file and not entry.is_folder


def test_what_may_be_executed_says_so() -> None:
    [entry] = zips.entries(io.BytesIO(zipped({"a": b""}, mode=stat.S_IFREG | 0o755)))
    assert entry.is_executable and entry.is_file


def test_folders_are_folders() -> None:
    [entry] = zips.entries(io.BytesIO(zipped({"a/": b""}, mode=stat.S_IFDIR | 0o755)))
    assert entry.is_folder and not entry.is_file


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_ask_for_any_memory_are_not_known(method: int) -> None:
    [entry] = zips.entries(io.BytesIO(zipped({"a": b"x"}, method=method)))
    assert not entry.is_known


def directory_of(data: bytes) -> int:
    return data.rindex(b"PK\x01\x02")


def with_claim(data: bytes, size: int) -> bytes:
    """The same zip with another size claimed, in the directory and before the data."""
    at = directory_of(data)
    out = bytearray(data)
    out[at + 24 : at + 28] = out[22:26] = struct.pack("<I", size)
    return bytes(out)


@pytest.mark.parametrize("claim", [0, 1, 4_999, 5_001, 2**31, 2**32 - 2])
def test_a_size_that_lies_is_damage(claim: int) -> None:
    data = with_claim(zipped({"a": b"x" * 5_000}), claim)
    with pytest.raises(Damaged):
        read(data)


def test_a_directory_that_claims_gigabytes_is_not_read() -> None:
    data = zipped({"a": b"x"}) + b"\0" * 6_000_000
    end = bytearray(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 5_900_000, 0, 0))
    with pytest.raises(Damaged):
        read(data + bytes(end))


def test_a_directory_before_the_beginning_is_damaged() -> None:
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 4_000, 2**31, 0)
    with pytest.raises(Damaged):
        read(b"PK\x03\x04" + b"\0" * 100 + end)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_zip_is_read_or_told(data: st.DataObject) -> None:
    archive = bytearray(zipped({"a": b"x" * 600, "données": b"y"}))
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    del archive[data.draw(st.integers(0, len(archive))) :]
    try:
        found = read(bytes(archive))
    except Damaged:
        return
    assert sum(map(len, found.values())) <= 1_000_000
