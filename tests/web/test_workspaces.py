"""A workspace's page in each state, and what can be done from it."""

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from mydocker.store import models
from tests.web.conftest import client_of
from tests.web.test_pages import text_of
from tests.web.world import World

SECRET = "S3cretOfThisRun12345"
STATES = ("queued", "pulling", "starting", "ready", "stopping", "stopped", "failed", "never")
CHIPS = {
    "queued": "Queued", "pulling": "Image arriving", "starting": "Checking", "ready": "Ready",
    "stopping": "Stopping", "stopped": "Stopped", "failed": "Failed", "never": "Never started",
}  # fmt: skip


def page_of(client: Client, world: World, state: str, query: str = "") -> str:
    return text_of(client, f"/workspaces/{world.workspaces[state]}{query}")


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_page_in_both_languages(
    world: World, state: str, language: str
) -> None:
    page = page_of(client_of(world.student, language), world, state)
    assert f'<html lang="{language}"' in page
    assert (CHIPS[state] in page) is (language == "en")


@pytest.mark.parametrize("state", STATES)
def test_no_page_holds_a_secret(student: Client, world: World, state: str) -> None:
    assert SECRET not in page_of(student, world, state, "?story=all")


def test_the_story_of_a_start_grows_downwards_and_says_what_comes(
    student: Client, world: World
) -> None:
    page = page_of(student, world, "starting")
    order = ["Workspace asked for", "Admitted", "The container runs", ">Ready</p>"]
    places = [page.index(title) for title in order]
    assert places == sorted(places)
    assert re.search(r'<li class="now"[^>]*>.*?The container runs', page, re.DOTALL)


def test_the_past_is_told_newest_first_and_every_step_on_demand(
    student: Client, world: World
) -> None:
    page = page_of(student, world, "ready")
    assert page.index("Interface opened") < page.index("Workspace asked for")
    assert "JupyterLab</p>" in page and "Homes attached" not in page
    assert "Homes attached" in page_of(student, world, "ready", "?story=all")


def test_a_failure_says_what_happened_what_to_do_and_whom_to_ask(
    student: Client, world: World
) -> None:
    page = page_of(student, world, "failed")
    assert "ran out of memory" in page and "files are safe" in page
    assert "out_of_memory" in page and "Start again" in page


def test_a_stopped_workspace_says_why(student: Client, world: World) -> None:
    assert "Stopped after 20 minutes without activity" in page_of(student, world, "stopped")


def test_somebody_elses_workspace_is_nobodys(other: Client, world: World) -> None:
    for state in ("ready", "stopped"):
        address = f"/workspaces/{world.workspaces[state]}"
        assert other.get(address).status_code == 404
        assert other.get(f"{address}/open").status_code == 404
        for action in ("start", "stop", "restart", "reset", "extend", "delete", "credentials"):
            assert other.post(f"{address}/{action}").status_code == 404, action


@pytest.mark.parametrize("address", ["nothing", "aaaaaaaaaaaa", "a" * 500, "%00", "..%2f"])
def test_a_workspace_that_is_not_there_is_404(student: Client, address: str) -> None:
    assert student.get(f"/workspaces/{address}").status_code == 404


def test_an_administrator_may_look_and_stop_but_not_enter(
    administrator: Client, world: World
) -> None:
    page = page_of(administrator, world, "ready")
    assert "workspace of Camille Aubert" in page
    assert "/open/" not in page and "Credentials" not in page and "delete-sure" not in page
    address = f"/workspaces/{world.workspaces['ready']}"
    assert administrator.get(f"{address}/open").status_code == 403
    assert administrator.post(f"{address}/credentials").status_code == 409
    assert administrator.post(f"{address}/stop").status_code == 303


@pytest.mark.parametrize("suffix", ["", "/jupyterlab", "/terminal"])
def test_the_lasting_link_mints_a_ticket_at_the_click(
    student: Client, world: World, suffix: str
) -> None:
    answer = student.get(f"/workspaces/{world.workspaces['ready']}/open{suffix}")
    host = world.hosts["ready"]
    assert answer.status_code == 303
    assert answer["Location"].startswith(f"http://{host}:8080/.mydocker/enter?ticket=")
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("state", ["queued", "starting", "stopped", "failed", "never"])
def test_the_lasting_link_explains_where_it_cannot_open(
    student: Client, world: World, state: str
) -> None:
    page = text_of(student, f"/workspaces/{world.workspaces[state]}/open/jupyterlab/a/b?c=d")
    assert CHIPS[state] in page
    assert "a/b?c=d" in page  # it is remembered for this click


@pytest.mark.parametrize("suffix", ["/nothing", "/docs", "/jupyterlab/../../x"])
def test_an_interface_without_a_page_of_its_own_is_404(
    student: Client, world: World, suffix: str
) -> None:
    answer = student.get(f"/workspaces/{world.workspaces['ready']}/open{suffix}")
    assert answer.status_code in (404, 422)


