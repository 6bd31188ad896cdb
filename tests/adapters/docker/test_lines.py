"""From frames to lines, however the bytes come."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from mydocker.adapters.docker.lines import CUT, MOST_BYTES, Frames, Lines

chunks = st.lists(st.binary(max_size=40), max_size=10)


def framed(kind: int, data: bytes) -> bytes:
    return struct.pack(">BxxxL", kind, len(data)) + data


def texts(*pieces: bytes) -> list[str]:
    lines = Lines("stdout")
    found = [line.text for piece in pieces for line in lines.feed(piece)]
    return found + [line.text for line in lines.flush()]


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=30))), st.data())
def test_frames_are_found_wherever_the_stream_is_cut(
    frames: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(framed(kind, content) for kind, content in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    reader = Frames()
    found = [frame for piece in pieces for frame in reader.feed(piece)]
    assert found == [({1: "stdout", 2: "stderr"}[kind], content) for kind, content in frames]


@given(chunks)
def test_lines_do_not_depend_on_how_the_bytes_come(pieces: list[bytes]) -> None:
    assert texts(*pieces) == texts(b"".join(pieces))


@given(chunks)
def test_no_line_holds_a_line_end_or_more_than_the_most(pieces: list[bytes]) -> None:
    for text in texts(*(piece * 1000 for piece in pieces)):
        assert "\n" not in text and "\r" not in text
        assert len(text) <= MOST_BYTES


def test_every_line_end_ends_a_line() -> None:
    assert texts(b"one\n\ntwo\r\nthree") == ["one", "", "two", "three"]


def test_a_carriage_return_writes_over_the_line() -> None:
    assert texts(b" 10%\r 50%", b"\r", b"100%\r\n") == ["100%"]
    assert texts(b"\r\r\rdone\n") == ["done"]


def test_an_endless_line_is_cut_and_says_so() -> None:
    lines = Lines("stdout")
    for _ in range(1000):
        assert list(lines.feed(b"x" * 1024)) == []
    (line,) = lines.feed(b"\n")
    assert line.text == "x" * (MOST_BYTES - len(CUT.encode())) + CUT
    assert texts(b"x" * MOST_BYTES + b"\nshort\n") == ["x" * MOST_BYTES, "short"]


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert texts(b"a\xff\xfeb\n") == ["a��b"]
    assert texts("é".encode()[:1], "é".encode()[1:], b"\n") == ["é"]


def test_a_character_is_not_cut_in_two() -> None:
    (text,) = texts("é".encode() * MOST_BYTES)
    assert text == "é" * ((MOST_BYTES - 3) // 2) + CUT
