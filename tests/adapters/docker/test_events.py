"""The stream of events never ends as if nothing had happened."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from mydocker.adapters.docker.engine import Engine
from mydocker.adapters.docker.events import follow
from mydocker.adapters.docker.names import Names
from mydocker.ports.errors import Unavailable


class PoliteEngine(Engine):
    """An engine that closes its stream properly, as one does that is shut down."""

    @asynccontextmanager
    async def stream(self, *_: Any, **__: Any) -> AsyncIterator[AsyncIterator[bytes]]:
        async def proper_end() -> AsyncIterator[bytes]:
            yield b"\n"

        yield proper_end()


@pytest.mark.asyncio
async def test_a_proper_end_is_unavailable_too() -> None:
    engine = PoliteEngine(None, timedelta(seconds=1))
    with pytest.raises(Unavailable):
        await anext(follow(engine, Names("0a1b2c"), 0.0))
