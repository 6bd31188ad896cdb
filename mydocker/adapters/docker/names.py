"""What an installation's things are called on the engine. Nothing here names a person."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from mydocker.domain.environments import NetworkPolicy

PREFIX = "org.mydocker."
INSTANCE = f"{PREFIX}instance"
RUN = f"{PREFIX}run"
POOL = f"{PREFIX}pool"

_INSTANCE = re.compile(r"[0-9a-f]{6}")
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,100}")
BUILDS: Literal["builds"] = "builds"
Purpose = NetworkPolicy | Literal["builds"]
"""Whose network it is: that of all runs of a policy, or that of builds."""
_BRIDGE_LETTERS: Mapping[Purpose, str] = {
    NetworkPolicy.OPEN: "o",
    NetworkPolicy.ONCE_CLAIMED: "c",
    NetworkPolicy.NONE: "n",
    BUILDS: "b",
}


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one installation. `instance`: six hex digits that tell it from its neighbours.

    Raises `ValueError` for an instance or a run that cannot be part of a name.
    """

    instance: str
    pool: str = "default"

    def __post_init__(self) -> None:
        if not _INSTANCE.fullmatch(self.instance):
            raise ValueError(f"instance must be six hex digits, not {self.instance!r}")

    def container(self, run: str) -> str:
        """Name of a run's container; names are unique on an engine, so it is created once."""
        if not _RUN.fullmatch(run):
            raise ValueError(f"not a run's id: {run!r}")
        return f"md-{self.instance}-{run}"

    def is_container(self, run: str | None, name: str) -> bool:
        """Whether a container of this name is the run's, as its labels say."""
        return bool(run) and name.removeprefix("/") == f"md-{self.instance}-{run}"

    def hostname(self, run: str) -> str:
        """Host name inside; says nothing about anybody."""
        return sha256(f"{self.instance}/{run}".encode()).hexdigest()[:12]

    def network(self, purpose: Purpose) -> str:
        """Name of a network.

        The engine runs a name server of its own for containers on any network, unless its name
        is that of a network mode, as this one's is to it. Ours want none: it tells neighbours one
        another's names, and costs a third of a start (decision 0014). A container is put there by
        the network's id, since the name would mean "the network of container md-…". Builds cannot
        be told whom to ask for names: they are given the host's own servers, or the engine's `dns`.
        """
        return f"container:{self.plain_network(purpose)}"

    def plain_network(self, purpose: Purpose) -> str:
        """Its name on an engine that takes no other."""
        return f"md-{self.instance}-{purpose}"

    def bridge(self, purpose: Purpose) -> str:
        """Name of a network's interface on the host, which the firewall's rules go by.

        At most 15 characters, as Linux wants it (IFNAMSIZ).
        """
        return f"md{self.instance}-{_BRIDGE_LETTERS[purpose]}"

    def labels(self, run: str) -> Mapping[str, str]:
        """Labels of a run's container."""
        return {**self.own_label, RUN: run, POOL: self.pool}

    @property
    def own_label(self) -> Mapping[str, str]:
        """The label that says that something is this installation's."""
        return {INSTANCE: self.instance}

    @property
    def label_filter(self) -> str:
        """The same as the engine's filters want it."""
        return f"{INSTANCE}={self.instance}"

    def owns(self, labels: Mapping[str, str] | None) -> bool:
        """Whether something with these labels is this installation's."""
        return labels is not None and labels.get(INSTANCE) == self.instance
