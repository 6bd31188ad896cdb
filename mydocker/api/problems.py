"""What is wrong with an input, said in the reader's language: pydantic's kinds of error."""

from collections.abc import Mapping, Sequence
from typing import Any

from mydocker.domain.words import gettext_noop as _
from mydocker.services.answers import fill

_MISSING = _("it is missing")
_TEXT = _("a text is expected")
_WHOLE = _("a whole number is expected")
_LIST = _("a list is expected")
_OBJECT = _("an object is expected")
_OTHER = _("it is not valid")

_PROBLEMS: Mapping[str, str] = {
    "missing": _MISSING,
    "extra_forbidden": _("nothing of this name is known"),
    "string_type": _TEXT,
    "string_unicode": _("it contains a character that does not exist"),
    "string_pattern_mismatch": _("it does not match %(pattern)s"),
    "string_too_long": _("at most %(max_length)s characters are allowed"),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "greater_than_equal": _("the least is %(ge)s"),
    "less_than_equal": _("the most is %(le)s"),
    "list_type": _LIST,
    "too_long": _("at most %(max_length)s items are allowed"),
    "literal_error": _("choose among %(expected)s"),
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
}


def tell_problem(error: Mapping[str, Any]) -> tuple[str, str]:
    """Return where an error is (`scopes.0`), and what it is."""
    place = _place(error["loc"]).encode("utf-8", "replace").decode()[:80]
    return place, fill(_PROBLEMS.get(error["type"], _OTHER), error.get("ctx", {}))


def _place(loc: Sequence[str | int]) -> str:
    source, *parts = loc
    # The first part of a body's place is the name that the function gives it.
    inner = parts[1:] if source == "body" else parts
    return ".".join(str(part) for part in inner) or str(source)
