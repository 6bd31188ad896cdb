"""JupyterHub beside us: what is counted, and that nothing of it is left."""

import asyncio
import os
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.idle import family
from bench.peers.hub import (
    HOW,
    USABLE_SECONDS,
    Failed,
    Hub,
    Refused,
    Wait,
    end,
    insist,
    is_ready,
)
from bench.peers.measure import bursts

DEADLINE_SECONDS = 10


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


def test_a_person_turned_away_presses_again_and_has_waited_from_the_first_time() -> None:
    met: Iterator[Exception | None] = iter([Refused("429", 0.02), None])

    async def start() -> None:
        if error := next(met):
            raise error

    wait = asyncio.run(insist(start))
    assert (wait.refused, wait.failed) == (1, 0)
    assert wait.seconds is not None and wait.seconds >= 0.02


def test_a_person_gives_up_after_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.peers.hub.USABLE_SECONDS", 0.01)
    monkeypatch.setattr("bench.peers.hub.PRESS_AGAIN_SECONDS", 0.02)

    async def start() -> None:
        raise Failed("it never answers")

    assert asyncio.run(insist(start)) == Wait(None, failed=1)


def test_a_burst_is_told_by_its_last_its_median_person_and_who_was_turned_away() -> None:
    ours = [Wait(1.0), Wait(2.0), Wait(3.0)]
    theirs = [Wait(4.0), Wait(5.0, failed=1), Wait(9.0, refused=2)]
    last, wait, away = bursts([(ours, theirs)] * 2)
    assert (last.name, last.ours, last.baseline, last.n) == ("peers.burst.3", 3.0, 9.0, 2)
    assert (wait.name, wait.ours, wait.baseline, wait.n) == ("peers.burst.3.wait", 2.0, 5.0, 6)
    assert (away.ours, away.baseline) == (0, 6.0)
    assert away.spread == "refused 0, failed 0; theirs refused 4, failed 2"
    assert last.holds and wait.holds and away.holds


def test_who_gave_up_waited_as_long_as_anybody_would() -> None:
    last, _, away = bursts([([Wait(None, failed=9)], [Wait(4.0)])])
    assert last.ours == USABLE_SECONDS
    assert not last.holds and not away.holds
    assert away.spread.startswith("refused 0, failed 9, gave up 1;")


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
