"""People with tokens, an environment, and workspaces in every state."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from mydocker.domain.environments import read_environment
from mydocker.domain.failures import Cause, Reason
from mydocker.domain.people import Person, Role
from mydocker.domain.recipes import read_recipe
from mydocker.domain.runs import Phase
from mydocker.services import environments, images, people, workspaces
from mydocker.store import runs
from mydocker.store import workspaces as stored

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DEFINITION: Mapping[str, object] = {
    "title": {"en": "JupyterLab and Python", "fr": "JupyterLab et Python"},
    "image": "mydocker/jupyterlab-python",
    "status": "ready",
    "ports": [{"number": 8888}],
    "interfaces": [
        {
            "key": "lab",
            "title": {"en": "The lab", "fr": "Le laboratoire"},
            "link": "https://{{HOST['8888']}}/lab{{USER_REDIRECT}}",
        },
        {"key": "course", "title": "Course", "link": "https://example.org/course"},
    ],
}
SMALL: Mapping[str, object] = {
    "kind": "dockerfile",
    "text": "FROM mydocker/tiny\nRUN echo hello\n",
}

PHASES = {
    "queued": Phase.NEW,
    "pulling": Phase.NEW,
    "starting": Phase.STARTING,
    "answering": Phase.ANSWERING,
    "ready": Phase.READY,
    "stopping": Phase.STOPPING,
    "stopped": Phase.ENDED,
    "failed": Phase.ENDED,
}


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of the API."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person with a token that may do all they may; or nobody."""

    person: Person
    token: str

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answered:
        """Send a request to the API; a body that is not text is sent as JSON."""
        return send(method, path, body, authorization=f"Bearer {self.token}", **headers)

    def with_scopes(self, *scopes: str) -> "Somebody":
        """The same person with a token for these scopes alone."""
        return Somebody(self.person, people.create_token(self.person, "", scopes, NOW, None))


def send(method: str, path: str, body: object = None, **headers: str) -> Answered:
    """Send a request to the API as nobody, or with the headers given."""
    if body is None:
        data: str | bytes = b""
    else:
        data = body if isinstance(body, str | bytes) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = named.pop("content-type", "application/json")
    response = Client(raise_request_exception=False).generic(
        method, f"/api/v1{path}", data, content_type=kind,
        headers={"host": settings.MYDOCKER.parsed_url.netloc, "accept-language": "en", **named},
    )  # fmt: skip
    is_json = response.headers.get("content-type", "").startswith("application/json")
    content = response.getvalue()
    told = json.loads(content) if is_json else content.decode()
    return Answered(response.status_code, told, dict(response.headers))


def somebody(role: Role, name: str) -> Somebody:
    person = people.add_local(f"{name}@example.org", role, NOW, name=name.capitalize())
    return Somebody(person, people.create_token(person, "tests", [], NOW, None))


@pytest.fixture(scope="session", autouse=True)
def static_folder() -> None:
    """Where whitenoise looks for files; it warns where there is none."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def student(db: None) -> Somebody:
    return somebody(Role.STUDENT, "ada")


@pytest.fixture
def other_student(db: None) -> Somebody:
    return somebody(Role.STUDENT, "blaise")


@pytest.fixture
def teacher(db: None) -> Somebody:
    return somebody(Role.TEACHER, "curie")


@pytest.fixture
def admin(db: None) -> Somebody:
    return somebody(Role.ADMIN, "dijkstra")


_numbers = count(1)


def make_environment(teacher: Person, **changes: object) -> str:
    """Apply an environment of its own; returns its slug."""
    slug = str(changes.pop("slug", f"env-{next(_numbers)}"))
    definition = read_environment({**DEFINITION, "slug": slug, **changes})
    environments.apply(teacher, definition, NOW)
    return slug


@pytest.fixture
def environment(teacher: Somebody) -> str:
    return make_environment(teacher.person)


def make_image(person: Person, slug: str, recipe: Mapping[str, object] = SMALL) -> str:
    """An image of the person's; returns its slug."""
    images.create(person, slug.capitalize(), read_recipe(recipe), NOW, slug=slug)
    return slug


def make_workspace(person: Person, slug: str, state: str) -> str:
    """A workspace of the person's in the environment, brought to this state; returns its id."""
    workspace = workspaces.ask(person, slug, NOW).workspace
    if state == "wanted":
        return workspace
    if state == "never":
        workspaces.stop(workspace, Cause.ASKED, person.id, NOW)
        return workspace
    run = make_run(workspace, slug)
    if state == "pulling":
        runs.note(run, pulling=True)
    if state in ("stopping", "stopped"):
        workspaces.stop(workspace, Cause.IDLE, "culler", NOW, {"minutes": "20"})
    _advance(run, PHASES[state], state)
    if state == "ready":
        stored.note_end_expected(workspace, NOW + timedelta(hours=1), warned=False, now=NOW)
    return workspace


def make_run(workspace: str, slug: str) -> str:
    """A run for the workspace's present wish."""
    runs.make_local_node()
    row, known = stored.find(workspace), environments.by_slug(slug)
    assert row is not None
    made = runs.make(
        workspace, row.generation, known.row, [8888],
        settings.MYDOCKER.apps_domain, now=NOW, asked_at=NOW,
    )  # fmt: skip
    assert made is not None
    return made.id


def _advance(run: str, phase: Phase, state: str) -> None:
    reasons = {
        "stopping": Reason(Cause.IDLE, {"minutes": "20"}),
        "stopped": Reason(Cause.IDLE, {"minutes": "20"}),
        "failed": Reason(Cause.NO_ANSWER, {"port": "8888", "seconds": "120"}),
    }
    row = runs.find(run)
    if row is not None and phase > row.phase:
        assert runs.advance(row, phase, NOW, reasons.get(state))


@pytest.fixture
def workspace_in(student: Somebody, teacher: Somebody) -> Callable[[str], str]:
    """Makes the student's workspace, in an environment of its own, in a state."""
    return lambda state: make_workspace(student.person, make_environment(teacher.person), state)
