"""Images of those who teach: their list, a new one, the recipe and what is found in it."""

import json
import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from mydocker.domain.recipes import Dockerfile, PackageList, kind_of, read_recipe
from mydocker.services import environments, images
from mydocker.services.definitions import read_definition
from mydocker.services.operator import OPERATOR
from mydocker.store import models
from mydocker.web.image_editor import judge, typed_of
from mydocker.web.image_starts import STARTS
from tests.web import images_world
from tests.web.test_pages import text_of
from tests.web.world import JUPYTER, World

HOSTILE = '"><script>alert(1)</script></textarea><img src=x onerror=alert(2)>'
PACKAGES = {"kind": "packages", "title": "Analyse numérique L2", "base": images_world.BASE}


def revision(slug: str) -> str:
    return str(models.Image.objects.get(slug=slug).revision)


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


# --- the list ---


def test_each_image_is_listed_with_its_newest_build(teacher: Client, world: World) -> None:
    page = text_of(teacher, "/teach/images")
    rows = {
        slug: words_of(page[page.index(f'href="/teach/images/{slug}"') :].split("</li>")[0])
        for slug in ("scipy-l2", "proofs", "tools", "registry")
    }
    assert "Building" in rows["scipy-l2"] and "List of packages" in rows["scipy-l2"]
    assert "Cancelled" in rows["proofs"] and "Dockerfile" in rows["proofs"]
    assert "Queued" in rows["tools"]
    assert "Never built" in rows["registry"] and "Existing image" in rows["registry"]
    assert 'aria-current="page">Images' in page and 'href="/teach"' in page


def test_nobody_sees_what_is_not_shared_with_them(student: Client, other: Client) -> None:
    page = text_of(student, "/teach/images")
    assert "Only teachers can make them" in page and "/teach/images/new" not in page
    shared = text_of(other, "/teach/images")
    assert "scipy-l2" in shared and "to see and use" in shared
    assert "proofs" not in shared


def test_a_search_that_finds_nothing_names_what_was_looked_for(teacher: Client) -> None:
    assert "proofs" in text_of(teacher, "/teach/images?q=ROCQ")
    page = text_of(teacher, "/teach/images?q=%3Cb%3Enothing")
    assert "No image for “&lt;b&gt;nothing”" in page and "Show all" in page


def test_a_long_list_has_pages(teacher: Client, world: World, present: datetime) -> None:
    for number in range(31):
        images.create(world.teacher, f"Zoo {number:02}", Dockerfile("FROM a/b\n"), present)
    first = text_of(teacher, "/teach/images?q=zoo")
    assert "zoo-29" in first and "zoo-30" not in first
    link = re.search(r'href="(/teach/images\?q=zoo&amp;after=[\w-]+)"', first)
    assert link is not None
    second = text_of(teacher, link[1].replace("&amp;", "&"))
    assert "/zoo-30" in second and "/zoo-29" not in second and "First page" in second


# --- a new one ---


def test_only_teachers_make_images(student: Client, world: World) -> None:
    text_of(student, "/teach/images/new", 403)
    answer = student.post("/teach/images/new", {"title": "Mine", "start": "packages"})
    assert answer.status_code == 403
    assert not models.Image.objects.filter(slug="mine").exists()


@pytest.mark.parametrize("start", [start.key for start in STARTS])
def test_every_beginning_makes_an_image_that_would_build(
    teacher: Client, world: World, start: str
) -> None:
    answer = teacher.post("/teach/images/new", {"title": "Géométrie L3", "start": start})
    assert answer["Location"] == "/teach/images/geometrie-l3?done=image_created"
    recipe = read_recipe(models.Image.objects.get(slug="geometrie-l3").recipe)
    assert recipe == next(each.recipe for each in STARTS if each.key == start)
    assert judge(typed_of(recipe)).is_sound
    assert "Say what is in it" in text_of(teacher, answer["Location"])


def test_a_name_that_is_taken_is_told_and_kept(teacher: Client, world: World) -> None:
    answer = teacher.post("/teach/images/new", {"title": "Scipy L2", "start": "dockerfile"})
    page = answer.content.decode()
    assert answer.status_code == 409 and "There is an image “scipy-l2” already" in page
    assert 'value="Scipy L2"' in page
    assert 'value="dockerfile" checked' in page


