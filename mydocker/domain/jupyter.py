"""Commands that start Jupyter: how they are recognised, and the culling options they carry.

Names of options: Jupyter Server's `ServerApp`, `MappingKernelManager` and `TerminalManager`, and
`NotebookApp` as they were spelled before Jupyter Server; values in seconds, 0 for *never*.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath
from types import MappingProxyType

_APPLICATIONS = ("lab", "notebook", "server")
_PROGRAMS = frozenset(f"jupyter-{name}" for name in _APPLICATIONS)
_SOMEWHERE = re.compile(r"(?<![\w.-])jupyter[- ](?:lab|notebook|server)(?![\w.-])")
_OPTION = re.compile(r"--(\w+)\.(\w+)(?:=(.*))?", re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,9}")
_TRUTH = re.compile(r"(?i)true|false|yes|no|[01]")
_LEFT = re.compile(
    r"(?:shutdown_no_activity_timeout|cull_idle_timeout|cull_inactive_timeout)[= '\"]*[1-9]"
)


class Culler(Enum):
    """What an option ends after a time without activity."""

    SERVER = "server"
    KERNELS = "kernels"
    TERMINALS = "terminals"


_SERVERS = ("ServerApp", "NotebookApp", "LabApp")
_KERNELS = ("MappingKernelManager", "AsyncMappingKernelManager")
_TIMES: Mapping[tuple[str, str], Culler] = MappingProxyType(
    {(name, "shutdown_no_activity_timeout"): Culler.SERVER for name in _SERVERS}
    | {(name, "cull_idle_timeout"): Culler.KERNELS for name in _KERNELS}
    | {("TerminalManager", "cull_inactive_timeout"): Culler.TERMINALS}
)
_HOW_OFTEN = frozenset((name, "cull_interval") for name in (*_KERNELS, "TerminalManager"))
_TRUTHS = frozenset((name, what) for name in _KERNELS for what in ("cull_connected", "cull_busy"))


@dataclass(frozen=True, slots=True)
class Culling:
    """What a command says of Jupyter's own culling, and the command without it."""

    words: tuple[str, ...]
    """The command without the options that were understood."""
    seconds: Mapping[Culler, int]
    """After how long each thing was to end; what never ends, or is not named, is left out."""
    is_all_understood: bool = True
    """Whether `words` certainly hold no such option any more. False where one stands in a text
    for a shell, or has a value that is no number."""


def is_jupyter(words: Sequence[str]) -> bool:
    """Whether these words start JupyterLab, the notebook or the server, without detour."""
    if not words:
        return False
    program = PurePosixPath(words[0]).name
    if program == "jupyter":
        return len(words) > 1 and words[1] in _APPLICATIONS
    return program in _PROGRAMS


def hidden_jupyter(words: Sequence[str]) -> str:
    """Return how Jupyter is named somewhere in words that do not start it themselves, or ""."""
    if is_jupyter(words):
        return ""
    found = _SOMEWHERE.search(" ".join(words))
    return found.group() if found else ""


def culling_options(words: Sequence[str]) -> Culling:
    """Take Jupyter's culling options out of a command's words.

    Both spellings are understood, `--Class.option=value` and `--Class.option value`; of an option
    given twice the last one counts. All other words keep their order. Total for any words.
    """
    kept: list[str] = []
    seconds: dict[Culler, int] = {}
    rest = iter(_pairs(words))
    for word, following in rest:
        taken = _taken(word, following)
        if taken is None:
            kept.append(word)
            continue
        if taken.culler is not None:
            seconds[taken.culler] = taken.seconds
        if taken.is_apart:
            next(rest)
    return Culling(
        words=tuple(kept),
        seconds=MappingProxyType({culler: each for culler, each in seconds.items() if each}),
        is_all_understood=not _LEFT.search(" ".join(kept)),
    )


@dataclass(frozen=True, slots=True)
class _Taken:
    """An option that was understood; `is_apart`: its value is the word that follows."""

    culler: Culler | None = None
    seconds: int = 0
    is_apart: bool = False


def _taken(word: str, following: str) -> _Taken | None:
    found = _OPTION.fullmatch(word)
    if not found:
        return None
    name = (found[1], found[2])
    is_apart = found[3] is None
    value = following if is_apart else found[3].strip("'\"")
    if name in _TRUTHS:
        # Traitlets takes the bare option for yes.
        has_value = bool(_TRUTH.fullmatch(value))
        return _Taken(is_apart=is_apart and has_value) if has_value or is_apart else None
    if (name in _TIMES or name in _HOW_OFTEN) and _NUMBER.fullmatch(value):
        return _Taken(_TIMES.get(name), int(value), is_apart)
    return None


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each word with the one that follows it."""
    return zip(words, (*words[1:], ""), strict=False)
