"""From a run's host to the dashboard and back: tickets, cookies, hosts of ended runs."""

import re
from datetime import datetime, timedelta
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from mydocker.services import people
from mydocker.store import access, models
from mydocker.store.doorbell import ring
from mydocker.store.secrets import digest, unseal
from mydocker.web import placing
from tests.web.conftest import client_of
from tests.web.test_pages import text_of
from tests.web.world import World


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody places grants here, unless a test does."""
    monkeypatch.setattr(placing.is_placed_soon, "__defaults__", (0.05,))


@pytest.fixture
def place_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway knows every grant."""
    monkeypatch.setattr("mydocker.web.entering.is_placed_soon", lambda _digest: True)


def ticket_of(client: Client, world: World, rest: str = "") -> tuple[str, str]:
    """A fresh ticket and its host."""
    address = client.get(f"/workspaces/{world.workspaces['ready']}/open/jupyterlab{rest}")
    parts = urlsplit(address["Location"])
    assert parts.path == "/.mydocker/enter"
    return parse_qs(parts.query)["ticket"][0], str(parts.hostname)


def enter(ticket: str, host: str) -> HttpResponse:
    browser = Client(headers={"host": f"{host}:8080", "accept-language": "en"})
    return browser.get("/.mydocker/enter", {"ticket": ticket})


@pytest.mark.usefixtures("place_at_once")
def test_a_ticket_becomes_a_cookie_and_a_path(student: Client, world: World) -> None:
    ticket, host = ticket_of(student, world, "/git-pull?repo=a%26b")
    answer = enter(ticket, host)
    assert answer.status_code == 303
    assert answer["Location"] == "/git-pull?repo=a%26b"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    [cookie] = answer.cookies.values()
    assert cookie.key == "__Host-mydocker_grant"
    assert cookie["secure"] and cookie["httponly"] and cookie["path"] == "/"
    assert cookie["samesite"] == "Lax" and not cookie["domain"] and not cookie["expires"]
    assert access.has_grant(cookie.value, host)


@pytest.mark.usefixtures("place_at_once")
def test_a_used_ticket_is_worth_nothing(student: Client, world: World) -> None:
    ticket, host = ticket_of(student, world)
    enter(ticket, host)
    again = enter(ticket, host)
    assert again.status_code == 410 and not again.cookies
    page = again.content.decode()
    assert "used already" in page and 'href="http://mydocker.localhost:8080/"' in page
    assert "/static/" not in page  # nothing of ours is served on that host


@pytest.mark.usefixtures("place_at_once")
@pytest.mark.parametrize("ticket", ["", "x", "\x00", "a" * 5000])
def test_what_is_no_ticket_is_refused(world: World, ticket: str) -> None:
    assert enter(ticket, world.hosts["ready"]).status_code == 410


@pytest.mark.usefixtures("place_at_once")
def test_a_ticket_opens_no_other_host(student: Client, world: World) -> None:
    ticket, _host = ticket_of(student, world)
    answer = enter(ticket, world.hosts["stopped"])
    assert answer.status_code == 410


@pytest.mark.usefixtures("place_at_once")
def test_signing_out_spends_open_tickets(world: World) -> None:
    client = client_of(world.student)
    ticket, host = ticket_of(client, world)
    client.post("/sign-out")
    assert enter(ticket, host).status_code == 410


def test_a_slow_gateway_gets_a_page_that_goes_on_by_itself(student: Client, world: World) -> None:
    ticket, host = ticket_of(student, world)
    answer = enter(ticket, host)
    assert answer.status_code == 503
    assert answer["Refresh"] == "2; url=/lab"
    assert answer.cookies


@pytest.mark.django_db(transaction=True)
def test_entering_waits_for_the_ring_that_the_gateway_knows(live_world: World) -> None:
    client = client_of(live_world.student)
    ticket, host = ticket_of(client, live_world)
    entered = access.consume_ticket(ticket, host, live_world.now)
    assert entered is not None
    secret = access.grant(entered, live_world.now)
    assert not placing.is_placed_soon(digest(secret), 0.01)

    def gateway() -> None:
        access.note_placed([digest(secret)], live_world.now)
        ring("placed", digest(secret))

    placing_thread = Thread(target=gateway)
    placing_thread.start()
    assert placing.is_placed_soon(digest(secret), 10)
    placing_thread.join()


@pytest.mark.parametrize("path", ["/", "/sign-in", "/healthz", "/account", "/metrics"])
def test_nothing_else_of_ours_is_on_a_runs_host(world: World, path: str) -> None:
    browser = Client(headers={"host": world.hosts["ready"]})
    assert browser.get(path).status_code == 404


