"""Running things in real containers through the driver, and hearing what they say."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Any

from mydocker.adapters.docker import DockerDriver
from mydocker.domain.environments import NetworkPolicy
from mydocker.ports.driver import RunPlan
from tests.adapters.docker.corner import Corner

MIB = 1 << 20
SOON = timedelta(seconds=60)
"""The deadline of whatever is waited for."""
STAYS = ("sleep", "600")


def make_plan(place: Corner, run: str, command: Sequence[str] = STAYS, **changes: Any) -> RunPlan:
    """A small plan; `changes` replace its fields."""
    wanted: dict[str, Any] = {
        "run": run,
        "image": place.image,
        "command": command,
        "variables": {"COLOUR": "blue"},
        "network": NetworkPolicy.OPEN,
        "cpu_nanos": 500_000_000,
        "memory_bytes": 64 * MIB,
        "pids": 64,
        "shm_bytes": 8 * MIB,
        "tmp_bytes": 8 * MIB,
        "user": "1000:1000",
    }
    return RunPlan(**{**wanted, **changes})


def python(script: str, *words: str) -> tuple[str, ...]:
    """The command that runs a script, fast."""
    return ("python3", "-Sc", script, *words)


@asynccontextmanager
async def driver_in(place: Corner) -> AsyncIterator[DockerDriver]:
    """A prepared driver, whose containers are swept afterwards."""
    driver = DockerDriver(place.instance)
    try:
        await driver.prepare()
        yield driver
    finally:
        await driver.close()
        place.sweep()


async def says(driver: DockerDriver, run: str, text: str) -> None:
    """Wait until a container has said something."""
    async with asyncio.timeout(SOON.total_seconds()):
        async with aclosing(driver.logs(run, tail=100, follow=True)) as lines:
            async for line in lines:
                if line.text == text:
                    return
    raise AssertionError(f"{run} never said {text}")


async def run_to_end(driver: DockerDriver, plan: RunPlan) -> list[str]:
    """Launch, and return all that it says until it ends."""
    await driver.launch(plan)
    async with asyncio.timeout(SOON.total_seconds()):
        return [line.text async for line in driver.logs(plan.run, tail=10_000, follow=True)]
