"""Builds over the API: asked for, listed, told in the reader's language, cancelled."""

import pytest

from mydocker.store import builds

from .conftest import NOW, Somebody, make_image

FAILURE = {
    "why": "step",
    "message": "%(instruction)s in line %(line)s failed: %(said)s",
    "hint": "The log above this line says more.",
    "line": 2,
    "facts": {"instruction": "RUN", "line": 2, "said": "no such thing"},
    "said": "no such thing",
}


@pytest.fixture
def image(teacher: Somebody) -> str:
    return make_image(teacher.person, "proofs")


def ask(teacher: Somebody, image: str) -> int:
    number: int = teacher.ask("POST", f"/images/{image}/builds").body["number"]
    return number


def begin(number: int) -> str:
    """Let the only live build begin; its id."""
    [row] = [each for each in builds.live() if each.number == number]
    assert builds.begin(row.id, NOW)
    return row.id


def test_a_build_is_asked_for_and_what_came_of_it_is_told(teacher: Somebody, image: str) -> None:
    asked = teacher.ask("POST", f"/images/{image}/builds", {"use_cache": False})
    assert asked.status == 201
    assert (asked.body["number"], asked.body["state"], asked.body["use_cache"]) == (
        1, "queued", False,
    )  # fmt: skip
    assert asked.body["dockerfile"] == "FROM mydocker/tiny\nRUN echo hello\n"
    build = begin(1)
    builds.progress(build, 1, 2)
    address = f"/images/{image}/builds/1"
    under_way = teacher.ask("GET", address).body
    assert (under_way["state"], under_way["step"], under_way["steps"]) == ("building", 1, 2)
    assert (under_way["reference"], under_way["ended_at"]) == (None, None)
    builds.finish(
        build, reference="md-x/proofs:1", engine_id=f"sha256:{'0' * 64}", size_bytes=4096,
        layers=[("FROM", 4000), ("RUN echo hello", 96)], packages=[("pip", "numpy", "2.4.0")],
        now=NOW,
    )  # fmt: skip
    done = teacher.ask("GET", address).body
    assert (done["state"], done["reference"], done["failure"]) == ("done", "md-x/proofs:1", None)
    assert done["layers"][1] == {"made_by": "RUN echo hello", "size_bytes": 96}
    assert done["packages"] == [{"manager": "pip", "name": "numpy", "version": "2.4.0"}]


def test_a_failure_is_told_in_the_readers_language(teacher: Somebody, image: str) -> None:
    ask(teacher, image)
    builds.fail(begin(1), FAILURE, NOW)
    english = teacher.ask("GET", f"/images/{image}/builds/1").body["failure"]
    assert english["message"] == "RUN in line 2 failed: no such thing"
    assert (english["why"], english["line"], english["said"]) == ("step", 2, "no such thing")
    french = teacher.ask("GET", f"/images/{image}/builds/1", accept_language="fr").body["failure"]
    assert "no such thing" in french["message"] and french["message"] != english["message"]
    assert french["hint"] != english["hint"]
    [line] = teacher.ask("GET", f"/images/{image}/builds").body["items"]
    assert line["failure"] == english


def test_one_image_is_built_once_at_a_time(teacher: Somebody, image: str) -> None:
    ask(teacher, image)
    again = teacher.ask("POST", f"/images/{image}/builds")
    assert (again.status, again.body["code"]) == (409, "build_under_way")


def test_a_recipe_with_mistakes_is_not_built_and_tells_them_all(teacher: Somebody) -> None:
    make_image(teacher.person, "bad", {"kind": "dockerfile", "text": "FROM a\nRUNN x\nCOPPY a b\n"})
    refused = teacher.ask("POST", "/images/bad/builds", accept_language="fr")
    assert (refused.status, refused.body["code"]) == (422, "bad_recipe")
    assert [(each["line"], each["place"]) for each in refused.body["mistakes"]] == [
        (2, ""), (3, ""),
    ]  # fmt: skip
    assert teacher.ask("GET", "/images/bad/builds").body == {"items": [], "next": None}


def test_builds_are_listed_in_parts_newest_first(teacher: Somebody, image: str) -> None:
    for _ in range(5):
        number = ask(teacher, image)
        assert teacher.ask("POST", f"/images/{image}/builds/{number}/cancel").status == 200
    found, after = [], ""
    for size in (2, 2, 1):
        part = teacher.ask("GET", f"/images/{image}/builds?limit=2{after}").body
        assert len(part["items"]) == size
        found += [each["number"] for each in part["items"]]
        after = f"&after={part['next']}"
    assert found == [5, 4, 3, 2, 1] and part["next"] is None
    assert teacher.ask("GET", f"/images/{image}/builds?limit=101").status == 422


def test_a_build_is_cancelled_now_or_soon(teacher: Somebody, image: str) -> None:
    waiting = f"/images/{image}/builds/{ask(teacher, image)}"
    for _ in range(2):
        assert teacher.ask("POST", f"{waiting}/cancel").body["state"] == "cancelled"
    number = ask(teacher, image)
    build = begin(number)
    soon = teacher.ask("POST", f"/images/{image}/builds/{number}/cancel").body
    assert (soon["state"], soon["cancel_asked"]) == ("building", True)
    builds.fail(build, FAILURE, NOW)
    late = teacher.ask("POST", f"/images/{image}/builds/{number}/cancel")
    assert (late.status, late.body["code"]) == (409, "build_over")


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("9", 404, "unknown_build"), ("2147483647", 404, "unknown_build"),
        ("2147483648", 422, "invalid_input"), ("0", 422, "invalid_input"),
        ("-1", 422, "invalid_input"), ("x", 422, "invalid_input"), ("9" * 5000, 422, ""),
    ],
)  # fmt: skip
def test_a_build_that_cannot_be(
    number: str, status: int, code: str, teacher: Somebody, image: str
) -> None:
    for method, path in (("GET", ""), ("POST", "/cancel")):
        refused = teacher.ask(method, f"/images/{image}/builds/{number}{path}")
        assert refused.status == status and refused.body["code"].startswith(code)


def test_who_may_only_see_asks_for_no_build_and_cancels_none(
    teacher: Somebody, student: Somebody, image: str
) -> None:
    number = ask(teacher, image)
    wanted = {"shares": [{"mail": "ada@example.org", "right": "view"}]}
    teacher.ask("PUT", f"/images/{image}/shares", wanted)
    assert student.ask("GET", f"/images/{image}/builds/{number}").status == 200
    for path in ("", f"/{number}/cancel"):
        refused = student.ask("POST", f"/images/{image}/builds{path}")
        assert (refused.status, refused.body["code"]) == (403, "image_view_only")
