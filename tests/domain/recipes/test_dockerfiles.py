"""Dockerfiles: rendered from lists of packages, told as steps, judged without building."""

import re
import shlex
from contextlib import suppress
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.environments import Mistakes
from mydocker.domain.recipes import (
    Manager,
    Package,
    PackageList,
    Severity,
    Title,
    base_of,
    faults,
    render,
    steps,
    words_of,
)
from mydocker.domain.recipes.parsing import instructions_of
from mydocker.domain.recipes.rendering import ORDER
from tests.domain.recipes.strategies import package_lists

CATALOGUE = Path(__file__).parents[3] / "catalogue"
TITLES = {
    Manager.APT: Title.SYSTEM,
    Manager.CONDA: Title.CONDA,
    Manager.CRAN: Title.R,
    Manager.NPM: Title.NODE,
    Manager.PIP: Title.PYTHON,
}
EXAMPLE = PackageList(
    "mydocker/jupyterlab-python",
    {
        Manager.PIP: (Package("numpy", ">=2,<3"), Package("jax[cpu]")),
        Manager.APT: (Package("graphviz"), Package("g++")),
    },
)


def test_a_list_of_packages_becomes_a_dockerfile_that_people_can_read() -> None:
    assert render(EXAMPLE) == (
        "FROM mydocker/jupyterlab-python\n\n"
        "USER root\n\n"
        "# System packages (apt)\n"
        "RUN apt-get update && \\\n"
        "    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \\\n"
        "        g++ \\\n"
        "        graphviz && \\\n"
        "    rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin\n\n"
        "# Python packages (pip)\n"
        "ARG PIP_INDEX_URL\n"
        "RUN PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install"
        " --no-cache-dir --disable-pip-version-check \\\n"
        "        'jax[cpu]' \\\n"
        "        'numpy>=2,<3'\n\n"
        "USER 1000\n"
    )


@given(package_lists(), st.data())
def test_the_order_of_typing_does_not_change_the_dockerfile(
    recipe: PackageList, data: st.DataObject
) -> None:
    managers = data.draw(st.permutations(list(recipe.packages)))
    shuffled = {each: data.draw(st.permutations(recipe.packages[each])) for each in managers}
    assert render(PackageList(recipe.base, shuffled)) == render(recipe)


@given(package_lists())
def test_a_shell_reads_exactly_the_words_that_were_meant(recipe: PackageList) -> None:
    runs = {step.title: step.text for step in steps(render(recipe)) if step.instruction == "RUN"}
    assert list(runs) == [TITLES[manager] for manager in ORDER if manager in recipe.packages]
    for manager, packages in recipe.packages.items():
        words = shlex.split(runs[TITLES[manager]])
        meant = list(words_of(manager, packages))
        if manager is Manager.CRAN:
            program = words[words.index("-e") + 1]
            assert all(f'"{package.name}"' in program for package in packages)
            assert set(re.findall(r'"([^"]*)"', program)) >= {each.version for each in packages} - {
                ""
            }
            continue
        first = words.index(meant[0])
        assert words[first - 1].startswith("-") or words[first - 2].startswith("-")
        assert words[first : first + len(meant)] == meant
        assert words[first + len(meant) :][:1] in ([], ["&&"])


@given(package_lists())
def test_the_dockerfile_of_a_list_has_nothing_wrong(recipe: PackageList) -> None:
    text = render(recipe, user="jovyan", files="files")
    assert not faults(text)
    assert base_of(text) == recipe.base
    assert text.endswith("\nUSER jovyan\n")
    assert max(map(len, text.split("\n"))) < 400


