"""Logins end on time, not at somebody's next round."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from mydocker.loops.doorkeeper import Doorkeeper
from mydocker.loops.office import Desk, serve
from mydocker.services import people
from mydocker.steady import SteadyClock
from mydocker.store import access
from tests.loops.house import Watched
from tests.people import student

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


async def test_a_login_ends_when_its_time_is_over_and_not_at_the_next_round() -> None:
    clock, database = SteadyClock(), Watched()
    begun = clock.now()

    def begin() -> None:
        people.begin_login(student(begun).id, "here", begun, timedelta(seconds=0.3))

    await database(begin)
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve([Desk(Doorkeeper(database, clock), key="all")], [], stop.wait())
    )
    try:
        await database.until(lambda: access.next_end() is None)
        assert clock.now() - begun < timedelta(seconds=10)  # the round comes every 15 s
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await serving
        database.close()
