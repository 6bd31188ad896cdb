"""Bytes kept by what they are: whole or not at all, never through a link, gone only when unused."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.settings import Settings
from mydocker.store import blobs, builds
from mydocker.store import images as store
from mydocker.store.blobs import TooLarge
from mydocker.store.builds import BuildFile, Plan
from mydocker.store.images import ContextFileRow
from tests.images import small

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> Path:
    """The folder of blobs, for one test."""
    settings.MYDOCKER = Settings(data=tmp_path)
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


def keep(content: bytes) -> str:
    return blobs.keep(BytesIO(content), most_bytes=1 << 20).digest


def aged(digest: str, at: datetime) -> str:
    os.utime(blobs.path_of(digest), (at.timestamp(), at.timestamp()))
    return digest


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_what_is_kept_is_found_by_its_digest(root: Path) -> None:
    blob = blobs.keep(BytesIO(b"hello"), most_bytes=5)
    assert (blob.digest, blob.size_bytes) == (sha256(b"hello").hexdigest(), 5)
    path = blobs.path_of(blob.digest)
    assert path.read_bytes() == b"hello" and path.parent == root / blob.digest[:2]
    assert path.stat().st_mode & 0o777 == 0o640


def test_the_same_bytes_are_kept_once(root: Path) -> None:
    assert keep(b"x") == keep(b"x") and len(names(root)) == 1


def test_too_much_is_not_kept_and_leaves_nothing(root: Path) -> None:
    with pytest.raises(TooLarge):
        blobs.keep(BytesIO(b"hello"), most_bytes=4)
    assert names(root) == []


def test_a_stream_that_breaks_leaves_nothing(root: Path) -> None:
    class Breaks(BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        blobs.keep(Breaks(), most_bytes=4)
    assert names(root) == []


def test_streams_that_give_little_at_a_time_are_read_to_their_end() -> None:
    class Slow(BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            return super().read(1)

    assert blobs.keep(Slow(b"hello"), most_bytes=5).digest == sha256(b"hello").hexdigest()


def test_a_link_in_the_place_of_a_folder_is_not_followed(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / sha256(b"x").hexdigest()[:2]).symlink_to(elsewhere)
    with pytest.raises(NotADirectoryError):
        keep(b"x")
    assert list(elsewhere.iterdir()) == [] and names(root) == []


def test_a_link_in_the_place_of_the_root_is_not_followed(root: Path, tmp_path: Path) -> None:
    root.rename(tmp_path / "elsewhere")
    root.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        keep(b"x")


def test_a_link_in_the_place_of_a_blob_is_replaced(root: Path, tmp_path: Path) -> None:
    path = blobs.path_of(keep(b"x"))
    path.unlink()
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    path.symlink_to(victim)
    keep(b"x")
    assert victim.read_bytes() == b"mine" and not path.is_symlink()


@given(st.text() | st.text(st.sampled_from("0a./")))
def test_only_digests_have_a_path(text: str) -> None:
    with pytest.raises(ValueError, match="not a digest"):
        blobs.path_of(text)


@pytest.mark.django_db
def test_what_no_row_names_is_unused_once_it_is_old(now: datetime) -> None:
    image = small(now).row.id
    old = [aged(keep(word), now - 2 * HOUR) for word in (b"file", b"build", b"nobody")]
    keep(b"new")
    store.put_files(image, [ContextFileRow("a", old[0], 4, False, now)])
    plan = Plan({}, "", (BuildFile("b", old[1], 5, False),))
    assert builds.ask(image, plan, asked_by="somebody", now=now)
    assert blobs.unused(now - HOUR) == [old[2]]
    assert blobs.remove(old[2], now - HOUR) and not blobs.path_of(old[2]).exists()
    assert blobs.unused(now - HOUR) == [] and not blobs.remove(old[2], now - HOUR)


@pytest.mark.django_db
def test_what_is_kept_again_meanwhile_stays(now: datetime) -> None:
    digest = aged(keep(b"x"), now - 2 * HOUR)
    assert blobs.unused(now - HOUR) == [digest]
    keep(b"x")
    assert not blobs.remove(digest, now - HOUR) and blobs.path_of(digest).exists()


@pytest.mark.django_db
def test_halves_that_a_killed_writer_left_are_taken_away(root: Path, now: datetime) -> None:
    half, going = root / ".new-killed", root / ".new-going"
    for path, at in ((half, now - 2 * HOUR), (going, now)):
        path.write_bytes(b"x")
        os.utime(path, (at.timestamp(), at.timestamp()))
    assert blobs.unused(now - HOUR) == []
    assert not half.exists() and going.exists()


@pytest.mark.django_db
def test_unused_ones_are_told_a_few_at_a_time(now: datetime) -> None:
    for number in range(9):
        aged(keep(b"%d" % number), now - 2 * HOUR)
    assert len(blobs.unused(now - HOUR, limit=3)) == 3


def test_nothing_is_removed_by_another_name(root: Path, now: datetime) -> None:
    removes: Callable[[str, datetime], bool] = blobs.remove
    with pytest.raises(ValueError, match="not a digest"):
        removes("../../secret.key", now)
