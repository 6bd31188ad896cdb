"""Definitions as text: what goes in comes out, and nothing breaks the reader."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mydocker.services.definitions import BadDefinition, read_tree, write_definition

# What no definition may contain is not written: controls, separators of lines, half characters.
characters = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), include_characters="\n\t")
texts = st.text(characters, max_size=20)
scalars = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | texts
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def _is_told(refused: BadDefinition) -> None:
    assert all(each["message"] for each in refused.told())


@given(trees)
def test_what_is_written_is_read_back(tree: object) -> None:
    assert read_tree(write_definition(tree))[0] == tree


@given(trees)
def test_json_is_read_as_it_is(tree: object) -> None:
    assert read_tree(json.dumps({"": tree}))[0] == {"": tree}


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_tree(text)
    except BadDefinition as refused:
        _is_told(refused)


@given(st.text(alphabet="ab:-[]{},&*!|>'\"#?% \n\t01.~", max_size=60))
def test_anything_like_yaml_is_read_or_refused(text: str) -> None:
    try:
        read_tree(text)
    except BadDefinition as refused:
        _is_told(refused)


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "1e5", "0o7", "007", "1:30", "2001-01-01"]
)
def test_words_stay_words(word: str) -> None:
    assert read_tree(f"a: {word}")[0] == {"a": word}
    assert read_tree(yaml.safe_dump({"a": word}))[0] == {"a": word}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [", 3),
        ("a: 1\na: 2", 2),
        ("a: 1\n---\nb: 2", 2),
        ("a:\n  - &x 1\n  - *x", 2),
        ("a: !!int 1", 1),
        ("a: 1\n? [b]\n: c", 2),
    ],
)
def test_what_is_wrong_has_a_line(text: str, line: int) -> None:
    with pytest.raises(BadDefinition) as refused:
        read_tree(text)
    assert refused.value.told()[0]["line"] == line


@pytest.mark.parametrize("text", ["[" * 900_000, "{" * 900_000, "- " * 400_000, '{"a":' * 100_000])
def test_a_mountain_of_brackets_is_refused_at_once(text: str) -> None:
    with pytest.raises(BadDefinition):
        read_tree(text)
