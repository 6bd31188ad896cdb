"""What an image weighs, and which packages are in it: beside those of the build before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from mydocker.domain.recipes import Step
from mydocker.store.builds import BuildRow
from mydocker.web.amounts import size_text
from mydocker.web.build_steps import known_steps

MOST_PARTS = 6
"""Of the bar; what weighs less is one part together."""
MOST_SHOWN = 200
"""Packages that changed, in the list."""
LEAST_WIDTH = 6.0
"""Of a part, in thousandths."""
MANAGERS: Mapping[str, str] = {
    "apt": "apt", "conda": "Conda", "cran": "R", "npm": "npm", "pip": "Python (pip)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bar, in thousandths; written as attributes want it in every language."""

    title: str
    size: str
    x: str
    width: str
    shade: int
    """From 1 (the base) on."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What weighs."""

    total: str
    more: str
    """Beside the build before: `+ 214 MB`; empty where there is none, or no difference."""
    is_heavier: bool
    parts: Sequence[Part]
    spoken: str


def weights_of(row: BuildRow, before: BuildRow | None) -> Weights | None:
    """What of an image weighs how much; None before it is built."""
    if row.size_bytes is None or not row.layers:
        return None
    found = _together(_weighed(row))
    parts = tuple(_parts(found))
    more = row.size_bytes - before.size_bytes if before and before.size_bytes else 0
    sign = "+" if more > 0 else "−"
    return Weights(
        size_text(row.size_bytes),
        f"{sign} {size_text(abs(more))}" if more else "",
        more > 0,
        parts,
        ", ".join(f"{part.title} {part.size}" for part in parts),
    )


def _weighed(row: BuildRow) -> Iterator[tuple[str, int]]:
    """Title and bytes: of the base, then of each step that added something."""
    steps = _of_last_stage(known_steps(row.dockerfile))
    layers = list(row.layers)
    own: list[tuple[str, int]] = []
    while layers:
        made_by, count = layers[-1]
        place = next((i for i in reversed(range(len(steps))) if _made(steps[i], made_by)), None)
        if place is None:
            break
        own.append((gettext(steps[place].title.value), count))
        steps, layers = steps[:place], layers[:-1]
    yield gettext("Base"), sum(count for _made_by, count in layers)
    yield from reversed(own)


def _of_last_stage(steps: Sequence[Step]) -> Sequence[Step]:
    last = max((i for i, step in enumerate(steps) if step.instruction == "FROM"), default=-1)
    return steps[last + 1 :]


def _made(step: Step, made_by: str) -> bool:
    """Whether a layer, by what the engine's history says of it, came of a step."""
    made = " ".join(made_by.split())
    if step.instruction == "RUN":
        return bool(step.text) and " ".join(step.text.split()) in made
    _shell, _mark, nop = made.partition("#(nop)")
    return (nop or made).split()[:1] == [step.instruction]


def _together(weighed: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """The heaviest by their titles, in the order of the steps; the others as one."""
    sums: dict[str, int] = {}
    for title, count in weighed:
        sums[title] = sums.get(title, 0) + count
    kept = set(sorted(sums, key=lambda title: -sums[title])[:MOST_PARTS])
    shown = [(title, count) for title, count in sums.items() if title in kept and count]
    others = sum(count for title, count in sums.items() if title not in kept)
    return [*shown, (gettext("Others"), others)] if others else shown


def _parts(weighed: Sequence[tuple[str, int]]) -> Iterator[Part]:
    whole = sum(count for _title, count in weighed) or 1
    widths = [max(LEAST_WIDTH, 1000 * count / whole) for _title, count in weighed]
    scale, x = 1000 / (sum(widths) or 1), 0.0
    for shade, ((title, count), width) in enumerate(zip(weighed, widths, strict=True), 1):
        wide = width * scale
        yield Part(title, size_text(count), f"{x:.1f}", f"{max(1.0, wide - 2):.1f}", shade)
        x += wide


@dataclass(frozen=True, slots=True)
class Change:
    """A package that came, went, or has another version."""

    sign: str
    """`+`, `−` or `→`."""
    manager: str
    name: str
    version: str
    former: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the last build that came to an image."""

    since: int
    """Its number."""
    added: int
    removed: int
    upgraded: int
    shown: Sequence[Change]
    more: int
    """Beyond those shown."""

    @property
    def is_none(self) -> bool:
        """Whether both have the same packages."""
        return not (self.added or self.removed or self.upgraded)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one manager installed."""

    manager: str
    packages: Sequence[tuple[str, str]]


def changes_of(row: BuildRow, before: BuildRow | None) -> Changes | None:
    """Which packages changed; None where there is nothing to compare."""
    if before is None or not (row.packages and before.packages):
        return None
    present, former = _by_name(row), _by_name(before)
    added = [
        Change("+", MANAGERS.get(key[0], key[0]), key[1], present[key])
        for key in sorted(present.keys() - former.keys())
    ]
    removed = [
        Change("−", MANAGERS.get(key[0], key[0]), key[1], former[key])
        for key in sorted(former.keys() - present.keys())
    ]
    upgraded = [
        Change("→", MANAGERS.get(key[0], key[0]), key[1], present[key], former[key])
        for key in sorted(present.keys() & former.keys())
        if present[key] != former[key]
    ]
    everything = [*added, *upgraded, *removed]
    return Changes(
        before.number, len(added), len(removed), len(upgraded), everything[:MOST_SHOWN],
        max(0, len(everything) - MOST_SHOWN),
    )  # fmt: skip


def shelves_of(row: BuildRow) -> tuple[Shelf, ...]:
    """Every package, by manager: those of the recipe's managers first."""
    by_manager: dict[str, list[tuple[str, str]]] = {}
    for manager, name, version in row.packages:
        by_manager.setdefault(manager, []).append((name, version))
    order = sorted(by_manager, key=lambda manager: (manager == "apt", manager))
    return tuple(Shelf(MANAGERS.get(each, each), sorted(by_manager[each])) for each in order)


def _by_name(row: BuildRow) -> dict[tuple[str, str], str]:
    """The version of each; of a name that is there twice, both."""
    listed = sorted(row.packages)
    found: dict[tuple[str, str], str] = {}
    for manager, name, version in listed:
        key = manager, name
        found[key] = f"{found[key]}, {version}" if key in found else version
    return found
