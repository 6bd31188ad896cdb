"""The operator's settings, from the metadata of their fields."""

from dataclasses import Field, fields
from datetime import timedelta
from typing import Any

from mydocker.settings import PREFIX, Settings
from rendering import Incomplete
from rendering.markdown import code


def render() -> str:
    """Return a section for each setting."""
    return "\n".join(section(knob) for knob in fields(Settings))


def section(knob: "Field[Any]") -> str:
    """Return one setting. Raises `Incomplete` if it says neither unit nor reason."""
    unit, reason = (knob.metadata.get(word, "").strip() for word in ("unit", "reason"))
    if not unit or not reason:
        raise Incomplete(f"mydocker/settings.py: {knob.name} has no unit or no reason")
    return (
        f"### {PREFIX}{knob.name.upper()}\n\n"
        f"{unit[:1].upper()}{unit[1:]} · default: {default_of(knob)} · "
        f"in a file: {code(knob.name)}\n\n{reason}\n"
    )


def default_of(knob: "Field[Any]") -> str:
    """Write a default as an operator would write the value."""
    match knob.default:
        case bool(flag):
            return code("yes" if flag else "no")
        case timedelta() as duration:
            return code(_duration(duration))
        case "" | ():
            return "empty"
        case value:
            return code(str(value))


def _duration(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
