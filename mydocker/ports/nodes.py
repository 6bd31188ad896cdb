"""A node's agent: what is done as root on the machine that runs containers, and its figures.

Homes, runs and containers are named by ids alone (`[a-z0-9]{4,40}`, containers by the engine's
64 hex digits); no path and no command ever goes to an agent.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class NodeAbilities:
    """What an agent and its node can do."""

    version: int
    """Of the agent's language."""
    can_idmap: bool
    """Whether a home can be shown as owned by another uid than 1000."""
    idmap_problem: str
    """Why not, for the operator; empty if it can."""
    can_firewall: bool
    mount_namespace: str
    """`mnt:[…]`; the engine's must be the same, or containers see no home."""


@dataclass(frozen=True, slots=True)
class HomeMount:
    """A home on one of a run's slots. `uid` and `gid` are the container's user."""

    slot: int
    home: str
    uid: int = 1000
    gid: int = 1000


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run's things are on the node, for its container."""

    slots: Sequence[str]
    """A folder for each home, in order: to be given with `rslave`."""
    papers: str
    """What the container is told, for `/run/mydocker`, read-only."""
    inside: str
    """The platform's files for the inside of containers, for `/opt/mydocker`, read-only."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a container is told of its person; a line of text each, empty where not known."""

    name: str = ""
    mail: str = ""
    language: str = ""
    whose: str = ""
    """The workspace's id, which stays when a person changes their name."""


@dataclass(frozen=True, slots=True)
class Swept:
    """Runs whose slots were removed, and those whose slots are still used."""

    removed: Sequence[str]
    busy: Sequence[str]


@dataclass(frozen=True, slots=True)
class Emptied:
    """What was removed from the trash for good (`<home>.<unix time>`), and whether that is all."""

    removed: Sequence[str]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class HomeUsage:
    """What a home takes on disk. Where not `is_complete`, the figures are lower bounds."""

    bytes: int
    inodes: int
    is_complete: bool
    at: datetime
    """When it was counted (aware UTC)."""


@dataclass(frozen=True, slots=True)
class Space:
    """A file system. Free is what others than root may use; no inode figures: both are 0."""

    total_bytes: int
    free_bytes: int
    total_inodes: int
    free_inodes: int
    reserve_bytes: int
    """5 % and at least 2 GB, to be kept for database and engine."""
    reserve_hit: bool
    """Whether less than the reserve, or less than 5 % of the inodes, is free."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Space of the data folder and of the engine's root, where it has its usual place."""

    data: Space
    engine: Space | None
    reserve_hit: bool
    """Of either."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A host's bridge and the policy of all containers on it.

    `open`: DNS at the host's resolvers, the internet, and what is allowed by name.
    `none`: nothing; the host's gateway still reaches the containers and is answered.
    """

    name: str
    """`md<instance>-<1 to 6 letters or digits>`."""
    policy: Literal["open", "none"]


@dataclass(frozen=True, slots=True)
class Firewall:
    """Whether the node's rules stand as last wanted."""

    is_loaded: bool
    """Where not, no container may be started."""
    problem: str
    """Why not, for the operator."""
    resolvers: Sequence[str]
    """Addresses that containers may ask for names, for the engine's `Dns`; may be empty."""


@dataclass(frozen=True, slots=True)
class ContainerUsage:
    """What a container uses. Counters count since its start."""

    cpu_nanos: int
    memory_bytes: int
    """Without page cache, which the kernel takes back before it kills."""
    memory_limit_bytes: int | None
    pids: int
    oom_kills: int
    throttled_periods: int


@dataclass(frozen=True, slots=True)
class Sleep:
    """Whether a container is frozen, and where its memory is."""

    is_frozen: bool
    resident_bytes: int
    """With page cache, unlike `ContainerUsage.memory_bytes`."""
    swapped_bytes: int


@dataclass(frozen=True, slots=True)
class Rung:
    """Whom the gateway has woken."""

    last: int
    """The number of the last ring, from 0 at each start of the agent."""
    containers: Sequence[str]
    """Who was rung for since, each once."""
    began: str
    """Another one for each start of an agent: what was rung before nobody knows any more."""


@dataclass(frozen=True, slots=True)
class SwapArea:
    """Swap that is in use on a node."""

    kind: Literal["zram", "other"]
    is_ours: bool
    """Whether it was made for this installation."""
    size_bytes: int
    used_bytes: int
    memory_bytes: int
    """What zram takes of the memory for what it holds; 0 for other kinds."""


@dataclass(frozen=True, slots=True)
class Swap:
    """The swap of a node."""

    areas: Sequence[SwapArea]
    is_for_sleepers: bool
    """Whether there is some that the operator lets sleepers be put into."""
    problem: str
    """Why swap that the operator agreed to could not be made, for the operator; else empty."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The node's load. `cpu_busy` is a share, 0 to 1, since anybody last asked."""

    load_average: float
    cpu_count: int
    cpu_busy: float
    memory_total_bytes: int
    memory_available_bytes: int


