"""What the engine's complaints mean: status and text in, one of our two kinds of failure out.

The engine has few codes, so its sentences are read. The ones listed here were seen on 20.10.
"""

from collections.abc import Iterable
from enum import Enum

from mydocker.domain.failures import Cause
from mydocker.ports.errors import Refused, Unavailable

NO_CONNECTION = 900
"""The status that aiodocker gives to an engine that cannot be reached."""


class Doing(Enum):
    """What we were doing when the engine complained; the same words mean different things."""

    CREATE = "create"
    START = "start"
    PULL = "pull"
    OTHER = "other"


class NetworkGone(Unavailable):
    """The network of a policy is not there any more: make it again, then try once more."""


_Table = tuple[tuple[str, Cause], ...]

_DISK: _Table = (
    ("no space left on device", Cause.DISK_FULL),
    ("disk quota exceeded", Cause.DISK_FULL),
)

_TRANSIENT = (
    "connection refused",
    "containerd is not",
    "containerd.sock",
    "transport is closing",
    "ttrpc: closed",
    "context canceled",
    "deadline exceeded",
    "xtables lock",
    "resource temporarily unavailable",
    "cannot allocate memory",
    "no available ipv4",
    "exchange full",
    "failed to create endpoint",
    "device or resource busy",
    "marked for removal",
    "is already in progress",
)

_START: _Table = (
    *_DISK,
    ("bind source path does not exist", Cause.HOME_UNAVAILABLE),
    ("not a shared or slave mount", Cause.HOME_UNAVAILABLE),
    ("transport endpoint is not connected", Cause.HOME_UNAVAILABLE),
    ("stale file handle", Cause.HOME_UNAVAILABLE),
    ("error mounting", Cause.HOME_UNAVAILABLE),
    ("no such image", Cause.IMAGE_MISSING),
    ("invalid reference format", Cause.IMAGE_MISSING),
    ("oom-killed", Cause.OUT_OF_MEMORY),
    ("executable file not found", Cause.COMMAND_MISSING),
    ("no such file or directory", Cause.COMMAND_MISSING),
    ("exec format error", Cause.COMMAND_MISSING),
    ("no command specified", Cause.COMMAND_MISSING),
    ("permission denied", Cause.COMMAND_MISSING),
)

_PULL: _Table = (
    *_DISK,
    ("no matching manifest", Cause.IMAGE_UNUSABLE),
    ("manifest unknown", Cause.IMAGE_MISSING),
    ("name unknown", Cause.IMAGE_MISSING),
    ("name not known", Cause.IMAGE_MISSING),
    ("pull access denied", Cause.IMAGE_MISSING),
    ("does not exist", Cause.IMAGE_MISSING),
    ("no such host", Cause.IMAGE_MISSING),
    ("invalid reference format", Cause.IMAGE_MISSING),
    ("not found", Cause.IMAGE_MISSING),
)


def failure(status: int, sentence: str, doing: Doing = Doing.OTHER) -> Unavailable | Refused:
    """Say what to raise for an engine's error.

    Creating and starting are refused unless the sentence is known to pass; a pull is refused in
    any case, for the engine has tried five times itself. All else may be tried again.
    """
    lowered = sentence.lower()
    if status == NO_CONNECTION or doing is Doing.OTHER:
        return Unavailable(sentence)
    if doing is Doing.PULL:
        return Refused(_first(_PULL, lowered) or Cause.IMAGE_UNUSABLE, sentence)
    if lowered.startswith("network ") and lowered.endswith("not found"):
        return NetworkGone(sentence)
    if status == 404 and "no such container" in lowered:
        return Unavailable(sentence)
    cause = _first(_START, lowered)
    if cause is None and _any(_TRANSIENT, lowered):
        return Unavailable(sentence)
    return Refused(cause or Cause.ENGINE_REFUSED, sentence)


def is_subnet_taken(sentence: str) -> bool:
    """Whether a network was refused because another one has these addresses."""
    return "overlap" in sentence.lower()


def _first(table: _Table, lowered: str) -> Cause | None:
    return next((cause for needle, cause in table if needle in lowered), None)


def _any(needles: Iterable[str], lowered: str) -> bool:
    return any(needle in lowered for needle in needles)