def test_an_image_called_new_has_an_address_of_its_own(teacher: Client, world: World) -> None:
    answer = teacher.post("/teach/images/new", {"title": "New", "start": "packages"})
    assert answer["Location"].startswith("/teach/images/new-")


# --- the recipe ---


def test_a_recipe_is_saved_and_built_in_one_go(teacher: Client, world: World) -> None:
    sent = {
        "title": "Registry no more", "kind": "packages", "base": images_world.BASE,
        "pip": "pip install numpy==2.4 scipy\r\n", "revision": revision("registry"),
    }  # fmt: skip
    saved = teacher.post("/teach/images/registry", sent)
    assert saved["Location"] == "/teach/images/registry?done=saved"
    stored = models.Image.objects.get(slug="registry")
    assert stored.recipe["packages"] == {"pip": ["numpy==2.4", "scipy"]}
    assert stored.title == "Registry no more"
    again = {**sent, "revision": revision("registry"), "then": "build"}
    built = teacher.post("/teach/images/registry", again)
    assert built["Location"] == "/teach/images/registry/builds/1"
    assert models.Build.objects.get(image__slug="registry").state == "queued"


def test_mistakes_are_told_at_their_fields_and_nothing_is_lost(
    teacher: Client, world: World
) -> None:
    before = revision("scipy-l2")
    answer = teacher.post("/teach/images/scipy-l2", {
        **PACKAGES, "base": "a b", "pip": "numpy\nscipy\n--user", "apt": "Graphviz",
        "revision": before, "title": "A new name",
    })  # fmt: skip
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The recipe has mistakes: 3." in page and "Nothing was saved" in page
    faults = page[page.index('id="said-pip"') :].split("</div>")[0]
    assert "Line 3" in faults and "--user is an option" in faults
    assert "Graphviz" in page[page.index('id="faults-apt"') :].split("</ul>")[0]
    assert 'id="base-f"' in page and 'value="a b"' in page and 'value="A new name"' in page
    assert "numpy\nscipy\n--user</textarea>" in page
    assert revision("scipy-l2") == before


def test_a_build_of_what_would_not_build_is_refused_and_the_text_is_saved(
    teacher: Client, world: World
) -> None:
    text = "FROM mydocker/jupyterlab-python\nRUN apt-get install graphviz\n"
    answer = teacher.post("/teach/images/registry", {
        "title": "X", "kind": "dockerfile", "text": text, "then": "build",
        "revision": revision("registry"),
    })  # fmt: skip
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Your changes are saved" in page and "This would not build" in page
    assert "nobody answers" in page[page.index('id="findings"') :]
    assert models.Image.objects.get(slug="registry").recipe["text"] == text
    assert not models.Build.objects.filter(image__slug="registry").exists()


def test_a_second_build_at_a_time_is_refused(teacher: Client, world: World) -> None:
    answer = teacher.post("/teach/images/scipy-l2/build")
    page = answer.content.decode()
    assert answer.status_code == 409 and "Build 3 of “scipy-l2” is under way" in page
    assert "What the other person saved" not in page


def test_many_builds_have_pages(teacher: Client, world: World, present: datetime) -> None:
    for minute in range(11):
        at = present + timedelta(minutes=minute)
        images_world.failed(world.teacher, "proofs", at)
    first = text_of(teacher, "/teach/images/proofs")
    assert "/builds/13" in first and "/builds/4" in first and '/builds/3"' not in first
    assert 'href="/teach/images/proofs?before=4#builds"' in first
    rest = text_of(teacher, "/teach/images/proofs?before=4")
    assert '/builds/3"' in rest and '/builds/4"' not in rest and "Newest builds" in rest
    assert '<h2 id="build-t">Build 13</h2>' in rest


def test_a_build_may_do_without_the_cache(teacher: Client, world: World) -> None:
    answer = teacher.post("/teach/images/proofs/build", {"anew": "yes"})
    assert answer["Location"] == "/teach/images/proofs/builds/3"
    assert not models.Build.objects.get(image__slug="proofs", number=3).use_cache