class NodeAgent(Protocol):
    """The agent of one node.

    Everything may be repeated, also after any side was killed at any instant. Every method may
    raise `Unavailable` (again later, with back-off) and, for ids that are none,
    `Refused("bad_request")`.
    """

    async def hello(self) -> NodeAbilities:
        """Say what the agent and its node can do."""
        ...

    async def prepare(self, run: str, slots: int) -> Places:
        """Make so many empty slots (at most 16) for a run, and its papers; says where they are."""
        ...

    async def introduce(self, run: str, person: Introduction) -> None:
        """Tell a run's container who its person is, and let what waits for them in it go on.

        The run must have been prepared, and its homes attached. Raises `Refused`
        (`papers_taken`) if it was somebody else's before.
        """
        ...

    async def attach(self, run: str, homes: Sequence[HomeMount]) -> Sequence[str]:
        """Mount homes for a run's container; returns the folder to give it for each, in order.

        A missing home is made (0700, its owner's). The folders are `nosuid,nodev`, on a shared
        mount: give them to the container with `rslave`, and a home attached later appears
        there. One home may be attached to several runs. Raises `Refused`: `idmap_unsupported`,
        and `slot_taken` where the slot holds another home, or this one for another user.
        """
        ...

    async def detach(self, run: str) -> None:
        """Take a run's homes away, its slots and papers. The container must be gone before."""
        ...

    async def attached(self) -> Mapping[str, Sequence[int]]:
        """List the runs that have slots here, with the slots that hold a home."""
        ...

    async def sweep(self, known_runs: Collection[str], older_than: timedelta) -> Swept:
        """Detach all runs but those known and those attached more recently; never by force."""
        ...

    async def trash(self, home: str) -> bool:
        """Move a home to the trash; False if there is none. `Unavailable` while it is attached."""
        ...

    async def empty_trash(self, older_than: timedelta) -> Emptied:
        """Remove for good what was trashed so long ago; stops after 20 s, call again then."""
        ...

    async def homes(self) -> Sequence[str]:
        """List all homes of the node."""
        ...

    async def home_usage(self, home: str) -> HomeUsage:
        """Say what a home takes; a recent count is repeated. A home never made takes nothing."""
        ...

    async def disk(self) -> Disk:
        """Say how full the node's disks are."""
        ...

    async def firewall(self, bridges: Sequence[Bridge], allow: Sequence[str]) -> Firewall:
        """Replace the node's rules, in one go: these bridges, and no other of this installation.

        `allow`, such as `10.1.2.3:443/tcp`, opens private addresses and the host's own to
        containers of `open` bridges. Rules outlive the agent. Raises `Refused`: `not_ours`
        (a bridge of another installation), `firewall_rejected`, `no_bridge_filter`,
        `tool_missing`; the former rules stand then.
        """
        ...

    async def firewall_state(self) -> Firewall:
        """Read back whether the rules stand as last wanted."""
        ...

    async def cut(self, address: IPv4Address) -> int:
        """Close the host's TCP connections to a container; returns how many there were.

        Raises `Refused("not_ours")` for any other address.
        """
        ...

    async def let_out(self, container: str, address: IPv4Address) -> None:
        """Give a container of a network that has no way out (`once-claimed`) the way of others.

        `container` is the engine's full id. Raises `Unavailable` if it is not there, and
        `Refused("not_ours")` for an address of somebody else's network.
        """
        ...

    async def usage(self, containers: Collection[str]) -> Mapping[str, ContainerUsage]:
        """Read what containers use, by full id; absent ones are left out. At most 5000."""
        ...

    async def cage(self, build: str, pids: int, *, by_systemd: bool) -> str:
        """Make a cgroup in which all steps of a build have so many processes at most; repeatable.

        Returns its name, as the engine wants it for a parent. `by_systemd`: the engine lets
        systemd make its cgroups. Raises `Refused("no_controller")`.
        """
        ...

    async def uncage(self, known_builds: Collection[str]) -> Sequence[str]:
        """Take away the cages of all builds but these; returns those that are still used."""
        ...

    async def freeze(self, containers: Collection[str]) -> Mapping[str, bool]:
        """Freeze containers; says of each whether it is frozen. Absent ones are left out.

        One that does not stop within 100 ms goes on, and is not; nor is one that somebody rang
        for in the last 10 s: what the gateway wakes stays awake. Their memory is put into swap
        afterwards where there is some for it. The engine is not told: it says *running*, cannot
        run commands inside, and a polite stop waits in vain, so thaw before.
        """
        ...

    async def reclaim(self, containers: Collection[str]) -> None:
        """Have the memory of those that are frozen put into swap; others are left alone.

        For what an agent that was killed had not yet put there.
        """
        ...

    async def thaw(self, containers: Collection[str]) -> Collection[str]:
        """Let containers go on, at once; returns those that are there. They swap no more."""
        ...

    async def frozen(self, containers: Collection[str]) -> Mapping[str, Sleep]:
        """Say of each container whether it is frozen; absent ones are left out."""
        ...

    async def rung(self, after: int, wait: timedelta) -> Rung:
        """Tell whom the gateway has woken after this ring (0: all that is known).

        Answers at once if there is news, else with the next ring or when `wait` (at most 60 s,
        whole seconds) is over. A number that another agent told is no trouble: all are told then.
        """
        ...

    async def swap(self) -> Swap:
        """Say what swap the node has."""
        ...

    async def make_swap(self, size_bytes: int) -> Swap:
        """Make swap in compressed memory for sleepers, unless ours is there (of any size).

        An agent does so by itself when it starts, where the operator agreed; this is for what
        went wrong then. It outlives the agent. Raises `Refused`: `not_agreed` (also for more
        than was agreed to), `no_zram`, `tool_missing`.
        """
        ...

    async def machine(self) -> Machine:
        """Say how busy the node is."""
        ...

    async def close(self) -> None:
        """Let go of the agent; a later call finds it again."""
        ...
