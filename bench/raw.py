"""The same container, created, started and answering through the raw Docker API."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import aiohttp

from mydocker.adapters.docker.driver import ENDS_AT_ONCE

GIBIBYTE = 1024**3
PAUSE_SECONDS = 0.004


class Engine:
    """The Docker Engine by its socket, without anything of ours."""

    def __init__(self) -> None:
        connector = aiohttp.UnixConnector("/var/run/docker.sock", limit=0)
        self._docker = aiohttp.ClientSession(connector=connector)
        self._web = aiohttp.ClientSession()
        self._ends = asyncio.Semaphore(ENDS_AT_ONCE)

    async def close(self) -> None:
        """Let go."""
        await self._docker.close()
        await self._web.close()

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        address = f"http://docker/v1.41{path}"
        async with self._docker.request(method, address, json=body) as answer:
            if answer.status >= 400:
                raise RuntimeError(f"{path}: {answer.status} {await answer.text()}")
            return await answer.json() if answer.status in (200, 201) else None

    async def start(self, image: str, command: Sequence[str], path: str) -> tuple[float, str]:
        """Seconds until the first answer, and the container."""
        began = time.perf_counter()
        body = {
            "Image": image,
            "Cmd": list(command) or None,
            "HostConfig": {
                "Memory": GIBIBYTE, "MemorySwap": GIBIBYTE, "PidsLimit": 512, "Init": True,
                "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges:true"],
            },
        }  # fmt: skip
        container = (await self._ask("POST", "/containers/create", body))["Id"]
        await self._ask("POST", f"/containers/{container}/start")
        seen = await self._ask("GET", f"/containers/{container}/json")
        address = seen["NetworkSettings"]["IPAddress"]
        await self._until_it_answers(f"http://{address}:8888{path}")
        return time.perf_counter() - began, container

    async def _until_it_answers(self, address: str) -> None:
        while True:
            try:
                async with self._web.get(address) as answer:
                    if answer.status < 500:
                        return
            except aiohttp.ClientError:
                await asyncio.sleep(PAUSE_SECONDS)

    async def remove(self, container: str) -> None:
        """Away with it, a few at a time: an engine locked up when a hundred left at once."""
        async with self._ends:
            await self._ask("DELETE", f"/containers/{container}?force=1&v=1")

    async def burst(self, image: str, asked_after: Sequence[float], at_once: int) -> list[float]:
        """One for each that asks, so many at once; seconds from the beginning until each answered.

        `asked_after` are seconds from the beginning, in order.
        """
        began = time.perf_counter()
        turn = asyncio.Semaphore(at_once)
        containers: list[str] = []

        async def one(asks_after: float) -> float:
            await asyncio.sleep(began + asks_after - time.perf_counter())
            async with turn:
                _, container = await self.start(image, (), "/")
                containers.append(container)
                return time.perf_counter() - began

        times = list(await asyncio.gather(*map(one, asked_after)))
        await asyncio.gather(*(self.remove(each) for each in containers))
        return times
