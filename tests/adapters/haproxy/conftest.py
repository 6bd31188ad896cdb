from collections.abc import AsyncIterator

import pytest_asyncio

from tests.adapters.haproxy import gate as gates
from tests.adapters.haproxy.gate import Gate


@pytest_asyncio.fixture
async def gate() -> AsyncIterator[Gate]:
    async with gates.gate() as made:
        yield made


@pytest_asyncio.fixture
async def opened(gate: Gate) -> Gate:
    """A gateway with one run whose host the usual cookie may enter."""
    await gate.open()
    return gate