@pytest.mark.parametrize(
    ("recipe", "options"),
    [
        (PackageList("a\nRUN id"), {}),
        (PackageList("a", {Manager.PIP: (Package("a;id"),)}), {}),
        (PackageList("a", {Manager.APT: (Package("a\nRUN id"),)}), {}),
        (PackageList("a", {Manager.CRAN: (Package('a")'),)}), {}),
        (PackageList("a", {Manager.CRAN: (Package("aa", "1'"),)}), {}),
        (PackageList("a", {Manager.PIP: (Package("-e"),)}), {}),
        (PackageList("a"), {"user": "1000\nRUN id"}),
        (PackageList("a"), {"user": ""}),
        (PackageList("a"), {"files": "../x"}),
        (PackageList("a"), {"files": 'a", "b'}),
    ],
)
def test_what_was_not_read_is_not_rendered(recipe: PackageList, options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^not a"):
        render(recipe, **options)


def test_without_packages_the_base_stays_as_it_is() -> None:
    assert render(PackageList("a", {Manager.PIP: ()})) == "FROM a\n\nUSER root\n\nUSER 1000\n"


# --- steps


def told(text: str) -> list[tuple[int, int, str, str]]:
    return [(each.number, each.line, each.instruction, each.title.value) for each in steps(text)]


def test_steps_are_counted_and_named() -> None:
    text = (
        "# escape=\\\n# what this is\nARG V=3\nFROM python:$V AS build\n\n"
        "RUN apt-get update && \\\n  # a comment\n\n  apt-get install -y git\n"
        'COPY ["a", "/b"]\nrun pip install \\  \n x\n'
        "RUN npm ci\nRUN R -e 'install.packages(\"x\")'\nRUN micromamba install x\nRUN make\n"
        "FROM build\nONBUILD COPY . /x\nUSER 1000\nWORKDIR /x\nEXPOSE 80\nCMD a\nFOO b"
    )
    assert told(text) == [
        (1, 3, "ARG", "Settings"), (2, 4, "FROM", "Base"), (3, 6, "RUN", "System packages"),
        (4, 10, "COPY", "Files"), (5, 11, "RUN", "Python"), (6, 13, "RUN", "Node.js"),
        (7, 14, "RUN", "R"), (8, 15, "RUN", "Conda"), (9, 16, "RUN", "Command"),
        (10, 17, "FROM", "Base"), (11, 18, "ONBUILD", "For images built on this one"),
        (12, 19, "USER", "User"), (13, 20, "WORKDIR", "Folder"), (14, 21, "EXPOSE", "Ports"),
        (15, 22, "CMD", "Start command"), (16, 23, "FOO", "Unknown"),
    ]  # fmt: skip
    assert [each.stage for each in steps(text)] == ["", *["build"] * 8, *["1"] * 7]
    assert steps(text)[2].text == "apt-get update && apt-get install -y git"


def test_here_documents_are_no_instructions() -> None:
    text = (
        "FROM a\nRUN <<EOF\npip install x\nFROM b\nEOF\n"
        "COPY <<-'A' <<B /x/\n\tFROM c\n\tA\nd\nB\nUSER 1"
    )
    assert [(each[1], each[2]) for each in told(text)] == [
        (1, "FROM"), (2, "RUN"), (6, "COPY"), (11, "USER"),
    ]  # fmt: skip
    assert steps(text)[1].title is Title.PYTHON


@pytest.mark.parametrize(
    "command", ["cat <<<EOF", "echo $((1<<EOF))", 'sh -c "cat <<EOF"', "echo 1 << 3", "echo a<<EOF"]
)
def test_what_only_looks_like_a_here_document_is_none(command: str) -> None:
    assert len(steps(f"FROM a\nRUN {command}\nUSER 1")) == 3


def test_the_escape_sign_can_be_another() -> None:
    assert len(steps("# escape=`\nFROM a\nRUN a `\n  b\nCOPY c:\\ d\nUSER 1")) == 4
    assert len(steps("FROM a\n# escape=`\nRUN a \\\n  b")) == 2
    assert len(steps("FROM a\r\nRUN a \\\r\n b\r\n")) == 2


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("FROM a\nRUN cat <<EOF\nx", 2, "has no end"),
        ("FROM a\nRUN \0", 2, "zero byte"),
        ("#" * 200_001, 1, "too long"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(Mistakes, match=says) as raised:
        steps(text)
    assert [each.path for each in raised.value.mistakes] == [("line", line)]
    (finding,) = faults(text)
    assert finding.line == line and says in finding.told()[0]


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("FROM a:1", "a:1"),
        ("ARG BASE=a:1\nFROM ${BASE}", "a:1"),
        ('ARG BASE="a:1"\nFROM $BASE', "a:1"),
        ("ARG V=1\nARG B=a:$V\nFROM $B", "a:1"),
        ("ARG V\nFROM a:${V:-2}", "a:2"),
        ("ARG V=1\nFROM a${V:+:3}", "a:3"),
        ("FROM --platform=linux/amd64 a AS b\nFROM x\nFROM B", "a"),
        ("FROM a\nARG BASE=b\nFROM $BASE", None),
        ("ARG BASE\nFROM $BASE", None),
        ("RUN a", None),
        ("", None),
    ],
)
def test_the_base_is_found_through_arguments_and_stages(text: str, base: str | None) -> None:
    assert base_of(text) == base


