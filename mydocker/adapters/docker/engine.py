"""One engine's HTTP API through aiodocker. Knows no run, no plan and no policy.

Whatever is not the engine's own answer (no socket, a cut connection, silence) is `Unavailable`;
the engine's complaints come as `aiodocker.DockerError` for the caller to judge.
"""

import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any, BinaryIO

import aiohttp
from aiodocker import Docker, DockerError

from mydocker.adapters.docker.errors import NO_CONNECTION
from mydocker.ports.errors import Unavailable

DEFAULT_URL = "unix:///var/run/docker.sock"
UNIX = "unix://"

Json = Any
"""What the engine answers. Its shape is the API's, read where it arrives and not beyond."""


class Engine:
    """A connection to one engine, opened at the first question; so it may be made before a fork.

    `aiodocker`'s own questions are used where it has no method that asks just this.
    """

    def __init__(self, url: str | None, answer_within: timedelta) -> None:
        self.url = url or os.environ.get("DOCKER_HOST") or DEFAULT_URL
        self._within = answer_within
        self._client: Docker | None = None
        self._connector: aiohttp.UnixConnector | None = None

    @property
    def socket(self) -> str | None:
        """Path of the engine's socket, if it has one on this machine."""
        return self.url.removeprefix(UNIX) if self.url.startswith(UNIX) else None

    async def ask(
        self,
        path: str,
        method: str = "GET",
        *,
        params: Mapping[str, str] | None = None,
        body: Json = None,
        within: timedelta | None = None,
    ) -> Json:
        """Ask one question and return the decoded answer.

        Raises `DockerError` for the engine's complaints, `Unavailable` if it does not answer
        `within` the time given (the whole answer; default: the driver's).
        """
        total = (within or self._within).total_seconds()
        with _no_answer_is_unavailable():
            return await self._opened()._query_json(  # noqa: SLF001
                path,
                method,
                params=dict(params or {}),
                data=body,
                timeout=aiohttp.ClientTimeout(total=total),
            )

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        method: str = "GET",
        *,
        params: Mapping[str, str] | None = None,
        body: Json = None,
        archive: BinaryIO | None = None,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open an answer that comes bit by bit; the connection is closed on leaving.

        `archive`: a tar file that is sent instead of a body. Raises as `ask` does, also while it
        is read; there is no limit of time.
        """
        data = None if body is None else json.dumps(body)
        with _no_answer_is_unavailable():
            response = await self._opened()._do_query(  # noqa: SLF001
                path,
                method,
                params=dict(params or {}),
                data=archive or data,
                headers={"Content-Type": "application/x-tar"} if archive else None,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            )
        try:
            yield _chunks(response)
        finally:
            response.close()

    async def close(self) -> None:
        """Close every connection; the next question opens anew."""
        client, connector = self._client, self._connector
        self._client = self._connector = None
        if client is not None:
            await client.close()
        if connector is not None:
            await connector.close()

    def _opened(self) -> Docker:
        if self._client is None:
            self._client = self._open()
        return self._client

    def _open(self) -> Docker:
        if self.socket is None:
            return Docker(self.url)
        # aiohttp's default of 100 connections would let log readers starve everything else.
        self._connector = aiohttp.UnixConnector(self.socket, limit=0)
        return Docker(f"{UNIX}localhost", connector=self._connector)


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    with _no_answer_is_unavailable():
        async for chunk in response.content.iter_any():
            yield chunk


async def json_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[Json]:
    """Yield the values of a stream of JSON lines of any length; a cut line is not one."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)


@contextmanager
def _no_answer_is_unavailable() -> Iterator[None]:
    try:
        yield
    except DockerError as error:
        if error.status == NO_CONNECTION:
            raise Unavailable(error.message) from error
        raise
    except TimeoutError as error:
        raise Unavailable("the engine did not answer in time") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Unavailable(f"the engine's answer was cut: {error}") from error
