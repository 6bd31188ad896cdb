"""The tutorials say what is true.

What they tell to type is typed, what they tell to press is pressed, and both languages tell the
same.
"""

import os
import re
import signal
import subprocess

import pytest

from mydocker.domain.environments import warnings_of
from mydocker.services.definitions import read_definition
from tests.docs.tutorials import (
    EXECUTED,
    FOLDER,
    LANGUAGES,
    PAGES,
    ROOT,
    Block,
    Command,
    blocks_in,
    blocks_of,
    commands_of,
    examples_of,
    missing_lines,
    source_of,
    steps_of,
)
from tests.docs.walking import Walk, browser_of
from tests.service import Service, running

MARKERS = {"run", "by", "prints", "example", "step"}
COMMAND_SECONDS = 240


def typed(command: Command, service: Service) -> str:
    """Type a command into a shell, at the service that stands for the reader's; what it prints."""
    shell = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", _here(command.text, service)],
        cwd=ROOT, env=service.environ, stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        printed, complaints = shell.communicate(timeout=COMMAND_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGUSR1)  # our programs write what they do, others end
        os.killpg(shell.pid, signal.SIGTERM)
        printed, complaints = shell.communicate()
    assert shell.returncode == 0, f"{command.text}\n{printed}\n{complaints}"
    return printed


def _here(text: str, service: Service) -> str:
    return text.replace("8080", str(service.port))


@pytest.mark.engine
def test_the_operator_installs(service: Service) -> None:
    for command in commands_of("operator", "en"):
        printed = typed(command, service)
        wanted = tuple(_here(line, service) for line in command.prints)
        assert missing_lines(wanted, printed) == [], printed


@pytest.mark.engine
@pytest.mark.browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_student_finds_their_file_again(service: Service, language: str) -> None:
    # Each language has a student of its own, to whom all is new.
    with browser_of(language) as context:
        walk = Walk(context, service.url)
        for verb, words in steps_of("student", language):
            walk.do(verb, words)


@pytest.mark.engine
@pytest.mark.browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_teacher_makes_an_image_and_tries_it(language: str) -> None:
    # There is one teacher, to whom all is new in each language.
    with running() as service, browser_of(language) as context:
        walk = Walk(context, service.url)
        for verb, words in steps_of("image", language):
            walk.do(verb, words)


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_show_the_same_blocks(page: str) -> None:
    english, french = (blocks_of(page, language) for language in LANGUAGES)
    assert [(b.kind, b.text) for b in english] == [(b.kind, b.text) for b in french]
    assert [b.marker.split()[:2] for b in english if b.verb == "step"] == [
        b.marker.split()[:2] for b in french if b.verb == "step"
    ]
    assert [b.marker for b in english if b.verb != "step"] == [
        b.marker for b in french if b.verb != "step"
    ]


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_have_the_same_headings_and_links(page: str) -> None:
    levels, links = [], []
    for language in LANGUAGES:
        source = source_of(page, language)
        lines = [line for line in source.splitlines() if line.startswith("#")]
        levels.append([line.split()[0] for line in lines])
        # The page in the other language apart, and pictures of pages in their own.
        own = [link for link in _links(source) if not link.startswith(page)]
        links.append([link.replace(".fr.", ".") for link in own])
    assert levels[0] == levels[1]
    assert links[0] == links[1]


def _links(source: str) -> list[str]:
    return [part.partition(")")[0] for part in source.split("](")[1:]]


def test_every_tutorial_is_there_in_both_languages() -> None:
    pages = {path.name for path in FOLDER.glob("*.md")} - {"index.md"}
    assert pages == {f"{page}.{language}.md" for page in PAGES for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", EXECUTED)
def test_every_command_of_an_executed_page_says_whether_it_is_run(page: str, language: str) -> None:
    blocks = blocks_of(page, language)
    assert [block for block in blocks if block.kind == "bash" and not block.marker] == []
    assert {block.verb for block in blocks if block.marker} <= MARKERS
    assert commands_of(page, language) or steps_of(page, language)


@pytest.mark.parametrize("page", PAGES)
def test_examples_are_environments_without_mistakes_or_warnings(page: str) -> None:
    for text in examples_of(page, "en"):
        assert warnings_of(read_definition(text)) == []


def test_the_examples_of_the_reference_are_environments() -> None:
    source = (ROOT / "docs" / "reference" / "environment-file.md").read_text()
    examples = {block.marker: block.text for block in blocks_in(source) if block.verb == "example"}
    assert set(examples) == {"example: least", "example: spares"}
    assert [warnings_of(read_definition(text)) for text in examples.values()] == [[], []]


def test_a_block_belongs_to_the_marker_right_above_it() -> None:
    source = "<!-- run -->\n```bash\na\n```\n\n<!-- step: press X -->\n\n```text\nb\n```\n"
    assert list(blocks_in(source)) == [
        Block("run", "bash", "a\n"),
        Block("step: press X", "", ""),
        Block("", "text", "b\n"),
    ]


def test_printed_lines_are_looked_for_in_order() -> None:
    assert missing_lines(("a…", "…c"), "abc\nabc\n") == []
    assert missing_lines(("b", "a"), "a\nb\n") == ["a"]
    assert missing_lines(("a.c",), "abc\n") == ["a.c"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", ["student", "teacher", "administrator"])
def test_what_is_to_be_pressed_is_called_so_on_the_pages(page: str, language: str) -> None:
    source = re.sub(r"```.*?```", "", source_of(page, language), flags=re.DOTALL)
    said = source.partition("\n## Good to know")[0].partition("\n## Bon à savoir")[0]
    labels = {" ".join(label.split()) for label in re.findall(r"\*\*(.+?)\*\*", said, re.DOTALL)}
    spoken = words_of_the_pages(language) | NOT_OURS
    assert {label for label in labels if label not in spoken} == set()


NOT_OURS = {"Camille Aubert", "Nadia Benali", "JupyterLab", "Python 3"} | {
    "JupyterLab and Python", "JupyterLab et Python",
}  # fmt: skip
"""Names of people, environments and programs."""


def words_of_the_pages(language: str) -> set[str]:
    """Every sentence of the product in this language."""
    catalogue = ROOT / "mydocker" / "locale" / "fr" / "LC_MESSAGES" / "django.po"
    keyword = {"en": "msgid", "fr": "msgstr"}[language]
    lines = catalogue.read_text(encoding="utf-8").splitlines()
    return {line.partition('"')[2][:-1] for line in lines if line.startswith(f'{keyword} "')}