def test_arguments_from_outside_count_for_more() -> None:
    assert base_of("ARG BASE=a\nFROM $BASE", {"BASE": "b", "OTHER": "c"}) == "b"


@pytest.mark.parametrize("path", sorted(CATALOGUE.glob("*/Dockerfile")), ids=str)
def test_the_recipes_of_the_catalogue_are_read_without_a_mistake(path: Path) -> None:
    text = path.read_text()
    assert steps(text)
    assert not [each for each in faults(text) if each.severity is Severity.MISTAKE]


lines = st.sampled_from(
    ["FROM a", "RUN b \\", "RUN <<E", "E", "# c", "", "COPY a b", "COPY [", "ADD --x=1", "\\", "`",
     "ARG A=$A", "FROM $A as a", "ONBUILD", "USER root", "EXPOSE 1-99999999 x", "  run", "\x0c",
     "# syntax=x", "# escape=`", "RUN --mount=x a <<'E' <<-F", "COPY --from=a ../b c", "\t", "é"]
)  # fmt: skip


@given(st.lists(lines | st.text(max_size=12), max_size=12).map("\n".join))
def test_any_text_is_steps_or_mistakes_and_never_another_error(text: str) -> None:
    findings = faults(text, ports=[8888])
    assert all(1 <= each.line <= text.count("\n") + 1 and all(each.told()) for each in findings)
    try:
        found = instructions_of(text)
    except Mistakes:
        return
    assert [each.number for each in steps(text)] == list(range(1, len(found) + 1))
    ends = [0, *(each.last_line for each in found)]
    assert all(end < each.line <= each.last_line for end, each in zip(ends, found, strict=False))
    base_of(text)


def test_arguments_made_of_arguments_do_not_grow_for_ever() -> None:
    doubled = "".join(f"ARG A{number + 1}=$A{number}$A{number}\n" for number in range(100))
    base = base_of(f"ARG A0=x\n{doubled}FROM $A100")
    assert base and set(base) == {"x"} and len(base) <= 1_000


