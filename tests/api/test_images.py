"""Images over the API: recipes in, recipes out; only who may, and nobody over somebody else."""

from typing import Any

import pytest

from mydocker.services import images
from mydocker.store import builds

from .conftest import NOW, SMALL, Answered, Somebody, make_environment, make_image

LIST = {
    "kind": "packages",
    "base": "mydocker/jupyterlab-python",
    "packages": {"pip": ["numpy==2.4"], "apt": ["graphviz"]},
}
NEW = {"title": "Numerical analysis", "recipe": LIST}


def refused(answer: Answered) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def share(owner: Somebody, image: str, **rights: str) -> Answered:
    wanted = [{"mail": f"{name}@example.org", "right": right} for name, right in rights.items()]
    return owner.ask("PUT", f"/images/{image}/shares", {"shares": wanted})


def test_an_image_is_made_looked_at_and_changed(teacher: Somebody) -> None:
    made = teacher.ask("POST", "/images", NEW)
    assert made.status == 201
    assert (made.body["slug"], made.body["revision"]) == ("numerical-analysis", 1)
    assert made.body["recipe"]["packages"] == {"pip": ["numpy==2.4"], "apt": ["graphviz"]}
    assert made.body["dockerfile"].startswith("FROM mydocker/jupyterlab-python\n")
    address = "/images/numerical-analysis"
    assert teacher.ask("GET", address).body == made.body
    changed = teacher.ask("PUT", address, {"revision": 1, "title": "Numerics", "recipe": SMALL})
    assert (changed.status, changed.body["kind"], changed.body["revision"]) == (
        200,
        "dockerfile",
        2,
    )
    assert teacher.ask("GET", address).body == changed.body
    assert teacher.ask("DELETE", address).status == 204
    assert refused(teacher.ask("GET", address)) == (404, "unknown_image")


def test_of_two_who_change_it_at_once_the_second_is_told(
    teacher: Somebody, other_student: Somebody
) -> None:
    make_image(teacher.person, "proofs")
    share(teacher, "proofs", blaise="edit")
    mine, theirs = ({"revision": 1, "title": name, "recipe": SMALL} for name in ("Mine", "Theirs"))
    assert teacher.ask("PUT", "/images/proofs", mine).status == 200
    late = other_student.ask("PUT", "/images/proofs", theirs)
    assert refused(late) == (409, "changed_meanwhile")
    now = other_student.ask("GET", "/images/proofs").body
    assert (now["title"], now["revision"]) == ("Mine", 2)
    again = other_student.ask("PUT", "/images/proofs", theirs | {"revision": 2})
    assert (again.status, again.body["title"]) == (200, "Theirs")


def test_a_changed_file_counts_as_a_change(teacher: Somebody) -> None:
    make_image(teacher.person, "proofs")
    kind = {"content_type": "application/octet-stream"}
    assert teacher.ask("PUT", "/images/proofs/files/a.txt", b"x", **kind).status == 200
    late = {"revision": 1, "title": "Late", "recipe": SMALL}
    assert refused(teacher.ask("PUT", "/images/proofs", late)) == (409, "changed_meanwhile")


def test_who_may_see_and_who_may_edit(
    student: Somebody, other_student: Somebody, teacher: Somebody, admin: Somebody
) -> None:
    make_image(teacher.person, "proofs")
    change = {"revision": 1, "title": "New", "recipe": SMALL}
    asked: list[tuple[str, str, object]] = [
        ("GET", "", None), ("GET", "/files", None), ("GET", "/builds", None),
        ("PUT", "", change), ("DELETE", "", None), ("GET", "/shares", None),
        ("PUT", "/shares", {"shares": []}), ("POST", "/builds", {}),
        ("DELETE", "/files/a.txt", None),
    ]  # fmt: skip
    for method, path, body in asked:
        answer = student.ask(method, f"/images/proofs{path}", body)
        assert refused(answer) == (403, "image_not_shared"), (method, path)
    share(teacher, "proofs", ada="view", blaise="edit")
    for method, path, body in asked[:3]:
        assert student.ask(method, f"/images/proofs{path}", body).status == 200
    for method, path, body in asked[3:]:
        answer = student.ask(method, f"/images/proofs{path}", body)
        assert refused(answer) == (403, "image_view_only"), (method, path)
    seen = student.ask("GET", "/images/proofs").body
    assert (seen["may_edit"], seen["used_by"]) == (False, [])
    for editor in (other_student, admin):
        assert editor.ask("GET", "/images/proofs").body["may_edit"]
        assert editor.ask("GET", "/images/proofs/shares").status == 200
    assert refused(student.ask("POST", "/images", NEW)) == (403, "not_teacher")