def test_start_goes_to_the_page_with_the_clicks_own_target(student: Client, world: World) -> None:
    address = f"/workspaces/{world.workspaces['stopped']}"
    answer = student.post(f"{address}/start", {"to": "git-pull?repo=a%26b"})
    assert answer["Location"] == f"{address}?to=git-pull%3Frepo%3Da%2526b"
    assert "Queued" in text_of(student, address)


@pytest.mark.parametrize("to", ["//evil.example", "../../x", "a\\b", "\x00"])
def test_a_target_that_leads_out_starts_nothing(student: Client, world: World, to: str) -> None:
    address = f"/workspaces/{world.workspaces['stopped']}"
    answer = student.post(f"{address}/start", {"to": to})
    if answer.status_code == 303:  # two slashes are one
        assert "//evil" not in answer["Location"]
    else:
        assert answer.status_code == 422
        assert "Stopped" in text_of(student, address)


def test_every_action_says_that_it_was_done(student: Client, world: World) -> None:
    address = f"/workspaces/{world.workspaces['ready']}"
    done = student.post(f"{address}/extend")
    assert done["Location"] == f"{address}?done=extended"
    assert "an hour longer" in text_of(student, done["Location"])
    done = student.post(f"{address}/stop")
    assert "It is stopping" in text_of(student, done["Location"])
    done = student.post(f"{address}/delete")
    assert done["Location"] == "/?done=deleted"
    assert student.get(address).status_code == 404


def test_only_our_own_words_can_be_said_by_an_address(student: Client) -> None:
    assert "note-ready" in text_of(student, "/?done=saved")
    assert "note-ready" not in text_of(student, "/?done=hacked")


def test_nothing_is_extended_that_does_not_run(student: Client, world: World) -> None:
    answer = student.post(f"/workspaces/{world.workspaces['stopped']}/extend")
    assert answer.status_code == 409 and "not running" in answer.content.decode()


@pytest.mark.parametrize(
    "action", ["start", "stop", "restart", "reset", "extend", "delete", "credentials"]
)
def test_a_get_changes_nothing(student: Client, world: World, action: str) -> None:
    answer = student.get(f"/workspaces/{world.workspaces['ready']}/{action}")
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert "Ready" in page_of(student, world, "ready")


def test_credentials_are_fetched_by_a_post_and_told_in_the_story(
    student: Client, world: World
) -> None:
    address = f"/workspaces/{world.workspaces['ready']}/credentials"
    told = student.post(address, headers={"accept": "application/json"})
    assert told.json() == {"username": "u7kq2m4x", "password": SECRET}
    assert told["Cache-Control"] == "no-store"
    assert student.post(address).content.decode() == f"u7kq2m4x\n{SECRET}\n"
    assert "Credentials shown" in page_of(student, world, "ready")


def test_an_administrator_stops_from_the_list_and_comes_back(
    administrator: Client, world: World
) -> None:
    page = text_of(administrator, "/admin/workspaces")
    assert "Nadia Benali" in page and "Camille Aubert" in page
    answer = administrator.post(
        f"/workspaces/{world.workspaces['ready']}/stop", {"next": "/admin/workspaces"}
    )
    assert answer["Location"] == "/admin/workspaces?done=stopped"


@pytest.mark.parametrize("who", ["student", "teacher"])
def test_the_list_of_all_is_for_administrators(request: pytest.FixtureRequest, who: str) -> None:
    client = request.getfixturevalue(who)
    assert "for administrators" in text_of(client, "/admin/workspaces", 403)


def test_lists_are_paged(administrator: Client, student: Client, world: World) -> None:
    environment = models.Environment.objects.get(slug="julia")
    for number in range(60):
        person = models.Person.objects.create(
            display_name=f"Person {number}", created_at=world.now, password="!"
        )
        workspace = models.Workspace.objects.create(
            environment=environment, person=person, created_at=world.now, wanted=True, generation=1
        )
        models.Run.objects.create(
            workspace=workspace, environment=environment, node_id="local", generation=1,
            phase_since=world.now, definition=environment.definition, secret="", phase=3,
            created_at=world.now,
        )  # fmt: skip
    seen: set[str] = set()
    address: str | None = "/admin/workspaces"
    while address:
        page = text_of(administrator, address)
        rows = re.findall(r'<li id="workspace-(\w+)"', page)
        assert len(rows) <= 50
        seen |= set(rows)
        following = re.search(r'href="(/admin/workspaces\?after=\w+)"', page)
        address = following[1] if following else None
    assert len(seen) == 67


def test_the_warning_before_the_end_is_on_the_page(
    student: Client, world: World, present: datetime
) -> None:
    workspace = models.Workspace.objects.filter(id=world.workspaces["ready"])
    workspace.update(stops_at=present + timedelta(minutes=3))
    assert "It is about to stop" in page_of(student, world, "ready")
