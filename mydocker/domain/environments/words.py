"""Reading the parts that are made of words: names, codes, mails, commands, variables."""

import re
import unicodedata
from collections.abc import Iterable

from mydocker.domain.environments import fields
from mydocker.domain.environments.fields import Place
from mydocker.domain.environments.values import Text
from mydocker.domain.templates import IN_COMMANDS, Fault, faults_of_command, faults_of_variables
from mydocker.domain.words import gettext_noop as _

LONGEST_SLUG = 63
LONGEST_COMMAND = 8_000
MOST_VARIABLES = 200

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_JOIN_CODE = re.compile(r"[A-Za-z0-9_-]{4,64}")
# RFC 5321 allows more than people have; this is what mail services hand out.
_MAIL = re.compile(r"[^@\s,;:<>()\"\\]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,8}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
# Words of addresses under which environments are listed.
_RESERVED_SLUGS = frozenset({"new"})
_LETTERS = {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "+": "p", "#": "sharp"}


def in_languages(place: Place, longest: int, *, lines: bool = False) -> Text:
    """Read a text, or one for each language; a missing language takes the other's text."""
    if not isinstance(place.value, dict):
        text = fields.text(place, longest, lines=lines) or ""
        return Text(text, text)
    both = {
        key: fields.text(entry, longest, lines=lines) or ""
        for key, entry in fields.named(place, ("fr", "en"), {}).items()
    }
    french, english = both.get("fr", ""), both.get("en", "")
    return Text(english or french, french or english)


def slug_of(title: str) -> str:
    """Make a slug of a title; empty where the title has no Latin letters or digits."""
    lowered = "".join(_LETTERS.get(letter, letter) for letter in title.lower())
    plain = unicodedata.normalize("NFKD", lowered).encode("ascii", "ignore").decode()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain.replace("'", "")))[:LONGEST_SLUG].strip("-")
    return f"{slug}-1" if slug in _RESERVED_SLUGS else slug


def slug(place: Place) -> str | None:
    """Read a slug."""
    value = fields.text(place, LONGEST_SLUG)
    if value is None:
        return None
    if not _SLUG.fullmatch(value):
        place.wrong(
            _("%(value)s cannot stand in an address."),
            _("Use small letters, digits and single hyphens, such as %(near)s."),
            value=value,
            near=slug_of(value) or "python-l1",
        )
        return None
    if value in _RESERVED_SLUGS:
        place.wrong(
            _("%(value)s is taken by the platform itself."), _("Choose another name."), value=value
        )
        return None
    return value


def join_code(place: Place) -> str | None:
    """Read the code of a join link."""
    value = fields.text(place, 64)
    if value is not None and not _JOIN_CODE.fullmatch(value):
        place.wrong(
            _("A join code has 4 to 64 letters without accents, digits, hyphens or underscores."),
            _("Leave it out, and one is drawn that nobody can guess."),
        )
        return None
    return value


def mail(place: Place) -> str | None:
    """Read a mail address, lower case."""
    value = fields.text(place, 254)
    if value is None:
        return None
    if not _MAIL.fullmatch(value.lower()):
        place.wrong(_("%(value)s is not a mail address."), value=value[:80])
        return None
    return value.lower()


def command(place: Place) -> str | None:
    """Read a command: one or more lines that are one command."""
    value = fields.text(place, LONGEST_COMMAND, lines=True)
    if value is not None:
        _tell(place, faults_of_command(value))
    return value


def variables(place: Place) -> dict[str, str]:
    """Read environment variables."""
    read: dict[str, str] = {}
    for key, value in fields.pairs(place):
        entry = place.at(key, value)
        if len(read) >= MOST_VARIABLES:
            place.wrong(
                _("This list is too long: %(most)s items are the most."), most=MOST_VARIABLES
            )
            break
        if _is_variable(entry, key):
            text = "" if value is None else fields.text(entry, LONGEST_COMMAND, lines=True)
            _tell(entry, faults_of_variables(text or "", IN_COMMANDS))
            read[key] = text or ""
    return read


def _is_variable(entry: Place, key: str) -> bool:
    if not _VARIABLE.fullmatch(key):
        entry.wrong(
            _("%(key)s is not a name for a variable."),
            _("Use letters without accents, digits and underscores, no digit first."),
            key=key,
        )
        return False
    if key.upper().startswith("MYDOCKER_"):
        entry.wrong(
            _("Names that begin with MYDOCKER_ are the platform's own."),
            _("Choose another name."),
        )
        return False
    return True


def _tell(place: Place, faults: Iterable[Fault]) -> None:
    for fault in faults:
        place.wrong(fault.message, fault.hint, **fault.facts)