def test_shares_are_set_as_a_whole(teacher: Somebody) -> None:
    make_image(teacher.person, "proofs")
    set_ = share(teacher, "proofs", ada="view", blaise="edit")
    assert set_.body["shares"] == [
        {"mail": "ada@example.org", "right": "view"},
        {"mail": "blaise@example.org", "right": "edit"},
    ]
    assert share(teacher, "proofs", ada="edit").body == {
        "shares": [{"mail": "ada@example.org", "right": "edit"}]
    }
    assert teacher.ask("GET", "/images/proofs/shares").body["shares"][0]["right"] == "edit"
    wrong = {"shares": [{"mail": "no mail", "right": "edit"}]}
    assert refused(teacher.ask("PUT", "/images/proofs/shares", wrong)) == (422, "bad_mail")
    crowd = {"shares": [{"mail": f"p{n}@example.org", "right": "view"} for n in range(501)]}
    assert refused(teacher.ask("PUT", "/images/proofs/shares", crowd)) == (422, "invalid_input")


def test_tokens_need_the_scopes_of_images(teacher: Somebody) -> None:
    make_image(teacher.person, "proofs")
    reader, writer = teacher.with_scopes("images:read"), teacher.with_scopes("images:write")
    assert reader.ask("GET", "/images/proofs").status == 200
    assert refused(reader.ask("POST", "/images/proofs/builds")) == (403, "scope_missing")
    assert refused(reader.ask("DELETE", "/images/proofs")) == (403, "scope_missing")
    assert refused(writer.ask("GET", "/images")) == (403, "scope_missing")
    assert writer.ask("POST", "/images/proofs/builds").status == 201
    other = teacher.with_scopes("environments:write", "workspaces:write")
    assert refused(other.ask("POST", "/images", NEW)) == (403, "scope_missing")


def test_the_list_comes_in_parts_and_shows_what_one_may_see(
    teacher: Somebody, student: Somebody, admin: Somebody
) -> None:
    slugs = [make_image(teacher.person, f"part-{letter}") for letter in "abc"]
    make_image(admin.person, "of-an-admin")
    teacher.ask("POST", "/images/part-b/builds")
    first = teacher.ask("GET", "/images?limit=2").body
    rest = teacher.ask("GET", f"/images?limit=2&after={first['next']}").body
    assert [each["slug"] for each in first["items"] + rest["items"]] == slugs
    assert (first["next"], rest["next"]) == ("part-b", None)
    builds = [(each["latest"], each["live"]) for each in first["items"]]
    assert builds[0] == (None, None) and builds[1][0] == builds[1][1]
    assert builds[1][0]["state"] == "queued"
    assert [each["slug"] for each in admin.ask("GET", "/images?words=PART+c").body["items"]] == [
        "part-c"
    ]
    assert student.ask("GET", "/images").body == {"items": [], "next": None}
    share(teacher, "part-c", ada="view")
    [seen] = student.ask("GET", "/images").body["items"]
    assert (seen["slug"], seen["may_edit"]) == ("part-c", False)


def test_all_mistakes_of_a_recipe_are_told_in_the_readers_language(teacher: Somebody) -> None:
    recipe = {"kind": "packages", "packages": {"pip": ["numpy", "$(reboot)"], "gem": []}}
    bad = {"title": "Bad", "recipe": recipe}
    answer = teacher.ask("POST", "/images", bad, accept_language="fr")
    assert refused(answer) == (422, "bad_definition")
    assert {each["place"] for each in answer.body["mistakes"]} == {
        "base", "packages.pip[1]", "packages.gem",
    }  # fmt: skip
    english = teacher.ask("POST", "/images", bad)
    assert english.body["mistakes"] != answer.body["mistakes"]


