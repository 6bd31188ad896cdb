"""JupyterHub beside us: what is counted, and that nothing of it is left."""

import contextlib
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.idle import family
from bench.peers.hub import HOW, LABEL, Burst, Failed, Hub, Refused, end, is_installed, is_ready
from bench.peers.measure import bursts
from bench.results import Result

DEADLINE_SECONDS = 10
UNINSTALLED = "JupyterHub is not installed beside us"


def by_name(results: list[Result]) -> dict[str, Result]:
    return {result.name: result for result in results}


# --- what is read ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "ready"),
    [
        (b'data: {"progress": 50, "message": "Spawning server..."}\n', False),
        (b'data: {"progress": 100, "ready": true, "url": "/user/ada/"}\n', True),
        (b"\n", False),
        (b": keep alive\n", False),
    ],
)
def test_progress_says_when_a_server_runs(line: bytes, ready: bool) -> None:
    assert is_ready(line) is ready


def test_progress_says_that_a_server_never_will() -> None:
    with pytest.raises(Failed, match="Spawn failed"):
        is_ready(b'data: {"progress": 100, "failed": true, "message": "Spawn failed"}')


# --- what is counted ---------------------------------------------------------------------------


def test_who_is_refused_and_who_waits_in_vain_are_counted_apart() -> None:
    burst = Burst.of([2.0, Refused("429"), 3.0, Failed("500"), Refused("429")])
    assert burst == Burst(seconds=(2.0, 3.0), refused=2, failed=1)


def test_a_burst_is_told_by_its_last_its_median_person_and_those_turned_away() -> None:
    results = by_name(
        bursts(3, [(Burst((1.0, 2.0, 3.0)), Burst((4.0, 9.0), refused=1))] * 2),
    )
    last = results["peers.burst.3"]
    assert (last.ours, last.baseline, last.n) == (3.0, 9.0, 2)
    wait = results["peers.burst.3.wait"]
    assert (wait.ours, wait.baseline, wait.n) == (2.0, 6.5, 6)
    away = results["peers.burst.3.turned_away"]
    assert (away.ours, away.baseline, away.unit) == (0, 2.0, "of 6")
    assert all(result.holds for result in results.values())


def test_a_burst_that_nobody_got_through_has_no_times() -> None:
    results = by_name(bursts(2, [(Burst((), failed=2), Burst((), refused=2))]))
    assert list(results) == ["peers.burst.2.turned_away"]
    assert not results["peers.burst.2.turned_away"].holds


# --- what is left ------------------------------------------------------------------------------


@pytest.fixture
def stubborn() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not end when asked, with a child in a session of its own."""
    script = "trap '' TERM; setsid sleep 300 & echo started; while :; do wait; done"
    process = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        process.stdout.readline()
        yield process
        process.kill()


def assert_all_over(handles: list[int]) -> None:
    for each in handles:
        over, _, _ = select.select([each], [], [], DEADLINE_SECONDS)
        os.close(each)
        assert over


def test_nothing_that_a_process_started_outlives_it(stubborn: subprocess.Popen[bytes]) -> None:
    everyone = [os.pidfd_open(pid) for pid in family(stubborn.pid)]
    assert len(everyone) >= 2
    end(stubborn, patience_seconds=0.05)
    assert_all_over(everyone)
    assert family(stubborn.pid) == []


def test_without_an_installation_it_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bench.peers.hub.HUB", tmp_path)
    monkeypatch.setattr("bench.peers.hub.PROXY", tmp_path / "nothing")
    with pytest.raises(RuntimeError, match="make bench-peers"), Hub():
        pass
    assert "make bench-peers" in HOW


def of_the_engine(name: str) -> list[str]:
    words = [["ps", "--all"], ["network", "ls"]]
    found = []
    for each in words:
        command = ["docker", *each, "--quiet", "--filter", f"label={LABEL}={name}"]
        found += subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    return found


class Interrupted(BaseException):
    """As Ctrl-C comes: no Exception."""


def start_a_server_and_be_interrupted(hub: Hub) -> None:
    assert 0.1 < hub.start_one("ada") < 60
    assert len(of_the_engine(hub.name)) == 2
    raise Interrupted


@pytest.mark.engine
@pytest.mark.skipif(not is_installed() or not shutil.which("docker"), reason=UNINSTALLED)
def test_a_hub_starts_a_server_and_leaves_nothing_even_after_ctrl_c() -> None:
    with contextlib.suppress(Interrupted), Hub() as hub:
        everyone = [os.pidfd_open(pid) for pid in hub.processes()]
        start_a_server_and_be_interrupted(hub)
    assert of_the_engine(hub.name) == []
    assert_all_over(everyone)
