"""What a build's log says, entry by entry, and its lines as people read them."""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["step", "said", "cached", "ended", "fetch", "again", "look", "end"]

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")
_COLOURS = re.compile(r"\[[0-9]{1,3}(?:;[0-9]{1,3}){0,7}m(?!\])|\[[0-2]?K(?!\])")
"""What is left of escapes whose first character was taken out on the way."""
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One thing that happened in a build."""

    seconds: float
    """Since it began."""
    step: int
    """Of the Dockerfile, counted from 1 over all stages; 0 before the first."""
    kind: Kind
    """`step`: it begins, `text` is the instruction. `said`: a line of it. `cached`: nothing had to
    be done. `ended`: it is done, and added `bytes`. `fetch`: a base is on its way, `text` names
    it. `again`: the build begins anew, what came before was cut off. `look`: all steps are done,
    packages are looked for. `end`: nothing more comes; `text` is the state.
    """
    text: str = ""
    bytes: int = 0


def plain(text: str) -> str:
    """Return a line as it looks at last: without colours, and as what was written over it left it.

    Signs that turn the direction of writing around are taken out, too.
    """
    shown = _ESCAPES.sub("", text).rstrip("\r\n").rpartition("\r")[2]
    return _CONTROLS.sub("", _COLOURS.sub("", shown)).expandtabs(4)
