"""One service for all crash tests."""

from collections.abc import Iterator

import pytest

from tests.service import TINY, Service


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A running service with the environment `tiny`."""
    service = Service()
    try:
        service.start()
        service.cli("environment", "apply", "-", stdin=TINY)
        yield service
    finally:
        service.remove()
