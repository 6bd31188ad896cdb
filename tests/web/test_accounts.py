"""A person's own page."""

import re

import pytest
from django.test import Client

from mydocker.services.callers import by_token
from mydocker.store import models
from tests.web.test_pages import text_of
from tests.web.world import World


def test_the_name_can_be_changed(student: Client) -> None:
    answer = student.post("/account/name", {"name": "  Camille A.  "})
    assert answer["Location"] == "/account?done=saved"
    page = text_of(student, answer["Location"])
    assert "Camille A." in page and "Saved." in page


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "\x00"])
def test_a_name_that_is_none_is_refused_in_its_place(student: Client, name: str) -> None:
    answer = student.post("/account/name", {"name": name})
    assert answer.status_code == 422
    assert 'aria-invalid="true" aria-describedby="name-e"' in answer.content.decode()


def test_a_new_token_is_shown_once_and_works(student: Client, world: World) -> None:
    form = {"title": "scripts", "lifetime": "30", "scopes": ["workspaces:read"]}
    page = student.post("/account/tokens", form).content.decode()
    secret = re.search(r"mdt_[\w-]+", page)
    assert secret is not None
    caller = by_token(secret[0], world.now)
    assert caller.person.id == world.student.id
    assert caller.token is not None and list(caller.token.scopes) == ["workspaces:read"]
    again = text_of(student, "/account")
    assert secret[0] not in again and "scripts" in again and "workspaces:read" in again


@pytest.mark.parametrize(
    "form",
    [{"title": ""}, {"title": "x", "lifetime": "7"}, {"title": "x", "scopes": ["everything"]}],
)
def test_a_token_that_makes_no_sense_is_not_made(student: Client, form: dict[str, object]) -> None:
    assert student.post("/account/tokens", form).status_code == 422
    assert models.Token.objects.count() == 0


def test_a_revoked_token_is_gone(student: Client) -> None:
    student.post("/account/tokens", {"title": "scripts", "lifetime": ""})
    token = models.Token.objects.get()
    answer = student.post(f"/account/tokens/{token.id}/revoke")
    assert answer["Location"] == "/account?done=revoked"
    assert "scripts" not in text_of(student, "/account")


def test_nobody_revokes_anothers_token(student: Client, other: Client) -> None:
    student.post("/account/tokens", {"title": "scripts", "lifetime": ""})
    token = models.Token.objects.get()
    other.post(f"/account/tokens/{token.id}/revoke")
    assert models.Token.objects.filter(revoked_at=None).count() == 1


def test_sign_ins_are_listed(student: Client) -> None:
    page = text_of(student, "/account")
    assert ">Here<" in page and "since" in page
