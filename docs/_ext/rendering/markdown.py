"""Small pieces of Markdown (MyST), and French beside English."""

import gettext
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_SPACES = re.compile(r"[ \t\n]+")
LOCALE = Path(__file__).parents[3] / "mydocker" / "locale"


def entry(term: str, *paragraphs: str) -> str:
    """Return one entry of a definition list; empty paragraphs are left out."""
    # French puts spaces that do not break before its signs: they have to stay.
    said = [_SPACES.sub(" ", paragraph.strip()) for paragraph in paragraphs if paragraph.strip()]
    return "\n".join([term, f": {said[0]}", *(f"\n  {more}" for more in said[1:])]) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; cells may hold inline Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + "\n"


def code(text: str) -> str:
    """Return text as inline code, whatever backticks it holds."""
    fence = "``" if "`" in text else "`"
    return f"{fence} {text} {fence}" if fence == "``" else f"`{text}`"


def plain(text: str) -> str:
    """Return text in which nothing is Markdown but code between backticks."""
    pieces = text.split("`")
    pieces[::2] = [_escaped(piece) for piece in pieces[::2]]
    return "`".join(pieces)


def sentence(msgid: str) -> str:
    """Return a message with its places written as `‹name›` instead of `%(name)s`."""
    return plain(msgid).replace("%%", "%").replace("%(", "‹").replace(")s", "›")


def told(message: str, hint: str = "") -> str:
    """Return a message and its hint in French; empty if the product's translation has neither."""
    both = [_french(message), _french(hint) if hint else ""]
    return french(" ".join(sentence(each) for each in both if each))


def french(text: str) -> str:
    """Return a French text among English ones, marked as such for those who listen."""
    return f'<em lang="fr">{text}</em>' if text else ""


def _french(msgid: str) -> str:
    translated = _translations().gettext(msgid)
    return "" if translated == msgid else translated


@cache
def _translations() -> gettext.NullTranslations:
    return gettext.translation("django", LOCALE, languages=["fr"], fallback=True)


def _escaped(text: str) -> str:
    for sign in "\\*_[]<>{}|":
        text = text.replace(sign, f"\\{sign}")
    return text


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|").replace("\\\\|", "\\|")
