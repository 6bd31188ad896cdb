"""Reading one place of a plain tree: the right kind of value, or a mistake and a stand-in.

A tree is what YAML or JSON give: dict, list, str, int, float, bool, None. Nothing here raises;
every function notes what is wrong and returns something harmless (mostly None), so that all
mistakes of a file are told at once.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from mydocker.domain.environments.mistakes import Mistake, Path
from mydocker.domain.words import gettext_noop as _

Choice = TypeVar("Choice", bound=StrEnum)
Value = TypeVar("Value")

MOST_MISTAKES = 100
"""A file with more is not an environment's; the rest is left out."""

# Controls, lone surrogates, line and paragraph separators, and the signs that turn the
# direction of writing around (a title could pretend to be another).
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
# What people write who come from other tools.
_SYNONYMS = {
    "name": "title",
    "url": "link",
    "open": "link",
    "address": "link",
    "cpus": "cpu",
    "ram": "memory",
    "env": "variables",
    "environment": "variables",
    "volumes": "homes",
    "mounts": "homes",
    "uid": "user",
    "teachers": "maintainers",
    "owners": "maintainers",
    "students": "people",
    "timeout": "idle",
    "code": "join_code",
    "must_answer": "ready",
    "max": "most",
    "maximum": "most",
    "min": "wanted",
    "number": "wanted",
    "count": "spares",
    "timezone": "zone",
    "tz": "zone",
    "until": "to",
    "begin": "start",
}
_YES = frozenset({"yes", "on", "true"})
_NO = frozenset({"no", "off", "false"})


