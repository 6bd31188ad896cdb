"""Containers that sleep: frozen, and their memory in swap. The engine is not told.

The kernel knows who is frozen; nothing is remembered here but who waits for the reclaim. That is
slow, and done by one thread without a lock. What must never be is a container that is awake and
may swap: both are changed together, under the lock, the thaw last.
"""

import os
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Lock, Thread

from mydocker.agent.cgroups import CgroupFiles
from mydocker.agent.errors import VerbError
from mydocker.agent.freezer import freezer
from mydocker.agent.records import write_record
from mydocker.agent.rings import Rings

_PATIENCE_S = 0.1
"""Idle programs are frozen within 2 ms; what takes longer waits for a disk, and is not idle."""
_LOOK_EVERY_S = 0.001
_WORTH_BYTES = 1 << 20
_NICE = 10


class Sleepers:
    """Freezes and thaws. `has_swap` says whether there is swap for the memory of sleepers."""

    def __init__(self, files: CgroupFiles, has_swap: Callable[[], bool]) -> None:
        self._files, self._freezer = files, freezer(files)
        self._has_swap = has_swap
        self.rings = Rings()
        self._changing = Lock()
        self._to_reclaim: SimpleQueue[str] = SimpleQueue()
        Thread(target=self._reclaim_each, name="reclaim", daemon=True).start()

    def freeze(self, containers: Sequence[str]) -> dict[str, bool]:
        """Freeze containers; tells of each that is there whether it is frozen. Repeatable.

        One that does not stop within a tenth of a second goes on; so does one that was rung for
        a moment ago: whoever wants it asleep did not know yet. The memory of the others is put
        into swap afterwards.
        """
        with self._changing:
            quiet = [one for one in containers if not self.rings.is_recent(one)]
            self._files.of_each(quiet, self._freezer.freeze)
        self._wait_until_frozen(quiet)
        with self._changing:
            found = self._files.of_each(containers, self._freezer.state)
            for container, state in found.items():
                if state == "freezing":
                    self._files.of_each([container], self._freezer.thaw)
        frozen = {container: state == "frozen" for container, state in found.items()}
        self.reclaim([container for container in found if frozen[container]])
        return frozen

    def reclaim(self, containers: Sequence[str]) -> None:
        """Have the memory of those that are frozen put into swap; leaves all others alone.

        For what an agent that was killed had not yet put there. Repeatable.
        """
        if self._has_swap():
            for container in containers:
                self._to_reclaim.put(container)

    def _wait_until_frozen(self, containers: Sequence[str]) -> None:
        """Without the lock: whoever thaws meanwhile does so, and that ends the waiting."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            states = self._files.of_each(containers, self._freezer.state)
            containers = [one for one, state in states.items() if state == "freezing"]
            if not containers or time.monotonic() > deadline:
                return
            time.sleep(_LOOK_EVERY_S)

    def thaw(self, containers: Sequence[str]) -> object:
        """Let containers go on, whatever they are doing; lists those that are there. Repeatable."""
        with self._changing:
            return {"thawed": list(self._files.of_each(containers, self._wake))}

    def ring(self, container: str) -> bool:
        """Thaw a container that somebody wants, now; False if it is not there. Repeatable."""
        with self._changing:
            is_there = container in self._files.of_each([container], self._wake)
            if is_there:
                self.rings.note(container)
            return is_there

    def _wake(self, place: str) -> None:
        self._freezer.forbid_swap(place)
        self._freezer.thaw(place)

    def look(self, containers: Sequence[str]) -> object:
        """Say of each container that is there whether it is frozen, and where its memory is."""
        return self._files.of_each(containers, self._seen)

    def _seen(self, place: str) -> dict[str, bool | int]:
        return {
            "is_frozen": self._freezer.state(place) == "frozen",
            "resident_bytes": self._freezer.resident_bytes(place),
            "swapped_bytes": self._freezer.swapped_bytes(place),
        }

    def _reclaim_each(self) -> None:
        os.nice(_NICE)
        while True:
            container = self._to_reclaim.get()
            try:
                self._files.of_each([container], self._reclaim)
            except (OSError, VerbError) as error:
                write_record("reclaim", {"container": container, "error": str(error)})

    def _reclaim(self, place: str) -> None:
        while self._may_reclaim(place):
            before = self._freezer.resident_bytes(place)
            self._freezer.reclaim(place)
            if before - self._freezer.resident_bytes(place) < _WORTH_BYTES:
                break

    def _may_reclaim(self, place: str) -> bool:
        with self._changing:
            is_frozen = self._freezer.state(place) == "frozen"
            if is_frozen:
                self._freezer.allow_swap(place)
            return is_frozen
