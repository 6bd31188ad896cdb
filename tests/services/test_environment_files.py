"""Files of environments: from text to environment and back, and a line for every mistake."""

import pytest
from hypothesis import HealthCheck, given, settings

from mydocker.domain.environments import Environment, read_environment, write_environment
from mydocker.services.definitions import BadDefinition, read_definition, write_definition
from tests.domain.strategies import environments

FILE = """\
# Algorithmique, L2
title:
  fr: "Algorithmique : TP"
  en: Algorithms
image: mydocker/jupyterlab-python
command: >
  jupyter lab --ip=0.0.0.0
  --IdentityProvider.token={{PASSWORD}}
variables: {LANG: fr_FR.UTF-8, DEBUG: no, OMP_NUM_THREADS: 2}
sudo: yes
ports:
  - number: 8888
    ready: /api
interfaces:
  - {title: JupyterLab, link: "/lab{{USER_REDIRECT}}", auth: jupyter}
resources:
  cpu: 0.5
  memory: 4 GiB
lifetime:
  idle: 20 min
courses: [L2-INFO-204, 101]
"""


def lines(text: str) -> dict[int, str]:
    with pytest.raises(BadDefinition) as caught:
        read_definition(text)
    assert caught.value.code == "bad_definition"
    said: dict[int, str] = {}
    for line, mistake in caught.value.mistakes:
        said[line] = said.get(line, "") + " ".join(mistake.told())
    return said


def test_a_file_as_a_teacher_writes_it() -> None:
    environment = read_definition(FILE)
    assert environment.title.fr == "Algorithmique : TP"
    assert environment.variables["DEBUG"] == "no" and environment.sudo
    assert environment.courses == ("L2-INFO-204", "101")
    assert environment.command.startswith("jupyter lab --ip=0.0.0.0 --Identity")
    assert read_definition(FILE.replace("\n", "\r\n")) == environment


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(environments())
def test_what_is_exported_is_applied_as_the_same(environment: Environment) -> None:
    text = write_definition(write_environment(environment))
    assert read_definition(text) == environment
    assert write_definition(write_environment(read_definition(text))) == text


def test_an_exported_file_is_pleasant_to_read() -> None:
    text = write_definition(write_environment(read_definition(FILE)))
    assert text.splitlines()[:4] == [
        "slug: algorithms", "title:", "  fr: 'Algorithmique : TP'", "  en: Algorithms",
    ]  # fmt: skip
    assert "&id" not in text and "!!" not in text and "null" not in text
    assert read_environment(write_environment(read_definition(text))) == read_definition(FILE)


@pytest.mark.parametrize(
    ("good", "bad", "line", "said"),
    [
        ("title:", "tittle:", 2, "Nothing is called tittle"),
        ("image: mydocker", "image: MyDocker", 5, "not the name of an image"),
        ("{{PASSWORD}}", "{{PASSWOR}}", 6, "{{PASSWOR}}"),
        ("DEBUG: no", "DE-BUG: no", 9, "DE-BUG"),
        ("sudo: yes", "sudo: perhaps", 10, "yes or no"),
        ("number: 8888", "number: 88888", 12, "between 1 and 65535"),
        ("/api", "api", 13, "must answer"),
        ("auth: jupyter", "auth: jupiter", 15, "jupiter"),
        ("/lab{{", "https://{{HOST['1']}}/{{", 15, "Port 1 is not declared"),
        ("cpu: 0.5", "cpu: -1", 17, "between 0.01"),
        ("memory: 4 GiB", "memory: 4", 18, "with its unit"),
        ("idle: 20 min", "idle: 1:30", 20, "with its unit"),
        ("  idle", "\tidle", 20, "not YAML"),
        ("courses: [L2-INFO-204, 101]", "courses: [L2-INFO-204, 1.5]", 21, "a text"),
        ("courses: [", "courses: {", 21, "not YAML"),
        ("courses: [L2-INFO-204, 101]", "title: x", 21, "title stands here twice"),
    ],
)
def test_each_mistake_has_its_line(good: str, bad: str, line: int, said: str) -> None:
    found = lines(FILE.replace(good, bad, 1))
    assert said in found[line]


@pytest.mark.parametrize("text", ["", " \n", "# nothing\n", "null", "3", "- a", "just words", "[]"])
def test_a_file_without_an_environment_is_refused(text: str) -> None:
    assert "Here come named values" in " ".join(lines(text).values())


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "title: x\n<<: *a",
        "title: !!python/object/apply:os.system [id]",
        "title: x\nimage: y\n---\ntitle: z",
        "title: " + "x" * 1_000_001,
        "tags: " + "[" * 100 + "]" * 100,
        "tags:\n" + "- a\n" * 200_000,
        "".join(f"key{number}: x\n" for number in range(60_000)),
        "title: \x00",
        "title: \ud800",
        "\ufeff\ufeff",
        "title: 'x",
        "? {a: b}\n: c",
        "%YAML 9.9\n---\n",
        "@a",
        "user: " + "9" * 100_000,
        "resources: {cpu: .inf}",
        "resources: {cpu: " + "9" * 30 + "." + "9" * 30 + "}",
    ],
)
def test_a_hostile_file_is_refused_with_words(text: str) -> None:
    found = lines(text)
    assert all(found.values()) and len(found) <= 100
