"""A build's page as values: its row, what its log has said so far, and the build before it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.build_logs import Kind, LogEntry
from mydocker.domain.builds import State
from mydocker.domain.recipes import Manager, PackageList, read_packages, render, steps
from mydocker.ports.builder import Why
from mydocker.store.builds import BuildLayer, BuildPackage, BuildRow
from mydocker.web.amounts import NO_BREAK
from mydocker.web.build_page import BuildView, view_of
from mydocker.web.build_steps import MOST_LINES, LogSoFar, command_of
from mydocker.web.build_weights import Part, weights_of
from tests.web.conftest import client_of
from tests.web.images_world import FAILURE
from tests.web.test_images import words_of
from tests.web.test_pages import text_of
from tests.web.world import World

BEGAN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
NOW = BEGAN + timedelta(seconds=72)
TEXT = "FROM a/b\nRUN apt-get update && apt-get install -y gdb\nCOPY x /x\nRUN pip install numpy\n"
KINDS: tuple[Kind, ...] = ("step", "said", "cached", "ended", "fetch", "again", "look", "end")


def row(state: State = State.BUILDING, **changes: object) -> BuildRow:
    """The third build of an image, at its second step."""
    plain = BuildRow(
        id="b" * 12, image="i" * 12, slug="scipy-l2", number=3, state=state, asked_by="p",
        asked_at=BEGAN, began_at=BEGAN, ended_at=NOW if state.is_over else None, tries=1,
        cancel_asked=False, use_cache=True, step=2, steps=4, reference="", engine_id="",
        size_bytes=None, failure={}, collected_at=None, recipe={}, dockerfile=TEXT, files=(),
        layers=(), packages=(),
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def entry(kind: Kind, step: int, seconds: float = 0.0, text: str = "", size: int = 0) -> LogEntry:
    return LogEntry(seconds, step, kind, text, size)


HALF = (
    entry("step", 1, 0.0, "FROM a/b"), entry("cached", 1, 0.2),
    entry("step", 2, 0.2, "RUN apt-get update && apt-get install -y gdb"),
    entry("said", 2, 3.0, "Reading package lists..."), entry("ended", 2, 21.2, size=118 << 20),
    entry("step", 3, 21.2, "COPY x /x"), entry("said", 3, 22.0, "\x1b[33mWARNING\x1b[0m: x"),
)  # fmt: skip


def seen(build: BuildRow, *entries: LogEntry, before: BuildRow | None = None) -> BuildView:
    return view_of(build, LogSoFar(entries), before, NOW)


def marks(view: BuildView) -> str:
    return " ".join(step.mark for step in view.steps)


def test_each_step_has_its_state_time_and_size() -> None:
    view = seen(row(step=3), *HALF)
    assert marks(view) == "hit ok run todo"
    assert [step.title for step in view.steps] == ["Base", "System packages", "Files", "Python"]
    first, second, third, last = view.steps
    assert (first.time, first.note) == (f"0.2{NO_BREAK}s", "in cache")
    assert (second.time, second.note) == (f"21{NO_BREAK}s", f"118{NO_BREAK}MB")
    assert second.code == "apt-get install -y gdb"
    assert (third.time, third.since) == ("", BEGAN + timedelta(seconds=21.2))
    assert (last.time, last.note) == ("", "")
    assert (view.done, view.total, view.percent) == (2, 4, 50)
    assert view.sentence == "Step 3 of 4"
    assert view.elapsed == f"1{NO_BREAK}min{NO_BREAK}12{NO_BREAK}s" and view.since == BEGAN


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.BUILDING, "ok run todo todo"),
        (State.FAILED, "ok bad todo todo"),
        (State.CANCELLED, "ok cut todo todo"),
        (State.DONE, "ok ok ok ok"),
    ],
)
def test_without_the_log_the_row_says_how_far_it_came(state: State, expected: str) -> None:
    assert marks(seen(row(state))) == expected


def test_a_build_that_waits_has_done_nothing() -> None:
    view = seen(row(State.QUEUED, step=0, began_at=None, tries=0))
    assert marks(view) == "todo todo todo todo"
    assert (view.done, view.percent, view.elapsed, view.since) == (0, 0, "", None)
    assert "take turns" in view.sentence
    assert "cut off" in seen(row(State.QUEUED, step=0, began_at=None)).sentence


def test_what_was_cut_off_begins_again_from_the_first_step() -> None:
    view = seen(row(step=0), *HALF, entry("again", 0))
    assert marks(view) == "todo todo todo todo" and view.sentence == "It begins."
    view = seen(row(step=1), *HALF, entry("again", 0), entry("step", 1, 0.1, "FROM a/b"))
    assert marks(view) == "run todo todo todo"


def test_the_step_that_failed_is_marked_by_the_log() -> None:
    view = seen(row(State.FAILED, step=2), *HALF)
    assert marks(view) == "hit ok bad todo"


def test_a_base_on_its_way_is_told_until_the_next_thing_happens() -> None:
    fetch = entry("fetch", 0, 1.0, "a/b:latest", 40 << 20)
    assert seen(row(step=0), fetch).fetching == f"Fetching a/b:latest: 40{NO_BREAK}MB so far"
    assert seen(row(step=0), fetch, *HALF[:1]).fetching == ""
    assert seen(row(State.FAILED), fetch).fetching == ""


def test_at_the_end_packages_are_looked_for() -> None:
    assert "packages are being listed" in seen(row(step=4), *HALF, entry("look", 0)).sentence


def test_lines_are_plain_toned_and_never_too_many() -> None:
    log = LogSoFar(HALF)
    tones = [(line.text, line.tone) for line in log.lines]
    assert tones[0] == ("# 1 FROM a/b", "c") and tones[-1] == ("WARNING: x", "s")
    assert LogSoFar([entry("said", 1, text="ERROR: no")]).lines[0].tone == "r"
    for number in range(MOST_LINES + 5):
        log.take(entry("said", 3, text=str(number)))
    assert len(log.lines) == MOST_LINES and log.lines[-1].text == str(MOST_LINES + 4)


@given(
    st.sampled_from(State),
    st.lists(st.builds(LogEntry, st.floats(0, 9e4), st.integers(0, 9), st.sampled_from(KINDS),
                       st.text(max_size=30), st.integers(0, 2**40))),
    st.integers(0, 9),
)  # fmt: skip
def test_whatever_the_log_says_the_page_can_be_shown(
    state: State, entries: list[LogEntry], step: int
) -> None:
    view = seen(row(state, step=step), *entries)
    assert len(view.steps) == view.total == 4 and 0 <= view.done <= 4 and 0 <= view.percent <= 100
    assert sum(1 for each in view.steps if each.mark in ("bad", "cut")) <= 4
    assert view.is_live is not state.is_over
    if state is State.DONE:
        assert view.percent == 100


def test_a_dockerfile_that_cannot_be_read_has_no_steps() -> None:
    view = seen(row(dockerfile="RUN <<A\nls"), *HALF)
    assert view.steps == () and view.total == 4 and view.sentence == "Step 2 of 4"


@pytest.mark.parametrize(
    ("manager", "typed", "told"),
    [
        ("apt", "gdb g++", "apt-get install g++ gdb"),
        ("conda", "suitesparse=7.11", "conda install suitesparse=7.11"),
        ("cran", "ggplot2 dplyr", "dplyr, ggplot2"),
        ("npm", "typescript@5", "npm install typescript@5"),
        ("pip", "numpy==2.4 scipy", "python3 -m pip install numpy==2.4 scipy"),
    ],
)
def test_what_a_list_of_packages_installs_is_told_in_a_word(
    manager: str, typed: str, told: str
) -> None:
    key = Manager(manager)
    recipe = PackageList("a/b", {key: read_packages(key, typed)})
    commands = [command_of(step) for step in steps(render(recipe)) if step.instruction == "RUN"]
    assert commands == [told]


# --- failures ---


def test_a_failure_is_explained_where_it_happened() -> None:
    failed = seen(row(State.FAILED, failure={**FAILURE, "line": 4})).failure
    assert failed is not None
    assert failed.message == "pip finds no package called scikit-laern."
    assert failed.hint == "Did you mean scikit-learn?"
    assert [(each.number, each.is_meant) for each in failed.around] == [
        (2, False), (3, False), (4, True),
    ]  # fmt: skip


@pytest.mark.parametrize("why", [*Why, "", "something new"])
def test_every_failure_has_a_sentence_and_something_to_do(why: str) -> None:
    failed = seen(row(State.FAILED, failure={"why": why} if why else {})).failure
    assert failed is not None and failed.message.endswith(".") and failed.hint.endswith(".")
    assert failed.around == () and failed.line == 0


@pytest.mark.parametrize(
    "stored",
    [
        {"message": "%(name)s is missing 100 %%", "facts": {}},
        {"message": "pip finds no package called %(name)s.", "facts": None, "line": "x"},
        {"message": "x", "hint": "%(a)s", "facts": {"b": 1}, "line": 999},
    ],
)
def test_old_failures_are_told_though_facts_are_missing(stored: Mapping[str, object]) -> None:
    failed = seen(row(State.FAILED, failure=stored)).failure
    assert failed is not None and failed.message and failed.around == ()


# --- what weighs, what changed ---

LAYERS = (
    BuildLayer("/bin/sh -c #(nop) CMD bash", 0),
    BuildLayer("/bin/sh -c apt-get install python3", 900),
    BuildLayer("|2 A=1 B=2 /bin/sh -c apt-get update &&   apt-get install -y gdb", 100),
    BuildLayer("/bin/sh -c #(nop) COPY file:ab in /x", 50),
    BuildLayer("/bin/sh -c pip install numpy", 450),
)


def end_of(part: Part) -> float:
    return float(part.x) + float(part.width)


def test_layers_are_told_as_the_steps_that_made_them() -> None:
    built = row(State.DONE, size_bytes=1500, layers=LAYERS)
    weights = weights_of(built, replace(built, number=2, size_bytes=1000))
    assert weights is not None
    assert weights.spoken.replace(NO_BREAK, " ") == (
        "Base 900 bytes, System packages 100 bytes, Files 50 bytes, Python 450 bytes"
    )
    assert (weights.more, weights.is_heavier) == (f"+ 500{NO_BREAK}bytes", True)
    assert 999 < end_of(weights.parts[-1]) + 3 <= 1001


def test_layers_that_no_step_made_are_the_base() -> None:
    built = row(State.DONE, size_bytes=900, layers=(BuildLayer("elsewhere", 900),))
    weights = weights_of(built, None)
    assert weights is not None and [part.title for part in weights.parts] == ["Base"]
    assert weights.more == ""
    assert weights_of(row(), None) is None


@given(st.lists(st.tuples(st.sampled_from(["x", *(each.made_by for each in LAYERS)]),
                          st.integers(0, 2**40)), max_size=12))  # fmt: skip
def test_all_that_weighs_is_in_the_bar(layers: list[tuple[str, int]]) -> None:
    built = row(State.DONE, size_bytes=1, layers=tuple(BuildLayer(*each) for each in layers))
    weights = weights_of(built, None)
    if weights is None:
        assert not layers
        return
    ends = [0.0, *(end_of(part) for part in weights.parts)]
    assert all(float(part.x) >= end - 0.2 for part, end in zip(weights.parts, ends, strict=False))
    assert all(end <= 1000.2 for end in ends)
    assert bool(weights.parts) is any(count for _made, count in layers)


def test_packages_that_came_went_or_changed_are_told() -> None:
    pip = [("numpy", "2.4"), ("scipy", "1.17"), ("jax", "0.9")]
    built = row(State.DONE, packages=tuple(BuildPackage("pip", *each) for each in pip))
    before = replace(
        built, number=2,
        packages=(BuildPackage("pip", "numpy", "2.3"), BuildPackage("apt", "gdb", "15"),
                  BuildPackage("pip", "scipy", "1.17")),
    )  # fmt: skip
    changes = seen(built, before=before).changes
    assert changes is not None
    assert (changes.since, changes.added, changes.upgraded, changes.removed) == (2, 1, 1, 1)
    assert [(each.sign, each.name, each.former, each.version) for each in changes.shown] == [
        ("+", "jax", "", "0.9"), ("→", "numpy", "2.3", "2.4"), ("−", "gdb", "", "15"),
    ]  # fmt: skip
    same = seen(built, before=replace(built, number=2)).changes
    assert same is not None and same.is_none
    assert seen(built).changes is None


# --- as pages ---


def test_a_live_build_moves_without_scripts_too(teacher: Client, world: World) -> None:
    page = text_of(teacher, "/teach/images/scipy-l2/builds/3")
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    assert 'data-build="/teach/images/scipy-l2/builds/3/stream"' in page
    assert 'href="/teach/images/scipy-l2/builds/3/stream?download"' in page
    assert 'aria-valuenow="2"' in page and "Cancel the build" in page
    assert "refresh" not in text_of(teacher, "/teach/images/scipy-l2/builds/2")


def test_a_failed_build_says_what_to_do_in_words_of_a_teacher(
    teacher: Client, world: World
) -> None:
    page = text_of(teacher, "/teach/images/proofs/builds/1")
    words = words_of(page)
    assert "pip finds no package called scikit-laern. Did you mean scikit-learn?" in words
    assert "6 RUN pip install -r /tmp/requirements.txt" in words
    assert "Change the recipe" in words and "Build again" in words


def test_a_good_build_shows_what_it_weighs_and_what_came(teacher: Client, world: World) -> None:
    words = words_of(text_of(teacher, "/teach/images/scipy-l2/builds/2"))
    assert "+ 214 MB" in words and "Since build 1" in words
    assert "1 package came" in words and "4 packages in it" in words


def test_the_bar_is_drawn_in_french_too(world: World) -> None:
    french = client_of(world.teacher, "fr")
    page = text_of(french, "/teach/images/scipy-l2/builds/2")
    bar = page[page.index('class="sizes-svg"') :].split("</svg>")[0]
    assert '<rect class="shade-1" x="0.0" width="7' in bar and not re.search(r'"\d+,\d', bar)


def test_a_build_is_called_off(teacher: Client, world: World) -> None:
    waits = teacher.post("/teach/images/tools/builds/1/cancel")
    assert waits["Location"] == "/teach/images/tools/builds/1"
    assert "Cancelled" in text_of(teacher, "/teach/images/tools/builds/1")
    assert teacher.post("/teach/images/scipy-l2/builds/3/cancel").status_code == 303
    page = text_of(teacher, "/teach/images/scipy-l2/builds/3")
    assert "It is being cancelled." in page and 'id="cancel"' not in page
    assert teacher.post("/teach/images/scipy-l2/builds/2/cancel").status_code == 409


@pytest.mark.parametrize("number", ["0", "99", "2147483648", "99999999999999999999"])
def test_a_build_that_is_not_there_is_not_found(teacher: Client, world: World, number: str) -> None:
    text_of(teacher, f"/teach/images/scipy-l2/builds/{number}", 404)
