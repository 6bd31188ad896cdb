"""What every test may use."""

from collections.abc import Generator
from datetime import UTC, datetime

import pytest

from tests import queries
from tests.service import Service

queries.watch()


@pytest.fixture
def now() -> datetime:
    """A moment that does not move."""
    return datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


JUDGED = "tests/test_queries.py"
ASKING = ("tests/store/", "tests/services/", "tests/web/", "tests/api/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Queries are judged when all tests that make some have run, and not where only some do."""
    items.sort(key=lambda item: item.nodeid.startswith(JUDGED))
    if not all(any(item.nodeid.startswith(part) for item in items) for part in ASKING):
        items[:] = [item for item in items if not item.nodeid.startswith(JUDGED)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows the last lines of its service's logs."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        services = [value for value in item.funcargs.values() if isinstance(value, Service)]
        report.sections += [("Logs of the service", service.told()) for service in services]
    return report
