"""What every test may use."""

from datetime import UTC, datetime

import pytest

from tests import queries

queries.watch()


@pytest.fixture
def now() -> datetime:
    """A moment that does not move."""
    return datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Queries are judged when all tests that make some have run."""
    items.sort(key=lambda item: item.nodeid.startswith("tests/test_queries.py"))
