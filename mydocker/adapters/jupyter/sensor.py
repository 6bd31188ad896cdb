"""Work in a Jupyter server: busy kernels, and terminals that print.

Asks `/api/kernels` and `/api/terminals`, never `/api/status`: every poll of an open tab moves the
latter (Jupyter Server REST API, `last_activity`).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp

from mydocker.ports.activity import Work
from mydocker.ports.errors import Unavailable

PATIENCE = aiohttp.ClientTimeout(total=2)
LARGEST_ANSWER = 1_000_000
BUSY = frozenset({"busy", "starting", "restarting"})


class JupyterSensor:
    """See `ports.activity.WorkSensor`."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def sense(self, address: str, port: int, authorization: str) -> Work | None:
        """Say what goes on; None if it is not a Jupyter server."""
        root = f"http://{address}:{port}/api/"
        kernels = await self._get(root + "kernels", authorization)
        terminals = await self._get(root + "terminals", authorization)
        if kernels is None:
            return None
        return work_of(kernels, terminals or [])

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()

    async def _get(self, address: str, authorization: str) -> list[Mapping[str, Any]] | None:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=PATIENCE)
        headers = {"Authorization": authorization} if authorization else {}
        try:
            async with self._session.get(address, headers=headers, allow_redirects=False) as got:
                if got.status != 200 or (got.content_length or 0) > LARGEST_ANSWER:
                    return None
                answer = await got.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"the Jupyter server does not answer: {error}") from error
        except ValueError:
            return None
        return answer if isinstance(answer, list) else None


def work_of(kernels: Iterable[Mapping[str, Any]], terminals: Iterable[Mapping[str, Any]]) -> Work:
    """What a server's kernels and terminals say; strange entries are passed over."""
    kernels = [each for each in kernels if isinstance(each, dict)]
    busy = any(each.get("execution_state") in BUSY for each in kernels)
    entries = [*kernels, *(each for each in terminals if isinstance(each, dict))]
    times = [_moment(each.get("last_activity")) for each in entries]
    return Work(busy, max((time for time in times if time is not None), default=None))


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
