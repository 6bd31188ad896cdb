"""What the builder is given: the same steps on one line each, none that lets the engine fetch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.environments import Mistakes
from mydocker.domain.recipes import (
    PackageList,
    faults,
    prelude,
    prepare,
    reaches_out,
    render,
    steps,
)
from mydocker.domain.recipes.judging import Severity
from mydocker.domain.recipes.parsing import instructions_of
from mydocker.domain.recipes.preparing import CERTIFICATES
from tests.domain.recipes.strategies import SIGNS, package_lists

PRELUDE = ("LABEL a=b", "ARG PIP_CERT=/x")
TEXT = """\
# escape is not here
ARG BASE=mydocker/tiny:latest
FROM ${BASE} as First
RUN apt-get update && \\
    # a remark
    apt-get install -y x
FROM --platform=linux/amd64 scratch
COPY --from=first /a /b
COPY --from=mydocker/base /c /d
COPY --from=0 /e /f
"""


def test_every_instruction_stands_on_one_line_and_the_prelude_after_every_from() -> None:
    prepared = prepare(TEXT, PRELUDE)
    assert prepared.text.splitlines() == [
        "ARG BASE=mydocker/tiny:latest",
        "FROM mydocker/tiny:latest AS First",
        *PRELUDE,
        "RUN apt-get update &&     apt-get install -y x",
        "FROM scratch",
        *PRELUDE,
        "COPY --from=first /a /b",
        "COPY --from=mydocker/base:latest /c /d",
        "COPY --from=0 /e /f",
    ]
    assert prepared.steps == (1, 2, 0, 0, 3, 4, 0, 0, 5, 6, 7)
    assert prepared.lines == (2, 3, 3, 3, 4, 7, 7, 7, 8, 9, 10)
    assert prepared.bases == ("mydocker/tiny:latest", "mydocker/base:latest")


def test_the_prelude_of_an_installation_is_let_through_and_names_what_steps_need() -> None:
    lines = prelude("0a1b2c", "extra.crt", {"PIP_INDEX_URL": "x"})
    assert lines[0] == "LABEL org.mydocker.workshop=0a1b2c"
    assert lines[-1].startswith("ARG PIP_INDEX_URL ")
    assert lines[-1].count(f"={CERTIFICATES}") == 5
    assert not any(map(reaches_out, lines))
    assert not any("CERT" in line for line in prelude("0a1b2c", "", ()))


@given(package_lists())
def test_what_is_rendered_can_be_prepared_with_the_same_steps(recipe: PackageList) -> None:
    text = render(recipe)
    prepared = prepare(text, PRELUDE)
    assert [step for step in prepared.steps if step] == [each.number for each in steps(text)]
    assert prepared.bases[0].removesuffix(":latest") == recipe.base.removesuffix(":latest")


@pytest.mark.parametrize(
    "line",
    [
        "ADD https://169.254.169.254/latest /x",
        "add a /x",
        "ADD http:/''/169.254.169.254/x /y",
        "ADD http:/\\/host/x /y",
        'ADD ["http:\\/\\/host\\/x", "/y"]',
        "ADD\thttp://a /x",
        "A\\\nDD http://a /x",
        "\u00a0ADD http://a /x",
    ],
)
def test_the_engine_itself_downloads_nothing(line: str) -> None:
    with pytest.raises(Mistakes, match="ADD is not for the builder"):
        prepare("FROM mydocker/tiny\n" + "MAINTAINER x\n" * 200 + f"{line}\n")


@pytest.mark.parametrize(
    "trigger",
    [
        "ADD http://a /x",
        "ADD\thttp://a /x",
        "ADD a /x",
        "AD\\\nD http://a /x",
        "#c\nADD http://a /x",
        "RUN a\nADD http://a /x",
        "COPY --from=mydocker/base /a /b",
        "COPY\t--fr\\om=mydocker/base /a /b",
        "ONBUILD RUN a",
        "FROM a",
        "",
        "\0",
    ],
)
def test_a_trigger_that_could_reach_out_is_seen(trigger: str) -> None:
    assert reaches_out(trigger)
    with pytest.raises(Mistakes):
        prepare(f"FROM mydocker/tiny\nONBUILD {trigger}\n")


@pytest.mark.parametrize(
    "line",
    [
        "COPY --fr\\om=mydocker/base / /s",
        'COPY --"from"=mydocker/base / /s',
        "COPY --from\\=mydocker/base / /s",
        "COPY --from=mydocker/ba\\se / /s",
        "COPY --chown=a --link a /s",
        "FROM --plat\\form=x mydocker/tiny",
    ],
)
def test_what_the_engine_would_read_as_another_flag_is_not_let_through(line: str) -> None:
    with pytest.raises(Mistakes, match="does not know this flag"):
        prepare(f"FROM mydocker/tiny\n{line}\n")


@pytest.mark.parametrize(
    "line", ["LABEL org.mydo\\cker.look=1", 'ONBUILD LABEL "org.mydocker.x"=1']
)
def test_labels_of_the_platform_are_its_own_however_they_are_written(line: str) -> None:
    with pytest.raises(Mistakes, match="are the platform"):
        prepare(f"FROM mydocker/tiny\n{line}\n")


def test_a_stage_is_none_before_its_end() -> None:
    copied = "COPY --from=ab12 / /s\n"
    prepared = prepare(f"FROM mydocker/tiny AS ab12\n{copied}FROM mydocker/tiny\n{copied}")
    assert prepared.bases == ("mydocker/tiny:latest", "ab12:latest")
    assert prepared.text.count("--from=ab12:latest") == prepared.text.count("--from=ab12 ") == 1


@pytest.mark.parametrize("base", ["sha256:ab12", "sha256", "sha512:0"])
def test_nothing_that_looks_like_a_digest_is_a_base(base: str) -> None:
    with pytest.raises(Mistakes, match="is not the name of an image"):
        prepare(f"FROM {base}\n")


@pytest.mark.parametrize("text", ["COPY $A /x", "RUN curl http://a", "ONBUILD RUN pip install x"])
def test_what_reaches_nothing_may_stand_there(text: str) -> None:
    prepare(f"FROM mydocker/tiny\n{text}\n")


@pytest.mark.parametrize("name", ["a1", "abcdef123456", "0", "7", "deadbeef"])
def test_no_name_is_taken_for_a_part_of_an_images_id(name: str) -> None:
    prepared = prepare(f"FROM {name}\nFROM mydocker/tiny\nCOPY --from={name}7 /a /b\n")
    assert prepared.bases == (f"{name}:latest", "mydocker/tiny:latest", f"{name}7:latest")
    assert f"FROM {name}:latest\n" in prepared.text
    assert f"COPY --from={name}7:latest /a /b\n" in prepared.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("RUN a\n", "There is no FROM"),
        ("FROM $WHO\n", "is not the name of an image"),
        ("FROM https://a/b\n", "is not the name of an image"),
        ("FROM a\nCOPY --from=$B /x /y\n", "is not the name of an image"),
        ("# escape=`\nFROM a\nRUN b `\nADD http://c /x\n", "escape="),
        ("FROM a\nRUN cat <<E\nADD http://c /x\nE\n", "here-documents"),
        ("FROM a\nRUN b \\\\\n", "ends with a backslash"),
        ("FROM a\nLABEL org.mydocker.instance=abc\n", "are the platform's"),
        ("FROM a\nFETCH http://c\n", "no instruction FETCH"),
        ("FROM a\nRUN\n", "RUN is empty"),
        ("FROM a\n\0\n", "zero byte"),
    ],
)
def test_what_is_not_let_through_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(Mistakes, match=said) as refused:
        prepare(text)
    assert all(each.path[0] == "line" for each in refused.value.mistakes)


_words = st.sampled_from(
    ["FROM ", "ADD ", "RUN ", "COPY ", "ONBUILD ", "ARG ", "LABEL ", "\\\n", "\n", "#",
     "# escape=`\n", "http://a", " /x", "$A", "A=1", "<<E\n", "E\n", "mydocker/tiny",
     " as b", "--from=b ",
     "`\n"]
)  # fmt: skip


@given(st.lists(_words | SIGNS, max_size=30).map("".join))
def test_however_it_is_written_the_builder_reads_what_was_let_through(text: str) -> None:
    try:
        prepared = prepare(f"FROM mydocker/tiny\n{text}", PRELUDE)
    except Mistakes:
        return
    lines = prepared.text.split("\n")
    assert lines.pop() == ""
    # One line is one instruction to any parser: nothing goes on, nothing is a remark.
    assert len(instructions_of(prepared.text)) == len(lines) == len(prepared.steps)
    assert not any(line.endswith("\\") or line.lstrip().startswith("#") for line in lines)
    assert not any(line.startswith(("ADD", "ONBUILD ADD")) for line in lines)


def test_what_is_refused_at_the_end_is_told_while_it_is_written() -> None:
    for line in ("ADD https://a/b /x", "ADD a /x", "RUN cat <<E\nE"):
        found = faults(f"FROM mydocker/tiny\n{line}\n")
        assert [each.severity for each in found] == [Severity.MISTAKE]
