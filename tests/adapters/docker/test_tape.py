"""A log that the engine tells twice in parts is told once."""

from datetime import UTC, datetime, timedelta

from mydocker.adapters.docker.tape import Tape

START = datetime(2026, 1, 1, tzinfo=UTC)


def entry(text: str, at: float) -> bytes:
    moment = START + timedelta(seconds=at)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}000Z {text}".encode()


def told(tape: Tape, *entries: bytes) -> str:
    return b"".join(tape.new(one) for one in entries).decode()


ONE, TWO, THREE = (entry(f"{text}\n", at) for at, text in enumerate(["one", "two", "three"]))
LONG = [entry("x", 5), entry("y", 5), entry("z\n", 5)]


def test_everything_is_told_once() -> None:
    assert told(Tape(), ONE, TWO, THREE) == "one\ntwo\nthree\n"
    assert told(Tape(), ONE, TWO, ONE, TWO, THREE) == "one\ntwo\nthree\n"
    assert told(Tape(), ONE, ONE) == "one\n"


def test_parts_of_one_long_line_belong_together() -> None:
    assert told(Tape(), *LONG) == "xyz\n"
    assert told(Tape(), ONE, *LONG, ONE, *LONG) == "one\nxyz\n"
    assert told(Tape(), *LONG, LONG[2]) == "xyz\n"


def test_reading_goes_on_where_it_stopped() -> None:
    tape = Tape()
    assert tape.since == "0"
    assert told(tape, ONE, *LONG[:2]) == "one\nxy"
    assert tape.since == f"{int(START.timestamp()) + 5}.000000000"
    tape.rewind()
    assert told(tape, *LONG) == "z\n"


def test_entries_after_the_clock_was_set_back_are_new() -> None:
    tape = Tape()
    assert told(tape, entry("late\n", 7200), ONE, TWO) == "late\none\ntwo\n"


def test_the_engine_s_own_complaints_are_not_told() -> None:
    assert told(Tape(), b"Error grabbing logs: invalid character", ONE) == "one\n"
