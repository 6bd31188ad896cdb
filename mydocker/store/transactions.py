"""One request, one transaction, committed at the edge of a service."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, OperationalError, close_old_connections, connection, transaction

DatabaseError = Error
"""Whatever the database raises."""
DatabaseBusy = OperationalError
"""Locked, full or not there: try again later."""


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Commit on success, roll back on any exception; joins an open one."""
    with transaction.atomic():
        yield


def forget_connection() -> None:
    """Close this thread's connection; after a fork, or when the database went away."""
    connection.close()


def drop_broken_connection() -> None:
    """Close this thread's connection if it is unusable, so that the next query opens another."""
    close_old_connections()


def answers() -> bool:
    """Whether the database answers a query now. Raises DatabaseError if not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))
