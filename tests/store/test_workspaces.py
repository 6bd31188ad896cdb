"""Named updates: counted, conditional, one winner."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import IntegrityError, connection

from mydocker.domain.failures import Cause
from mydocker.domain.runs import Phase
from mydocker.services import workspaces as services
from mydocker.store import environments, runs, story
from mydocker.store import workspaces as store
from mydocker.store.models import Run, Workspace
from mydocker.store.transactions import unit_of_work
from tests.people import student, tiny

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _node() -> None:
    runs.make_local_node()


def _make(workspace: store.WorkspaceRow, generation: int, now: datetime) -> runs.RunRow | None:
    environment = environments.by_id(workspace.environment)
    assert environment is not None
    return runs.make(workspace.id, generation, environment, [8888], "apps.test", now, now)


def test_a_person_has_one_workspace_in_an_environment(now: datetime) -> None:
    person, environment = student(now), tiny(now)
    with unit_of_work():
        first, is_new = store.find_or_make(person.id, environment.row.id, now)
        second, is_new_again = store.find_or_make(person.id, environment.row.id, now)
    assert first.id == second.id
    assert (is_new, is_new_again) == (True, False)


def test_clicks_at_once_make_one_wish(now: datetime) -> None:
    person = student(now)
    tiny(now)

    def click(_: int) -> str:
        try:
            return services.ask(person, "tiny", now).workspace
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as clickers:
        asked = set(clickers.map(click, range(16)))
    assert len(asked) == 1
    row = store.find(asked.pop())
    assert row is not None
    assert (row.wanted, row.generation) == (True, 1)
    assert [event.kind for event in story.since(row.id, 0)] == ["asked"]


def test_at_most_one_run_is_made_for_a_wish_and_one_lives(now: datetime) -> None:
    person = student(now)
    tiny(now)
    row = store.find(services.ask(person, "tiny", now).workspace)
    assert row is not None
    run = _make(row, 1, now)
    assert run is not None
    assert _make(row, 1, now) is None  # the same wish
    assert _make(row, 2, now) is None  # another one, while the first lives
    for phase in (Phase.STOPPING, Phase.ENDED):
        current = runs.find(run.id)
        assert current is not None and runs.advance(current, phase, now)
    assert _make(row, 1, now) is None
    assert _make(row, 2, now) is not None


def test_a_run_never_moves_backwards_and_only_from_where_it_is(now: datetime) -> None:
    person = student(now)
    tiny(now)
    row = store.find(services.ask(person, "tiny", now).workspace)
    assert row is not None
    run = _make(row, 1, now)
    assert run is not None
    assert runs.advance(run, Phase.READY, now)
    assert not runs.advance(run, Phase.ANSWERING, now)  # it moved meanwhile
    current = runs.find(run.id)
    assert current is not None
    for phase in Phase:
        if phase <= Phase.READY:
            assert not runs.advance(current, phase, now)


def test_host_names_are_long_random_and_never_given_twice(now: datetime) -> None:
    person = student(now)
    tiny(now)
    row = store.find(services.ask(person, "tiny", now).workspace)
    assert row is not None
    run = _make(row, 1, now)
    assert run is not None
    label = run.hosts[8888].split(".")[0]
    assert len(label) == 20  # 100 random bits
    assert set(label) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_stopping_counts_once(now: datetime) -> None:
    person = student(now)
    tiny(now)
    workspace = services.ask(person, "tiny", now).workspace
    assert services.stop(workspace, Cause.IDLE, "culler", now, {"minutes": "20"})
    assert not services.stop(workspace, Cause.IDLE, "culler", now, {"minutes": "20"})
    assert [event.kind for event in story.since(workspace, 0)] == ["asked", "stop_asked"]


def test_secrets_of_a_run_are_not_in_clear_in_the_database(now: datetime) -> None:
    person = student(now)
    tiny(now)
    row = store.find(services.ask(person, "tiny", now).workspace)
    assert row is not None
    run = _make(row, 1, now)
    assert run is not None
    stored = Run.objects.filter(id=run.id).values().get()
    assert not any(secret in str(stored) for secret in run.credentials())


def test_the_database_itself_keeps_a_person_to_one_workspace_of_an_environment(
    now: datetime,
) -> None:
    runs.make_local_node()
    person, _ = student(now), tiny(now)
    workspace = services.ask(person, "tiny", now).workspace
    row = store.find(workspace)
    assert row is not None
    twin = {"person_id": person.id, "environment_id": row.environment, "created_at": now}
    with pytest.raises(IntegrityError):
        Workspace.objects.create(**twin)
    services.delete(person, workspace, now)
    assert Workspace.objects.create(**twin).id != workspace  # what is deleted is in nobody's way
