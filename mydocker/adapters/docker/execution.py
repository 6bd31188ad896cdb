"""Commands run in a running container, as its own user."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from aiodocker import DockerError

from mydocker.adapters.docker.engine import Engine
from mydocker.adapters.docker.errors import failure
from mydocker.adapters.docker.lines import Frames
from mydocker.ports.errors import Refused, Unavailable

MOST_BYTES = 64 * 1024
"""Of output. What comes after is read and dropped, so that the command can end."""
NOT_RUNNING = "not_running"


async def execute(
    engine: Engine, container: str, words: Sequence[str], timeout: timedelta
) -> tuple[int, str]:
    """Run a command; returns its status and what it said on both streams.

    Raises `Refused` (`not_running`) if the container is not there or does not run, `Unavailable`
    if the command has not ended in time (it is left to itself).
    """
    try:
        async with asyncio.timeout(timeout.total_seconds()):
            return await _execute(engine, container, words)
    except DockerError as error:
        if error.status in (404, 409):
            raise Refused(NOT_RUNNING, error.message) from error
        raise failure(error.status, error.message) from error
    except TimeoutError as error:
        raise Unavailable("the command did not end in time") from error


async def _execute(engine: Engine, container: str, words: Sequence[str]) -> tuple[int, str]:
    asked = {"Cmd": list(words), "AttachStdout": True, "AttachStderr": True}
    created = await engine.ask(f"containers/{container}/exec", "POST", body=asked)
    path = f"exec/{created['Id']}"
    start = {"Detach": False, "Tty": False}
    async with engine.stream(f"{path}/start", "POST", body=start) as chunks:
        said = await _gather(chunks)
    status = (await engine.ask(f"{path}/json"))["ExitCode"]
    return int(status), said.decode(errors="replace")


async def _gather(chunks: AsyncIterator[bytes]) -> bytes:
    frames, said = Frames(), bytearray()
    async for chunk in chunks:
        for _, data in frames.feed(chunk):
            said += data[: MOST_BYTES - len(said)]
    return bytes(said)
