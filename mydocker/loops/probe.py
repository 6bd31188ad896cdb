"""Whether a container's ports answer: asked of the container itself, at once and often."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from mydocker.domain.environments import Port, Protocol

FIRST_PAUSE_SECONDS = 0.004
LONGEST_PAUSE_SECONDS = 0.25
SHARE = 0.04
"""Pause as a share of the time waited so far: half of it is lost on average, so 2 % of a start."""
ATTEMPT_SECONDS = 3.0


Answers = Callable[[str | None, Sequence[Port], float], Awaitable[bool]]
"""Waits for ports to answer: address, ports, seconds of patience."""


async def answers(address: str | None, ports: Sequence[Port], patience: float) -> bool:
    """Wait until every port that must answer did, at most `patience` seconds."""
    required = [port for port in ports if port.ready is not None]
    if address is None:
        return False
    try:
        async with asyncio.timeout(max(patience, 0)):
            await asyncio.gather(*(_until_it_answers(address, port) for port in required))
    except TimeoutError:
        return False
    return True


async def _until_it_answers(address: str, port: Port) -> None:
    began = time.monotonic()
    while not await _answers_once(address, port):
        waited = time.monotonic() - began
        await asyncio.sleep(min(LONGEST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, waited * SHARE)))


async def _answers_once(address: str, port: Port) -> bool:
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            reader, writer = await asyncio.open_connection(address, port.number)
            try:
                return await _speaks(reader, writer, port)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


async def _speaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: Port) -> bool:
    if not port.ready or port.protocol is not Protocol.HTTP:
        return True
    request = f"GET {port.ready} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    writer.write(request.encode("ascii", "ignore"))
    status = (await reader.readline()).split(b" ", 2)
    return len(status) > 1 and status[1].isdigit() and int(status[1]) < 500
