"""What a look shows, from the engine's answers."""

from datetime import timedelta
from typing import Any

import pytest

from mydocker.adapters.docker.events import happening
from mydocker.adapters.docker.names import Names
from mydocker.adapters.docker.removal import polite_steps
from mydocker.adapters.docker.sightings import NEVER, glimpse, needs_words, sighting, was_started
from mydocker.domain.failures import Cause
from mydocker.domain.runs import ContainerStatus, Exit, reason_of_exit
from mydocker.ports.driver import Happening

ID = "f" * 64


def inspected(**state: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "Running": False,
        "Paused": False,
        "OOMKilled": False,
        "ExitCode": 0,
        "Error": "",
        "StartedAt": "2026-01-01T00:00:00Z",
    }
    networks = {"md-0a1b2c-open": {"IPAddress": "172.18.0.2" if state.get("Running") else ""}}
    return {"Id": ID, "State": usual | state, "NetworkSettings": {"Networks": networks}}


def exit_of(said: str = "", **state: Any) -> Exit:
    seen = sighting(inspected(**state), said)
    assert seen.status is ContainerStatus.EXITED
    assert seen.exit is not None
    return seen.exit


def test_a_running_container_has_its_address() -> None:
    seen = sighting(inspected(Running=True))
    assert (seen.status, seen.address, seen.container) == ("running", "172.18.0.2", ID)
    assert sighting(inspected(Running=True, Paused=True)) == seen


def test_a_created_one_has_none_and_was_not_started() -> None:
    created = inspected(StartedAt=NEVER)
    assert sighting(created).status is ContainerStatus.CREATED
    assert not was_started(created)


def test_one_that_could_not_start_says_why() -> None:
    sentence = 'exec: "nope": executable file not found in $PATH'
    ended = exit_of(StartedAt=NEVER, Error=sentence, ExitCode=127)
    assert ended == Exit(127, error=sentence)
    assert reason_of_exit(ended, was_ready=False).cause is Cause.COMMAND_MISSING


def test_one_whose_program_is_missing_says_so_through_its_init() -> None:
    said = "[FATAL tini (7)] exec nope failed: No such file or directory"
    ended = exit_of(said, ExitCode=127)
    assert ended.error == "exec nope failed: No such file or directory"
    assert reason_of_exit(ended, was_ready=False).cause is Cause.COMMAND_MISSING
    assert exit_of("command not found", ExitCode=127).error == ""


@pytest.mark.parametrize(
    ("status", "flag", "out_of_memory"), [(137, True, True), (137, False, False), (0, True, False)]
)
def test_only_a_killed_one_is_out_of_memory(status: int, flag: bool, out_of_memory: bool) -> None:
    assert exit_of(ExitCode=status, OOMKilled=flag).out_of_memory is out_of_memory


def test_the_log_is_asked_only_where_it_may_tell() -> None:
    assert needs_words(inspected(ExitCode=127))
    assert needs_words(inspected(ExitCode=126))
    assert not needs_words(inspected(ExitCode=1))
    assert not needs_words(inspected(Running=True, ExitCode=0))


def test_a_list_tells_enough_of_what_runs() -> None:
    networks = {"Networks": {"x": {"IPAddress": "172.18.0.2"}}}
    listed = {"Id": ID, "State": "running", "NetworkSettings": networks}
    assert glimpse(listed) == sighting(inspected(Running=True))
    assert glimpse({**listed, "State": "paused"}) == sighting(inspected(Running=True))
    for state in ("created", "exited", "dead", "removing"):
        assert glimpse({**listed, "State": state}) is None


def test_an_event_tells_its_run() -> None:
    told = {"org.mydocker.run": "r7", "name": "md-0a1b2c-r7"}
    names = Names("0a1b2c")
    assert happening({"Action": "die", "Actor": {"Attributes": told}}, names) == Happening(
        "r7", "die"
    )
    for other in ({"name": "x"}, {**told, "name": "x"}, {**told, "org.mydocker.run": "../r7"}):
        assert happening({"Action": "die", "Actor": {"Attributes": other}}, names) is None


@pytest.mark.parametrize(
    ("state", "seconds", "steps"),
    [
        ({"Running": False}, 5, []),
        ({"Running": True}, 0, []),
        ({"Running": True}, 5, [("containers/x/stop", {"t": "5"})]),
        ({"Running": True}, 0.2, [("containers/x/stop", {"t": "1"})]),
        (
            {"Running": True, "Paused": True},
            5,
            [("containers/x/unpause", {}), ("containers/x/stop", {"t": "5"})],
        ),
    ],
)
def test_the_end_is_asked_for_politely_where_there_is_time(
    state: dict[str, Any], seconds: float, steps: list[Any]
) -> None:
    state = inspected(**state)["State"]
    assert polite_steps(state, "x", timedelta(seconds=seconds)) == steps
