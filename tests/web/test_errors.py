"""Whatever goes wrong: a page that helps, the right status, a reference that is in the log."""

import re

import pytest
import structlog
from django.conf import settings
from django.test import Client
from structlog.testing import capture_logs

from mydocker.domain.refusals import Kind, Refusal
from mydocker.services.answers import status_of
from mydocker.store.transactions import DatabaseBusy
from mydocker.web import errors
from tests.web.conftest import client_of
from tests.web.test_pages import text_of
from tests.web.world import World


def reference_in(page: str) -> str:
    found = re.search(r"<code>(e-[a-z2-7]+)</code>", page)
    assert found is not None, page[:500]
    return found[1]


@pytest.mark.parametrize("path", ["/nothing", "/teach/nothing", "/workspaces/x/y", "/admin", "/ "])
def test_an_unknown_address_is_a_page(student: Client, path: str) -> None:
    page = text_of(student, path, 404)
    assert reference_in(page) and "Camille Aubert" in page


def test_the_page_of_a_visitor_names_nobody(nobody: Client) -> None:
    assert "signed in as" not in text_of(nobody, "/nothing", 404)


def test_a_wrong_method_says_which_is_right(student: Client) -> None:
    answer = student.delete("/")
    assert answer.status_code == 405 and "GET" in answer["Allow"]
    assert reference_in(answer.content.decode())


def test_the_reference_on_the_page_is_in_the_headers(student: Client) -> None:
    answer = student.get("/nothing")
    assert answer["X-Reference"] == reference_in(answer.content.decode())


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (RuntimeError("a bug"), 500, "went wrong on our side"),
        (DatabaseBusy("database is locked"), 503, "Nothing is lost"),
        (Refusal(Kind.GONE, "over", "It is over."), 410, "It is over."),
        (Refusal(Kind.TOO_MANY, "full", "All of %(what)s.", "Wait.", what="it"), 429, "All of it."),
    ],
)  # fmt: skip
def test_what_a_view_raises_becomes_a_page(
    student: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, says: str
) -> None:
    def broken(*_args: object, **_named: object) -> None:
        raise error

    monkeypatch.setattr("mydocker.web.dashboard.page_number", broken)
    answer = student.get("/")
    assert answer.status_code == status
    assert says in answer.content.decode()
    assert ("Retry-After" in answer) is (status == 503)


def test_an_unforeseen_error_is_in_the_log_with_its_reference(
    student: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("mydocker.web.dashboard.page_number", broken)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        page = student.get("/").content.decode()
    assert "a bug" not in page
    [event] = [each for each in logs if each["event"] == "request_failed"]
    assert event["reference"] == reference_in(page)


def test_a_busy_database_outside_the_view_is_told_too(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    client = client_of(world.student)

    def busy(_key: str) -> None:
        raise DatabaseBusy("database is locked")

    monkeypatch.setattr("mydocker.store.pages.visitor", busy)
    answer = client.get("/")
    assert answer.status_code == 503 and answer["Retry-After"]
    assert client.get("/nothing").status_code == 503


@pytest.mark.parametrize("kind", list(Kind))
def test_pages_and_api_answer_a_refusal_alike(rf: object, kind: Kind) -> None:
    refusal = Refusal(kind, "some_code", "No %(what)s.", "Try %(other)s.", what="way", other="it")
    request = rf.get("/")  # type: ignore[attr-defined]
    request.META["mydocker.reference"] = "e-abc"
    status, told = errors.answer_of(refusal, request)
    assert status == status_of(kind)
    assert told == {
        "code": "some_code", "message": "No way.", "hint": "Try it.", "reference": "e-abc"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("support", "begins"),
    [
        ("", ""),
        ("help@example.org", "mailto:help@example.org?subject=myDocker%20e-1&body="),
        ("https://help.example/new", "https://help.example/new?reference=e-1&code=c"),
        ("https://help.example/?a=b", "https://help.example/?a=b&reference=e-1"),
    ],
)
def test_a_report_is_prefilled(monkeypatch: pytest.MonkeyPatch, support: str, begins: str) -> None:
    class Ours:
        url = "http://mydocker.localhost:8080"

    Ours.support = support  # type: ignore[attr-defined]
    monkeypatch.setattr(settings, "MYDOCKER", Ours)
    link = errors.report_to_support("e-1", "/workspaces/x", "c")
    assert link.startswith(begins) and bool(link) is bool(support)
    if support.startswith("help"):
        assert "http%3A//mydocker.localhost%3A8080/workspaces/x" in link


def test_what_is_too_large_is_413(student: Client) -> None:
    answer = student.post("/account/name", {"name": "x" * 3_000_000})
    assert answer.status_code in (413, 422)


def test_every_page_forbids_what_it_does_not_need(student: Client, world: World) -> None:
    for path in ("/", "/catalogue", f"/workspaces/{world.workspaces['ready']}", "/nothing"):
        answer = student.get(path)
        policy = answer["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
        assert answer["Cache-Control"] == "no-store"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "camera=()" in answer["Permissions-Policy"]


def test_no_page_has_style_or_script_of_its_own(
    student: Client, teacher: Client, administrator: Client, world: World
) -> None:
    pages = [text_of(student, f"/workspaces/{id}") for id in world.workspaces.values()]
    pages += [text_of(student, path) for path in ("/", "/catalogue", "/account", "/join/k7mqw2")]
    pages += [text_of(teacher, path) for path in ("/teach", "/teach/cpp-l1")]
    pages += [text_of(administrator, "/admin/workspaces"), text_of(client_of(), "/sign-in")]
    for page in pages:
        assert " style=" not in page and "<style" not in page
        assert not re.search(r"<script(?![^>]* src=)", page)
        assert not re.search(r"\son\w+=", page)
        assert "{%" not in page and "{{ " not in page
