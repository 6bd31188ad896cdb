"""Pavillons: the face of an environment, after maritime signal flags.

12 patterns by 10 pairs of colours. The choice is a pure function of the join code and stays the
same for ever; so does the order of patterns and pairs. Decorative: a title stands beside it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

PATTERNS = (
    "halves",
    "band",
    "quarters",
    "lozenge",
    "disc",
    "saltire",
    "cross",
    "square",
    "diagonal",
    "checks",
    "pennant",
    "stripes",
)
PAIRS = (
    ("#0b5a70", "#eef6f7"),
    ("#a8322a", "#f4e6c8"),
    ("#1d7348", "#f4efd9"),
    ("#c2410c", "#fff1e2"),
    ("#4a4196", "#f0b75e"),
    ("#7a2f5e", "#f3c6d3"),
    ("#e0a526", "#17323c"),
    ("#0d7f83", "#fde08a"),
    ("#17323c", "#7fcbe0"),
    ("#2350a8", "#f2c94c"),
)
"""Ground and figure. Each pair has at least 3:1."""
COUNT = len(PATTERNS) * len(PAIRS)
VIEW_BOX = "0 0 40 40"

_FIGURES = {
    "halves": "M20 0h20v40H20z",
    "band": "M0 13.3h40v13.4H0z",
    "quarters": "M20 0h20v20H20zM0 20h20v20H0z",
    "lozenge": "M20 4 36 20 20 36 4 20z",
    "disc": "M9.5 20a10.5 10.5 0 1 0 21 0 10.5 10.5 0 1 0-21 0z",
    "saltire": "M0 0h8l12 12L32 0h8v8L28 20l12 12v8h-8L20 28 8 40H0v-8l12-12L0 8z",
    "cross": "M15 0h10v15h15v10H25v15H15V25H0V15h15z",
    # The square has a hole, through which the ground is seen.
    "square": "M9 9h22v22H9zM16 16v8h8v-8z",
    "diagonal": "M40 0v40H0z",
    "checks": (
        "M10 0h10v10H10zM30 0h10v10H30zM0 10h10v10H0zM20 10h10v10H20z"
        "M10 20h10v10H10zM30 20h10v10H30zM0 30h10v10H0zM20 30h10v10H20z"
    ),
    "pennant": "M0 0l30 20L0 40z",
    "stripes": "M8 0h8v40H8zM24 0h8v40h-8z",
}


@dataclass(frozen=True, slots=True)
class Flag:
    """One of the flags: indices into `PATTERNS` and `PAIRS`."""

    pattern: int
    pair: int

    @property
    def ground(self) -> str:
        """Colour of the whole square, `#rrggbb`."""
        return PAIRS[self.pair][0]

    @property
    def colour(self) -> str:
        """Colour of the figure, `#rrggbb`."""
        return PAIRS[self.pair][1]

    @property
    def figure(self) -> str:
        """SVG path data of the figure, in the view box 0 0 40 40."""
        return _FIGURES[PATTERNS[self.pattern]]


def flag_of(code: str) -> Flag:
    """Choose the flag of a join code; the same for ever."""
    drawn = int(sha256(code.encode()).hexdigest()[:8], 16)
    return Flag(drawn % len(PATTERNS), drawn // len(PATTERNS) % len(PAIRS))


def next_flag(flag: Flag) -> Flag:
    """Return the one after it; after `COUNT` steps all were seen."""
    number = (flag.pattern + len(PATTERNS) * flag.pair + 1) % COUNT
    return Flag(number % len(PATTERNS), number // len(PATTERNS))


def free_flag_of(code: str, taken: Collection[Flag]) -> Flag:
    """Choose the flag of a join code, or the next that is not taken; its own if all are."""
    flag = flag_of(code)
    for _step in range(COUNT):
        if flag not in taken:
            return flag
        flag = next_flag(flag)
    return flag
