"""Marks sentences for translation without knowing how they are translated."""


def gettext_noop(sentence: str) -> str:
    """Return `sentence` unchanged; `makemessages` finds it here, `web` translates it later."""
    return sentence
