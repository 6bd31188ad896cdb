"""What people see: their workspaces, the catalogue, an environment behind a link."""

import re
from datetime import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mydocker.domain.runs import Phase
from mydocker.services import people
from mydocker.store import environments, runs
from mydocker.web import estimates
from tests.web.conftest import client_of
from tests.web.world import World


def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return answer.content.decode()


def test_the_dashboard_shows_each_state_with_one_action(student: Client, world: World) -> None:
    page = text_of(student, "/")
    rows = {state: _row(page, id) for state, id in world.workspaces.items()}
    assert f"/workspaces/{world.workspaces['ready']}/open" in rows["ready"]
    for state in ("stopped", "never"):
        assert f'action="/workspaces/{world.workspaces[state]}/start"' in rows[state]
    for state, verb in (("starting", "Follow"), ("queued", "Follow"), ("failed", "See why")):
        assert verb in rows[state]
    assert "Stopping" in rows["stopping"] and "btn" not in rows["stopping"]


def _row(page: str, workspace: str) -> str:
    found = re.search(rf'<li id="workspace-{workspace}">.*?</li>', page, re.DOTALL)
    assert found is not None
    return found[0]


def test_one_sees_only_ones_own_workspaces(other: Client, world: World) -> None:
    page = text_of(other, "/")
    for workspace in world.workspaces.values():
        assert workspace not in page


def test_the_first_visit_says_how_to_begin(world: World, present: datetime) -> None:
    newcomer = people.add_local("new@example.org", world.student.role, present, name="Ana Li")
    page = text_of(client_of(newcomer), "/")
    assert "Welcome, Ana" in page and "No workspace yet" in page and "/join/k7mqw2" in page


@pytest.mark.parametrize("state", ["ready", "starting", "stopped", "failed"])
def test_pages_ask_the_database_little(student: Client, world: World, state: str) -> None:
    for path in ("/", f"/workspaces/{world.workspaces[state]}"):
        student.get(path)
        with CaptureQueriesContext(connection) as asked:
            student.get(path)
        assert len(asked) <= 5, [query["sql"] for query in asked]


def test_titles_and_names_are_escaped(world: World, present: datetime) -> None:
    people.add_local(world.student.mail, world.student.role, present, name="<b>Eve</b> x")
    page = text_of(client_of(world.student), "/")
    assert "<b>Eve</b>" not in page and "&lt;b&gt;Eve" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=numpy", 8), ("q=sagemath", 1), ("q=SAGE+combinatoire", 1), ("q=nothing-like-it", 0),
        ("q=etude", 0), ("q=numerique", 1), ("tag=Sciences", 6), ("tag=Calcul&tag=Sciences", 0),
        ("q=%00%ff", 0), ("page=2", 8), ("page=0", 8), ("page=x", 8),
    ],
)  # fmt: skip
def test_the_catalogue_is_filtered_by_its_address(
    student: Client, world: World, query: str, found: int
) -> None:
    page = text_of(student, f"/catalogue?{query}")
    assert f">{found} environment" in page


def test_the_catalogue_answers_a_script_with_its_results_alone(
    student: Client, world: World
) -> None:
    page = student.get("/catalogue?q=sage", headers={"HX-Request": "true"}).content.decode()
    assert page.lstrip().startswith('<section id="results"')


def test_drafts_are_in_no_catalogue(student: Client, teacher: Client, world: World) -> None:
    assert "Rocq" not in text_of(student, "/catalogue")
    assert "Rocq" in text_of(teacher, "/teach")


@pytest.mark.parametrize(
    ("pasted", "leads_to"),
    [
        ("k7mqw2", "/join/k7mqw2"),
        (" k7mqw2 ", "/join/k7mqw2"),
        ("http://mydocker.localhost:8080/join/k7mqw2", "/join/k7mqw2"),
        ("https://old.example/shell/join/k7mqw2", "/join/k7mqw2"),
        (
            "https://x.example/join/k7mqw2/user-redirect/git-pull?repo=https%3A%2F%2Fa&b=1",
            "/join/k7mqw2/user-redirect/git-pull?repo=https%3A%2F%2Fa&b=1",
        ),
    ],
)
def test_a_pasted_link_or_code_leads_to_its_environment(
    student: Client, pasted: str, leads_to: str
) -> None:
    answer = student.get("/join", {"code": pasted})
    assert (answer.status_code, answer["Location"]) == (302, leads_to)


@pytest.mark.parametrize("pasted", ["", "https://example.org", "a b", "../../admin"])
def test_what_is_no_link_is_told_so(student: Client, pasted: str) -> None:
    page = text_of(student, f"/join?code={pasted}", 422)
    assert "neither a join link nor a code" in page


