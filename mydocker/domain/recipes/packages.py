"""Packages: what a teacher types or pastes into a list, read and judged. No shell is trusted.

What comes out are names and versions of a closed grammar (`grammar.py`), so that a package is one
word for a shell, and never an option, an address or a path for its manager.
"""

from collections.abc import Iterable

from mydocker.domain.environments.fields import MOST_MISTAKES
from mydocker.domain.environments.mistakes import Mistake, Mistakes
from mydocker.domain.recipes.grammar import Manager, Package, key_of, merged, understand, word_of
from mydocker.domain.recipes.pasted import Line, Word, lines_of, words_of_line
from mydocker.domain.templates import Fault
from mydocker.domain.words import gettext_noop as _

MOST_PACKAGES = 500
"""Packages of one manager."""
LONGEST_PACKAGE = 100
"""Characters of a package as its manager writes it."""
LONGEST_TEXT = 100_000
"""Characters of a list as it is typed."""


def read_packages(manager: Manager, text: str) -> tuple[Package, ...]:
    """Return the packages of a list, in the order in which they were first named, each once.

    `text` has one or many packages a line, or is a pasted command or requirements file. Raises
    `Mistakes` with the path `("line", number)`, numbers from 1, at most one mistake a line.
    """
    if len(text) > LONGEST_TEXT:
        raise Mistakes([_too_long(text)])
    found: dict[str, tuple[Package, int]] = {}
    mistakes: list[Mistake] = []
    for line in lines_of(text):
        fault = _take(manager, line, found)
        if fault:
            mistakes.append(_at(line.number, fault))
        elif len(found) > MOST_PACKAGES:
            mistakes.append(_at(line.number, _too_many()))
            break
    if mistakes:
        raise Mistakes(mistakes[:MOST_MISTAKES])
    return tuple(package for package, _line in found.values())


def in_order(manager: Manager, packages: Iterable[Package]) -> tuple[Package, ...]:
    """Return packages in the one order that does not depend on how they were typed."""
    return tuple(sorted(packages, key=lambda package: (key_of(manager, package), package)))


def words_of(manager: Manager, packages: Iterable[Package]) -> tuple[str, ...]:
    """Return the words that `manager` takes for `packages`, in order; not quoted for a shell."""
    return tuple(word_of(manager, package) for package in in_order(manager, packages))


def _take(manager: Manager, line: Line, found: dict[str, tuple[Package, int]]) -> Fault | None:
    words = words_of_line(manager, line.text)
    if isinstance(words, Fault):
        return words
    return next(filter(None, (_add(manager, word, line.number, found) for word in words)), None)


def _add(
    manager: Manager, word: Word, number: int, found: dict[str, tuple[Package, int]]
) -> Fault | None:
    if len(word) > LONGEST_PACKAGE:
        return Fault(
            _("%(word)s… is too long: a package has at most %(most)s characters."),
            _("Separate packages with spaces, commas or new lines."),
            {"word": word[:40], "most": LONGEST_PACKAGE},
        )
    package = understand(manager, word)
    if isinstance(package, Fault):
        return package
    key = key_of(manager, package)
    before, first = found.get(key, (package, number))
    both = merged(manager, before, package)
    if both is None:
        return Fault(
            _("%(package)s is asked for twice, as %(first)s (line %(before)s) and as %(second)s."),
            _("Keep one of the two."),
            {
                "package": package.name,
                "first": word_of(manager, before),
                "second": word_of(manager, package),
                "before": first,
            },
        )
    found[key] = both, first
    return None


def _too_many() -> Fault:
    return Fault(
        _("This list is too long: %(most)s packages are the most."),
        _("Take a base that has most of them already, or write a Dockerfile."),
        {"most": MOST_PACKAGES},
    )


def _too_long(text: str) -> Mistake:
    return Mistake(
        (),
        _("This text has %(length)s characters; %(longest)s are the most."),
        _("Paste the names of the packages only."),
        {"length": len(text), "longest": LONGEST_TEXT},
    )


def _at(number: int, fault: Fault) -> Mistake:
    return Mistake(("line", number), fault.message, fault.hint, {"line": number, **fault.facts})


__all__ = [
    "LONGEST_PACKAGE",
    "LONGEST_TEXT",
    "MOST_PACKAGES",
    "Manager",
    "Package",
    "in_order",
    "read_packages",
    "word_of",
    "words_of",
]