def test_the_entrance_is_not_on_the_dashboard(student: Client) -> None:
    assert student.get("/.mydocker/enter", {"ticket": "x"}).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "mydocker.localhost.evil.example", "a b", ""])
def test_a_wrong_host_is_400(db: None, host: str) -> None:
    answer = Client(headers={"host": host}, raise_request_exception=False).get("/sign-in")
    assert answer.status_code == 400


# --- /go ---


def go(client: Client, host: str, to: str = "/lab/tree/a.ipynb?x=1") -> HttpResponse:
    return client.get("/go", {"host": host, "to": to})


def test_the_owner_goes_straight_in_to_the_same_path(student: Client, world: World) -> None:
    answer = go(student, world.hosts["ready"])
    assert answer.status_code == 303
    assert answer["Location"].startswith(
        f"http://{world.hosts['ready']}:8080/.mydocker/enter?ticket="
    )
    assert models.Ticket.objects.count() == 1


def test_an_ended_runs_host_offers_to_start_and_remembers_the_path(
    student: Client, world: World
) -> None:
    host = world.hosts["stopped"]
    page = go(student, host).content.decode()
    assert "Your workspace is stopped" in page and "/lab/tree/a.ipynb?x=1" in page
    fields = dict(re.findall(r'<input type="hidden" name="(host|path)" value="([^"]*)">', page))
    action = re.search(r'action="(/workspaces/\w+/start)"', page)
    assert action is not None
    started = student.post(action[1], fields)
    assert started["Location"].endswith(f"?host={host}&path=%2Flab%2Ftree%2Fa.ipynb%3Fx%3D1")
    assert "/lab/tree/a.ipynb?x=1" in text_of(student, started["Location"])


def test_an_ended_runs_host_leads_to_the_new_runs_host_of_the_same_port(
    student: Client, world: World, present: datetime
) -> None:
    old = models.Run.objects.get(workspace_id=world.workspaces["ready"])
    ended = models.Run.objects.create(
        workspace_id=old.workspace_id, environment_id=old.environment_id, node_id="local",
        generation=0, phase=5, phase_since=present, definition=old.definition, secret=old.secret,
        created_at=present - timedelta(days=1),
    )  # fmt: skip
    models.RunHost.objects.create(host="older.mydocker-apps.localhost", run=ended, port=8888)
    answer = go(student, "older.mydocker-apps.localhost")
    assert answer["Location"].startswith(f"http://{world.hosts['ready']}:8080/")


def test_a_starting_workspace_is_followed(student: Client, world: World) -> None:
    answer = go(student, world.hosts["answering"], "/x")
    assert answer.status_code == 303
    assert answer["Location"].startswith(f"/workspaces/{world.workspaces['starting']}?host=")


def test_somebody_elses_host_is_told_so_with_who_is_signed_in(other: Client, world: World) -> None:
    answer = go(other, world.hosts["ready"])
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "not yours" in page and "Nadia Benali" in page and "Change account" in page
    assert "Camille" not in page
    assert models.Ticket.objects.count() == 0


@pytest.mark.parametrize("host", ["", "nothing.mydocker-apps.localhost", "x" * 5000, "\x00"])
def test_an_unknown_host_is_404(student: Client, host: str) -> None:
    assert go(student, host).status_code == 404


@pytest.mark.parametrize("to", ["//evil.example/", "https://evil.example/", "\\\\evil", "/\\evil"])
def test_going_never_leads_to_another_site(student: Client, world: World, to: str) -> None:
    answer = go(student, world.hosts["ready"], to)
    location = answer.headers.get("Location", "")
    assert "evil" not in (urlsplit(location).hostname or "")
    for sealed in models.Ticket.objects.values_list("path", flat=True):
        path = unseal(sealed)["path"]
        assert path.startswith("/") and not path.startswith("//")


def test_nobody_is_asked_to_sign_in_first(nobody: Client, world: World) -> None:
    answer = go(nobody, world.hosts["ready"], "/lab")
    assert answer.status_code == 303
    assert answer["Location"].startswith("/sign-in?next=%2Fgo%3Fhost%3D")


def test_a_disabled_person_goes_nowhere(world: World, present: datetime) -> None:
    client = client_of(world.student)
    people.set_enabled(world.student.id, False, present)
    assert go(client, world.hosts["ready"])["Location"].startswith("/sign-in")