@pytest.mark.parametrize("address", ["/join/k7mqw2", "/join/k7mqw2/", "/shell/join/k7mqw2"])
def test_a_join_link_shows_the_environment_and_changes_nothing(
    student: Client, world: World, address: str
) -> None:
    before = text_of(student, "/")
    page = text_of(student, address)
    assert "JupyterLab and Python" in page and "Hélène Roussel" in page
    assert "2&nbsp;CPU" in page or "2\u00a0CPU" in page
    assert "helene.roussel@example.org" not in page
    assert text_of(student, "/").count("<li id=") == before.count("<li id=")


def test_pressing_the_button_asks_for_a_workspace_and_follows_it(other: Client) -> None:
    answer = other.post("/join/sage18")
    assert answer.status_code == 303
    assert re.fullmatch(r"/workspaces/[a-z2-7]{12}", answer["Location"])
    assert "Queued" in text_of(other, answer["Location"])


def test_pressing_it_twice_is_pressing_it_once(other: Client) -> None:
    assert other.post("/join/sage18")["Location"] == other.post("/join/sage18")["Location"]


def test_pressing_it_where_it_runs_already_leads_straight_in(other: Client) -> None:
    answer = other.post("/join/k7mqw2/user-redirect/git-pull?repo=x%26y")
    assert answer.status_code == 303
    assert "/.mydocker/enter?ticket=" in answer["Location"]
    assert answer["Cache-Control"] == "no-store" and answer["Referrer-Policy"] == "no-referrer"


def _spare_stands_by(present: datetime) -> None:
    environment = environments.by_join_code("sage18")
    assert environment is not None
    spare = runs.make(None, 0, environment, [8888], "apps.test", present, present)
    assert spare is not None and runs.advance(spare, Phase.ANSWERING, present)
    assert runs.stand_by(spare.id, present)
    estimates.forget()


def test_the_wait_is_told_before_the_click(other: Client, present: datetime) -> None:
    before = text_of(other, "/join/sage18")
    assert "Ready at once" not in before
    _spare_stands_by(present)
    assert "Ready at once" in text_of(other, "/join/sage18")
    assert "Ready at once" in text_of(other, "/catalogue")


def test_who_claims_a_spare_whose_person_is_slow_to_come_sees_the_page_instead(
    other: Client, present: datetime
) -> None:
    _spare_stands_by(present)
    answer = other.post("/join/sage18")  # there are no loops here
    assert re.fullmatch(r"/workspaces/[a-z2-7]{12}", answer["Location"])
    assert "A container stood ready" in text_of(other, answer["Location"])


@pytest.mark.parametrize("prefix", ["/join", "/shell/join"])
@pytest.mark.parametrize("hub", ["", "/hub"])
def test_the_rest_of_a_link_belongs_to_its_click(other: Client, prefix: str, hub: str) -> None:
    """Two links, two clicks: each start goes where its own link says."""
    seen = []
    for tab in ("one", "two"):
        link = f"{prefix}/sage18{hub}/user-redirect/git-pull?repo=a%26b&tab={tab}"
        assert f"tab={tab}" in text_of(other, link)
        seen.append(other.post(link)["Location"])
    for tab, address in zip(("one", "two"), seen, strict=True):
        assert address.endswith(f"?to=git-pull%3Frepo%3Da%2526b%26tab%3D{tab}")
        page = text_of(other, address)
        assert f"tab={tab}" in page


@pytest.mark.parametrize(
    "rest", ["..%2f..%2fetc", "../../x", "a%00b", "a%0d%0aSet-Cookie:x", "%5c%5cevil.example"]
)
def test_a_rest_that_leads_out_is_refused(student: Client, rest: str) -> None:
    answer = student.get(f"/join/k7mqw2/user-redirect/{rest}")
    assert answer.status_code in (404, 422)


def test_an_unknown_code_says_so(student: Client) -> None:
    assert "leads to no environment" in text_of(student, "/join/nothing", 404)


def test_who_may_not_start_is_told_why_and_by_whom(student: Client, world: World) -> None:
    page = text_of(student, "/join/rocq99", 403)
    assert "not open yet" in page and "Reference" in page and "Change account" in page
    assert student.post("/join/rocq99").status_code == 403


def test_footer_pages_need_no_account(nobody: Client) -> None:
    for path in ("/help", "/status", "/accessibility", "/your-data"):
        assert "myDocker" in text_of(nobody, path)


def test_machines_are_answered(nobody: Client) -> None:
    assert text_of(nobody, "/healthz") == "ok\n"
    assert nobody.get("/readyz").json() == {"ready": True, "missing": {}}
    assert "python_info" in text_of(nobody, "/metrics")


def test_the_institution_gives_its_hue(nobody: Client) -> None:
    answer = nobody.get("/theme.css")
    assert answer["Content-Type"] == "text/css" and "--brand-h:" in answer.content.decode()


def test_answers_say_their_length_and_to_head_they_have_no_body(student: Client) -> None:
    whole = student.get("/")
    only_head = student.head("/")
    assert int(whole.headers["Content-Length"]) == len(whole.content) > 0
    assert only_head.content == b"" and int(only_head.headers["Content-Length"]) > 0
