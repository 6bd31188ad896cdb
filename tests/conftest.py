"""What every test may use."""

from datetime import UTC, datetime

import pytest

from tests import queries

queries.watch()


@pytest.fixture
def now() -> datetime:
    """A moment that does not move."""
    return datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


JUDGED = "tests/test_queries.py"
ASKING = ("tests/store/", "tests/web/", "tests/api/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Queries are judged when all tests that make some have run, and not where only some do."""
    items.sort(key=lambda item: item.nodeid.startswith(JUDGED))
    if not all(any(item.nodeid.startswith(part) for item in items) for part in ASKING):
        items[:] = [item for item in items if not item.nodeid.startswith(JUDGED)]
