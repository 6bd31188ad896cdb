"""One service for the tutorials, which they may stop and start."""

import sys
from collections.abc import Iterator

import pytest

from tests.docs.tutorials import ROOT
from tests.service import Service

sys.path.insert(0, str(ROOT / "docs" / "_ext"))


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A running service whose first environment can start."""
    service = Service()
    try:
        service.start()
        yield service
    finally:
        service.remove()
