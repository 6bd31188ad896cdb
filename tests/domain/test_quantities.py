"""Sizes, durations, CPUs, images' names and disk space."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.image_names import fault_of_image
from mydocker.domain.quantities import (
    read_bytes,
    read_cpus,
    read_duration,
    write_bytes,
    write_cpus,
    write_duration,
)
from mydocker.domain.reserves import (
    Fill,
    is_reserve_touched,
    judge_fill,
    reserve_bytes,
    room_of,
    run_to_stop,
)

GB = 1000**3
sizes = st.integers(0, 10**15)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4 GiB", 4 * 2**30), ("4GB", 4 * GB), ("4 Go", 4 * GB), ("4 gio", 4 * 2**30),
        ("1.5 GiB", 3 * 2**29), ("1,5 Go", 1_500_000_000), (" 512 MB ", 512_000_000),
        ("512\u202fMo", 512_000_000), ("0 B", 0), ("7 octets", None), (" ", None), ("GiB", None),
        ("4", None), ("4G", None), ("-4 GB", None), ("4 GB GB", None), ("1.5 B", None),
        ("٤ GB", None), ("1e3 MB", None), ("9" * 30 + " GB", None),
    ],
)  # fmt: skip
def test_sizes_are_read_with_their_unit(text: str, size: int | None) -> None:
    if size is None:
        with pytest.raises(ValueError, match=re.escape(text)):
            read_bytes(text)
    else:
        assert read_bytes(text) == size


@given(sizes)
def test_sizes_are_written_as_they_are_read(size: int) -> None:
    assert read_bytes(write_bytes(size)) == size


@pytest.mark.parametrize(
    "text", ["3 TiB", "3 TB", "3 GiB", "3 GB", "3 MiB", "3 MB", "3 KiB", "3 kB", "3 B", "0 B"]
)
def test_sizes_are_written_in_the_largest_unit(text: str) -> None:
    assert write_bytes(read_bytes(text)) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20 min", 1_200), ("1 h 30 min", 5_400), ("1h30min", 5_400), ("90 s", 90),
        ("2 days", 172_800), ("1 j", 86_400), ("2 Heures", 7_200), ("1 d 2 h 3 min 4 s", 93_784),
        ("0 s", 0), (" ", None), ("20", None), ("1:30", None), ("1 h 30", None), ("min", None),
        ("5 min 1 h", None), ("5 min 5 min", None), ("-5 min", None), ("1.5 h", None),
        ("5 weeks", None), ("999999999 days", None), ("٥ min", None),
    ],
)  # fmt: skip
def test_durations_are_read_with_their_units(text: str, seconds: int | None) -> None:
    if seconds is None:
        with pytest.raises(ValueError, match=re.escape(text)):
            read_duration(text)
    else:
        assert read_duration(text) == timedelta(seconds=seconds)


@given(st.integers(0, 10**9))
def test_durations_are_written_as_they_are_read(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert read_duration(write_duration(duration)) == duration


@given(st.integers(1, 10**15))
def test_cpus_are_written_as_they_are_read(nanos: int) -> None:
    assert read_cpus(write_cpus(nanos)) == nanos


@pytest.mark.parametrize(("number", "nanos"), [(2, 2 * 10**9), (0.5, 5 * 10**8), (0.1, 10**8)])
def test_cpus_are_read_without_rounding(number: float, nanos: int) -> None:
    assert read_cpus(number) == nanos


@pytest.mark.parametrize(
    "image",
    [
        "debian", "debian:12", "mydocker/jupyterlab-python", "a__b/c--d/e.f_g",
        "registry.example.org/x/y:v1.2_3-4", "localhost:5000/x", "REG.example.org/x",
        "x@sha256:" + "a" * 64, "x:tag@sha256:" + "a" * 64, "a" * 255, "127.0.0.1:5000/x:1",
    ],
)  # fmt: skip
def test_names_of_images_are_known(image: str) -> None:
    assert fault_of_image(image) is None


@pytest.mark.parametrize(
    "image",
    [
        "", "Debian", "debian:", "debian:-a", "-a", "a-", "a/", "/a", "a//b", "a___b", "a b",
        "https://a/b", "x@sha256:abc", "a" * 256, "a" * 64, "x:" + "t" * 129, "é", "a\n", "a:b:c",
        "a" * 10_000, "a-" * 300 + "!", "MyDocker/python", "a." * 300 + "!",
    ],
)  # fmt: skip
def test_what_is_no_name_of_an_image_is_told(image: str) -> None:
    fault = fault_of_image(image)
    assert fault is not None
    assert fault.message % fault.facts and fault.hint % fault.facts


@pytest.mark.parametrize(
    ("total", "reserve"), [(10 * GB, 2 * GB), (40 * GB, 2 * GB), (100 * GB, 5 * GB), (0, 2 * GB)]
)
def test_a_twentieth_or_two_gigabytes_stay_free(total: int, reserve: int) -> None:
    assert reserve_bytes(total) == reserve
    assert is_reserve_touched(reserve - 1, total) and not is_reserve_touched(reserve, total)


@given(sizes)
def test_the_reserve_is_never_less_than_either(total: int) -> None:
    assert reserve_bytes(total) >= max(2 * GB, total * 0.05 - 1)


@pytest.mark.parametrize(
    ("used", "fill"),
    [
        (0, Fill.FINE),
        (79, Fill.FINE),
        (80, Fill.NEARLY_FULL),
        (99, Fill.NEARLY_FULL),
        (100, Fill.FULL),
        (101, Fill.FULL),
    ],
)
def test_people_are_warned_at_four_fifths(used: int, fill: Fill) -> None:
    assert judge_fill(used, 100) is fill


def test_a_home_without_quota_may_take_what_is_not_kept() -> None:
    assert room_of(3 * GB, 12 * GB, 100 * GB) == 10 * GB
    assert room_of(3 * GB, 1 * GB, 100 * GB) == 3 * GB
    assert judge_fill(3 * GB, room_of(3 * GB, 1 * GB, 100 * GB)) is Fill.FULL


def test_who_wrote_the_most_is_stopped_and_only_when_it_must_be() -> None:
    grown = {"a": 5, "b": 9, "c": 9, "d": -3}
    assert run_to_stop(1 * GB, 100 * GB, grown) == "b"
    assert run_to_stop(50 * GB, 100 * GB, grown) is None
    assert run_to_stop(1 * GB, 100 * GB, {"d": 0, "e": -1}) is None