HOSTILE = [
    "FROM a\nRUN " + "1" * 150_000,
    "FROM a\nRUN " + '"\\' * 60_000,
    "FROM a\nRUN " + "'<<A' <<A " * 15_000,
    "FROM a\nRUN " + "apt " * 40_000,
    "FROM a\nRUN " + "if command -v x " * 10_000,
    "FROM a\nRUN " + "--a " * 40_000,
    "FROM a AS" + " " * 150_000 + "b c",
    "FROM a\nEXPOSE " + " ".join(f"{number}-65535" for number in range(15_000)),
    "ARG A=" + "$A" * 70_000 + "\nFROM " + "$A" * 20_000,
    "a\n" * 90_000,
    "RUN a \\\n" * 20_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_costs_more_than_a_moment(text: str) -> None:
    begin = process_time()
    with suppress(Mistakes):
        steps(text)
        base_of(text)
    faults(text, ports=[80, 65_535])
    assert process_time() - begin < 5


# --- faults


def findings(text: str, **options: object) -> dict[int, str]:
    return {
        each.line: f"{each.severity.value}: {' '.join(each.told())}"
        for each in faults(text, **options)  # type: ignore[arg-type]
    }


WRONG = [
    ("RUN a", 1, "mistake: There is no FROM"),
    ("", 1, "mistake: There is no FROM"),
    ("USER 1\nFROM a", 1, "mistake: USER stands before FROM"),
    ("FRM a\nFROM a", 1, "Did you mean FROM?"),
    ("FROM a\nRNU b", 2, "Did you mean RUN?"),
    ("FROM a\ninstall b", 2, "Did you mean RUN?"),
    ("FROM a\nRUN apt-get install -y x\n    git curl", 3, "end that one with a backslash"),
    ("FROM a\nRUN b\n&& c", 3, "end that one with a backslash"),
    ("FROM a\n\nmkdir x", 3, "Did you mean RUN?"),
    ("FROM a\n\nzzzz x", 3, "A command begins with RUN."),
    ("FROM a\nRUN", 2, "mistake: RUN is empty"),
    ("FROM A b", 1, "is not the name of an image"),
    ("ARG X\nFROM $X", 2, "advice: Nothing in the file says"),
    ("FROM a\nCOPY ../x /y", 2, "mistake: ../x lies outside"),
    ('FROM a\nCOPY ["a/../../x", "/y"]', 2, "mistake: a/../../x lies outside"),
    ("FROM a\nCOPY x", 2, "Write both: COPY x /home/jovyan/"),
    ("FROM a\nADD https://x.example/y /z", 2, "mistake: ADD is not for the builder"),
    ("FROM a\nRUN apt-get install x", 2, "mistake: apt-get install asks"),
    ("FROM a\nRUN sudo make", 2, "advice: sudo"),
    ("FROM a\nMAINTAINER b", 2, "advice: MAINTAINER"),
    ("FROM a\nRUN --mount=type=cache,target=/x y", 2, "builder here does not know RUN"),
    ("FROM a\nCOPY --chmod=755 b c", 2, "COPY --chmod"),
    ("FROM a\nRUN <<EOF\nb\nEOF", 2, "here-documents (<<EOF)"),
    ("# syntax=docker/dockerfile:1\nFROM a", 1, "advice: The line # syntax="),
    ("FROM a\nUSER root", 2, "advice: The image ends as root"),
    ("FROM a\nUSER 0:0", 2, "advice: The image ends as root"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "says"), WRONG, ids=[each[0][:30] for each in WRONG])
def test_what_can_be_seen_without_building_is_told(text: str, line: int, says: str) -> None:
    found = findings(text)
    assert list(found) == [line]
    assert says in found[line]


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nUSER root\nRUN b\nUSER 1000",
        "FROM a AS b\nUSER root\nFROM c\nCOPY --from=b /../x /y",
        "FROM a\nRUN apt-get -qq -y install x && apt-get install --yes y",
        "FROM a\nRUN DEBIAN_FRONTEND=noninteractive apt-get install -qqy x",
        "FROM scratch\nCOPY . /",
        "FROM a\nCOPY a b c/",
        "FROM a\nRUN echo 'install with sudo'",
    ],
)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert not findings(text)


def test_a_builder_that_knows_more_is_told_less() -> None:
    text = "# syntax=x\nFROM a\nRUN --mount=type=cache,target=/x y\nRUN <<EOF\nEOF"
    assert not findings(text, buildkit=True)


def test_ports_that_the_environment_wants_are_looked_for() -> None:
    assert "EXPOSE 8888" in findings("FROM a", ports=[8888])[1]
    assert not findings("FROM a\nEXPOSE 22 8000-9000/tcp", ports=[22, 8888])
    assert not findings("ARG P=1\nFROM a\nEXPOSE $P", ports=[8888])
    assert findings("FROM a\nEXPOSE 8888\nFROM b", ports=[8888])