def test_the_second_of_two_editors_is_told_and_sees_both_texts(
    teacher: Client, administrator: Client, world: World
) -> None:
    opened = revision("scipy-l2")
    theirs = {**PACKAGES, "title": "Hers", "pip": "jax\nnumpy==2.4", "revision": opened}
    assert teacher.post("/teach/images/scipy-l2", theirs).status_code == 303
    mine = {**PACKAGES, "title": "His", "pip": "torch", "revision": opened}
    answer = administrator.post("/teach/images/scipy-l2", mine)
    page = answer.content.decode()
    assert answer.status_code == 409 and "nothing was overwritten" in page
    stored = models.Image.objects.get(slug="scipy-l2")
    assert stored.title == "Hers" and stored.recipe["packages"] == {"pip": ["jax", "numpy==2.4"]}
    other_text = page[page.index("What the other person saved") :].split("</pre>")[0]
    assert "Hers" in other_text and "jax, numpy==2.4" in other_text
    form = page[page.index('id="title"') :]
    assert 'value="His"' in form and "torch</textarea>" in form
    # Whoever saves again has seen both.
    kept = re.search(r'name="revision" value="(\d+)"', page)
    assert kept is not None
    final = administrator.post("/teach/images/scipy-l2", {**mine, "revision": kept[1]})
    assert final.status_code == 303
    assert models.Image.objects.get(slug="scipy-l2").title == "His"


