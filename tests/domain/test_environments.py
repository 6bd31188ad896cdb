"""Environments: read, refused with all mistakes at once, written, read again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydocker.domain.environments import (
    Access,
    Auth,
    Environment,
    HomeKind,
    HomeMount,
    Interface,
    Lifetime,
    Mistake,
    Mistakes,
    Port,
    Protocol,
    Resources,
    Text,
    read_environment,
    warnings_of,
    write_environment,
)
from mydocker.domain.environments.fields import MOST_MISTAKES
from mydocker.domain.environments.reading import KEYS
from tests.domain.strategies import environments, leaves, trees

Tree = dict[str, object]
LEAST: Tree = {"title": "JupyterLab et C++", "image": "mydocker/cpp"}


def tree(**entries: object) -> Tree:
    return LEAST | entries


def mistakes_in(given: object) -> tuple[Mistake, ...]:
    try:
        read_environment(given)
    except Mistakes as found:
        return found.mistakes
    return ()


def mistakes(given: object) -> dict[str, str]:
    """Return what is said of each place."""
    return {each.place: " ".join(each.told()).strip() for each in mistakes_in(given)}


def one_mistake(**entries: object) -> tuple[str, str]:
    found = mistakes(tree(**entries))
    assert len(found) == 1, found
    return next(iter(found.items()))


def test_little_is_enough() -> None:
    environment = read_environment(LEAST)
    assert environment == Environment(
        slug="jupyterlab-et-cpp",
        title=Text("JupyterLab et C++", "JupyterLab et C++"),
        image="mydocker/cpp",
    )
    assert environment.resources == Resources(10**9, 2 * 2**30, 512, 64 * 2**20, 2**30)
    assert environment.lifetime == Lifetime(
        timedelta(hours=2), timedelta(hours=24), timedelta(minutes=5)
    )


def test_a_whole_environment() -> None:
    environment = read_environment(
        tree(
            title={"fr": "Analyse numérique", "en": "Numerical analysis"},
            ports=[
                8888,
                {"number": 6080, "label": "Bureau", "ready": False},
                {"number": 22, "protocol": "ssh"},
            ],
            interfaces=[
                {
                    "title": "JupyterLab",
                    "link": "/lab{{USER_REDIRECT}}",
                    "port": 8888,
                    "auth": "jupyter",
                },
                {"title": "Desktop", "link": "http://{{IP}}:{{PORT['6080']}}/vnc?p={{PASSWORD}}"},
                {"title": "JupyterLab", "port": 8888},
            ],
            resources={"cpu": 0.5, "memory": "4 Go", "shm": "1 GiB"},
            homes={"environment": "/home/jovyan/cours", "global": "/home/jovyan"},
            lifetime={"idle": "20 min", "absolute": "never"},
            people=["Camille.Aubert@Example.org", "camille.aubert@example.org"],
        )
    )
    assert environment.slug == "numerical-analysis"
    assert environment.ports == (
        Port(8888),
        Port(6080, Protocol.HTTP, "Bureau", None),
        Port(22, Protocol.SSH, "", ""),
    )
    assert [each.key for each in environment.interfaces] == [
        "jupyterlab",
        "desktop",
        "jupyterlab-2",
    ]
    assert [each.port for each in environment.interfaces] == [8888, 6080, 8888]
    assert [each.auth for each in environment.interfaces] == [Auth.JUPYTER, Auth.LINK, Auth.NONE]
    assert environment.interfaces[0].link == "https://{{HOST['8888']}}/lab{{USER_REDIRECT}}"
    assert environment.resources.memory_bytes == 4 * 10**9
    assert environment.homes == (
        HomeMount(HomeKind.GLOBAL, "/home/jovyan"),
        HomeMount(HomeKind.ENVIRONMENT, "/home/jovyan/cours"),
    )
    assert environment.lifetime == Lifetime(timedelta(minutes=20), None, timedelta(minutes=5))
    assert environment.people == ("camille.aubert@example.org",)
    assert environment.access is Access.PEOPLE


LINE: Tree = {"days": "mon-fri", "from": "08:00", "to": "18:00", "spares": 10}
SESSION: Tree = {"start": "2026-11-23T08:30", "end": "2026-11-23T10:30", "students": 60}


def test_each_http_port_is_an_interface_where_nothing_is_said() -> None:
    environment = read_environment(
        tree(ports=[{"number": 8888, "label": "Lab"}, 6080, {"number": 22, "protocol": "ssh"}])
    )
    assert environment.interfaces == (
        Interface("8888", Text("Lab", "Lab"), "https://{{HOST['8888']}}/{{USER_REDIRECT}}"),
        Interface(
            "6080", Text("Port 6080", "Port 6080"), "https://{{HOST['6080']}}/{{USER_REDIRECT}}"
        ),
    )
    assert read_environment(tree(ports=[8888], interfaces=[])).interfaces == ()


def test_what_has_no_value_counts_as_left_out() -> None:
    assert read_environment(dict.fromkeys(KEYS) | LEAST) == read_environment(LEAST)


def test_small_memory_means_a_small_tmp_and_a_short_life_an_early_warning() -> None:
    environment = read_environment(
        tree(resources={"memory": "512 MiB"}, lifetime={"idle": "1 min"})
    )
    assert environment.resources.tmp_bytes == 256 * 2**20
    assert environment.lifetime.warning == timedelta(seconds=30)


def test_a_file_keeps_its_meaning_and_leaves_out_what_is_empty() -> None:
    assert write_environment(read_environment(LEAST)) == {
        "slug": "jupyterlab-et-cpp",
        "title": "JupyterLab et C++",
        "status": "draft",
        "image": "mydocker/cpp",
        "resources": {"cpu": 1, "memory": "2 GiB", "pids": 512, "shm": "64 MiB", "tmp": "1 GiB"},
        "lifetime": {
            "idle": "2 h",
            "absolute": "24 h",
            "warning": "5 min",
            "sleep": "20 min",
        },
        "network": "open",
        "access": "anyone",
    }
    assert list(write_environment(read_environment(tree(notes="x", tags=["y"])))) == [
        key for key in KEYS if key in {*write_environment(read_environment(LEAST)), "notes", "tags"}
    ]


@pytest.mark.parametrize(
    ("entries", "fits"),
    [
        ({"title": "a" * 200}, True),
        ({"title": "a" * 201}, False),
        ({"command": "a" * 8_000}, True),
        ({"user": 65_534}, True),
        ({"user": 65_535}, False),
        ({"user": -1}, False),
        ({"join_code": "a" * 64}, True),
        ({"join_code": "a" * 65}, False),
        ({"variables": {f"V{number}": "" for number in range(200)}}, True),
        ({"variables": {f"V{number}": "" for number in range(201)}}, False),
        ({"ports": list(range(1, 51))}, True),
        ({"ports": list(range(1, 52))}, False),
        ({"homes": {"global": "/" + "a" * 999}}, True),
        ({"homes": {"global": "/" + "a" * 1_000}}, False),
        ({"resources": {"cpu": 1_024, "memory": "16 TiB", "pids": 100_000}}, True),
        ({"resources": {"cpu": 0.01, "memory": "16 MiB", "pids": 16, "tmp": "1 MiB"}}, True),
        ({"lifetime": {"idle": "10 s", "absolute": "366 days"}}, True),
        ({"lifetime": {"absolute": "367 days"}}, False),
        ({"spares": {"wanted": 500, "most": 500}}, True),
        ({"spares": {"wanted": 0, "most": 0}}, True),
        ({"spares": {"wanted": 501}}, False),
        ({"spares": {"most": 501}}, False),
        ({"spares": {"schedule": [LINE | {"spares": 500}]}}, True),
        ({"spares": {"schedule": [LINE | {"spares": 501}]}}, False),
        ({"spares": {"schedule": [LINE | {"spares": 0}]}}, False),
        ({"spares": {"schedule": [LINE] * 50}}, True),
        ({"spares": {"schedule": [LINE] * 51}}, False),
        ({"sessions": [SESSION | {"end": "2026-11-30T08:30"}]}, True),
        ({"sessions": [SESSION | {"end": "2026-11-30T08:31"}]}, False),
        ({"sessions": [SESSION | {"lead": "24 h"}]}, True),
        ({"sessions": [SESSION | {"lead": "25 h"}]}, False),
        ({"sessions": [SESSION | {"lead": "0 s"}]}, True),
        ({"sessions": [SESSION | {"students": 5_000}]}, True),
        ({"sessions": [SESSION | {"students": 5_001}]}, False),
        ({"sessions": [SESSION | {"students": 0}]}, False),
        ({"sessions": [SESSION] * 500}, True),
        ({"sessions": [SESSION] * 501}, False),
    ],
)
def test_limits_are_where_they_are_said_to_be(entries: Tree, fits: bool) -> None:
    assert (not mistakes_in(tree(**entries))) is fits


@settings(max_examples=40, deadline=None)
@given(environments())
def test_what_is_written_is_read_as_the_same(environment: Environment) -> None:
    assert read_environment(write_environment(environment)) == environment


@settings(max_examples=15, deadline=None)
@given(environments())
def test_advice_is_given_for_everything_that_can_be_read(environment: Environment) -> None:
    for mistake in warnings_of(environment):
        assert all(isinstance(part, str) for part in mistake.told())
        assert mistake.path[0] in KEYS


@settings(max_examples=100, deadline=None)
@given(trees)
def test_any_tree_is_read_or_refused(tree: object) -> None:
    found = mistakes_in(tree)
    assert len(found) <= MOST_MISTAKES
    assert all(mistake.told()[0] for mistake in found)


@settings(max_examples=60, deadline=None)
@given(environments(), st.data())
def test_a_tree_with_one_part_spoiled_is_read_or_refused(
    environment: Environment, data: st.DataObject
) -> None:
    spoiled: object = write_environment(environment)
    node: object = spoiled
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))  # type: ignore[arg-type]
        key = data.draw(st.sampled_from(keys))
        below = node[key]  # type: ignore[index]
        if not isinstance(below, dict | list) or not below or data.draw(st.booleans()):
            node[key] = data.draw(leaves | trees)  # type: ignore[index]
            break
        node = below
    found = mistakes_in(spoiled)
    assert all(mistake.told()[0] for mistake in found)
    if not found:
        again = read_environment(spoiled)
        assert read_environment(write_environment(again)) == again


@pytest.mark.parametrize("word", ["yes", "on", "True", True])
def test_yes_is_written_in_many_ways(word: object) -> None:
    assert read_environment(tree(sudo=word)).sudo is True


def test_whole_numbers_are_texts_where_texts_are_wanted() -> None:
    environment = read_environment(tree(courses=[101], variables={"OMP_NUM_THREADS": 2}))
    assert environment.courses == ("101",)
    assert environment.variables == {"OMP_NUM_THREADS": "2"}


def test_texts_are_told_in_the_readers_language() -> None:
    text = Text("Physics", "Physique")
    assert [text.in_language(code) for code in ("fr", "fr-CA", "FR_fr", "en", "de", "")] == [
        "Physique", "Physique", "Physique", "Physics", "Physics", "Physics",
    ]  # fmt: skip


def test_ports_and_interfaces_are_found_by_name() -> None:
    environment = read_environment(
        tree(ports=[80, {"number": 22, "protocol": "ssh"}, {"number": 81, "ready": False}])
    )
    assert environment.interface("80") is environment.interfaces[0]
    assert environment.interface("x") is None and environment.port(1) is None
    assert [port.number for port in environment.required_ports] == [80, 22]
    assert [port.number for port in environment.http_ports] == [80, 81]
    assert replace(environment, notes="x") != environment