@pytest.mark.parametrize(
    "recipe",
    [
        {},
        {"kind": "magic"},
        {"kind": ["image"]},
        {"kind": "image", "image": "a b"},
        {"kind": "image", "image": {"deep": [[[[[]]]]]}},
        {"kind": "dockerfile", "text": "\u0000"},
        {"kind": "dockerfile", "text": "\ud800"},
        {"kind": "git", "url": "https://user:secret@example.org/a/b"},
        {"kind": "git", "url": "https://example.org/a", "subfolder": "../../etc"},
        {"kind": "packages", "base": "a", "packages": {"pip": [["x"]]}},
        {"kind": "packages", "base": "a", "packages": {"pip": ["$(reboot)"]}},
    ],
)
def test_what_is_no_recipe_is_refused(recipe: dict[str, Any], teacher: Somebody) -> None:
    answer = teacher.ask("POST", "/images", {"title": "Bad", "recipe": recipe})
    assert refused(answer) == (422, "bad_definition")
    assert answer.body["mistakes"] and teacher.ask("GET", "/images").body["items"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (NEW | {"slug": "../x"}, "invalid_input"),
        (NEW | {"slug": "new"}, "bad_slug"),
        (NEW | {"title": ""}, "invalid_input"),
        (NEW | {"title": "   "}, "bad_title"),
        (NEW | {"title": "統計"}, "no_slug"),
        (NEW | {"title": "a\u0000b"}, "invalid_input"),
        (NEW | {"title": "x" * 201}, "invalid_input"),
        (NEW | {"owner": "me"}, "invalid_input"),
        ({"title": "No recipe"}, "invalid_input"),
        ({"title": "Text", "recipe": "FROM a"}, "invalid_input"),
        ({"title": "Text", "recipe": []}, "invalid_input"),
    ],
)
def test_what_makes_no_image_is_refused(body: object, code: str, teacher: Somebody) -> None:
    assert refused(teacher.ask("POST", "/images", body)) == (422, code)


def test_a_name_is_given_once(teacher: Somebody, admin: Somebody) -> None:
    assert teacher.ask("POST", "/images", NEW | {"slug": "numerics"}).status == 201
    for somebody in (teacher, admin):
        again = somebody.ask("POST", "/images", NEW | {"slug": "numerics"})
        assert refused(again) == (409, "slug_taken")


def test_findings_are_told_before_anything_is_built(teacher: Somebody) -> None:
    make_image(teacher.person, "bad", {"kind": "dockerfile", "text": "FROM a\nRUNN x\n"})
    [finding] = teacher.ask("GET", "/images/bad").body["findings"]
    assert (finding["line"], finding["severity"]) == (2, "mistake")
    french = teacher.ask("GET", "/images/bad", accept_language="fr").body["findings"]
    assert french[0]["message"] != finding["message"]


def test_files_beside_a_list_of_packages_are_part_of_what_is_built(teacher: Somebody) -> None:
    make_image(teacher.person, "listed", LIST)
    before = teacher.ask("GET", "/images/listed").body["dockerfile"]
    kind = {"content_type": "application/octet-stream"}
    teacher.ask("PUT", "/images/listed/files/data.csv", b"x", **kind)
    after = teacher.ask("GET", "/images/listed").body["dockerfile"]
    built = teacher.ask("POST", "/images/listed/builds").body
    assert before != after == built["dockerfile"]


def test_nothing_is_built_on_an_image_that_one_may_not_see(
    teacher: Somebody, admin: Somebody
) -> None:
    make_image(admin.person, "secret")
    base = images.reference_of("secret", 1)
    make_image(teacher.person, "curious", {"kind": "image", "image": base})
    refused_ = teacher.ask("POST", "/images/curious/builds")
    assert refused(refused_) == (403, "image_not_shared")


def test_a_git_repository_is_kept_though_it_is_not_built_yet(teacher: Somebody) -> None:
    make_image(teacher.person, "course", {"kind": "git", "url": "https://git.example.org/a/b"})
    shown = teacher.ask("GET", "/images/course").body
    assert (shown["dockerfile"], shown["findings"]) == (None, [])
    assert refused(teacher.ask("POST", "/images/course/builds")) == (422, "git_later")


def test_an_image_in_use_is_not_deleted(teacher: Somebody) -> None:
    make_image(teacher.person, "proofs")
    build, reference = images.ask_build(teacher.person, "proofs", NOW).id, "md-x/proofs:1"
    assert builds.begin(build, NOW) and builds.finish(
        build, reference=reference, engine_id="", size_bytes=1, layers=[], packages=[], now=NOW
    )
    user = make_environment(teacher.person, image=reference)
    assert refused(teacher.ask("DELETE", "/images/proofs")) == (409, "image_in_use")
    assert teacher.ask("GET", "/images/proofs").body["used_by"] == [user]
    assert teacher.ask("GET", "/images").body["items"][0]["used_by"] == 1


def test_nothing_of_an_image_is_known_without_a_token(teacher: Somebody) -> None:
    make_image(teacher.person, "proofs")
    images.ask_build(teacher.person, "proofs", NOW)
    nobody = Somebody(teacher.person, "mdt_wrong")
    for path in ("", "/proofs", "/proofs/files", "/proofs/builds", "/proofs/builds/1"):
        assert nobody.ask("GET", f"/images{path}").status == 401
