"""Flags stay what they are for ever."""

import re

from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.flags import COUNT, PAIRS, PATTERNS, Flag, flag_of, free_flag_of, next_flag

ALL = [Flag(pattern, pair) for pattern in range(len(PATTERNS)) for pair in range(len(PAIRS))]


def test_the_choice_is_stable_for_ever() -> None:
    chosen = {code: flag_of(code) for code in ("k7mqw2", "python", "")}
    assert chosen == {"k7mqw2": Flag(*K7MQW2), "python": Flag(*PYTHON), "": Flag(*EMPTY)}


# Written down once; a change of these would give every environment another face.
K7MQW2, PYTHON, EMPTY = (9, 4), (7, 3), (2, 4)


@given(st.text())
def test_every_code_has_a_flag(code: str) -> None:
    assert flag_of(code) in ALL


def test_there_are_120_that_differ() -> None:
    assert COUNT == len(ALL) == 120
    assert len({(flag.figure, flag.ground, flag.colour) for flag in ALL}) == 120


def test_the_next_ones_go_round_through_all() -> None:
    flag, seen = flag_of("k7mqw2"), set()
    for _step in range(COUNT):
        seen.add(flag)
        flag = next_flag(flag)
    assert flag == flag_of("k7mqw2") and len(seen) == COUNT


def test_the_next_one_is_another_pattern_then_another_pair() -> None:
    assert [next_flag(Flag(*one)) for one in ((0, 0), (11, 0), (11, 9))] == [
        Flag(1, 0), Flag(0, 1), Flag(0, 0),
    ]  # fmt: skip


def test_a_taken_flag_gives_way_to_the_next() -> None:
    own = flag_of("k7mqw2")
    assert free_flag_of("k7mqw2", []) == own
    assert free_flag_of("k7mqw2", [own]) == next_flag(own)
    assert free_flag_of("k7mqw2", ALL) == own


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_figure_and_ground_can_be_told_apart() -> None:
    for pair in PAIRS:
        dark, light = sorted(map(luminance, pair))
        assert (light + 0.05) / (dark + 0.05) >= 3, pair


def test_figures_stay_within_the_flag() -> None:
    for flag in ALL:
        assert re.fullmatch(r"[MmHhVvLlAaZz0-9. -]+", flag.figure)
        assert max(float(number) for number in re.findall(r"[0-9.]+", flag.figure)) <= 40
