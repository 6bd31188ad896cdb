"""Fills a data folder's database as a university would: run it with that folder's settings.

Prints the session key of one person who has ten workspaces, one of them ready. With mail addresses,
it signs these people in instead, and prints a session key for each.
"""

import os
import sys
from datetime import UTC, datetime, timedelta

PEOPLE = 10_000
WORKSPACES_EACH = 10
RUNNING = 1_000
EVENTS_EACH = 5


def main() -> None:
    """Make people, workspaces, runs and their story in bulk."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mydocker.django_settings")
    os.umask(0o007)
    import django

    django.setup()
    if mails := sys.argv[1:]:
        _sign_in(mails)
        return
    from django.db import transaction

    with transaction.atomic():
        environments = _environments()
        people = _people()
        workspaces = _workspaces(people, environments)
        _runs(workspaces)
    print(_session(people[0]))


def _environments() -> list[str]:
    from mydocker.domain.environments import read_environment
    from mydocker.services import environments
    from mydocker.services.operator import OPERATOR

    tree = {
        "image": "mydocker/tiny:latest", "status": "ready", "ports": [{"number": 8888}],
        "title": {"en": "Scientific Python", "fr": "Python scientifique"},
        "description": {"en": "Notebooks.", "fr": "Des carnets."}, "courses": ["L2"],
    }  # fmt: skip
    found = []
    for number in range(WORKSPACES_EACH):
        definition = read_environment({**tree, "slug": f"bench-{number}"})
        known, _ = environments.apply(OPERATOR, definition, datetime.now(UTC))
        found.append(known.row.id)
    return found


def _people() -> list[str]:
    from mydocker.store.models import Person

    now = datetime.now(UTC)
    made = Person.objects.bulk_create(
        [
            Person(
                display_name=f"Student {number}", mail=f"s{number}@bench.example",
                password="!", created_at=now,
            )
            for number in range(PEOPLE)
        ],
        batch_size=500,
    )  # fmt: skip
    return [person.id for person in made]


def _workspaces(people: list[str], environments: list[str]) -> list[tuple[str, str]]:
    from mydocker.store.models import StoryEvent, Workspace

    now = datetime.now(UTC)
    made = Workspace.objects.bulk_create(
        [
            Workspace(
                person_id=person, environment_id=environment, generation=1, created_at=now,
                asked_at=now - timedelta(hours=1),
            )
            for person in people
            for environment in environments
        ],
        batch_size=500,
    )  # fmt: skip
    kinds = ("asked", "container_starting", "answering", "ready", "opened")
    StoryEvent.objects.bulk_create(
        [
            StoryEvent(workspace_id=row.id, at=now, kind=kind, facts={"seconds": "2.1"})
            for row in made
            for kind in kinds[:EVENTS_EACH]
        ],
        batch_size=1000,
    )
    return [(row.id, row.environment_id) for row in made]


def _runs(workspaces: list[tuple[str, str]]) -> None:
    from mydocker.domain.runs import Phase
    from mydocker.store import runs
    from mydocker.store.models import Environment, Run, RunHost, Workspace
    from mydocker.store.secrets import seal

    runs.make_local_node()
    now = datetime.now(UTC)
    definitions = dict(Environment.objects.values_list("id", "definition"))
    secret = seal({"username": "bench", "password": "bench"})
    running = workspaces[:: len(workspaces) // RUNNING][:RUNNING]
    live = {workspace for workspace, _ in running}
    Workspace.objects.filter(id__in=list(live)).update(wanted=True)
    rows = Run.objects.bulk_create(
        [
            Run(
                workspace_id=workspace, environment_id=environment, node_id="local", generation=1,
                phase=Phase.READY if workspace in live else Phase.ENDED, phase_since=now,
                definition=definitions[environment], secret=secret, created_at=now,
                ready_at=now, cause="" if workspace in live else "asked",
                ended_at=None if workspace in live else now,
            )
            for workspace, environment in workspaces
        ],
        batch_size=300,
    )  # fmt: skip
    RunHost.objects.bulk_create(
        [
            RunHost(host=f"{row.id}.bench.example", run_id=row.id, port=8888)
            for row in rows
            if row.workspace_id in live
        ],
        batch_size=500,
    )


def _sign_in(mails: list[str]) -> None:
    from mydocker.store.models import Person

    for mail in mails:
        print(_session(Person.objects.get(mail=mail).id).split()[0])


def _session(person: str) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from mydocker.services import people
    from mydocker.store.models import Person
    from mydocker.store.sessions import SessionStore

    row = Person.objects.get(id=person)
    session = SessionStore()
    session[SESSION_KEY] = person
    session[BACKEND_SESSION_KEY] = "mydocker.store.backends.Local"
    session[HASH_SESSION_KEY] = row.get_session_auth_hash()
    session.save()
    assert session.session_key
    people.begin_login(person, session.session_key, datetime.now(UTC), timedelta(days=1))
    workspace = row.workspaces.filter(wanted=True).values_list("id", flat=True).first()
    return f"{session.session_key} {workspace}"


if __name__ == "__main__":
    main()
