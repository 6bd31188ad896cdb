"""For those who maintain environments."""

import re
from datetime import datetime

import pytest
from django.test import Client

from mydocker.domain.runs import Phase
from mydocker.services.definitions import read_definition, read_tree
from mydocker.store import environments as stored
from mydocker.store import models, runs
from mydocker.web.teaching import STARTER, coloured
from tests.web.conftest import client_of
from tests.web.test_pages import text_of
from tests.web.world import World


def test_a_teacher_sees_what_they_maintain_and_how_many_are_in(
    teacher: Client, world: World
) -> None:
    page = text_of(teacher, "/teach")
    assert "JupyterLab and C++" in page and "2 open" in page
    row = page[page.index("/teach/julia") :]
    assert "0 open, 1 person" in row[: row.index("</li>")]


def test_a_student_maintains_nothing_and_creates_nothing(student: Client) -> None:
    page = text_of(student, "/teach")
    assert "Only teachers can create" in page and "textarea" not in page
    answer = student.post("/teach", {"definition": STARTER})
    assert answer.status_code == 403
    assert not models.Environment.objects.filter(slug="python-for-beginners").exists()


@pytest.mark.parametrize("path", ["/teach/cpp-l1", "/teach/cpp-l1/definition.yaml"])
def test_others_see_no_definition(other: Client, path: str) -> None:
    page = text_of(other, path, 403)
    assert "jupyterlab-python" not in page


def test_the_starter_is_a_whole_definition(teacher: Client, world: World) -> None:
    assert read_definition(STARTER).status == "draft"
    answer = teacher.post("/teach", {"definition": STARTER})
    assert answer["Location"] == "/teach/python-for-beginners?done=applied"
    page = text_of(teacher, answer["Location"])
    assert "Draft" in page
    made = models.Environment.objects.get(slug="python-for-beginners")
    assert f"http://mydocker.localhost:8080/join/{made.join_code}" in page


def test_the_page_shows_definition_link_and_who_is_in(teacher: Client, world: World) -> None:
    page = text_of(teacher, "/teach/cpp-l1")
    assert "http://mydocker.localhost:8080/join/cpp314" in page
    assert '<span class="k">image</span>' in page
    assert "Camille Aubert" in page and "Image arriving" in page
    assert world.workspaces["pulling"] not in page  # states, never ways in
    everybody = text_of(teacher, "/teach/julia?who=all")
    assert "Camille Aubert" in everybody and "Never started" in everybody
    assert "Camille Aubert" not in text_of(teacher, "/teach/julia")


def test_the_page_says_what_stands_by_or_why_nothing_can(
    teacher: Client, world: World, present: datetime
) -> None:
    environment = stored.by_slug("cpp-l1")
    assert environment is not None
    row = models.Environment.objects.filter(id=environment.id)
    row.update(definition={**environment.definition, "command": "jupyter lab"})
    assert "none wanted now" in text_of(teacher, "/teach/cpp-l1")
    spare = runs.make(None, 0, environment, [8888], "apps.test", present, present)
    assert "1 more is coming" in text_of(teacher, "/teach/cpp-l1")
    assert spare is not None and runs.advance(spare, Phase.ANSWERING, present)
    assert runs.stand_by(spare.id, present)
    page = text_of(teacher, "/teach/cpp-l1")
    assert 'Standing by</dt><dd class="v">1</dd>' in page
    shelled = {**environment.definition, "command": "sh -c 'jupyter lab'"}
    row.update(definition=shelled)
    assert "without a shell" in text_of(teacher, "/teach/cpp-l1")


def test_what_is_exported_can_be_applied_again(teacher: Client, world: World) -> None:
    answer = teacher.get("/teach/cpp-l1/definition.yaml")
    assert answer["Content-Disposition"] == 'attachment; filename="cpp-l1.yaml"'
    text = answer.content.decode()
    assert read_tree(text)[0] == models.Environment.objects.get(slug="cpp-l1").definition
    again = teacher.post("/teach/cpp-l1", {"definition": text})
    assert again["Location"] == "/teach/cpp-l1?done=unchanged"


def test_a_changed_definition_is_applied(teacher: Client, world: World) -> None:
    text = teacher.get("/teach/cpp-l1/definition.yaml").content.decode()
    changed = text.replace("cpu: 2", "cpu: 3")
    answer = teacher.post("/teach/cpp-l1", {"definition": changed.replace("\n", "\r\n")})
    assert answer["Location"] == "/teach/cpp-l1?done=applied"
    assert "revision 2" in text_of(teacher, "/teach/cpp-l1")


def test_mistakes_are_told_with_their_lines_and_nothing_is_lost(
    teacher: Client, world: World
) -> None:
    text = "title: Xyz\nimage: a b\nports:\n- number: eighty\ncpu: 2\n"
    answer = teacher.post("/teach", {"definition": text})
    page = answer.content.decode()
    assert answer.status_code == 422
    told = re.sub(r"<[^>]+>", " ", page[page.index('id="mistakes"') :])
    assert "Line 2" in told and "image: a b" in told
    assert "Line 4" in told and "ports[0].number" in told
    assert "Line 5" in told and "resources" in told
    assert "number: eighty" in page[page.index("<textarea") :]


@pytest.mark.parametrize(
    "text", ["", "[", "a: &x b", "\x00", "- 1", "{", "title: 'x", "a: " + "[" * 50, "null"]
)
def test_what_is_no_definition_is_told_so(teacher: Client, world: World, text: str) -> None:
    for path in ("/teach", "/teach/cpp-l1"):
        answer = teacher.post(path, {"definition": text})
        assert answer.status_code == 422
        assert 'id="mistakes"' in answer.content.decode()
    assert models.Environment.objects.get(slug="cpp-l1").revision == 1


def test_a_definition_of_another_name_changes_nothing_here(teacher: Client, world: World) -> None:
    text = teacher.get("/teach/julia/definition.yaml").content.decode()
    answer = teacher.post("/teach/cpp-l1", {"definition": text})
    assert answer.status_code == 409
    assert "called “julia”" in answer.content.decode()


def test_an_administrator_sees_all_environments(administrator: Client, world: World) -> None:
    assert text_of(administrator, "/teach").count("/teach/") >= 9


def test_yaml_is_escaped_and_its_keys_set_apart() -> None:
    assert coloured("title: <b>x</b>\n- a: 1") == (
        '<span class="k">title</span>:<span class="s"> &lt;b&gt;x&lt;/b&gt;</span>\n'
        '- <span class="k">a</span>:<span class="s"> 1</span>'
    )


def test_the_page_reads_in_french(world: World) -> None:
    page = text_of(client_of(world.teacher, "fr"), "/teach/cpp-l1")
    assert "Le lien pour vos étudiants" in page and "Ouverts maintenant" in page
