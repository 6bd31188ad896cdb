"""Lines of a build's log, as they look at last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.build_logs import plain


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("Collecting numpy", "Collecting numpy"),
        ("\x1b[31mERROR: \x1b[1;4mno\x1b[0m", "ERROR: no"),
        ("[31mERROR[0m: its escapes were taken out", "ERROR: its escapes were taken out"),
        ("it took [5m] and [12]m", "it took [5m] and [12]m"),
        ("\x1b]0;a title\x07said", "said"),
        ("\x1b]8;;https://a.example\x1b\\a link", "a link"),
        ("10 %\r55 %\r100 %", "100 %"),
        ("done\r\n", "done"),
        ("a\tb", "a   b"),
        ("\u202egnp.exe", "gnp.exe"),
        ("nul\0 bell\x07 del\x7f", "nul bell del"),
        ("<script>&", "<script>&"),
        ("\x1b", ""),
    ],
)
def test_a_line_is_shown_as_a_terminal_would_leave_it(raw: str, seen: str) -> None:
    assert plain(raw) == seen


@given(st.text())
def test_no_control_is_left_and_nothing_changes_twice(raw: str) -> None:
    seen = plain(raw)
    assert all(sign >= " " and not "\x7f" <= sign <= "\x9f" for sign in seen)
    assert not set(seen) & set("\x1b\r\n\u202e\u2066")
