"""Graphs: SVG for shapes, which is stretched, and SVG for words, which is not. Nothing but drawing.

Shapes lie in a box of `WIDTH` by `HEIGHT`, one `STEP` for each quarter of an hour. Words stand at
percentages of the same place. All is said again in words beside it, so both are hidden from those
who listen, but for a title and a description.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, floor, isclose, log10

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

STEP = 10
HEIGHT = 200
MOST_LINES = 4
"""Grid lines above zero, at most."""

Values = Sequence[float | None]
"""One for each quarter; None where there is nothing to show."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From zero to a round number: what the grid's lines stand for, from the top."""

    top: float
    ticks: Sequence[float]

    def y(self, value: float) -> float:
        """Where a value lies, from the top."""
        return round(HEIGHT * (1 - value / self.top), 1)


@dataclass(frozen=True, slots=True)
class Tick:
    """A word below the graph; `is_minor` where a phone leaves it out."""

    place: float
    """In quarters from the left."""
    word: str
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A word beside a point of a shape."""

    place: float
    value: float
    word: str
    kind: str


def scale_of(values: Values, *, is_whole: bool = False) -> Scale:
    """Find the round numbers that these values need: 1, 2, 2.5 or 5 times a power of ten."""
    most = max((value for value in values if value is not None), default=0) or 1
    power = 10 ** floor(log10(most / MOST_LINES))
    sizes = (factor * power for factor in (1, 2, 2.5, 5, 10))
    step = next(size for size in sizes if ceil(most / size) <= MOST_LINES)
    if is_whole:
        step = max(1, ceil(step))
    lines = ceil(most / step)
    return Scale(lines * step, [number * step for number in range(lines, -1, -1)])


def decimals_of(scale: Scale) -> int:
    """How many decimals tell the grid's lines apart; 3 at most."""

    def are_told(decimals: int) -> bool:
        return all(isclose(tick, round(tick, decimals), abs_tol=1e-9) for tick in scale.ticks)

    return next(filter(are_told, range(3)), 3)


def bars(kinds: Sequence[tuple[str, Sequence[int]]], scale: Scale) -> SafeString:
    """Draw bars upon one another, the first kind lowest."""
    return _joined(
        format_html('<path class="g-{}" d="{}"/>', kind, "".join(_bars(below, values, scale)))
        for (kind, values), below in zip(kinds, _below(kinds), strict=True)
    )


def areas(kinds: Sequence[tuple[str, Values]], scale: Scale) -> SafeString:
    """Draw areas upon one another, the first kind lowest; nothing where nothing is known."""
    solid = [(kind, [value or 0 for value in values]) for kind, values in kinds]
    known = [value is not None for value in kinds[0][1]]
    return _joined(
        format_html('<path class="g-{}" d="{}"/>', kind, "".join(_areas(below, sums, known, scale)))
        for (kind, values), below in zip(solid, _below(solid), strict=True)
        for sums in [[low + value for low, value in zip(below, values, strict=True)]]
        if any(values)
    )


def line(kind: str, values: Values, scale: Scale, *, is_filled: bool = False) -> SafeString:
    """Draw a line through the quarters that have a value; one alone is a short line."""
    drawn, filled = "", ""
    for part in _parts([value is not None for value in values]):
        points = [(STEP * place + STEP / 2, scale.y(values[place] or 0)) for place in part]
        if len(points) == 1:
            ((x, y),) = points
            points = [(x - STEP / 2, y), (x + STEP / 2, y)]
        path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
        drawn += path
        filled += f"{path}V{HEIGHT}H{points[0][0]:g}z"
    below = format_html('<path class="g-under g-{}" d="{}"/>', kind, filled) if is_filled else ""
    return format_html('{}<path class="g-line g-{}" d="{}"/>', below, kind, drawn)


def plot(
    shapes: SafeString, scale: Scale, ticks: Sequence[Tick], marks: Sequence[Mark], width: int
) -> SafeString:
    """Put shapes on their grid, with marks beside them."""
    box = STEP * width
    grid = "".join(f"M0 {scale.y(tick):g}H{box}" for tick in scale.ticks)
    hours = "".join(f"M{STEP * tick.place:g} 0V{HEIGHT}" for tick in ticks)
    return format_html(
        '<svg viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<path class="g-hours" d="{}"/><path class="g-grid" d="{}"/>{}</svg>'
        '<svg class="g-words" aria-hidden="true" focusable="false">{}</svg>',
        box, HEIGHT, hours, grid, shapes, _joined(_mark(each, scale, width) for each in marks),
    )  # fmt: skip


def axis(ticks: Sequence[Tick], width: int) -> SafeString:
    """Write the words below a graph."""
    return format_html(
        '<svg class="g-words" aria-hidden="true" focusable="false">{}</svg>',
        format_html_join(
            "",
            '<text class="{}" x="{}%" y="1em">{}</text>',
            (
                ("g-minor" if tick.is_minor else "", f"{100 * tick.place / width:.2f}", tick.word)
                for tick in ticks
            ),
        ),
    )


def _mark(mark: Mark, scale: Scale, width: int) -> SafeString:
    is_right = mark.place > 0.7 * width
    x = 100 * (mark.place + (-0.9 if is_right else 0.9)) / width
    y = min(100 * scale.y(mark.value) / HEIGHT, 90)
    return format_html(
        '<text class="g-mark g-{}{}" x="{}%" y="{}%" dy=".7em">{}</text>',
        mark.kind, " g-end" if is_right else "", f"{x:.2f}", f"{y:.1f}", mark.word,
    )  # fmt: skip


def _below(kinds: Sequence[tuple[str, Sequence[float | None]]]) -> list[list[float]]:
    """What lies below each kind, in each quarter."""
    rows = zip(*([value or 0 for value in values] for _kind, values in kinds), strict=True)
    sums = [list(accumulate(row, initial=0.0)) for row in rows]
    return [[each[number] for each in sums] for number in range(len(kinds))]


def _bars(below: Sequence[float], values: Sequence[int], scale: Scale) -> Iterator[str]:
    for place, (low, value) in enumerate(zip(below, values, strict=True)):
        if value:
            top, bottom = scale.y(low + value), scale.y(low)
            yield f"M{STEP * place + 1} {bottom:g}V{top:g}h{STEP - 2}V{bottom:g}z"


def _areas(
    below: Sequence[float], above: Sequence[float], known: Sequence[bool], scale: Scale
) -> Iterator[str]:
    for part in _parts(known):
        edge = [(STEP * part[0], part[0])]
        edge += [(STEP * place + STEP // 2, place) for place in part]
        edge += [(STEP * (part[-1] + 1), part[-1])]
        there = "L".join(f"{x} {scale.y(above[place]):g}" for x, place in edge)
        back = "L".join(f"{x} {scale.y(below[place]):g}" for x, place in reversed(edge))
        yield f"M{there}L{back}z"


def _parts(known: Sequence[bool]) -> list[list[int]]:
    """Part the places that are known into those that follow one another."""
    parts: list[list[int]] = []
    for place, is_known in enumerate(known):
        if is_known and place and known[place - 1]:
            parts[-1].append(place)
        elif is_known:
            parts.append([place])
    return parts


def _joined(parts: Iterator[SafeString]) -> SafeString:
    return mark_safe("".join(parts))  # noqa: S308 -- each part is safe