def test_those_who_may_only_see_change_nothing(other: Client, world: World) -> None:
    page = text_of(other, "/teach/images/scipy-l2")
    assert "<fieldset disabled" in page and "shared with you to see and use" in page
    for sent in ("Save and build", 'id="cancel"', "Upload", 'id="delete"', "share-edit"):
        assert sent not in page
    refused = [
        other.post("/teach/images/scipy-l2", {**PACKAGES, "revision": revision("scipy-l2")}),
        other.post("/teach/images/scipy-l2/build"),
        other.post("/teach/images/scipy-l2/share", {"edit": "nadia.benali@example.org"}),
        other.post("/teach/images/scipy-l2/delete"),
        other.post("/teach/images/scipy-l2/files", {"name": "x", "text": "y"}),
        other.post("/teach/images/scipy-l2/builds/3/cancel"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 6


@pytest.mark.parametrize("rest", ["", "/builds/1", "/files", "/files/requirements.txt"])
def test_others_learn_nothing_of_an_image(other: Client, world: World, rest: str) -> None:
    page = text_of(other, f"/teach/images/proofs{rest}", 403)
    assert "Rocq" not in page and "requirements" not in words_of(page)


def test_what_is_typed_is_never_read_as_html(teacher: Client, world: World) -> None:
    sent = {
        "title": HOSTILE, "kind": "dockerfile", "text": f"FROM a/b\nRUN echo '{HOSTILE}'",
        "revision": revision("registry"),
    }  # fmt: skip
    assert teacher.post("/teach/images/registry", sent).status_code == 303
    assert teacher.post("/teach/images/registry/build").status_code == 303
    refused = teacher.post("/teach/images/tools", {
        **PACKAGES, "base": HOSTILE, "pip": HOSTILE, "title": HOSTILE, "revision": "1",
    })  # fmt: skip
    assert refused.status_code == 422
    pages = [
        refused.content.decode(),
        *(text_of(teacher, path) for path in (
            "/teach/images", "/teach/images/registry", "/teach/images/registry/builds/1",
        )),
    ]  # fmt: skip
    for page in pages:
        assert "alert(1)" in page
        assert "<script>alert" not in page and "<img src=x" not in page


def test_a_list_of_packages_can_go_on_as_a_dockerfile(teacher: Client, world: World) -> None:
    page = text_of(teacher, "/teach/images/scipy-l2")
    text = page[page.index('id="text"') :].split("</textarea>")[0]
    assert "FROM mydocker/jupyterlab-python" in text and "numpy==2.4" in text


# --- what is found while somebody types ---


def test_packages_come_back_as_chips_and_the_new_ones_are_marked(
    teacher: Client, world: World
) -> None:
    stored = models.Image.objects.get(slug="scipy-l2")
    answer = teacher.post("/teach/images/new/check", {
        **PACKAGES, "slug": "scipy-l2", "pip": "numpy==2.4, scipy==1.17 scikit-learn jax>=0.9",
    })  # fmt: skip
    page = answer.content.decode()
    group = page[page.index('id="said-pip"') :].split("</template>")[0]
    assert re.findall(r'data-word="([^"]+)"( class="new")?', group) == [
        ("numpy==2.4", ""), ("scipy==1.17", ""), ("scikit-learn", ""),
        ("jax&gt;=0.9", ' class="new"'),
    ]  # fmt: skip
    assert "jax&gt;=0.9" in page[page.index('id="produced"') :]
    assert "data-bad" not in page
    assert models.Image.objects.get(slug="scipy-l2").recipe == stored.recipe


def test_what_is_wrong_is_told_before_anybody_builds(teacher: Client, world: World) -> None:
    bad = teacher.post("/teach/images/new/check", {**PACKAGES, "npm": "left pad!"})
    assert 'id="said-npm" data-bad' in bad.content.decode()
    text = "FROM mydocker/jupyterlab-python\nRUNN ls\n"
    found = teacher.post("/teach/images/new/check", {"kind": "dockerfile", "text": text})
    page = found.content.decode()
    assert "Line 2" in page and "Did you mean RUN?" in page and 'data-said="1 mistake"' in page


def test_the_files_of_a_list_are_in_the_dockerfile_that_comes_of_it(
    teacher: Client, world: World
) -> None:
    assert "/data/" not in text_of(teacher, "/teach/images/scipy-l2")
    sent = {"name": "points.csv", "text": "1;2"}
    assert teacher.post("/teach/images/scipy-l2/files", sent).status_code == 303
    page = text_of(teacher, "/teach/images/scipy-l2")
    assert "/data/" in page[page.index('id="produced"') :]
    checked = teacher.post("/teach/images/new/check", {**PACKAGES, "slug": "scipy-l2"})
    assert "/data/" in checked.content.decode()


def test_what_the_builder_lets_not_through_is_told_as_well(teacher: Client, world: World) -> None:
    text = "FROM a/b\nADD https://a.example/x /x\nLABEL org.mydocker.workshop=x\n"
    answer = teacher.post("/teach/images/new/check", {"kind": "dockerfile", "text": text})
    page = words_of(answer.content.decode())
    assert "ADD is not for the builder here" in page and "are the platform&#x27;s" in page
    assert "This would not build" in page


@pytest.mark.parametrize(
    "sent",
    [
        {}, {"kind": "x", "revision": "²"}, {"kind": "git", "url": "ext::sh"},
        {"kind": "dockerfile", "text": "\0"}, {"kind": "packages", "base": "\0", "pip": "\0" * 9},
        {"kind": "image", "image": HOSTILE}, {"slug": "scipy-l2", "kind": "dockerfile"},
    ],
)  # fmt: skip
def test_whatever_is_sent_is_judged(teacher: Client, world: World, sent: dict[str, str]) -> None:
    answer = teacher.post("/teach/images/new/check", sent)
    assert answer.status_code == 200 and 'id="findings"' in answer.content.decode()


def test_who_makes_no_images_asks_about_none(student: Client, world: World) -> None:
    assert student.post("/teach/images/new/check", PACKAGES).status_code == 403


def test_nobody_asks_about_an_image_that_they_may_not_see(other: Client, world: World) -> None:
    answer = other.post("/teach/images/new/check", {**PACKAGES, "slug": "proofs"})
    assert answer.status_code == 403


# --- sharing, using, deleting ---


def test_an_image_is_shared_by_mail(teacher: Client, other: Client, world: World) -> None:
    sent = {"edit": "Nadia.Benali@example.org\r\n", "view": "x@example.org, y@example.org"}
    answer = teacher.post("/teach/images/scipy-l2/share", sent)
    assert answer["Location"] == "/teach/images/scipy-l2?done=saved"
    page = text_of(other, "/teach/images/scipy-l2")
    assert "nadia.benali@example.org</textarea>" in page
    assert "x@example.org\ny@example.org</textarea>" in page and "sami" not in page


def test_a_good_build_becomes_an_environment(teacher: Client, world: World) -> None:
    models.Image.objects.filter(slug="scipy-l2").update(title='Analyse: "L2"')
    page = text_of(teacher, "/teach/images/scipy-l2/builds/2")
    assert 'href="/teach?build=scipy-l2/2#new"' in page
    form = text_of(teacher, "/teach?build=scipy-l2/2")
    assert '<details class="disc" id="new" open>' in form
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", form, re.DOTALL)
    assert text is not None
    definition = text[1].replace("&quot;", '"').replace("&#x27;", "'")
    read = read_definition(definition)
    assert read.image == images.reference_of("scipy-l2", 2) and read.title.en == 'Analyse: "L2"'
    assert teacher.post("/teach", {"definition": definition}).status_code == 303
    assert "used by 1 environment" in text_of(teacher, "/teach/images")


def test_a_build_is_put_into_use_and_an_older_one_again(
    teacher: Client, other: Client, world: World, present: datetime
) -> None:
    for slug, maintainer in (("mine", world.teacher.mail), ("theirs", "x@example.org")):
        used = {**JUPYTER, "slug": slug, "join_code": f"code-{slug}", "maintainers": [maintainer],
                "image": images.reference_of("scipy-l2", 1)}  # fmt: skip
        environments.apply(OPERATOR, read_definition(json.dumps(used)), present)
    page = text_of(teacher, "/teach/images/scipy-l2/builds/2")
    assert (
        "Use it in 2 environments" in page
        and 'action="/teach/images/scipy-l2/builds/2/use"' in page
    )
    assert "2 environments run it" in text_of(teacher, "/teach/images/scipy-l2/builds/1")
    answer = teacher.post("/teach/images/scipy-l2/builds/2/use")
    assert answer["Location"] == "/teach/images/scipy-l2/builds/2?done=partly_used"
    page = text_of(teacher, answer["Location"])
    assert "Others keep what they have" in page and "1 environment runs it" in page
    listed = text_of(teacher, "/teach/images/scipy-l2")
    assert listed[listed.index('id="builds"') :].count("in use</span>") == 2
    assert teacher.post("/teach/images/scipy-l2/builds/3/use").status_code == 409
    again = teacher.post("/teach/images/scipy-l2/builds/1/use")
    assert "partly_used" in again["Location"]
    assert other.post("/teach/images/scipy-l2/builds/2/use").status_code == 303  # changes nothing
    assert environments.by_slug("mine").definition.image == images.reference_of("scipy-l2", 1)


@pytest.mark.parametrize("build", ["scipy-l2/9", "scipy-l2", "nothing/1", "scipy-l2/²", "/"])
def test_an_environment_with_no_such_build_is_refused(
    teacher: Client, world: World, build: str
) -> None:
    text_of(teacher, f"/teach?build={build}", 404)


def test_an_image_in_use_stays_and_says_where(
    teacher: Client, world: World, present: datetime
) -> None:
    used = {
        **JUPYTER,
        "slug": "numerics",
        "join_code": "num3rics",
        "image": images.reference_of("scipy-l2", 2),
    }
    environments.apply(OPERATOR, read_definition(json.dumps(used)), present)
    page = text_of(teacher, "/teach/images/scipy-l2")
    assert 'href="/teach/numerics"' in page and "so it stays" in page
    assert 'action="/teach/images/scipy-l2/delete"' not in page
    assert teacher.post("/teach/images/scipy-l2/delete").status_code == 409
    gone = teacher.post("/teach/images/registry/delete")
    assert gone["Location"] == "/teach/images?done=image_deleted"
    assert not models.Image.objects.filter(slug="registry").exists()


def test_the_kinds_of_recipe_that_the_form_knows_come_back_as_they_were() -> None:
    for start in STARTS:
        typed = typed_of(start.recipe, title="X", revision=3)
        judged = judge(typed)
        assert judged.recipe is not None and kind_of(judged.recipe) is kind_of(start.recipe)
        if isinstance(start.recipe, PackageList):
            assert judged.recipe == start.recipe
