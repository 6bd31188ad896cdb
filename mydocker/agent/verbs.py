"""What the agent does when asked: the table of verbs, and the record of what they changed.

A verb takes ids and numbers, never a path or a command. Each may be repeated, also after the
agent was killed at any instant of it.
"""

import errno
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from mydocker.agent import figures, shapes
from mydocker.agent.cages import Cages
from mydocker.agent.cgroups import CgroupFiles, Cgroups, controllers
from mydocker.agent.egress import Egress
from mydocker.agent.errors import VerbError, refused, unavailable
from mydocker.agent.firewall import Firewall
from mydocker.agent.homes import Homes
from mydocker.agent.papers import Papers
from mydocker.agent.records import write_record
from mydocker.agent.sleepers import Sleepers
from mydocker.agent.slots import Slots
from mydocker.agent.swap import Swap

VERSION = 1


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing the agent does, and the shape of each word it takes."""

    do: Callable[..., object]
    words: Mapping[str, shapes.Shape] = field(default_factory=dict)
    changes: bool = False
    """Whether it is recorded."""
    is_slow: bool = False
    """Whether others must not wait for it."""
    waits: bool = False
    """Whether it costs nothing but time, and others must not wait for it."""
    under: AbstractContextManager[object] = field(default_factory=nullcontext)
    """The lock it takes."""


class Agent:
    """The verbs of one installation on this node."""

    def __init__(self, data: Path, own: int, instance: str, swap: Swap) -> None:
        path = data.resolve()
        self._data = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        self._homes = Homes(self._data)
        self._papers = Papers(self._data, str(path))
        self._slots = Slots(self._data, str(path), self._homes, self._papers)
        self._firewall = Firewall(instance, own)
        self._cages = Cages(controllers(), instance)
        files = CgroupFiles(controllers())
        self._cgroups = Cgroups(files)
        self._egress = Egress(files, self._firewall)
        self._swap = swap
        self._sleepers = Sleepers(files, swap.is_for_sleepers)
        self._processors = figures.Processors()
        self.mounting, self._loading = threading.Lock(), threading.Lock()
        self.verbs = self._table()

    def _table(self) -> dict[str, Verb]:
        homes, slots, firewall = self._homes, self._slots, self._firewall
        sleepers, swap, cages = self._sleepers, self._swap, self._cages
        run, home = {"run": shapes.identifier}, {"home": shapes.identifier}
        age = {"older_than_s": shapes.seconds}
        slotted = {**run, "slots": shapes.number_of_slots}
        introduced = {**run, "person": shapes.person}
        mounts = {**run, "homes": shapes.home_mounts}
        known = {"known_runs": shapes.identifiers, **age}
        caged = {"build": shapes.identifier, "pids": shapes.pids, "manager": shapes.manager}
        builds = {"known_builds": shapes.identifiers}
        rules = {"bridges": shapes.bridges, "allow": shapes.destinations}
        containers = {"containers": shapes.containers}
        one_container = {"container": shapes.container, "address": shapes.address}
        rung = {"after": shapes.number_of_rings, "wait_s": shapes.seconds_to_wait}
        one = self.mounting
        return {
            "hello": Verb(self._hello, under=one),
            "prepare": Verb(slots.prepare, slotted, changes=True, under=one),
            "introduce": Verb(self._introduce, introduced, changes=True, under=one),
            "attach": Verb(slots.attach, mounts, changes=True, under=one),
            "detach": Verb(slots.detach, run, changes=True, under=one),
            "attached": Verb(slots.attached, under=one),
            "sweep": Verb(slots.sweep, known, changes=True, under=one),
            "trash": Verb(self._trash, home, changes=True, under=one),
            "empty_trash": Verb(homes.empty_trash, age, changes=True, is_slow=True),
            "homes": Verb(homes.page, {"after": shapes.identifier_or_empty}),
            "home_usage": Verb(homes.usage, home, is_slow=True),
            "disk": Verb(lambda: figures.disk(self._data)),
            "firewall": Verb(firewall.load, rules, changes=True, under=self._loading),
            "firewall_state": Verb(firewall.state, under=self._loading),
            "cut": Verb(firewall.cut, {"address": shapes.address}, changes=True),
            "let_out": Verb(self._egress.let_out, one_container, changes=True),
            "cage": Verb(cages.cage, caged, changes=True),
            "uncage": Verb(cages.uncage, builds, changes=True),
            "usage": Verb(self._cgroups.usage, containers),
            "freeze": Verb(sleepers.freeze, containers, changes=True, waits=True),
            "reclaim": Verb(sleepers.reclaim, containers, changes=True),
            "thaw": Verb(sleepers.thaw, containers, changes=True),
            "frozen": Verb(sleepers.look, containers),
            "rung": Verb(sleepers.rings.after, rung, waits=True),
            "swap": Verb(swap.state),
            "make_swap": Verb(swap.make, {"size": shapes.size}, changes=True, is_slow=True),
            "machine": Verb(lambda: figures.machine(self._processors)),
        }

    def ring(self, container: str) -> bool:
        """What the bell does; see `Sleepers.ring`."""
        return self._sleepers.ring(container)

    def verb(self, name: str) -> Verb:
        """Find a verb. Raises VerbError."""
        if name not in self.verbs:
            raise refused("unknown_verb", "There is no such verb.")
        return self.verbs[name]

    def do(self, name: str, words: Mapping[str, object], caller: int) -> object:
        """Check the words, do the verb, record it if it changes something. Raises VerbError."""
        verb, began = self.verb(name), time.monotonic()
        record: dict[str, object] = {"caller": caller}
        try:
            if set(words) != set(verb.words):
                raise refused("bad_request", f"This verb takes: {', '.join(verb.words)}.")
            read = {word: shape(words[word]) for word, shape in verb.words.items()}
            record |= {word: value for word, value in words.items() if word != "person"}
            record["result"] = result = _done(verb, read)
            return result
        except VerbError as error:
            record["error"] = error.code
            raise
        finally:
            if verb.changes:
                record["took_ms"] = round(1000 * (time.monotonic() - began), 2)
                write_record(name, record)

    def _hello(self) -> object:
        problem = self._slots.idmap_problem
        return {
            "version": VERSION,
            "openat2": True,
            "idmap": not problem,
            "idmap_problem": problem,
            "firewall": self._firewall.is_possible(),
            "mount_namespace": os.readlink("/proc/self/ns/mnt"),
        }

    def _introduce(self, run: str, person: shapes.Person) -> None:
        self._papers.introduce(run, person)

    def _trash(self, home: str) -> object:
        if self._slots.is_attached(home):
            raise unavailable("home_attached", "This home is attached to a run.")
        return {"trashed": self._homes.trash(home)}


def _done(verb: Verb, read: Mapping[str, object]) -> object:
    """Do a verb; what the system says no to is told as a VerbError."""
    try:
        with verb.under:
            return verb.do(**read)
    except OSError as error:
        raise _told(error) from error


def _told(error: OSError) -> VerbError:
    code = errno.errorcode.get(error.errno or 0, "unknown").lower()
    if code in ("eloop", "exdev", "enotdir"):
        return refused("unsafe_path", f"Something else than a folder stands in the way: {error}.")
    if code in ("enospc", "edquot"):
        return unavailable("disk_full", "The disk of the data folder is full.")
    return unavailable(code, str(error))
