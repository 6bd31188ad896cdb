"""Marks sentences for translation without knowing how they are translated."""

from collections.abc import Callable, Mapping


def gettext_noop(sentence: str) -> str:
    """Return `sentence` unchanged; `makemessages` finds it here, `web` translates it later."""
    return sentence


def filled_in(
    translate: Callable[[str], str], message: str, hint: str, facts: Mapping[str, object]
) -> tuple[str, str]:
    """Return a message and its hint, which may be empty, translated and with their facts."""
    return translate(message) % facts, translate(hint) % facts if hint else ""
