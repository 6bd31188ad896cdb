"""Every no has its status, a code, a sentence, a hint and a reference, and nothing is a 500."""

import json
from typing import Any

import pytest
from django.db import OperationalError

from mydocker.domain.failures import TELLINGS, Reason
from mydocker.domain.refusals import Kind
from mydocker.domain.story import SENTENCES
from mydocker.services import answers, summaries
from mydocker.services.tellings import tell_event, tell_reason

from .conftest import Answered, Somebody, send


def _is_told(answer: Answered, status: int, code: str) -> None:
    assert (answer.status, answer.body["code"]) == (status, code)
    assert list(answer.body) == ["code", "message", "hint", "reference"]
    assert all(answer.body[key] for key in ("message", "hint", "reference"))
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/nope",
        "/workspaces/",
        "/workspaces/a/b",
        "/a%2Fb",
        "/a%0Ab",
        "/images/a/files/b%0A",
    ],
)
def test_an_unknown_address(path: str, student: Somebody) -> None:
    _is_told(student.ask("GET", path), 404, "unknown_address")


@pytest.mark.parametrize("method", ["PATCH", "PUT", "OPTIONS", "TRACE", "MADE-UP"])
def test_a_wrong_method(method: str, student: Somebody) -> None:
    refused = student.ask(method, "/workspaces")
    _is_told(refused, 405, "wrong_method")
    assert refused.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 422, "invalid_input"),
        ("{", 400, "malformed_request"),
        ("[" * 100_000, 400, "malformed_request"),
        ("9" * 5000, 400, "malformed_request"),
        ('{"environment": NaN}', 400, "malformed_request"),
        ('{"environment": "a", "environment": "b"}', 400, "malformed_request"),
        (b"\xff", 400, "malformed_request"),
        ('{"environment": "a"}'.encode("utf-16"), 400, "malformed_request"),
        ("[]", 422, "invalid_input"),
        ("null", 422, "invalid_input"),
        ('{"environment": 1}', 422, "invalid_input"),
        ('{"environment": ["a"]}', 422, "invalid_input"),
        ('{"environment": "a", "more": 1}', 422, "invalid_input"),
        ('{"environment": "a\\u0000"}', 422, "invalid_input"),
        ('{"environment": "\\ud800"}', 422, "invalid_input"),
        ('{"\\ud800": 1, "environment": "a"}', 422, "invalid_input"),
        ('{"environment": "' + "a" * 64 + '"}', 422, "invalid_input"),
        ('{"environment": "../x"}', 422, "invalid_input"),
        ('{"environment": "nowhere"}', 404, "unknown_environment"),
        ("x" * 3_000_000, 413, "too_large"),
    ],
)
def test_a_bad_body(body: str | bytes, status: int, code: str, student: Somebody) -> None:
    _is_told(student.ask("POST", "/workspaces", body), status, code)


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "application/json-patch+json",
        "nonsense",
    ],
)
@pytest.mark.parametrize("path", ["/workspaces", "/workspaces/aaaaaaaaaaaa/stop"])
def test_a_wrong_type_of_body(kind: str, path: str, student: Somebody) -> None:
    _is_told(student.ask("POST", path, "a=b", content_type=kind), 415, "wrong_type")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "invalid_input"),
        ("limit=101", "invalid_input"),
        ("limit=ten", "invalid_input"),
        ("limit=", "invalid_input"),
        ("limit=999999999999999999999", "invalid_input"),
        ("after=x", "invalid_input"),
        ("after=%00", "invalid_input"),
        ("after=aaaaaaaaaaaa%0A", "invalid_input"),
        ("limit=1&limit=2", "unknown_parameter"),
        ("offset=1", "unknown_parameter"),
        ("%FF=1", "unknown_parameter"),
    ],
)
def test_a_bad_query(query: str, code: str, student: Somebody) -> None:
    _is_told(student.ask("GET", f"/workspaces?{query}"), 422, code)


def test_a_thousand_parameters(student: Somebody) -> None:
    query = "&".join(f"a{number}=1" for number in range(1001))
    _is_told(student.ask("GET", f"/workspaces?{query}"), 400, "malformed_request")


@pytest.mark.parametrize("id", ["x", "AAAAAAAAAAAA", "aaaaaaaaaaaaa", "%00", "%F0%9F%98%80", "..."])
def test_an_id_that_cannot_be(id: str, student: Somebody) -> None:
    _is_told(student.ask("GET", f"/workspaces/{id}"), 422, "invalid_input")


def test_the_reader_chooses_the_language(student: Somebody) -> None:
    answered = student.ask("GET", "/nope", accept_language="de, fr;q=0.9, en;q=0.5")
    assert answered.headers["Content-Language"] == "fr"
    assert student.ask("GET", "/nope", accept_language="en-GB").headers["Content-Language"] == "en"
    for strange in ("", "*", "xx", "fr;q=x", "é" * 600):
        assert answers.language_of(strange) == "fr"


def test_what_nobody_foresaw_is_told_without_a_word_of_it(
    student: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(summaries, "of_person", break_down)
    broken = student.ask("GET", "/workspaces")
    _is_told(broken, 500, "internal_error")
    assert "secret" not in json.dumps(broken.body)


def test_a_busy_database_is_told_as_such(
    student: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any, **__: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(summaries, "of_person", busy)
    answered = student.ask("GET", "/workspaces")
    _is_told(answered, 503, "busy")
    assert int(answered.headers["Retry-After"]) > 0


def test_every_kind_of_refusal_has_a_status() -> None:
    assert {answers.status_of(kind) for kind in Kind} == {401, 403, 404, 409, 410, 422, 429}


def test_every_sentence_is_told_even_without_its_facts() -> None:
    for cause in TELLINGS:
        told = tell_reason(Reason(cause))
        assert told.message and "%(" not in told.message + told.more
    for kind in SENTENCES:
        assert "%(" not in tell_event(kind, {}).line
    assert tell_event("of_another_edition", {}).line == "of_another_edition"


def test_moments_and_sizes_are_told_for_readers() -> None:
    told = tell_event("extended", {"until": "2026-11-22T09:30:00+00:00"})
    assert "2026" in told.line and "T09" not in told.line
    assert tell_event("stopped", {"cause": "idle", "minutes": "20"}).more.count("20") == 1
    assert send("GET", "/openapi.json").status == 200
