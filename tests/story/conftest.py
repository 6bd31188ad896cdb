"""One real service with the first environment, for all stories."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.service import TINY, Service, running


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A running service."""
    with running(TINY) as service:
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser."""
    with chromium() as browser:
        yield browser
