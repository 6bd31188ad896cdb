"""The containers of a service as the kernel sees them: who sleeps, and what that takes."""

import statistics
from collections.abc import Sequence

from bench.patience import until
from mydocker.agent.cgroups import CgroupFiles, Cgroups, controllers
from mydocker.agent.freezer import freezer
from mydocker.agent.swap import Swap
from tests.service import Service

GIBIBYTE = 1024**3
SETTINGS = {"MYDOCKER_FREEZE_SWAP": "zram", "MYDOCKER_FREEZE_SWAP_BYTES": str(16 * GIBIBYTE)}
"""Of a service whose sleepers lie in compressed memory: the size counts what is put there."""
PATIENCE_SECONDS, EACH_PATIENCE_SECONDS = 300, 20
BETWEEN_LOOKS_SECONDS = 2.0
RESTLESS_BYTES = 1 << 20
"""If less was put away since the last look, all is."""


class Bedroom:
    """What containers of a service do and take."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._files = CgroupFiles(controllers())
        self._freezer, self._cgroups = freezer(self._files), Cgroups(self._files)

    def asleep(self) -> list[str]:
        """Containers that are frozen."""
        states = self._files.of_each(self._service.containers(), self._freezer.state)
        return [container for container, state in states.items() if state == "frozen"]

    def until_asleep(self, number: int) -> list[str]:
        """Wait until so many sleep and no more of their memory is put away."""
        held: list[int] = []

        def is_quiet() -> bool:
            asleep = self.asleep()
            held.append(self.resident_bytes(asleep))
            settled = len(held) > 1 and abs(held[-1] - held[-2]) <= RESTLESS_BYTES
            return len(asleep) >= number and settled

        seconds = PATIENCE_SECONDS + EACH_PATIENCE_SECONDS * number
        until(is_quiet, f"{number} asleep", self._service, seconds, BETWEEN_LOOKS_SECONDS)
        return self.asleep()

    def resident_bytes(self, containers: Sequence[str]) -> int:
        """What these hold of the memory, swap apart."""
        return sum(self._files.of_each(containers, self._freezer.resident_bytes).values())

    def awake_bytes(self) -> float:
        """What one that is awake takes, the median; without what the kernel caches for it."""
        asleep = set(self.asleep())
        awake = [each for each in self._service.containers() if each not in asleep]
        usage = self._cgroups.usage(awake)
        return statistics.median(each["memory_bytes"] or 0 for each in usage.values())

    def awake_resident_bytes(self) -> float:
        """The same, with what the kernel caches for it: what falling asleep can give back."""
        asleep = set(self.asleep())
        awake = [each for each in self._service.containers() if each not in asleep]
        return statistics.median(self.resident_bytes([each]) for each in awake)

    def cpu_nanos(self, containers: Sequence[str]) -> int:
        """What these used since they began."""
        return sum(each["cpu_nanos"] or 0 for each in self._cgroups.usage(containers).values())

    def zram_bytes(self) -> int:
        """Memory that the service's swap takes."""
        swap = Swap(self._service.instance, "zram", 0)
        return sum(area.memory_bytes for area in swap.areas() if area.is_ours)
