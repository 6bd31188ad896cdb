"""Workspaces over the API: the contract that others build on."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings

from mydocker.domain.refusals import Refusal
from mydocker.services import entries
from mydocker.store import runs

from .conftest import NOW, Somebody, make_environment, make_workspace, send

KEYS = ["id", "environment", "state", "reason", "interfaces", "credentials", "stops_at", "queue"]
TOLD = {
    "never": "stopped",
    "wanted": "queued",
    "queued": "queued",
    "pulling": "pulling",
    "starting": "starting",
    "answering": "starting",
    "ready": "ready",
    "stopping": "stopping",
    "stopped": "stopped",
    "failed": "failed",
}


@pytest.mark.parametrize(("made", "told"), TOLD.items())
def test_every_state_is_told_in_the_shape_of_the_contract(
    made: str, told: str, student: Somebody, workspace_in: Callable[[str], str]
) -> None:
    workspace = workspace_in(made)
    shown = student.ask("GET", f"/workspaces/{workspace}")
    assert (shown.status, list(shown.body)) == (200, KEYS)
    assert (shown.body["id"], shown.body["state"]) == (workspace, told)
    is_ready = told == "ready"
    assert bool(shown.body["interfaces"]) is bool(shown.body["credentials"]) is is_ready
    assert bool(shown.body["stops_at"]) is is_ready
    assert bool(shown.body["reason"]) is (made in ("stopping", "stopped", "failed"))


def test_a_ready_workspace_shows_lasting_links_and_credentials(
    student: Somebody, workspace_in: Callable[[str], str]
) -> None:
    workspace = workspace_in("ready")
    shown = student.ask("GET", f"/workspaces/{workspace}", accept_language="fr").body
    base = settings.MYDOCKER.url
    assert shown["interfaces"] == [
        {"key": "lab", "title": "Le laboratoire", "url": f"{base}/workspaces/{workspace}/open/lab"},
        {"key": "course", "title": "Course", "url": "https://example.org/course"},
    ]
    run = runs.live_of(workspace)
    assert run is not None
    assert shown["credentials"] == dict(
        zip(("username", "password"), run.credentials(), strict=True)
    )
    assert shown["stops_at"] == "2026-11-22T10:30:00.000000Z"


def test_why_it_ended_is_told_with_a_remedy(
    student: Somebody, workspace_in: Callable[[str], str]
) -> None:
    shown = student.ask("GET", f"/workspaces/{workspace_in('failed')}").body
    assert shown["reason"]["code"] == "no_answer"
    assert "8888" in shown["reason"]["message"] and shown["reason"]["hint"]


def test_asking_makes_it_once_and_then_finds_it(student: Somebody, environment: str) -> None:
    first = student.ask("POST", "/workspaces", {"environment": environment})
    second = student.ask("POST", "/workspaces", {"environment": environment})
    assert (first.status, second.status) == (201, 200)
    assert first.body == second.body
    assert first.body["state"] == "queued" and first.body["environment"] == environment


@pytest.mark.parametrize("state", ["never", "stopped", "failed"])
def test_asking_again_starts_what_ended(state: str, student: Somebody, environment: str) -> None:
    workspace = make_workspace(student.person, environment, state)
    again = student.ask("POST", "/workspaces", {"environment": environment})
    assert (again.status, again.body["id"], again.body["state"]) == (200, workspace, "queued")


def test_asking_leaves_what_lives_alone(student: Somebody, environment: str) -> None:
    workspace = make_workspace(student.person, environment, "ready")
    before = student.ask("GET", f"/workspaces/{workspace}").body
    assert student.ask("POST", "/workspaces", {"environment": environment}).body == before


def test_credentials_are_in_no_list_and_need_their_scope(
    student: Somebody, admin: Somebody, workspace_in: Callable[[str], str]
) -> None:
    workspace = workspace_in("ready")
    [listed] = student.ask("GET", "/workspaces").body["items"]
    assert listed["credentials"] is None and listed["interfaces"]
    reader = student.with_scopes("workspaces:read")
    assert reader.ask("GET", f"/workspaces/{workspace}").body["credentials"] is None
    assert admin.ask("GET", f"/workspaces/{workspace}").body["credentials"] is None
    [owned] = admin.ask("GET", "/admin/workspaces").body["items"]
    assert owned["credentials"] is None and owned["person"]["mail"] == "ada@example.org"


def test_a_list_in_parts_shows_everything_once(student: Somebody, teacher: Somebody) -> None:
    made = [
        make_workspace(student.person, make_environment(teacher.person), "wanted") for _ in range(5)
    ]
    seen: list[str] = []
    part = student.ask("GET", "/workspaces?limit=2").body
    while True:
        seen += [item["id"] for item in part["items"]]
        if part["next"] is None:
            break
        part = student.ask("GET", f"/workspaces?limit=2&after={part['next']}").body
    assert sorted(seen) == sorted(made)


def test_a_longer_list_asks_the_database_no_more(
    student: Somebody, teacher: Somebody, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        make_workspace(student.person, make_environment(teacher.person), "failed")
    with django_assert_max_num_queries(5):
        assert len(student.ask("GET", "/workspaces").body["items"]) == 12


def test_stop_restart_reset_extend_and_delete(student: Somebody, environment: str) -> None:
    workspace = make_workspace(student.person, environment, "ready")
    path = f"/workspaces/{workspace}"
    extended = student.ask("POST", f"{path}/extend")
    assert extended.status == 200 and extended.body["stops_at"] > "2026-11-22T10:30"
    assert student.ask("POST", f"{path}/stop").body["state"] == "stopping"
    assert student.ask("POST", f"{path}/stop").status == 200
    assert student.ask("POST", f"{path}/restart").body["state"] == "stopping"
    assert student.ask("POST", f"{path}/reset").status == 200
    assert student.ask("DELETE", path).status == 204
    gone = student.ask("GET", path)
    assert (gone.status, gone.body["code"]) == (404, "unknown_workspace")
    assert student.ask("GET", "/workspaces").body == {"items": [], "next": None}


def test_what_does_not_run_is_not_extended(
    student: Somebody, workspace_in: Callable[[str], str]
) -> None:
    refused = student.ask("POST", f"/workspaces/{workspace_in('stopped')}/extend")
    assert (refused.status, refused.body["code"]) == (409, "not_running")


@pytest.mark.parametrize(
    ("method", "rest"),
    [("GET", ""), ("DELETE", "")]
    + [("POST", f"/{verb}") for verb in ("stop", "restart", "reset", "extend", "ticket")],
)
def test_somebody_elses_workspace_is_unknown(
    method: str, rest: str, other_student: Somebody, workspace_in: Callable[[str], str]
) -> None:
    refused = other_student.ask(method, f"/workspaces/{workspace_in('ready')}{rest}")
    assert (refused.status, refused.body["code"]) == (404, "unknown_workspace")


def test_an_administrator_stops_but_does_not_open(
    admin: Somebody, workspace_in: Callable[[str], str]
) -> None:
    workspace = workspace_in("ready")
    assert admin.ask("POST", f"/workspaces/{workspace}/ticket").body["code"] == "not_yours"
    assert admin.ask("POST", f"/workspaces/{workspace}/stop").body["state"] == "stopping"


def test_a_ticket_lets_in_once_and_keeps_the_path(
    student: Somebody, workspace_in: Callable[[str], str]
) -> None:
    workspace = workspace_in("ready")
    asked = {"interface": "lab", "path": "tree/a%20b.ipynb?reset"}
    url = student.ask("POST", f"/workspaces/{workspace}/ticket", asked).body["url"]
    parts = urlsplit(url)
    secret = parse_qs(parts.query)["ticket"][0]
    entered = entries.enter(secret, str(parts.hostname), NOW)
    assert entered.path.endswith("tree/a%20b.ipynb?reset")
    with pytest.raises(Refusal):
        entries.enter(secret, str(parts.hostname), NOW)


@pytest.mark.parametrize("asked", [None, {}, {"interface": None, "path": None}])
def test_a_ticket_for_nothing_in_particular_opens_the_first_interface(
    asked: object, student: Somebody, workspace_in: Callable[[str], str]
) -> None:
    answer = student.ask("POST", f"/workspaces/{workspace_in('ready')}/ticket", asked)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"interface": "nope"}, 404, "unknown_interface"),
        ({"interface": "course"}, 404, "interface_elsewhere"),
        ({"path": "../../etc"}, 422, "bad_redirect"),
        ({"path": "a%00b"}, 422, "bad_redirect"),
        ({"path": "a b"}, 422, "invalid_input"),
        ({"path": "x" * 8001}, 422, "invalid_input"),
        ({"port": 8888}, 422, "invalid_input"),
    ],
)
def test_a_ticket_to_nowhere_is_refused(
    asked: object, status: int, code: str, student: Somebody, workspace_in: Callable[[str], str]
) -> None:
    refused = student.ask("POST", f"/workspaces/{workspace_in('ready')}/ticket", asked)
    assert (refused.status, refused.body["code"]) == (status, code)


def test_no_ticket_before_it_is_ready(
    student: Somebody, workspace_in: Callable[[str], str]
) -> None:
    refused = student.ask("POST", f"/workspaces/{workspace_in('answering')}/ticket")
    assert (refused.status, refused.body["code"]) == (409, "not_ready")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "", "workspaces:read"),
        ("POST", "/stop", "workspaces:write"),
        ("POST", "/ticket", "workspaces:open"),
        ("DELETE", "", "workspaces:write"),
    ],
)
def test_a_token_without_the_scope_is_refused(
    method: str, path: str, scope: str, student: Somebody, workspace_in: Callable[[str], str]
) -> None:
    workspace = workspace_in("ready")
    lame = student.with_scopes("environments:read")
    refused = lame.ask(method, f"/workspaces/{workspace}{path}")
    assert (refused.status, refused.body["code"]) == (403, "scope_missing")
    assert scope in refused.body["message"]
    assert student.with_scopes(scope).ask(method, f"/workspaces/{workspace}{path}").status < 300


def test_nobody_gets_nothing(workspace_in: Callable[[str], str]) -> None:
    refused = send("GET", f"/workspaces/{workspace_in('ready')}")
    assert (refused.status, refused.body["code"]) == (401, "not_signed_in")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
