"""What the classic builder streams, also where a step writes what the builder would."""

from collections.abc import Iterable

import pytest

from mydocker.adapters.docker.building.tape import MOST_CONTAINERS, Tape
from mydocker.ports.builder import BuildFailed, Event, Said, StepBegan, StepEnded, Why

DOCKERFILE = "FROM a:latest\nRUN b\nRUN c\n"


def heard(tape: Tape, texts: Iterable[str]) -> list[Event]:
    return [event for text in texts for event in tape.hear({"stream": text})]


def test_a_build_is_told_step_by_step() -> None:
    tape = Tape(DOCKERFILE)
    told = heard(
        tape,
        [
            "Step 1/3 : FROM a:latest", "\n", " ---> 0123456789ab\n",
            "Step 2/3 : RUN b", "\n", " ---> Using cache\n", " ---> 1123456789ab\n",
            "Step 3/3 : RUN c", "\n", " ---> Running in 2123456789ab\n", "one\ntw", "o\n",
            "\x1b[91mred\x1b[0m\n", "Removing intermediate container 2123456789ab\n",
            " ---> 3123456789ab\n",
        ],
    )  # fmt: skip
    assert told == [
        StepBegan(1, 3, "FROM a:latest"), StepEnded(1, is_cached=False),
        StepBegan(2, 3, "RUN b"), StepEnded(2, is_cached=True),
        StepBegan(3, 3, "RUN c"), Said("one"), Said("two"), Said("red"),
        StepEnded(3, is_cached=False),
    ]  # fmt: skip
    assert (tape.layer, tape.containers) == ("3123456789ab", {"2123456789ab"})
    assert list(tape.hear({"aux": {"ID": "sha256:1"}})) == []
    assert tape.image == "sha256:1"


def test_a_step_that_speaks_like_the_builder_moves_nothing() -> None:
    tape = Tape(DOCKERFILE)
    heard(tape, ["Step 1/3 : FROM a:latest", " ---> 0123456789ab\n", "Step 2/3 : RUN b"])
    heard(tape, ["Step 3/3 : FROM x", "Step 9/9 : RUN y"])
    assert (tape.step, tape.steps, tape.is_base) == (2, 3, False)
    ended = heard(tape, [" ---> 1123456789ab\n"] * 5)
    assert [event for event in ended if isinstance(event, StepEnded)] == [
        StepEnded(2, is_cached=False)
    ]
    heard(tape, (f" ---> Running in {number:012x}\n" for number in range(2 * MOST_CONTAINERS)))
    assert len(tape.containers) == MOST_CONTAINERS
    heard(tape, ['{"aux": {"ID": "sha256:2"}}\n', "Successfully built 2123456789ab\n"])
    assert tape.image == ""


@pytest.mark.parametrize(
    ("error", "why", "status"),
    [
        ("The command '/bin/sh -c b' returned a non-zero code: 100", Why.STEP, 100),
        ("write /x: no space left on device", Why.DISK, None),
        ("dockerfile parse error line 1: unknown instruction: B", Why.RECIPE, None),
        ("pull access denied for a, repository does not exist", Why.BASE, None),
        ("COPY failed: file not found in build context", Why.STEP, None),
    ],
)
def test_an_error_is_told_with_its_step(error: str, why: Why, status: int | None) -> None:
    tape = Tape(DOCKERFILE)
    heard(tape, ["Step 1/3 : FROM a:latest", "half a line"])
    told = []
    with pytest.raises(BuildFailed) as failed:
        told.extend(tape.hear({"error": error}))
    assert (failed.value.why, failed.value.step, failed.value.status) == (why, 1, status)
