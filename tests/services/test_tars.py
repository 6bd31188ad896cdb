"""Tars are read as Python writes them; whatever else comes is told, in little time and memory."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydocker.services import tars
from mydocker.services.unpacking import (
    COMPRESSIONS,
    Budget,
    Counted,
    Damaged,
    TooMuch,
    Unpacked,
)
from tests.services.packing import member, taped, taped_members

NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=300
).filter(lambda name: name not in (".", ".."))
CONTENTS = st.dictionaries(NAMES, st.binary(max_size=2_000), max_size=6)
FORMS = st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress,
}  # fmt: skip


def read(data: bytes, most: int = 1 << 20) -> dict[str, bytes]:
    """The files of a tar, by name."""
    source = Counted(io.BytesIO(data), Budget(most))
    return {each.path: whole(each.opened()) for each in tars.members(source) if each.is_file}


def whole(source: tars.Body | Unpacked) -> bytes:
    return b"".join(iter(lambda: source.read(777), b""))


def unpacked(data: bytes) -> Unpacked:
    make = next(make for magic, make in COMPRESSIONS.items() if data.startswith(magic))
    return Unpacked(io.BytesIO(data), make)


@settings(max_examples=150, deadline=None)
@given(CONTENTS, FORMS)
def test_what_python_writes_is_read_as_it_was(content: dict[str, bytes], form: int) -> None:
    assert read(taped(content, form=form)) == content


@pytest.mark.parametrize("length", [99, 100, 101, 155, 156, 255, 256])
def test_names_of_any_length_that_posix_tars_hold(length: int) -> None:
    name = ("folder/" * 40)[: length - 6] + "/ab.py"
    name = name.replace("//", "/x")[:length]
    try:
        data = taped({name: b"x"}, form=tarfile.USTAR_FORMAT)
    except ValueError:
        data = taped({name: b"x"}, form=tarfile.GNU_FORMAT)
    assert read(data) == {name: b"x"}


def test_only_the_first_member_has_the_long_name_before_it() -> None:
    assert read(taped({"é" * 200: b"1", "b": b"2"})) == {"é" * 200: b"1", "b": b"2"}


def test_a_part_that_is_not_read_is_left_out() -> None:
    source = io.BytesIO(taped({"a": b"x" * 5_000, "b": b"y"}))
    found = [(each.path, each.opened().read(3)) for each in tars.members(source)]
    assert found == [("a", b"xxx"), ("b", b"y")]


def test_what_may_be_executed_says_so() -> None:
    info = member("run.sh", 1)
    info.mode = 0o755
    found = [each.is_executable for each in tars.members(io.BytesIO(taped_members([(info, b"x")])))]
    assert found == [True]


@pytest.mark.parametrize(
    "kind",
    [tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE,
     tarfile.GNUTYPE_SPARSE, b"V", b"M", b"D", b"Z"],
)  # fmt: skip
def test_links_devices_and_strange_things_are_no_files(kind: bytes) -> None:
    source = io.BytesIO(taped_members([(member("a", kind=kind, linkname="/etc/passwd"), b"")]))
    assert [(each.is_file, each.is_folder) for each in tars.members(source)] == [(False, False)]


def test_a_link_that_claims_bytes_has_none() -> None:
    block = bytearray(taped_members([(member("a", kind=tarfile.SYMTYPE, linkname="b"), b"")])[:512])
    block[124:136] = b"00000001000\0"
    data = summed(block) + taped({"b": b"y"})
    assert read(data) == {"b": b"y"}


def summed(block: bytes | bytearray) -> bytes:
    """A header with the sum that it should have."""
    total = sum(block[:148]) + 8 * 32 + sum(block[156:512])
    return bytes(block[:148]) + b"%06o\0 " % total + bytes(block[156:512])


def header(name: bytes, size: bytes, kind: bytes = b"0") -> bytes:
    block = bytearray(512)
    block[: len(name)], block[100:108], block[156:157] = name, b"0000644\0", kind
    block[124 : 124 + len(size)] = size
    return summed(block)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"x", b"hello\n" * 400,
        header(b"a", b"77777777777\0"),
        header(b"a", b"\x80" + b"\xff" * 11),
        header(b"a", b"\xff" * 12),
        header(b"a", b"-0000000001\0"),
        header(b"a", b"0o000000001\0"),
        header(b"a", b"00000000009\0"),
        header(b"a", b"00000200001\0", b"x") + b"1" * 70_000,
        header(b"a", b"00000200001\0", b"L") + b"1" * 70_000,
        header(b"a", b"17777777777\0", b"g"),
        header(b"a", b"00000000000\0"),
        header(b"a", b"00000000005\0") + b"hell",
        header(b"a", b"00000000005\0") + b"hello",
        taped({"a": b"x"})[:1024],
    ],
)  # fmt: skip
def test_what_lies_or_is_cut_off_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        read(data)


def test_nothing_is_read_after_the_end() -> None:
    assert read(taped({"a": b"x"}) + b"x" * 512) == {"a": b"x"}


@pytest.mark.parametrize(
    "records",
    [b"1" * 60_000, b"3 =" * 20_000, b"0 a=b\n", b"5 a=b\n", b"99 a=b\n", b"6 a=b", b"-6 a=b\n",
     b"6 abc\n", b"12 size=-1\n\n", b"8 size=\n", b"36 size=99999999999999999999999999\n",
     b"\xd9\xa1 a=b\n", b"= = = =\n"],
)  # fmt: skip
def test_extended_headers_that_lie_are_damaged(records: bytes) -> None:
    padded = records + b"\0" * (-len(records) % 512)
    size = b"%011o\0" % len(records)
    with pytest.raises(Damaged):
        read(header(b"x", size, b"x") + padded + taped({"a": b"x"}))


def test_a_sparse_file_is_not_taken() -> None:
    records = b"22 GNU.sparse.major=1\n"
    data = header(b"x", b"%011o\0" % 22, b"x") + records + b"\0" * 490 + taped({"a": b"x"})
    assert [each.is_file for each in tars.members(io.BytesIO(data))] == [False]


def test_a_name_that_is_not_utf_8_keeps_its_bytes() -> None:
    data = header("données".encode("latin-1"), b"00000000000\0") + b"\0" * 1024
    [name] = read(data)
    assert name.encode("utf-8", "surrogateescape") == "données".encode("latin-1")


def test_headers_without_end_are_damaged() -> None:
    with pytest.raises(Damaged):
        read(header(b"", b"00000000000\0", b"L") * 9 + taped({"a": b"x"}))


def test_everything_is_paid_for() -> None:
    with pytest.raises(TooMuch):
        read(taped(dict.fromkeys("abcdef", b"")), most=3_000)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_tar_is_read_or_told(data: st.DataObject) -> None:
    archive = bytearray(taped({"a" * 120: b"x" * 600, "b": b"y"}))
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    del archive[data.draw(st.integers(0, len(archive))) :]
    try:
        found = read(bytes(archive))
    except (Damaged, TooMuch):
        return
    assert sum(map(len, found.values())) <= len(archive)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=5_000), st.sampled_from(sorted(PACKERS)), st.integers(1, 3))
def test_compressed_bytes_come_out_as_they_went_in(data: bytes, way: str, members: int) -> None:
    assert whole(unpacked(PACKERS[way](data) * members)) == data * members


@pytest.mark.parametrize("way", PACKERS)
def test_zeros_after_the_end_are_padding(way: str) -> None:
    assert whole(unpacked(PACKERS[way](b"hello") + b"\0" * 1000)) == b"hello"


@pytest.mark.parametrize("way", PACKERS)
def test_compressed_bytes_that_are_cut_off_are_damaged(way: str) -> None:
    packed = PACKERS[way](bytes(range(256)) * 40)
    for end in range(6, len(packed) - 1, max(1, len(packed) // 40)):
        with pytest.raises(Damaged):
            whole(unpacked(packed[:end]))


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(sorted(PACKERS)))
def test_compressed_bytes_that_are_damaged_are_told(data: st.DataObject, way: str) -> None:
    packed = bytearray(PACKERS[way](b"hello" * 400))
    packed[data.draw(st.integers(6, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = whole(unpacked(bytes(packed)))
    except Damaged:
        return
    assert len(found) <= 400_000


@pytest.mark.parametrize("way", PACKERS)
def test_no_more_comes_out_at_once_than_is_asked_for(way: str) -> None:
    source = unpacked(PACKERS[way](b"\0" * 5_000_000))
    sizes = [len(source.read(1000)) for _ in range(200)]
    assert max(sizes) <= 1000


def test_a_dictionary_that_takes_all_memory_is_refused() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]
    packed = lzma.compress(b"x", filters=filters)
    with pytest.raises(Damaged):
        whole(unpacked(packed))
