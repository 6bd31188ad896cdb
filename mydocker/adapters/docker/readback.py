"""Whether the engine kept what it was asked for. Engines drop what they do not know, in silence."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mydocker.adapters.docker.engine import Json

MUST_BE_OFF = (
    "Privileged",
    "PidMode",
    "UTSMode",
    "UsernsMode",
    "Cgroup",
    "CgroupParent",
    "Devices",
    "DeviceRequests",
    "DeviceCgroupRules",
    "VolumesFrom",
    "Links",
    "PortBindings",
    "Binds",
    "ExtraHosts",
    "GroupAdd",
    "AutoRemove",
    "OomKillDisable",
)
"""Settings of a HostConfig that open something when they say anything at all."""
MUST_BE_MASKED = frozenset({"/proc/kcore", "/proc/keys", "/sys/firmware"})
MUST_BE_READ_ONLY = frozenset({"/proc/sys", "/proc/sysrq-trigger"})


def differences(body: Mapping[str, Any], inspected: Json) -> list[str]:
    """Name every setting in which a created container is not what `body` asked for.

    An empty list means that limits and isolation are as wanted, nothing is added, and the
    container is this run's.
    """
    found = inspected["HostConfig"]
    return [
        *_unlike(body["HostConfig"], found, skip={"Mounts"}),
        *(key for key in MUST_BE_OFF if found.get(key)),
        *_uncovered("MaskedPaths", MUST_BE_MASKED, found),
        *_uncovered("ReadonlyPaths", MUST_BE_READ_ONLY, found),
        *_unlike(
            {k: body[k] for k in ("Cmd", "User", "Hostname") if k in body}, inspected["Config"]
        ),
        *_lacking("Env", body["Env"], inspected["Config"].get("Env")),
        *_lacking("Labels", body["Labels"].items(), (inspected["Config"]["Labels"] or {}).items()),
        *_networks(body, inspected),
        *_mounts(body, inspected),
    ]


def _unlike(
    wanted: Mapping[str, Any], found: Mapping[str, Any], skip: Iterable[str] = ()
) -> Iterator[str]:
    for key, value in wanted.items():
        if key not in skip and _normal(key, value) != _normal(key, found.get(key)):
            yield key


def _normal(key: str, value: Any) -> Any:
    """Bring the engine's several ways of writing one thing to one."""
    if not value:
        return None
    match key:
        case "CapAdd" | "CapDrop":
            return sorted(name.removeprefix("CAP_") for name in value)
        case "RestartPolicy":
            return value["Name"]
        case "SecurityOpt":
            return sorted(value)
    return value


def _lacking(name: str, wanted: Iterable[Any], found: Iterable[Any] | None) -> Iterator[str]:
    if not set(wanted) <= set(found or ()):
        yield name


def _uncovered(name: str, wanted: frozenset[str], found: Mapping[str, Any]) -> Iterator[str]:
    return _lacking(name, wanted, found.get(name))


def _networks(body: Mapping[str, Any], inspected: Json) -> Iterator[str]:
    wanted = body["HostConfig"]["NetworkMode"]
    if inspected["HostConfig"]["NetworkMode"] != wanted or _count_networks(inspected) != 1:
        yield "Networks"


def _count_networks(inspected: Json) -> int:
    return len(inspected["NetworkSettings"]["Networks"])


def _mounts(body: Mapping[str, Any], inspected: Json) -> Iterator[str]:
    """Compare the binds. Volumes are the image's own and hold nothing of the host."""
    wanted = {
        (m["Source"], m["Target"], not m["ReadOnly"], m["BindOptions"]["Propagation"])
        for m in body["HostConfig"]["Mounts"]
    }
    found = {
        (m["Source"], m["Destination"], m["RW"], m["Propagation"])
        for m in inspected["Mounts"]
        if m["Type"] not in ("volume", "tmpfs")
    }
    if wanted != found:
        yield "Mounts"
