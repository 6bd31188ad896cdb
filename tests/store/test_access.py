"""Tickets are used once, grants end with what gave them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from mydocker.domain.people import Person
from mydocker.domain.refusals import Refusal
from mydocker.domain.runs import Phase
from mydocker.services import entries, people
from mydocker.services import workspaces as services
from mydocker.store import access, runs
from mydocker.store import workspaces as store
from mydocker.store.runs import RunRow
from mydocker.store.secrets import digest
from mydocker.store.sessions import SessionStore
from tests.people import student, tiny

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def ready(now: datetime) -> tuple[Person, RunRow]:
    """A person with a ready run."""
    runs.make_local_node()
    person, environment = student(now), tiny(now)
    row = store.find(services.ask(person, "tiny", now).workspace)
    assert row is not None
    run = runs.make(row.id, 1, environment.row, [8888], "apps.test", now, now)
    assert run is not None and runs.advance(run, Phase.READY, now)
    return person, run


def _ticket(
    person: Person, run: RunRow, now: datetime, login: str | None = None, token: str | None = None
) -> str:
    return access.issue_ticket(
        host=run.hosts[8888], path="/lab?token=x", person=person.id, login=login, token=token,
        now=now, lifetime=MINUTE,
    )  # fmt: skip


def test_a_ticket_is_used_once_however_many_try(
    now: datetime, ready: tuple[Person, RunRow]
) -> None:
    person, run = ready
    ticket = _ticket(person, run, now)

    def enter(_: int) -> bool:
        try:
            entries.enter(ticket, run.hosts[8888], now)
        except Refusal:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as thieves:
        assert sum(thieves.map(enter, range(16))) == 1


def test_a_ticket_is_good_for_its_host_and_a_minute(
    now: datetime, ready: tuple[Person, RunRow]
) -> None:
    person, run = ready
    ticket = _ticket(person, run, now)
    assert access.consume_ticket(ticket, "a" * 20 + ".apps.test", now) is None
    assert access.consume_ticket(ticket, run.hosts[8888], now + MINUTE) is None
    assert access.consume_ticket(ticket, run.hosts[8888], now) is not None


def test_a_ticket_dies_with_its_login(now: datetime, ready: tuple[Person, RunRow]) -> None:
    person, run = ready
    login = people.begin_login(person.id, "session-key", now, DAY)
    ticket = _ticket(person, run, now, login)
    people.end_login("session-key", now)
    assert access.consume_ticket(ticket, run.hosts[8888], now) is None


def test_signing_out_revokes_what_the_login_opened_and_nothing_else(
    now: datetime, ready: tuple[Person, RunRow]
) -> None:
    person, run = ready
    for key in ("here", "there"):
        login = people.begin_login(person.id, key, now, DAY)
        entries.enter(_ticket(person, run, now, login), run.hosts[8888], now)
    people.end_login("here", now)
    assert len(access.grants_to_drop()) == 1
    assert len(access.wanted_grants()) == 1


def test_disabling_a_person_ends_everything(now: datetime, ready: tuple[Person, RunRow]) -> None:
    person, run = ready
    login = people.begin_login(person.id, "here", now, DAY)
    entries.enter(_ticket(person, run, now, login), run.hosts[8888], now)
    token = people.create_token(person, "script", [], now, None)
    people.set_enabled(person.id, enabled=False, now=now)
    assert not access.wanted_grants()
    assert access.token_of(token, now) is None
    workspace = store.find(run.workspace)
    assert workspace is not None and not workspace.wanted


def test_expired_logins_end(now: datetime, ready: tuple[Person, RunRow]) -> None:
    person, _ = ready
    people.begin_login(person.id, "here", now, DAY)
    assert people.end_expired(now + DAY - MINUTE) == 0
    assert people.end_expired(now + DAY) == 1


def test_what_a_token_opened_ends_with_its_time(
    now: datetime, ready: tuple[Person, RunRow]
) -> None:
    person, run = ready
    token = access.token_of(people.create_token(person, "script", [], now, MINUTE / 2), now)
    assert token is not None
    used, late = (_ticket(person, run, now, token=token.id) for _ in range(2))
    entries.enter(used, run.hosts[8888], now)
    over = now + MINUTE / 2
    assert access.next_end() == over
    assert people.end_expired(over - MINUTE / 60) == 0
    assert len(access.wanted_grants()) == 1
    assert people.end_expired(over) == 1
    assert not access.wanted_grants()
    assert access.consume_ticket(late, run.hosts[8888], over) is None


def test_stopping_revokes_the_grants_at_once(now: datetime, ready: tuple[Person, RunRow]) -> None:
    person, run = ready
    entries.enter(_ticket(person, run, now), run.hosts[8888], now)
    services.stop_own(person, run.workspace, now)
    assert not access.wanted_grants()


def test_secrets_are_stored_as_digests_or_sealed(
    now: datetime, ready: tuple[Person, RunRow]
) -> None:
    person, run = ready
    ticket = _ticket(person, run, now)
    entered = entries.enter(ticket, run.hosts[8888], now)
    token = people.create_token(person, "script", [], now, None)
    with connection.cursor() as cursor:
        rows = []
        for table in ("ticket", "grant_of_entry", "token"):
            cursor.execute(f"SELECT * FROM {table}")
            rows += cursor.fetchall()
    text = str(rows)
    for secret in (ticket, entered.cookie, token, "/lab?token=x"):
        assert secret not in text
    assert digest(entered.cookie) in text


def test_a_stolen_session_table_opens_nothing() -> None:
    session = SessionStore()
    session["who"] = "camille"
    session.save()
    assert session.session_key is not None
    assert list(Session.objects.values_list("session_key", flat=True)) == [
        digest(session.session_key)[:40]
    ]
    again = SessionStore(session.session_key)
    assert again["who"] == "camille"
    again.cycle_key()
    assert SessionStore(session.session_key).load() == {}
    assert again.session_key is not None
    assert SessionStore(again.session_key)["who"] == "camille"
    again.flush()
    assert not Session.objects.exists()
