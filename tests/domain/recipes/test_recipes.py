"""The four kinds of recipe: read from trees with all mistakes at once, and written back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.environments import Mistakes
from mydocker.domain.recipes import (
    Dockerfile,
    ExistingImage,
    GitRepository,
    Kind,
    Manager,
    Package,
    PackageList,
    Recipe,
    fault_of_ref,
    fault_of_url,
    kind_of,
    read_recipe,
    write_recipe,
)
from tests.domain.recipes.strategies import hostile, recipes


def mistakes(tree: object) -> dict[str, str]:
    with pytest.raises(Mistakes) as raised:
        read_recipe(tree)
    return {each.place: " ".join(each.told()) for each in raised.value.mistakes}


@given(recipes)
def test_a_recipe_is_read_as_it_was_written(recipe: Recipe) -> None:
    assert read_recipe(write_recipe(recipe)) == recipe


def test_each_kind_has_a_tree_that_people_can_write() -> None:
    tree = {
        "kind": "packages",
        "base": "a/b",
        "packages": {"pip": "numpy 2\nscipy", "apt": ["git"]},
    }
    assert read_recipe(tree) == PackageList(
        "a/b",
        {Manager.PIP: (Package("numpy", "==2"), Package("scipy")), Manager.APT: (Package("git"),)},
    )
    assert read_recipe({"kind": "dockerfile", "text": "FROM a"}) == Dockerfile("FROM a\n")
    url = "https://git.example.org/a/b"
    assert read_recipe({"kind": "git", "url": url, "subfolder": "tp/"}) == GitRepository(
        url, "", "tp"
    )
    assert read_recipe({"kind": "image", "image": "a:1"}) == ExistingImage("a:1")
    assert {kind_of(each) for each in (PackageList("a"), ExistingImage("a"))} == {
        Kind.PACKAGES,
        Kind.IMAGE,
    }


def test_all_mistakes_of_a_recipe_are_told_where_they_are() -> None:
    found = mistakes(
        {
            "kind": "packages", "base": "A b", "pip": ["x"], "text": "y",
            "packages": {"pip": ["numpy", "cv2", 3.1], "apt": "git\nvim-", "nmp": ["x"], "cran": 1},
        }
    )  # fmt: skip
    assert set(found) == {
        "base", "pip", "text", "packages.pip[1]", "packages.pip[2]", "packages.apt",
        "packages.nmp", "packages.cran",
    }  # fmt: skip
    assert found["pip"] == "Nothing is called pip here. It belongs under packages."
    assert "Write opencv-python-headless." in found["packages.pip[1]"]


@pytest.mark.parametrize(
    ("tree", "place", "told"),
    [
        ({}, "kind", "kind is missing"),
        ({"kind": "docker"}, "kind", "Did you mean dockerfile?"),
        ({"kind": "packages"}, "base", "base is missing"),
        ({"kind": "dockerfile"}, "text", "first line is FROM"),
        ({"kind": "dockerfile", "text": "a\0b"}, "text", "U+0000"),
        ({"kind": "git"}, "url", "url is missing"),
        ({"kind": "git", "url": "https://a/b", "ref": "-x"}, "ref", "main, v1.2"),
        ({"kind": "git", "url": "https://a/b", "subfolder": "../x"}, "subfolder", "dots"),
        ({"kind": "git", "url": "https://a/b", "subfolder": "/"}, "subfolder", "root"),
        ({"kind": "image"}, "image", "image is missing"),
        ({"kind": "image", "image": "https://a/b"}, "image", "Leave out https://"),
        ([], "", "named values"),
        (None, "", "named values"),
    ],
)
def test_what_is_wrong_is_told(tree: object, place: str, told: str) -> None:
    assert told in mistakes(tree)[place]


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.org/a/b", "https://git.example.org:8443/a/b.git",
        "ssh://git@git.example.org/a/b", "git@git.example.org:a/b.git",
        "git://git.example.org/a", "https://[2001:db8::1]/a", "https://localhost/a/",
    ],
)  # fmt: skip
def test_addresses_of_repositories_pass(url: str) -> None:
    assert fault_of_url(url) is None


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://me:secret@git.example.org/a", "password or a token"),
        ("https://token@git.example.org/a", "password or a token"),
        ("ssh://git:secret@git.example.org/a", "password or a token"),
        ("https://git.example.org/a/b/tree/main/tp", "page of the repository"),
        ("https://git.example.org/a/b/-/blob/main/x.py", "page of the repository"),
        ("http://git.example.org/a", "https:// instead"),
        ("https://git.example.org/a?x=1", "behind ? or #"),
        ("git clone https://git.example.org/a", "without git clone"),
        ("/home/me/a", "cannot see your computer"),
        ("file:///home/me/a", "cannot see your computer"),
        ("ext::sh -c id", "without git clone"),
        ("ext::id", "as for git clone"),
        ("ssh://-oProxyCommand=id/a", "as for git clone"),
        ("-u@git.example.org:a", "as for git clone"),
        ("git@git.example.org:-a", "as for git clone"),
        ("https://git.example.org/../a", "as for git clone"),
        ("https://git.example.org", "as for git clone"),
        ("a" * 2_000, "as for git clone"),
    ],
)
def test_other_addresses_are_refused_with_what_to_do(url: str, told: str) -> None:
    fault = fault_of_url(url)
    assert fault is not None
    said = f"{fault.message} {fault.hint}" % fault.facts
    assert told in said
    assert "secret" not in said and "token@" not in said


@pytest.mark.parametrize("ref", ["main", "v1.2", "feature/x_1", "3f2c9d1", "a@b", "été"])
def test_branches_and_tags(ref: str) -> None:
    assert (fault_of_ref(ref) is None) == ref.isascii()


@pytest.mark.parametrize(
    "ref",
    ["-x", "a..b", "a@{1}", "a//b", "a/", "a.", "a.lock", "a/.b", "a b", "a;b", "$a", "a" * 201],
)
def test_what_git_would_not_take_for_a_name_is_refused(ref: str) -> None:
    assert fault_of_ref(ref)


@given(hostile | st.text())
def test_no_address_and_no_name_is_an_option_or_a_command(text: str) -> None:
    for fault_of in (fault_of_url, fault_of_ref):
        if fault_of(text) is None:
            assert not text.startswith("-")
            assert not set(text) & set(" \t\n\r\0'\"`$;&|<>(){}\\*?!")
