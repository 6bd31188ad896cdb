"""What this machine and its engine can do, asked once and judged before anything is started."""

import resource
import socket
import struct
from pathlib import Path

from mydocker.adapters.docker.engine import Json

LEAST_API = (1, 41)
"""Engine 20.10: the first with private cgroup namespaces and all capability fields."""
_CAN = ("MemoryLimit", "SwapLimit", "PidsLimit", "CpuCfsQuota", "BridgeNfIptables")
_UCRED = struct.Struct("3i")


def shortcomings(info: Json) -> list[str]:
    """Name what isolation needs and `GET /info` says the engine has not.

    What an engine does not speak of (newer ones drop fields) is not held against it.
    """
    missing = [name for name in _CAN if info.get(name) is False]
    options = info.get("SecurityOptions") or []
    if not any(_filters_system_calls(option) for option in options):
        missing.append("seccomp")
    return missing


def is_too_old(api: str) -> bool:
    """Whether an engine that speaks this version of the API cannot be used."""
    return tuple(map(int, api.split("."))) < LEAST_API


def open_files(engine_socket: str | None) -> int:
    """Say how many files a container may be allowed: what the engine itself may open.

    Read from the process that answers on the engine's socket; where that is not to be seen,
    this process's own limit stands for it.
    """
    own = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limit = _hard_limit_of(_peer(engine_socket)) if engine_socket else None
    return limit if limit is not None else own


def hard_limit_in(limits: str) -> int | None:
    """Read the hard limit of open files from a `/proc/PID/limits`; None if there is none."""
    for line in limits.splitlines():
        if line.startswith("Max open files"):
            hard = line.split()[4]
            return int(hard) if hard.isdecimal() else None
    return None


def _filters_system_calls(option: str) -> bool:
    return option.startswith("name=seccomp") and "profile=unconfined" not in option


def _peer(path: str) -> int | None:
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(path)
        except OSError:
            return None
        asked = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return int(_UCRED.unpack(asked)[0])


def _hard_limit_of(pid: int | None) -> int | None:
    limits = Path(f"/proc/{pid}/limits")
    try:
        return hard_limit_in(limits.read_text()) if pid else None
    except OSError:
        return None
