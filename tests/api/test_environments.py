"""Environments over the API: definitions in, definitions out."""

import json

import pytest

from mydocker.services.definitions import read_tree

from .conftest import Somebody, make_environment, make_workspace

YAML = """\
title: {en: Statistics, fr: Statistiques}
image: mydocker/r
status: ready
ports: [8888]
"""


def test_a_definition_is_created_changed_and_the_same_again(teacher: Somebody) -> None:
    kind = {"content_type": "application/yaml"}
    made = teacher.ask("PUT", "/environments/stats", YAML, **kind)
    assert (made.status, made.body["changed"], made.body["warnings"]) == (201, True, [])
    assert made.body["environment"]["join_url"].startswith("http://mydocker.localhost:8080/join/")
    stored = teacher.ask("GET", "/environments/stats/definition")
    assert stored.headers["Content-Type"] == "application/yaml; charset=utf-8"
    again = teacher.ask("PUT", "/environments/stats", stored.body, **kind)
    assert (again.status, again.body["changed"]) == (200, False)
    changed = teacher.ask("PUT", "/environments/stats", f"{stored.body}tags: [r]\n", **kind)
    assert (changed.status, changed.body["changed"]) == (200, True)
    assert changed.body["environment"]["tags"] == ["r"]


def test_json_is_as_good_as_yaml(teacher: Somebody) -> None:
    tree = {"title": "Emoji 😀", "image": "mydocker/r", "ports": [8888]}
    made = teacher.ask("PUT", "/environments/emoji", tree)
    assert made.status == 201
    stored = teacher.ask("GET", "/environments/emoji/definition", accept="application/json")
    yaml = teacher.ask("GET", "/environments/emoji/definition", accept="*/*")
    assert stored.body["title"] == "Emoji 😀"
    assert read_tree(yaml.body)[0] == stored.body


def test_all_mistakes_are_told_with_their_lines_in_the_readers_language(teacher: Somebody) -> None:
    text = f"{YAML}nonsense: 1\nnetwork: opn\n"
    refused = teacher.ask("PUT", "/environments/stats", text, content_type="application/yaml")
    assert (refused.status, refused.body["code"]) == (422, "bad_definition")
    places = [(each["line"], each["place"]) for each in refused.body["mistakes"]]
    assert places == [(5, "nonsense"), (6, "network")]
    assert {"code", "message", "hint", "reference"} <= set(refused.body)


@pytest.mark.parametrize(
    "text",
    ["", "a: &x [1]\nb: *x", "[" * 5000, "\x00", "title: !!python/object x", "{", "- 1", "42"],
)
def test_what_is_no_definition_is_refused(text: str, teacher: Somebody) -> None:
    refused = teacher.ask("PUT", "/environments/x", text, content_type="application/yaml")
    assert (refused.status, refused.body["code"]) == (422, "bad_definition")


def test_bytes_that_are_no_text_are_refused(teacher: Somebody) -> None:
    refused = teacher.ask("PUT", "/environments/x", b"\xff\xfe", content_type="text/yaml")
    assert (refused.status, refused.body["code"]) == (400, "malformed_request")


def test_the_address_and_the_definition_name_the_same(teacher: Somebody) -> None:
    refused = teacher.ask(
        "PUT", "/environments/other", f"slug: stats\n{YAML}", content_type="application/yaml"
    )
    assert (refused.status, refused.body["code"]) == (422, "other_slug")


def test_students_do_not_define(student: Somebody, environment: str) -> None:
    for path in ("/environments/new-one", f"/environments/{environment}"):
        refused = student.ask("PUT", path, YAML, content_type="application/yaml")
        assert refused.status == 403
    assert student.ask("GET", f"/environments/{environment}/definition").status == 403
    assert student.ask("DELETE", f"/environments/{environment}").status == 403


def test_the_catalogue_comes_in_parts_and_languages(student: Somebody, teacher: Somebody) -> None:
    slugs = [make_environment(teacher.person, slug=f"part-{letter}") for letter in "abc"]
    make_environment(teacher.person, status="draft")
    first = student.ask("GET", "/environments?limit=2", accept_language="fr").body
    rest = student.ask("GET", f"/environments?limit=2&after={first['next']}").body
    assert [each["slug"] for each in first["items"] + rest["items"]] == slugs
    assert rest["next"] is None
    assert first["items"][0]["title"] == "JupyterLab et Python"
    assert first["items"][0]["join_url"] is None


def test_teachers_list_what_they_edit(teacher: Somebody, student: Somebody) -> None:
    draft = make_environment(teacher.person, status="draft")
    listed = teacher.ask("GET", "/environments?which=editable").body["items"]
    assert [each["slug"] for each in listed] == [draft] and listed[0]["join_url"]
    assert student.ask("GET", "/environments?which=editable").body["items"] == []


def test_who_may_not_start_it_is_told_why(student: Somebody, teacher: Somebody) -> None:
    listed = make_environment(teacher.person, people=["somebody@example.org"])
    archived = make_environment(teacher.person, status="archived")
    assert student.ask("GET", f"/environments/{listed}").body["code"] == "not_listed"
    assert student.ask("GET", f"/environments/{archived}").status == 409
    assert student.ask("GET", "/environments/nowhere").body["code"] == "unknown_environment"


def test_only_what_nobody_used_is_deleted(
    student: Somebody, teacher: Somebody, environment: str
) -> None:
    make_workspace(student.person, environment, "stopped")
    used = teacher.ask("DELETE", f"/environments/{environment}")
    assert (used.status, used.body["code"]) == (409, "environment_in_use")
    unused = make_environment(teacher.person)
    assert teacher.ask("DELETE", f"/environments/{unused}").status == 204
    assert teacher.ask("GET", f"/environments/{unused}").status == 404


def test_a_definition_as_large_as_allowed_is_read(teacher: Somebody) -> None:
    people = [f"person{number}@example.org" for number in range(5000)]
    tree = {"title": "Large", "image": "mydocker/r", "ports": [8888], "people": people}
    assert teacher.ask("PUT", "/environments/large", json.dumps(tree)).status == 201


def test_the_same_file_twice_changes_nothing_and_locks_nobody_out(teacher: Somebody) -> None:
    kind = {"content_type": "application/yaml"}
    made = teacher.ask("PUT", "/environments/stats", YAML, **kind).body["environment"]
    again = teacher.ask("PUT", "/environments/stats", YAML, **kind).body
    assert (again["changed"], again["environment"]) == (False, made)
    assert teacher.ask("GET", "/environments/stats/definition").status == 200


def test_maintainers_read_the_figures_of_the_last_day(
    teacher: Somebody, student: Somebody, environment: str
) -> None:
    make_workspace(student.person, environment, "ready")
    told = teacher.ask("GET", f"/environments/{environment}/statistics")
    assert told.status == 200
    assert (told.body["awake"], told.body["shortage"], len(told.body["quarters"])) == (1, None, 96)
    refused = student.ask("GET", f"/environments/{environment}/statistics")
    assert (refused.status, refused.body["code"]) == (403, "not_maintainer")
