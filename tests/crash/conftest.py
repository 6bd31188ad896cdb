"""One service for all crash tests."""

from collections.abc import Iterator

import pytest

from tests.service import TINY, Service, running


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A running service with the environment `tiny`."""
    with running(TINY) as service:
        yield service
