"""The account of a pull, from the engine's lines as 20.10 and later write them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mydocker.adapters.docker.progress import Progress
from mydocker.ports.driver import PullProgress

IMAGE = "host/x:1"


def line(status: str, layer: str = "", current: int = 0, total: int = 0) -> dict[str, Any]:
    detail = {"current": current, "total": total} if total else {}
    return {"status": status, "id": layer, "progressDetail": detail}


def whole(layer: str, size: int) -> list[dict[str, Any]]:
    return [
        line("Downloading", layer, size // 2, size),
        line("Download complete", layer),
        line("Extracting", layer, size // 2, size),
        line("Extracting", layer, size, size),
        line("Pull complete", layer),
    ]


def announced(*layers: str) -> list[dict[str, Any]]:
    return [line("Pulling from x", "1"), *(line("Pulling fs layer", layer) for layer in layers)]


def heard(progress: Progress, lines: list[dict[str, Any]]) -> list[PullProgress]:
    told = []
    for one in lines:
        progress.hear(one)
        told.append(progress.now())
    return told


def test_nothing_is_known_before_the_first_size() -> None:
    told = heard(Progress(IMAGE, {}), announced("a", "b"))
    assert all((one.done_bytes, one.total_bytes) == (0, 0) for one in told)
    assert [layer.id for layer in told[-1].layers] == ["a", "b"]


def test_download_and_extraction_count_alike() -> None:
    progress = Progress(IMAGE, {})
    told = heard(progress, announced("a") + whole("a", 100))
    assert [(one.done_bytes, one.total_bytes) for one in told[2:]] == [
        (50, 200),
        (100, 200),
        (150, 200),
        (200, 200),
        (200, 200),
    ]
    assert told[-1].layers[0].done


def test_a_second_pull_knows_its_total_from_the_first_line_on() -> None:
    totals: dict[str, int] = {}
    first = Progress(IMAGE, totals)
    heard(first, announced("a", "b") + whole("a", 100) + whole("b", 30))
    assert first.finish().total_bytes == 260
    second = Progress(IMAGE, totals)
    assert second.now().total_bytes == 260
    assert heard(second, announced("a", "b"))[-1].total_bytes == 260


def test_layers_that_are_here_already_are_not_counted() -> None:
    totals: dict[str, int] = {}
    first = Progress(IMAGE, totals)
    heard(first, announced("a", "b") + whole("a", 100) + whole("b", 30))
    first.finish()
    second = Progress(IMAGE, totals)
    told = heard(second, [line("Already exists", "a"), line("Pulling fs layer", "b")])
    assert told[-1].total_bytes == 60
    heard(second, whole("b", 30))
    done = second.finish()
    assert (done.done_bytes, done.total_bytes) == (60, 60)
    assert totals[IMAGE] == 130


def test_a_changed_layer_is_expected_to_be_as_large_as_before() -> None:
    totals: dict[str, int] = {}
    first = Progress(IMAGE, totals)
    heard(first, announced("a", "b") + whole("a", 100) + whole("b", 30))
    first.finish()
    second = Progress(IMAGE, totals)
    told = heard(second, [line("Already exists", "a"), line("Pulling fs layer", "c")])
    assert told[-1].total_bytes == 60


def test_a_download_that_is_tried_again_does_not_go_back() -> None:
    lines = [
        *announced("a"),
        line("Downloading", "a", 80, 100),
        line("Retrying in 5 seconds", "a"),
        line("Downloading", "a", 1, 100),
    ]
    told = heard(Progress(IMAGE, {}), lines)
    assert [one.done_bytes for one in told[-3:]] == [80, 80, 80]


def test_seconds_are_not_taken_for_bytes() -> None:
    seconds = {"status": "Extracting", "id": "a", "progressDetail": {"current": 7, "units": "s"}}
    lines = [*announced("a"), line("Downloading", "a", 100, 100), seconds]
    assert heard(Progress(IMAGE, {}), lines)[-1].done_bytes == 100


statuses = st.sampled_from(
    [
        "Pulling fs layer",
        "Waiting",
        "Downloading",
        "Verifying Checksum",
        "Download complete",
        "Extracting",
        "Pull complete",
        "Already exists",
        "Retrying in 1 second",
        "Something new",
    ]
)
numbers = st.integers(0, 1000)
any_lines = st.lists(st.builds(line, statuses, st.sampled_from("abc"), numbers, numbers))


@given(any_lines, st.dictionaries(st.sampled_from([IMAGE, "layer:a", "layer:b"]), numbers))
def test_done_never_goes_back_nor_beyond_the_total(
    lines: list[dict[str, Any]], totals: dict[str, int]
) -> None:
    progress = Progress(IMAGE, totals)
    told = [*heard(progress, lines), progress.finish()]
    done = [one.done_bytes for one in told]
    assert done == sorted(done)
    assert all(one.done_bytes <= one.total_bytes for one in told)
    assert told[-1].done_bytes == told[-1].total_bytes