@dataclass(frozen=True, slots=True)
class Place:
    """A value in the tree, where it stands, and the list that its mistakes go to."""

    value: object
    path: Path = ()
    found: list[Mistake] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether no further mistake would be told."""
        return len(self.found) >= MOST_MISTAKES

    def wrong(self, message: str, hint: str = "", /, **facts: object) -> None:
        """Note a mistake at this place."""
        if not self.is_full:
            self.found.append(Mistake(self.path, message, hint, facts))

    def lacks(self, key: str, hint: str) -> None:
        """Note that an entry of this mapping is missing."""
        self.at(key, None).wrong(_("%(key)s is missing."), hint, key=key)

    def is_sound(self, *keys: str | int) -> bool:
        """Whether nothing wrong was found in these entries right below this place."""
        depth = len(self.path)
        wrong = {mistake.path[depth] for mistake in self.found if len(mistake.path) > depth}
        return wrong.isdisjoint(keys)

    def at(self, key: str | int, value: object) -> "Place":
        """Return a place below this one."""
        return Place(value, (*self.path, key), self.found)


def named(place: Place, known: Sequence[str], elsewhere: Mapping[str, str]) -> dict[str, Place]:
    """Read a mapping with some of the `known` keys; those with no value are left out.

    `elsewhere` says under which section a key belongs that people often write here.
    """
    return {
        key: place.at(key, value)
        for key, value in pairs(place)
        if _is_known(place.at(key, value), key, known, elsewhere) and value is not None
    }


def pairs(place: Place) -> Iterator[tuple[str, object]]:
    """Read a mapping whatever its keys."""
    if not isinstance(place.value, dict):
        place.wrong(_("Here come named values, one “name: value” a line."))
        return
    for key, value in place.value.items():
        # YAML allows keys of any kind; a number is a name here.
        yield _shown(key), value


def _shown(value: object) -> str:
    """Write a value for a message; “…” for lists, and for numbers that Python refuses to write."""
    if isinstance(value, str | float | bool):
        return str(value)[:80]
    return str(value) if isinstance(value, int) and abs(value) < 10**18 else "…"


def _is_known(place: Place, key: str, known: Sequence[str], elsewhere: Mapping[str, str]) -> bool:
    if key in known:
        return True
    if place.is_full:
        return False
    near = [word for word in [_SYNONYMS.get(key.lower(), "")] if word in known]
    near = near or get_close_matches(key.lower(), known, n=1, cutoff=0.6)
    message = _("Nothing is called %(key)s here.")
    if key in elsewhere:
        place.wrong(message, _("It belongs under %(section)s."), key=key, section=elsewhere[key])
    elif near:
        place.wrong(message, _("Did you mean %(near)s?"), key=key, near=near[0])
    else:
        place.wrong(message, _("What can stand here: %(known)s."), key=key, known=", ".join(known))
    return False


def items(place: Place, most: int) -> Iterator[Place]:
    """Read a list of at most `most` items."""
    if not isinstance(place.value, list):
        place.wrong(
            _("Here comes a list, one “- item” a line."), _("Write [a, b] for a short one.")
        )
        return
    if len(place.value) > most:
        place.wrong(_("This list is too long: %(most)s items are the most."), most=most)
    for number, value in enumerate(place.value[:most]):
        yield place.at(number, value)


def listed(place: Place, most: int, read: Callable[[Place], Value | None]) -> tuple[Value, ...]:
    """Read a list with `read`, leaving out what is wrong and what is there already."""
    values = (read(item) for item in items(place, most))
    return tuple(dict.fromkeys(value for value in values if value is not None))


def text(place: Place, longest: int, *, lines: bool = False) -> str | None:
    """Read a text, without the white space around it; whole numbers count as text."""
    value = place.value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        value = str(value)
    if not isinstance(value, str):
        _not_a_text(place)
        return None
    if len(value) > longest:
        place.wrong(
            _("This text has %(length)s characters; %(longest)s are the most."),
            length=len(value),
            longest=longest,
        )
        return None
    value = value.replace("\r\n", "\n").strip()
    return value if _is_visible(place, value, lines=lines) else None


def _not_a_text(place: Place) -> None:
    if isinstance(place.value, bool | float):
        # YAML takes `true` and `3.10` for something else than text, and would write `3.1` back.
        place.wrong(_("Here comes a text."), _("Put it between quotes."))
    else:
        place.wrong(_("Here comes a text."))


def _is_visible(place: Place, value: str, *, lines: bool) -> bool:
    if strange := _INVISIBLE.search(value):
        place.wrong(
            _("This text contains the invisible character %(character)s."),
            _("Type the text again; the character probably came with a copy and paste."),
            character=f"U+{ord(strange.group()):04X}",
        )
        return False
    if not lines and ("\n" in value or "\t" in value):
        place.wrong(_("This must stand on one line, without tabs."))
        return False
    return True


def choice(place: Place, choices: type[Choice]) -> Choice | None:
    """Read one of the values of an enum."""
    known = [member.value for member in choices]
    if isinstance(place.value, str) and place.value in known:
        return choices(place.value)
    shown = _shown(place.value)
    near = get_close_matches(shown.lower(), known, n=1, cutoff=0.6)
    hint = _("Did you mean %(near)s?") if near else _("Choose one of: %(known)s.")
    place.wrong(
        _("%(value)s is not one of the choices."),
        hint,
        value=shown,
        near=near[0] if near else "",
        known=", ".join(known),
    )
    return None


def whole(place: Place, least: int, most: int) -> int | None:
    """Read a whole number between `least` and `most`."""
    value = place.value
    if isinstance(value, bool) or not isinstance(value, int):
        place.wrong(_("Here comes a whole number, without quotes."))
        return None
    if not least <= value <= most:
        place.wrong(
            _("This number must lie between %(least)s and %(most)s."), least=least, most=most
        )
        return None
    return value


def flag(place: Place) -> bool | None:
    """Read yes or no, however YAML's editions write them."""
    if isinstance(place.value, bool):
        return place.value
    word = place.value.lower() if isinstance(place.value, str) else ""
    if word in _YES or word in _NO:
        return word in _YES
    place.wrong(_("Write yes or no."))
    return None
