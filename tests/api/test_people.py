"""The caller, their tokens, and what administrators do."""

from datetime import timedelta

from django.conf import settings
from django.middleware.csrf import _get_new_csrf_string
from django.test import Client
from django.utils import timezone

from mydocker.services import people

from .conftest import Somebody, make_environment, make_workspace, send


def test_the_service_says_whom_it_takes_you_for(student: Somebody) -> None:
    shown = student.ask("GET", "/me").body
    assert (shown["role"], shown["mail"], shown["scopes"]) == ("student", "ada@example.org", [])
    scoped = student.with_scopes("workspaces:read").ask("GET", "/me").body
    assert scoped["scopes"] == ["workspaces:read"]


def test_a_token_is_shown_once_listed_and_revoked(student: Somebody) -> None:
    asked = {"title": "nightly", "scopes": ["workspaces:read"], "expires_in": 3600}
    made = student.ask("POST", "/tokens", asked)
    assert made.status == 201 and made.body["token"].startswith("mdt_")
    listed = student.ask("GET", "/tokens").body["items"]
    assert [each["title"] for each in listed] == ["nightly", "tests"]
    assert "token" not in listed[0]
    bearer = f"Bearer {made.body['token']}"
    assert send("GET", "/me", authorization=bearer).status == 200
    assert student.ask("DELETE", f"/tokens/{made.body['id']}").status == 204
    assert send("GET", "/me", authorization=bearer).body["code"] == "bad_token"
    assert student.ask("DELETE", f"/tokens/{made.body['id']}").status == 404


def test_nobody_revokes_anothers_token(student: Somebody, other_student: Somebody) -> None:
    [token] = student.ask("GET", "/tokens").body["items"]
    assert other_student.ask("DELETE", f"/tokens/{token['id']}").status == 404
    assert student.ask("GET", "/me").status == 200


def test_a_token_makes_no_token_that_does_more_or_lasts_longer(student: Somebody) -> None:
    scoped = student.with_scopes("workspaces:write")
    assert scoped.ask("POST", "/tokens", {}).body["code"] == "scope_missing"
    soon = timezone.now() + timedelta(minutes=5)
    secret = people.create_token(student.person, "", [], timezone.now(), timedelta(minutes=5))
    bearer = f"Bearer {secret}"
    for expires_in in (None, 10**6):
        made = send("POST", "/tokens", {"expires_in": expires_in}, authorization=bearer).body
        assert made["expires_at"] < (soon + timedelta(seconds=5)).isoformat()


def test_an_expired_token_opens_nothing(student: Somebody) -> None:
    past = timezone.now() - timedelta(days=2)
    secret = people.create_token(student.person, "", [], past, timedelta(days=1))
    assert send("GET", "/me", authorization=f"Bearer {secret}").status == 401


def test_other_headers_are_no_token(db: None) -> None:
    for header in ("", "Bearer", "Bearer ", "Basic YTpi", "Bearer mdt_é", "bearer x y"):
        assert send("GET", "/me", authorization=header).status == 401


def test_a_shown_token_alone_decides(student: Somebody) -> None:
    client = _signed_in(student)
    refused = client.get("/api/v1/me", headers={**_HOST, "authorization": "Bearer mdt_wrong"})
    assert refused.status_code == 401


def test_the_dashboards_login_does_as_well(student: Somebody) -> None:
    shown = _signed_in(student).get("/api/v1/me", headers=_HOST)
    assert (shown.status_code, shown.json()["scopes"]) == (200, None)


def test_a_login_needs_the_csrf_token_to_change_things(student: Somebody, environment: str) -> None:
    client = _signed_in(student)
    asked = {"environment": environment}
    refused = client.post("/api/v1/workspaces", asked, "application/json", headers=_HOST)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    secret = client.cookies[settings.CSRF_COOKIE_NAME] = _get_new_csrf_string()
    headers = {**_HOST, "x-csrftoken": secret}
    made = client.post("/api/v1/workspaces", asked, "application/json", headers=headers)
    assert made.status_code == 201


def test_an_ended_login_opens_nothing(student: Somebody) -> None:
    client = _signed_in(student)
    people.end_login(_KEY, timezone.now())
    assert client.get("/api/v1/me", headers=_HOST).status_code == 401


def test_a_disabled_person_is_out_at_once_and_comes_back(
    student: Somebody, teacher: Somebody, admin: Somebody
) -> None:
    workspace = make_workspace(student.person, make_environment(teacher.person), "ready")
    path = f"/admin/people/{student.person.id}"
    assert admin.ask("POST", f"{path}/disable").body["enabled"] is False
    assert student.ask("GET", "/me").status == 401
    late = people.create_token(student.person, "", [], timezone.now(), None)
    refused = send("GET", "/me", authorization=f"Bearer {late}")
    assert (refused.status, refused.body["code"]) == (403, "disabled")
    [seen] = admin.ask("GET", "/admin/workspaces").body["items"]
    assert (seen["id"], seen["state"]) == (workspace, "stopping")
    assert admin.ask("POST", f"{path}/enable").body["enabled"] is True
    assert send("GET", "/me", authorization=f"Bearer {late}").status == 200


def test_administration_is_for_administrators(
    student: Somebody, teacher: Somebody, admin: Somebody
) -> None:
    for somebody in (student, teacher, admin.with_scopes("workspaces:write")):
        path = f"/admin/people/{admin.person.id}/disable"
        assert somebody.ask("POST", path).status == 403
        assert somebody.ask("GET", "/admin/workspaces").status == 403
    assert admin.ask("POST", f"/admin/people/{admin.person.id}/disable").body["code"] == "yourself"
    assert admin.ask("POST", "/admin/people/aaaaaaaaaaaa/disable").body["code"] == "unknown_person"


_KEY = "k" * 32
_HOST = {"host": "mydocker.localhost:8080"}


def _signed_in(somebody: Somebody) -> Client:
    people.begin_login(somebody.person.id, _KEY, timezone.now(), timedelta(hours=1))
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.SESSION_COOKIE_NAME] = _KEY
    return client
