"""From a run's plan to what the engine is asked to create. Pure; the only place that does it.

Nothing of a plan is passed through as it is: what is not built here cannot be asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mydocker.adapters.docker.names import Names
from mydocker.domain.environments import NetworkPolicy
from mydocker.ports.driver import Mount, RunPlan

SUDO_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID")
"""What sudo and apt need, and nothing of the network, devices or the kernel."""
NO_NEW_PRIVILEGES = "no-new-privileges:true"
MOST_IN_MEMORY = 0.75
"""Share of a container's memory that /tmp and /dev/shm may take together.

Both are charged to it: full, they must say "no space left" before something is killed.
"""


BACKGROUND_SHARES = 51
"""A twentieth of one CPU's weight: nobody who starts beside it is slowed down much."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds for all containers of an installation."""

    open_files: int = 16_384
    """Soft and hard; lowered to what the engine itself may open."""
    log_bytes: int = 1_000_000
    """Of one log file; there are two."""
    oom_score: int = 500
    """The kernel takes a container before the engine or the node's own services."""
    answer_within: timedelta = timedelta(seconds=120)
    """How long one answer of the engine may take; a hundred starts at once take twenty seconds."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What this machine sets: how many CPUs it has, files the engine may open, name servers."""

    cpus: int
    open_files: int
    resolvers: Sequence[str]


def create_body(
    plan: RunPlan, names: Names, network: str, bounds: Bounds, limits: Limits
) -> dict[str, Any]:
    """Write the body of `POST /containers/create` (API 1.41). `network`: id of the policy's."""
    body: dict[str, Any] = {
        "Image": plan.image,
        "Hostname": names.hostname(plan.run),
        "Env": [f"{name}={value}" for name, value in plan.variables.items()],
        "Labels": {**plan.labels, **names.labels(plan.run)},
        # An image's own health check would start a process in every container for ever.
        "Healthcheck": {"Test": ["NONE"]},
        "AttachStdin": False,
        "OpenStdin": False,
        "Tty": False,
        "HostConfig": host_config(plan, network, bounds, limits),
    }
    if plan.command:
        body["Cmd"] = list(plan.command)
    if plan.user:
        body["User"] = plan.user
    return body


def host_config(plan: RunPlan, network: str, bounds: Bounds, limits: Limits) -> dict[str, Any]:
    """Write the part that limits and isolates."""
    return {
        "NetworkMode": network,
        **_name_servers(plan.network, bounds),
        **_privileges(plan.sudo),
        **_resources(plan, bounds),
        **_memory_file_systems(plan),
        "OomScoreAdj": limits.oom_score,
        "Ulimits": [_ulimit("nofile", min(limits.open_files, bounds.open_files))],
        "Init": True,
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "LogConfig": {
            "Type": "json-file",
            "Config": {"max-size": str(limits.log_bytes), "max-file": "2"},
        },
        "RestartPolicy": {"Name": "no"},
        "PublishAllPorts": False,
        # An empty range of groups: nobody may open a ping socket.
        "Sysctls": {"net.ipv4.ping_group_range": "1 0"},
        "Mounts": [_bind(mount) for mount in plan.mounts],
    }


def memory_file_systems(plan: RunPlan) -> tuple[int, int]:
    """Sizes in bytes of /tmp and /dev/shm, both made smaller where memory would not hold them."""
    wanted = plan.tmp_bytes + plan.shm_bytes
    most = int(plan.memory_bytes * MOST_IN_MEMORY)
    if wanted <= most:
        return plan.tmp_bytes, plan.shm_bytes
    return plan.tmp_bytes * most // wanted, plan.shm_bytes * most // wanted


def _memory_file_systems(plan: RunPlan) -> dict[str, Any]:
    tmp, shm = memory_file_systems(plan)
    options = f"rw,exec,nosuid,nodev,size={tmp},mode=1777"
    return {"ShmSize": shm, "Tmpfs": {"/tmp": options}}  # noqa: S108 - it is the container's


def cpu_shares(cpu_nanos: int) -> int:
    """Its weight where CPUs are wanted by more than there are: 1024 for each of its own."""
    return max(2, cpu_nanos * 1024 // 10**9)


def _resources(plan: RunPlan, bounds: Bounds) -> dict[str, Any]:
    nanos = min(plan.cpu_nanos, bounds.cpus * 10**9)  # the engine refuses more than there are
    return {
        "NanoCpus": nanos,
        "CpuShares": BACKGROUND_SHARES if plan.in_background else cpu_shares(plan.cpu_nanos),
        "Memory": plan.memory_bytes,
        # Runs that are awake do not swap: by the first under cgroups version 2, which has no
        # swappiness, and by the second under version 1.
        "MemorySwap": plan.memory_bytes,
        "MemorySwappiness": 0,
        "PidsLimit": plan.pids,
        "OomKillDisable": False,
    }


def _privileges(sudo: bool) -> dict[str, Any]:
    # sudo is a setuid program, which no-new-privileges would make powerless.
    return {
        "Privileged": False,
        "CapDrop": ["ALL"],
        "CapAdd": list(SUDO_CAPABILITIES) if sudo else [],
        "SecurityOpt": [] if sudo else [NO_NEW_PRIVILEGES],
    }


def _name_servers(policy: NetworkPolicy, bounds: Bounds) -> dict[str, Any]:
    # Where no server can be reached, a name fails after one second and not after ten.
    patience = ["timeout:1", "attempts:1"] if policy is NetworkPolicy.NONE else []
    return {"Dns": list(bounds.resolvers), "DnsOptions": patience}


def _ulimit(name: str, value: int) -> dict[str, Any]:
    return {"Name": name, "Soft": value, "Hard": value}


def _bind(mount: Mount) -> Mapping[str, Any]:
    return {
        "Type": "bind",
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
        "BindOptions": {"Propagation": "rprivate" if mount.is_fixed else "rslave"},
    }
