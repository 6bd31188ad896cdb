"""The worlds in which the builder's contract is tested: one in memory, one on a real engine."""

import secrets
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mydocker.adapters.docker.building import DockerBuilder
from mydocker.agent.cages import Cages
from mydocker.agent.cgroups import controllers
from mydocker.domain.recipes import prepare
from mydocker.ports.builder import Builder, Cage, Order
from mydocker.testing.fake_builder import FakeBuilder, Step

MIB = 1 << 20
BASE = "FROM mydocker/tiny"
SAYS = "RUN echo one && echo two && echo three"
FAILS = "RUN echo oh && exit 3"
LASTS = "RUN echo here && sleep 600"
FILLS = "RUN echo here && head -c 150000000 /dev/zero > /tmp/full && sleep 600"
EATS = "RUN python3 -Sc 'x = bytearray(b\"1\" * 500000000)'"
KEEPS = "RUN head -c 3000000 /dev/urandom > /tmp/kept"
FORKS = "RUN python3 -Sc 'import os, signal; [os.fork() or signal.pause() for _ in range(400)]'"

_STEPS = {
    SAYS: Step(lines=("one", "two", "three")),
    FAILS: Step(lines=("oh",), status=3),
    LASTS: Step(lines=("here",), lasts=True),
    FILLS: Step(lines=("here",), writes=150_000_000),
    EATS: Step(eats=500_000_000),
    KEEPS: Step(writes=3_000_000),
    FORKS: Step(lines=("Resource temporarily unavailable",), status=1),
}


@dataclass
class World:
    """A builder, and what its neighbours give it."""

    builder: Builder
    successor: Builder
    """Another process's, on the same engine."""
    cages: Cages | None
    instance: str

    def order(self, *steps: str, **limits: int) -> Order:
        """A build of these steps, the third and following, on the tiny image."""
        build = secrets.token_hex(6)
        parent = f"/cages/{build}"
        if self.cages is not None:
            parent = str(self.cages.cage(build, 64, "cgroupfs")["parent"])  # type: ignore[index]
        known = {"memory_bytes": 256 * MIB, "cpu_nanos": 2 * 10**9, "disk_bytes": 100 * MIB}
        cage = Cage(**{**known, "seconds": 60, **limits}, parent=parent)  # type: ignore[arg-type]
        # What other worlds built is not in the cache of this one.
        prepared = prepare("\n".join([BASE, f"ENV WORLD={self.instance}", *steps]))
        reference = f"md-{self.instance}/test:{build}"
        return Order(build, reference, prepared.text, prepared.bases, cage=cage)


@asynccontextmanager
async def fake_world() -> AsyncIterator[World]:
    """In memory."""
    builder = FakeBuilder(_STEPS)
    yield World(builder, FakeBuilder(_STEPS, engine=builder.engine), None, "abc123")


@asynccontextmanager
async def engine_world() -> AsyncIterator[World]:
    """On the engine of this machine; nothing of it is left."""
    instance = secrets.token_hex(3)
    cages = Cages(controllers(), instance)
    builder, successor = DockerBuilder(instance), DockerBuilder(instance)
    try:
        yield World(builder, successor, cages, instance)
    finally:
        await builder.sweep(())
        await builder.close()
        await successor.close()
        cages.uncage(())
        _clear(instance)


def _clear(instance: str) -> None:
    listed = ("docker", "images", "-q", "--no-trunc", f"md-{instance}/test")
    images = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
    if images:
        subprocess.run(["docker", "rmi", "-f", *images], capture_output=True, check=True)
    network = ("docker", "network", "rm", f"container:md-{instance}-builds")
    subprocess.run(network, capture_output=True, check=False)
