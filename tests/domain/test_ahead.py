"""What can be started ahead of demand, what cannot, and how Jupyter is recognised."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.environments import (
    Environment,
    HomeKind,
    HomeMount,
    NotAhead,
    SpareMode,
    Spares,
    Status,
    Text,
    Way,
    WhyNot,
    eligibility,
)
from mydocker.domain.jupyter import Culler, culling_options, hidden_jupyter, is_jupyter
from tests.domain.strategies import environments

HOMES = (HomeMount(HomeKind.ENVIRONMENT, "/home/jovyan"),)
PLAIN = Environment(slug="a", title=Text("a", "a"), image="b", homes=HOMES)


def given_command(command: str, mode: SpareMode = SpareMode.AUTO) -> Environment:
    return replace(PLAIN, command=command, spares=Spares(mode=mode))


def why_not(environment: Environment) -> NotAhead:
    found = eligibility(environment)
    assert isinstance(found, NotAhead), found
    return found


@pytest.mark.parametrize(
    "command",
    [
        "jupyter lab",
        "jupyter notebook --x",
        "jupyter server",
        "jupyter-lab --IdentityProvider.token={{PASSWORD}}",
        "jupyter-notebook",
        "/opt/venv/bin/jupyter-server --port 8888",
        "/opt/venv/bin/jupyter lab",
        "'jupyter' \\\n lab",
    ],
)
def test_jupyter_is_started_until_just_before_its_home(command: str) -> None:
    assert eligibility(given_command(command)) is Way.ZYGOTE


def test_a_definition_without_a_command_does_not_tell_what_it_starts() -> None:
    assert why_not(PLAIN).why is WhyNot.UNKNOWN


@pytest.mark.parametrize("command", ["", "rserver", "sh -c 'jupyter lab'"])
def test_without_homes_anything_runs_ahead(command: str) -> None:
    assert eligibility(replace(given_command(command), homes=())) is Way.RUNNING


@pytest.mark.parametrize("command", ["", "rserver", "sh -c 'jupyter lab'", "jupyter lab"])
def test_who_asks_for_a_running_application_gets_one(command: str) -> None:
    assert eligibility(given_command(command, SpareMode.RUNNING)) is Way.RUNNING


@pytest.mark.parametrize(
    ("command", "why", "hint"),
    [
        ("sh -c 'cd /x && jupyter lab --x'", WhyNot.IN_A_SHELL, "shell: jupyter lab and"),
        ("/bin/bash -lc 'exec /opt/bin/jupyter-lab'", WhyNot.IN_A_SHELL, "shell: jupyter-lab and"),
        ("bash start-notebook.sh", WhyNot.IN_A_SHELL, "shell: jupyter lab and"),
        ("start-notebook.py --x", WhyNot.THROUGH_ANOTHER, "itself: jupyter lab and"),
        ("tini -- jupyter notebook", WhyNot.THROUGH_ANOTHER, "itself: jupyter notebook and"),
        ("python3 -m jupyterlab", WhyNot.THROUGH_ANOTHER, "itself: jupyter lab and"),
        ("python3 -m jupyter_server", WhyNot.THROUGH_ANOTHER, "itself: jupyter server and"),
        ("jupyterhub-singleuser", WhyNot.HOMES, "mode: running"),
        ("jupyter console", WhyNot.HOMES, "mode: running"),
        ("jupyter", WhyNot.HOMES, "mode: running"),
        ("rserver --x=my-jupyter-lab", WhyNot.HOMES, "mode: running"),
    ],
)
def test_why_not_is_told_with_how_to_rephrase(command: str, why: WhyNot, hint: str) -> None:
    found = why_not(given_command(command))
    assert found.why is why
    assert hint in found.told()[1]


def test_what_is_archived_or_refused_by_its_teacher_has_no_spares() -> None:
    archived = replace(given_command("jupyter lab"), status=Status.ARCHIVED)
    assert why_not(archived).why is WhyNot.ARCHIVED
    assert why_not(given_command("jupyter lab", SpareMode.NEVER)).why is WhyNot.NEVER


def test_what_only_a_click_knows_cannot_be_started_ahead() -> None:
    # Definitions refuse this in commands and variables; who takes it nevertheless gets no spares.
    in_command = given_command("jupyter lab {{ USER_REDIRECT }}", SpareMode.RUNNING)
    in_variable = replace(given_command("jupyter lab"), variables={"A": "{{USER_REDIRECT}}"})
    for environment in (in_command, in_variable):
        assert why_not(environment).why is WhyNot.ONLY_A_CLICK
    known = given_command("jupyter lab {{USERNAME}} {{PASSWORD}} {{HOST['8888']}}")
    assert eligibility(known) is Way.ZYGOTE


@pytest.mark.parametrize("command", ["jupyter lab 'x", "jupyter lab {{NOTHING}}"])
def test_a_command_that_cannot_be_read_is_no_error_here(command: str) -> None:
    assert why_not(given_command(command)).why is WhyNot.UNREADABLE


@given(environments())
def test_every_environment_is_judged_and_each_no_has_its_sentence(environment: Environment) -> None:
    found = eligibility(environment)
    if isinstance(found, NotAhead):
        message, hint = found.told()
        assert message and (hint or found.why is WhyNot.ARCHIVED)


@pytest.mark.parametrize(
    ("words", "left", "seconds"),
    [
        (["jupyter", "lab"], ["jupyter", "lab"], {}),
        (
            ["jupyter", "lab", "--ServerApp.shutdown_no_activity_timeout=1200", "--x"],
            ["jupyter", "lab", "--x"],
            {Culler.SERVER: 1200},
        ),
        (
            ["jupyter", "lab", "--NotebookApp.shutdown_no_activity_timeout", "60", "/home"],
            ["jupyter", "lab", "/home"],
            {Culler.SERVER: 60},
        ),
        (
            ["a", "--MappingKernelManager.cull_idle_timeout=600",
             "--MappingKernelManager.cull_interval", "30",
             "--MappingKernelManager.cull_connected=True",
             "--TerminalManager.cull_inactive_timeout='300'", "b"],
            ["a", "b"],
            {Culler.KERNELS: 600, Culler.TERMINALS: 300},
        ),
        (["a", "--MappingKernelManager.cull_connected", "b"], ["a", "b"], {}),
        (["a", "--MappingKernelManager.cull_connected", "False", "b"], ["a", "b"], {}),
        (["--MappingKernelManager.cull_idle_timeout=0", "b"], ["b"], {}),
        (
            ["--ServerApp.shutdown_no_activity_timeout=9", "x",
             "--ServerApp.shutdown_no_activity_timeout=7"],
            ["x"],
            {Culler.SERVER: 7},
        ),
    ],
)  # fmt: skip
def test_cullers_are_taken_out_of_a_command_with_their_times(
    words: list[str], left: list[str], seconds: dict[Culler, int]
) -> None:
    found = culling_options(words)
    assert list(found.words) == left
    assert dict(found.seconds) == seconds
    assert found.is_all_understood


@pytest.mark.parametrize(
    "words",
    [
        ["sh", "-c", "jupyter lab --ServerApp.shutdown_no_activity_timeout=1200"],
        ["sh", "-c", "jupyter lab --MappingKernelManager.cull_idle_timeout '90'"],
        ["jupyter", "lab", "--ServerApp.shutdown_no_activity_timeout=12e2"],
        ["jupyter", "lab", "--Strange.cull_idle_timeout=5"],
    ],
)
def test_a_culler_out_of_reach_is_left_where_it_is_and_told(words: list[str]) -> None:
    found = culling_options(words)
    assert list(found.words) == words
    assert not found.is_all_understood


OPTIONS = st.sampled_from(
    ["--ServerApp.shutdown_no_activity_timeout=5", "--MappingKernelManager.cull_interval", "30",
     "--MappingKernelManager.cull_connected", "true", "--ServerApp.shutdown_no_activity_timeout",
     "jupyter", "lab", "", "--", "-x", "--ServerApp.ip=0", "--ServerApp.cull_interval=1"]
)  # fmt: skip


@given(st.lists(OPTIONS | st.text(max_size=6), max_size=8))
def test_only_cullers_are_taken_and_nothing_changes_places(words: list[str]) -> None:
    found = culling_options(words)
    rest = iter(words)
    assert all(word in rest for word in found.words)

    def is_other(word: str) -> bool:
        is_value = word.isdigit() or word.lower() in ("true", "false", "yes", "no")
        return not (is_value or "cull" in word or "timeout" in word)

    assert list(filter(is_other, found.words)) == list(filter(is_other, words))
    assert all(each > 0 for each in found.seconds.values())


@given(st.lists(OPTIONS | st.text(max_size=6), max_size=6))
def test_jupyter_is_either_started_or_hidden_or_not_there(words: list[str]) -> None:
    assert not (is_jupyter(words) and hidden_jupyter(words))
