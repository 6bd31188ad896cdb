"""A real agent on a data folder that leaves no mount behind."""

import ctypes
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from .process import AgentProcess, Line, mounts_below

_libc = ctypes.CDLL(None, use_errno=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() != 0:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="the agent is tested as root"))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder with `data`; all that is mounted below it is unmounted at the end."""
    (tmp_path / "data").mkdir()
    yield tmp_path
    for point in reversed(mounts_below(tmp_path)):
        _libc.umount2(point.encode(), 2)
    assert mounts_below(tmp_path) == []


@pytest.fixture
def instance() -> str:
    return secrets.token_hex(3)


@pytest.fixture
def make_agent(place: Path, instance: str) -> Iterator[Callable[[], AgentProcess]]:
    """Makes agents on one data folder, not yet started."""
    made: list[AgentProcess] = []

    def make() -> AgentProcess:
        made.append(AgentProcess(place / "data", place / "run", instance))
        return made[-1]

    yield make
    for agent in made:
        if agent._process:
            agent.stop()
    words = ["nft", "delete", "table", "inet", f"mydocker_{instance}"]
    subprocess.run(words, capture_output=True, check=False)


@pytest.fixture
def agent(make_agent: Callable[[], AgentProcess]) -> AgentProcess:
    """A running agent."""
    return make_agent().start()


@pytest.fixture
def dial() -> Iterator[Callable[[AgentProcess], Line]]:
    """Makes connections to agents, closed at the end."""
    made: list[Line] = []

    def call(agent: AgentProcess) -> Line:
        made.append(Line(agent.socket))
        return made[-1]

    yield call
    for line in made:
        with suppress(OSError):
            line.close()


@pytest.fixture
def line(agent: AgentProcess, dial: Callable[[AgentProcess], Line]) -> Line:
    """A connection to the running agent."""
    return dial(agent)
