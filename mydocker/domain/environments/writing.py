"""From an environment to a plain tree, which `read_environment` turns into the same again.

What decides how a workspace behaves is always written (resources, lifetime, network, status),
so that a file keeps its meaning when a default changes; what is empty is left out, and `spares`
where it says no more than the defaults.
"""

from collections.abc import Mapping

from mydocker.domain.environments.values import (
    ClassSession,
    Day,
    Environment,
    Interface,
    Lifetime,
    Port,
    Resources,
    ScheduleLine,
    Spares,
    Text,
)
from mydocker.domain.local_times import wall_time
from mydocker.domain.quantities import write_bytes, write_cpus, write_duration

Tree = dict[str, object]

_ALWAYS = frozenset({"slug", "title", "status", "image"})


def write_environment(environment: Environment) -> Tree:
    """Return the tree of an environment, in the order in which people read it."""
    tree: Tree = {
        "slug": environment.slug,
        "title": _text(environment.title),
        "description": _text(environment.description),
        "status": environment.status.value,
        "image": environment.image,
        "command": environment.command,
        "variables": dict(environment.variables),
        "user": environment.user,
        "sudo": environment.sudo or None,
        "ports": [_port(port) for port in environment.ports],
        "interfaces": [_interface(interface) for interface in environment.interfaces],
        "resources": _resources(environment.resources),
        "homes": {mount.kind.value: mount.path for mount in environment.homes},
        "lifetime": _lifetime(environment.lifetime),
        "spares": _spares(environment.spares) if environment.spares != Spares() else None,
        "sessions": [_session(session) for session in environment.sessions],
        "network": environment.network.value,
        "maintainers": list(environment.maintainers),
        "courses": list(environment.courses),
        "tags": list(environment.tags),
        "software": list(environment.software),
        "join_code": environment.join_code,
        "access": environment.access.value,
        "people": list(environment.people),
        "notes": environment.notes,
    }
    # Without this line, each http port would be an interface.
    kept = _ALWAYS | ({"interfaces"} if environment.ports else set())
    return {key: value for key, value in tree.items() if key in kept or not _is_empty(value)}


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def _text(text: Text) -> str | Mapping[str, str]:
    return text.en if text.en == text.fr else {"fr": text.fr, "en": text.en}


def _port(port: Port) -> Tree:
    ready: object = {None: False, "": "connect"}.get(port.ready, port.ready)
    label = {"label": port.label} if port.label else {}
    return {"number": port.number, "protocol": port.protocol.value, **label, "ready": ready}


def _interface(interface: Interface) -> Tree:
    return {
        "key": interface.key,
        "title": _text(interface.title),
        "link": interface.link,
        "auth": interface.auth.value,
    }


def _resources(resources: Resources) -> Tree:
    return {
        "cpu": write_cpus(resources.cpu_nanos),
        "memory": write_bytes(resources.memory_bytes),
        "pids": resources.pids,
        "shm": write_bytes(resources.shm_bytes),
        "tmp": write_bytes(resources.tmp_bytes),
    }


def _lifetime(lifetime: Lifetime) -> Tree:
    return {
        "idle": write_duration(lifetime.idle) if lifetime.idle else "never",
        "absolute": write_duration(lifetime.absolute) if lifetime.absolute else "never",
        "warning": write_duration(lifetime.warning),
        "sleep": write_duration(lifetime.sleep) if lifetime.sleep else "never",
    }


def _spares(spares: Spares) -> Tree:
    schedule = {"schedule": [_line(line) for line in spares.schedule]} if spares.schedule else {}
    return {
        "wanted": spares.wanted,
        "learnt": spares.learnt,
        "most": spares.most,
        "mode": spares.mode.value,
        **schedule,
    }


def _line(line: ScheduleLine) -> Tree:
    return {
        "days": _days(line.days),
        "from": _time(line.from_minutes),
        "to": _time(line.to_minutes),
        "zone": line.zone,
        "spares": line.spares,
    }


def _days(days: tuple[Day, ...]) -> str | list[str]:
    week = list(Day)
    first, last = week.index(days[0]), week.index(days[-1])
    if len(days) == 1:
        return days[0].value
    if last - first + 1 == len(days):
        return f"{days[0].value}-{days[-1].value}"
    return [day.value for day in days]


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _session(session: ClassSession) -> Tree:
    return {
        "start": wall_time(session.start, session.zone).isoformat(timespec="minutes"),
        "end": wall_time(session.end, session.zone).isoformat(timespec="minutes"),
        "zone": session.zone,
        "students": session.students,
        "lead": write_duration(session.lead),
    }
