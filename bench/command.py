"""A command that measures some of several figures, in sizes that can be asked for."""

import argparse
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from bench import results
from bench.results import Result

OUTPUT = Path("var/bench.json")
Keep = Callable[[Result], None]
Wants = Callable[[str], bool]


class Sizes(Protocol):
    """A dataclass of whole numbers, all with a default."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


S = TypeVar("S", bound=Sizes)


def show(result: Result) -> None:
    """Tell it as soon as it is known."""
    mark = "holds" if result.holds else "DOES NOT HOLD"
    print(f"{result.name}: {result.ours:.4g} {result.unit} ({result.spread}) {mark}", flush=True)


def run(
    prog: str, description: str, names: Sequence[str], asked: Mapping[str, str],
    sizes: type[S], measure: Callable[[Keep, Wants, S], None],
) -> None:  # fmt: skip
    """Parse, measure, write, print. `asked` says what each size is."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("--only", default="", help=f"some of {', '.join(names)}")
    for each in fields(sizes):
        parser.add_argument(f"--{each.name}", type=int, default=each.default, help=asked[each.name])
    words = vars(parser.parse_args())
    only = set(words.pop("only").replace(",", " ").split())
    found: list[Result] = []

    def keep(result: Result) -> None:
        found.append(result)
        show(result)

    # Asked to end in whatever way, it takes its containers away first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        measure(keep, lambda name: not only or name in only, sizes(**words))
    finally:
        results.write(found, OUTPUT)
        print("\n" + results.table(each.as_json() for each in found))
