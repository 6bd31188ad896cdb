"""Advice on environments: what is allowed, and probably not what its teacher wants."""

from collections.abc import Mapping

import pytest

from mydocker.domain.environments import (
    read_environment,
    warnings_of,
)
from tests.domain.test_environments import LINE, SESSION, Tree, tree

ADVICE: Mapping[str, tuple[Tree, str, str]] = {
    "old host": (
        {"ports": [80], "interfaces": [{"title": "a", "link": "http://{{IP}}:{{PORT['80']}}/"}]},
        "interfaces[0].link",
        "taken for {{HOST['80']}}",
    ),
    "needless password": (
        {
            "ports": [80],
            "interfaces": [{"title": "a", "link": "/?t={{PASSWORD}}", "auth": "jupyter"}],
        },
        "interfaces[0].link",
        "not needed",
    ),
    "password without auth": (
        {"ports": [80], "interfaces": [{"title": "a", "link": "/?t={{PASSWORD}}", "auth": "none"}]},
        "interfaces[0].link",
        "auth is none",
    ),
    "ssh": ({"ports": [{"number": 22, "protocol": "ssh"}]}, "ports[0].protocol", "SSH gateway"),
    "nothing must answer": (
        {"ports": [{"number": 80, "ready": False}]},
        "ports",
        "No port must answer",
    ),
    "jupyter's own culler": (
        {"command": "jupyter lab --ServerApp.shutdown_no_activity_timeout=1200"},
        "command",
        "ends it after 20 min instead",
    ),
    "kernels' own culler": (
        {"command": "jupyter lab --MappingKernelManager.cull_idle_timeout 1200"},
        "command",
        "sleeps instead",
    ),
    "a culler that no rule reads": (
        {"command": "sh -c 'jupyter lab --ServerApp.shutdown_no_activity_timeout=1200'"},
        "command",
        "never sleep",
    ),
    "shell": ({"command": "cd /x && jupyter lab"}, "command", "&& is given"),
    "shell variable": ({"command": "jupyter lab $HOME/x"}, "command", "no shell"),
    "big tmp": ({"resources": {"memory": "1 GiB", "tmp": "1 GiB"}}, "resources", "1 GiB"),
    "nobody": ({"access": "people"}, "people", "Nobody is listed"),
    "never, though wanted": (
        {"spares": {"mode": "never", "wanted": 1}},
        "spares",
        "wants no spares",
    ),
    "spares of what reads its home": (
        {"spares": {"wanted": 1}, "command": "rserver", "homes": {"global": "/home/x"}},
        "spares",
        "rserver may read the home",
    ),
    "more than the most": (
        {"spares": {"wanted": 51}},
        "spares.wanted",
        "51 spares, and at most 50",
    ),
    "class larger than the most": (
        {"sessions": [SESSION], "command": "jupyter lab"},
        "sessions[0].students",
        "60 spares, and at most 50",
    ),
    "schedule beyond the most": (
        {"spares": {"most": 9, "schedule": [LINE]}},
        "spares.schedule[0].spares",
        "10 spares, and at most 9",
    ),
    "useless list": ({"access": "anyone", "people": ["a@b"]}, "access", "no effect"),
}


@pytest.mark.parametrize("case", ADVICE.values(), ids=ADVICE)
def test_advice_is_told_where_it_belongs(case: tuple[Tree, str, str]) -> None:
    entries, place, words = case
    found = {each.place: each.told()[0] for each in warnings_of(read_environment(tree(**entries)))}
    assert list(found) == [place]
    assert words in found[place]


@pytest.mark.parametrize(
    "entries",
    [
        {"spares": {"wanted": 1}, "homes": {"global": "/home/x"}},
        {"spares": {"mode": "never"}},
        {"spares": {"mode": "never", "wanted": 1}, "status": "archived"},
    ],
)
def test_no_advice_on_spares_where_nothing_is_known_to_be_wrong(entries: Tree) -> None:
    assert warnings_of(read_environment(tree(**entries))) == []


def test_a_good_environment_gets_no_advice() -> None:
    good = tree(ports=[8888], command="jupyter lab --cull_idle_timeout=0 --x='a && b'")
    assert warnings_of(read_environment(good)) == []
