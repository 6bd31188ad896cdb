"""Signing in and out."""

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from mydocker.domain.people import Role
from mydocker.services import people
from mydocker.store import access, pages
from tests.web.conftest import client_of
from tests.web.world import World

PASSWORD = "correct horse battery"
SESSION = settings.SESSION_COOKIE_NAME


@pytest.fixture
def account(db: None, present: object) -> str:
    people.add_local("zoe@example.org", Role.STUDENT, present, password=PASSWORD, name="Zoé")  # type: ignore[arg-type]
    return "zoe@example.org"


def sign_in(client: Client, username: str, password: str = PASSWORD, **more: str) -> int:
    form = {"username": username, "password": password, **more}
    return client.post("/sign-in", form).status_code


def test_a_visitor_is_sent_to_sign_in_and_back_with_the_whole_address(nobody: Client) -> None:
    answer = nobody.get("/join/k7mqw2/user-redirect/git-pull?repo=a%26b&x=1")
    assert answer.status_code == 303
    assert answer["Location"] == (
        "/sign-in?next=%2Fjoin%2Fk7mqw2%2Fuser-redirect%2Fgit-pull%3Frepo%3Da%2526b%26x%3D1"
    )


def test_the_right_password_opens_a_login_and_leads_on(nobody: Client, account: str) -> None:
    answer = nobody.post(
        "/sign-in", {"username": account, "password": PASSWORD, "next": "/catalogue?q=x"}
    )
    assert (answer.status_code, answer["Location"]) == (303, "/catalogue?q=x")
    cookie = answer.cookies[SESSION]
    assert cookie["secure"] and cookie["httponly"] and cookie["samesite"] == "Lax"
    found = pages.visitor(cookie.value)
    assert found is not None and found.person.display_name == "Zoé"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "x"],
)
def test_signing_in_never_leads_to_another_site(nobody: Client, account: str, wanted: str) -> None:
    answer = nobody.post("/sign-in", {"username": account, "password": PASSWORD, "next": wanted})
    assert answer["Location"] == "/"


def test_a_session_planted_before_is_not_the_session_after(nobody: Client, account: str) -> None:
    nobody.cookies[SESSION] = "a" * 32
    sign_in(nobody, account)
    assert nobody.cookies[SESSION].value != "a" * 32
    assert pages.visitor("a" * 32) is None


def test_signing_in_again_ends_the_former_login_of_this_browser(
    nobody: Client, account: str
) -> None:
    sign_in(nobody, account)
    former = nobody.cookies[SESSION].value
    sign_in(nobody, account)
    assert nobody.cookies[SESSION].value != former
    assert access.login_of(former) is None


@pytest.mark.parametrize("username", ["zoe@example.org", "nobody@example.org", "not a mail", ""])
def test_a_wrong_password_says_so_and_no_more(nobody: Client, account: str, username: str) -> None:
    answer = nobody.post("/sign-in", {"username": username, "password": "wrong wrong"})
    assert answer.status_code == 422
    assert SESSION not in answer.cookies
    assert "wrong wrong" not in answer.content.decode()


def test_after_ten_wrong_passwords_the_account_is_closed_for_a_while(
    nobody: Client, account: str
) -> None:
    for _try in range(10):
        sign_in(nobody, account, "wrong wrong")
    assert sign_in(nobody, account) == 429
    assert (
        "quarter of an hour"
        in nobody.post("/sign-in", {"username": account, "password": PASSWORD}).content.decode()
    )


def test_signing_out_ends_the_login_and_what_it_opened(world: World) -> None:
    client = client_of(world.student)
    key = client.cookies[SESSION].value
    assert client.get("/").status_code == 200
    answer = client.post("/sign-out")
    assert answer.status_code == 303
    assert access.login_of(key) is None
    client.cookies[SESSION] = key
    assert client.get("/").status_code == 303


def test_a_get_does_not_sign_out(student: Client) -> None:
    assert student.get("/sign-out").status_code == 405
    assert student.get("/").status_code == 200


def test_a_disabled_person_is_out_at_once(world: World, present: object) -> None:
    client = client_of(world.student)
    people.set_enabled(world.student.id, False, present)  # type: ignore[arg-type]
    assert client.get("/").status_code == 303


@pytest.mark.parametrize(
    ("key", "role"), [("camille", "student"), ("helene", "teacher"), ("sami", "admin")]
)
def test_one_click_makes_a_demo_person(nobody: Client, key: str, role: str) -> None:
    assert nobody.post("/sign-in", {"demo": key}).status_code == 303
    found = pages.visitor(nobody.cookies[SESSION].value)
    assert found is not None and found.person.role == role


def test_there_are_no_demo_people_in_production(
    nobody: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mydocker.web.signing.offers_demo", lambda: False)
    assert nobody.post("/sign-in", {"demo": "sami"}).status_code == 403
    assert "Camille" not in nobody.get("/sign-in").content.decode()


def test_a_form_of_another_site_is_refused(world: World) -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": "mydocker.localhost:8080"})
    answer = client.post("/sign-in", {"demo": "camille"})
    assert answer.status_code == 403
    assert "e-" in answer.content.decode()


def test_the_language_chosen_is_kept_and_remembered(world: World) -> None:
    client = client_of(world.student, language="en")
    assert "My workspaces" in client.get("/").content.decode()
    answer = client.post("/language", {"language": "fr", "next": "/catalogue"})
    assert answer["Location"] == "/catalogue"
    assert "Mes espaces" in client.get("/").content.decode()
    assert client.post("/language", {"language": "xx"}).status_code == 422
    found = pages.visitor(client.cookies[SESSION].value)
    assert found is not None and found.language == "fr"


def test_the_appearance_chosen_is_in_the_page(student: Client) -> None:
    student.post("/appearance", {"theme": "dark"})
    assert 'data-theme="dark"' in student.get("/").content.decode()
    student.post("/appearance", {"theme": ""})
    assert "data-theme" not in student.get("/").content.decode()
