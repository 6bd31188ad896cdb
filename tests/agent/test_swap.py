"""The swap that an agent makes, with real zram devices."""

from collections.abc import Callable, Iterator

import pytest

from .dormitory import (
    BLOCKS,
    MIB,
    labelled,
    make_zram,
    remove_swap,
    remove_zram,
    swap_devices,
    zram_devices,
)
from .neighbourhood import run
from .process import AgentProcess, Dial

SIZE = 128 * MIB


@pytest.fixture
def label(instance: str) -> Iterator[str]:
    """The label of this installation's swap, which is taken away at the end."""
    text = f"mydocker-{instance}"
    yield text
    remove_swap(text)


@pytest.fixture
def agent(label: str, make_agent: Callable[[], AgentProcess]) -> AgentProcess:
    """An agent whose operator agreed to swap; not started."""
    agent = make_agent()
    agent.swap = ("zram", SIZE)
    return agent


def test_it_is_made_once_and_outlives_agents(agent: AgentProcess, dial: Dial, label: str) -> None:
    agent.start()
    (name,) = labelled(label)
    assert f"/dev/{name}" in swap_devices()
    assert (BLOCKS / name / "disksize").read_text().strip() == str(SIZE)
    agent.kill()
    agent.start()
    assert dial(agent).ask("make_swap", size=SIZE)["is_for_sleepers"]
    agent.stop()
    assert labelled(label) == [name]
    assert swap_devices().count(f"/dev/{name}") == 1


def test_a_device_that_an_agent_was_killed_over_is_put_into_use(
    agent: AgentProcess, label: str
) -> None:
    name = make_zram(label)
    agent.start()
    assert labelled(label) == [name]
    assert f"/dev/{name}" in swap_devices()


def test_devices_of_others_are_left_alone(agent: AgentProcess, dial: Dial, label: str) -> None:
    used, unused, plain = make_zram("mydocker-other0"), make_zram("swap"), make_zram("x")
    (BLOCKS / plain / "reset").write_text("1")
    run("swapon", f"/dev/{used}")
    try:
        agent.start()
        assert f"/dev/{used}" in swap_devices() and f"/dev/{unused}" not in swap_devices()
        assert (labelled("mydocker-other0"), labelled("swap")) == ([used], [unused])
        assert (BLOCKS / plain / "disksize").read_text() == "0\n"
        assert sum(area["is_ours"] for area in dial(agent).ask("swap")["areas"]) == 1
    finally:
        run("swapoff", f"/dev/{used}")
        for name in (used, unused, plain):
            remove_zram(name)


def test_nothing_is_made_that_nobody_agreed_to(agent: AgentProcess, dial: Dial, label: str) -> None:
    for kind in ("none", "node"):
        agent.swap = (kind, SIZE)
        agent.start()
        assert dial(agent).ask("make_swap", size=SIZE) == {"error": "not_agreed"}
        agent.stop()
    assert labelled(label) == []


def test_the_nodes_own_swap_is_for_sleepers_only_where_agreed(
    agent: AgentProcess, dial: Dial
) -> None:
    name = make_zram("node")
    run("swapon", f"/dev/{name}")
    try:
        for kind in ("none", "zram", "node"):
            agent.swap = (kind, 0)
            agent.start("from mydocker.agent import swap\nswap.Swap.make = lambda *_: None")
            assert dial(agent).ask("swap")["is_for_sleepers"] == (kind == "node")
            agent.stop()
    finally:
        run("swapoff", f"/dev/{name}")
        remove_zram(name)


def test_what_cannot_be_made_is_told_and_leaves_no_device(
    agent: AgentProcess, dial: Dial, label: str
) -> None:
    before = zram_devices()
    agent.start("from mydocker.agent import tools\ntools._ENVIRONMENT = {'PATH': '/nowhere'}")
    line = dial(agent)
    assert "mkswap" in line.ask("swap")["problem"]
    assert line.ask("make_swap", size=SIZE) == {"error": "tool_missing"}
    assert zram_devices() == before
    agent.stop()
    agent.start()
    assert dial(agent).ask("swap")["problem"] == ""
    assert labelled(label)
