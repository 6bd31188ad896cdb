"""What is wrong with a description of an environment, and where."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mydocker.domain.words import filled_in

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong, or unwise, at one place of the tree.

    `message` and `hint` are English msgids whose `%(name)s` places `facts` fill.
    """

    path: Path
    message: str
    hint: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The path as people write it: `ports[0].number`; empty for the whole."""
        parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return "".join(parts).removeprefix(".")

    def told(self, translate: Callable[[str], str] = str) -> tuple[str, str]:
        """Return the message and the hint, translated and filled in."""
        return filled_in(translate, self.message, self.hint, self.facts)


class Mistakes(Exception):
    """Everything that is wrong with a description, all at once."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(f"{each.place}: {each.told()[0]}" for each in self.mistakes))
