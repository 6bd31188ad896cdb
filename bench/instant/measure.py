"""All of it, one after the other, each in a service of its own."""

from dataclasses import dataclass

from bench.command import Keep, Wants
from bench.instant import bursts, refill, sleepers

FOR_ALL, FOR_SOME, THAW, CPU, MEMORY, EACH, REFILL = NAMES = (
    "burst.100.spares", "burst.100.spares_30", "thaw.first_byte", "frozen.cpu", "frozen.memory",
    "frozen.memory.each", "refill.interference",
)  # fmt: skip
"""What can be asked for. Bursts are kept under their own numbers: `burst.10.spares_3`."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    people: int = 100
    spares: int = 30
    rounds: int = 3
    thaws: int = 30
    sleepers: int = 100
    pairs: int = 15


def measure(keep: Keep, wants: Wants, sizes: Sizes) -> None:
    """What is asked for, each kept as soon as it is there."""
    if wants(FOR_ALL):
        keep(bursts.spares_for_all(sizes.people, sizes.rounds))
    if wants(FOR_SOME):
        keep(bursts.spares_for_some(sizes.people, sizes.spares, sizes.rounds))
    if wants(THAW):
        keep(sleepers.thaw(sizes.thaws))
    if any(map(wants, (CPU, MEMORY, EACH))):
        for each in sleepers.at_rest(sizes.sleepers):
            if wants(each.name):
                keep(each)
    if wants(REFILL):
        keep(refill.refill(sizes.pairs, sizes.spares))
