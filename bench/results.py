"""What a measurement says, and whether it reached its goal."""

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeVar

T = TypeVar("T")
Of = Literal["ours", "ratio", "difference"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached: at most, or at least, so much. With neither, all is well: the figure
    is there to be known.
    """

    of: Of
    most: float | None = None
    least: float | None = None

    def holds(self, ours: float, baseline: float | None) -> bool:
        """Whether it is reached."""
        value = ours
        if baseline is not None and self.of == "ratio":
            value = ours / baseline
        if baseline is not None and self.of == "difference":
            value = ours - baseline
        return (self.most is None or value <= self.most) and (
            self.least is None or value >= self.least
        )

    def as_json(self) -> dict[str, object]:
        """As the contract has it."""
        bounds = {"max": self.most, "min": self.least}
        return {"of": self.of} | {name: each for name, each in bounds.items() if each is not None}


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table."""

    name: str
    unit: str
    ours: float
    baseline: float | None
    spread: str
    n: int
    goal: Goal
    also: bool = True
    """Whether what the spread tells besides, such as a rate, is reached too."""

    @property
    def holds(self) -> bool:
        """Whether the goal is reached."""
        return self.also and self.goal.holds(self.ours, self.baseline)

    def as_json(self) -> dict[str, object]:
        """As the contract has it."""
        facts = {name: value for name, value in asdict(self).items() if name != "also"}
        return {**facts, "goal": self.goal.as_json(), "holds": self.holds}


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Smallest to largest."""
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def p95(values: Sequence[float]) -> float:
    """What nineteen in twenty do not exceed; never above the largest, however few there are."""
    if len(values) < 2:
        return max(values)
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def interleaved(
    ours: Callable[[], T], theirs: Callable[[], T], pairs: int, *, warm_ups: int = 1
) -> list[tuple[T, T]]:
    """Measure both in turns, so that what disturbs the machine disturbs both: pairs of (ours,
    theirs). Each side goes first in every other pair; the pairs that warm up are not told.
    """
    found = []
    for number in range(warm_ups + pairs):
        if number % 2:
            mine, other = ours(), theirs()
        else:
            other, mine = theirs(), ours()
        found.append((mine, other))
    return found[warm_ups:]


def paired(name: str, unit: str, pairs: Sequence[tuple[float, float]], goal: Goal) -> Result:
    """Medians of (ours, baseline) pairs; the baseline is set so that the difference is the median
    of the paired differences.
    """
    ours = statistics.median(pair[0] for pair in pairs)
    differences = [mine - raw for mine, raw in pairs]
    median = statistics.median(differences)
    return Result(name, unit, ours, ours - median, f"difference {spread(differences)}",
                  len(pairs), goal)  # fmt: skip


def write(results: Sequence[Result], path: Path) -> None:
    """Keep them for the documentation; those measured before and not now stay."""
    known: dict[str, dict[str, object]] = {}
    if path.exists():
        known = {str(each["name"]): each for each in json.loads(path.read_text())}
    known |= {each.name: each.as_json() for each in results}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(known.values()), indent=1) + "\n")


def table(results: Iterable[dict[str, object]]) -> str:
    """A Markdown table."""
    rows = [
        "| name | ours | baseline | unit | spread | n | goal | holds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in results:
        goal = each["goal"]
        assert isinstance(goal, dict)
        bounds = {"max": "≤", "min": "≥"}
        told = " ".join(f"{goal['of']} {bounds[b]} {goal[b]}" for b in bounds if b in goal)
        baseline = each["baseline"]
        shown = f"{baseline:.4g}" if isinstance(baseline, float) else "–"
        rows.append(
            f"| {each['name']} | {each['ours']:.4g} | {shown} | {each['unit']} | {each['spread']} "
            f"| {each['n']} | {told or '–'} | {'yes' if each['holds'] else '**no**'} |"
        )
    return "\n".join(rows)
