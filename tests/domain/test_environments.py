"""Environments: read, refused with all mistakes at once, written, read again."""

from collections.abc import Mapping
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
from mydocker.domain.environments.words import slug_of
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


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes(
        {
            "tittle": "x", "cpu": 2, "image": "A b", "command": "echo 'a {{USERNAM}}",
            "ports": [0, {"number": 8888, "protocol": "htp"}, "x", 9, 9],
            "interfaces": [
                {"title": True, "link": "https://{{HOST['8888']}}/"}, {"title": "a", "link": "ftp://x"},
            ],
            "resources": {"memory": 4, "cpu": "2"},
            "homes": {"global": "/etc/x", "environment": "home"},
            "lifetime": {"idle": 90, "absolute": "1:30"}, "maintainers": ["x"], "slug": "A B",
            "user": "root", "variables": {"1": 2, "MYDOCKER_X": "a"}, "tags": "a",
        }
    )  # fmt: skip
    assert set(found) == {
        "title", "tittle", "cpu", "image", "command", "ports[0]", "ports[1].protocol", "ports[2]",
        "ports[4]", "interfaces[0].title", "interfaces[1].link", "resources.memory",
        "resources.cpu", "homes.global", "homes.environment", "lifetime.idle",
        "lifetime.absolute", "maintainers[0]", "slug", "user", "variables.1",
        "variables.MYDOCKER_X", "tags",
    }  # fmt: skip
    assert found["tittle"] == "Nothing is called tittle here. Did you mean title?"
    assert found["cpu"] == "Nothing is called cpu here. It belongs under resources."


@pytest.mark.parametrize("title", [{}, "", "   ", {"fr": ""}, None])
def test_a_title_is_needed(title: object) -> None:
    assert "Give the environment a title" in mistakes(tree(title=title))["title"]


def test_one_language_stands_for_both() -> None:
    assert read_environment(tree(title={"fr": "Réseaux"})).title == Text("Réseaux", "Réseaux")


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("JupyterLab et Python", "jupyterlab-et-python"),
        ("C++ & Œuvres d'Été", "cpp-oeuvres-dete"),
        ("  --  L2 / S3 --", "l2-s3"),
        ("日本語", ""),
        ("new", "new-1"),
        ("a" * 100, "a" * 63),
    ],
)
def test_a_slug_is_made_of_the_title(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_a_title_without_latin_letters_needs_a_slug() -> None:
    assert "write a name such as" in mistakes(tree(title="日本語"))["slug"]


WRONG: Mapping[str, tuple[Tree, str, str]] = {
    "slug with capitals": ({"slug": "L2 Python"}, "slug", "such as l2-python"),
    "slug of the platform": ({"slug": "new"}, "slug", "platform itself"),
    "title on two lines": ({"title": "a\nb"}, "title", "on one line"),
    "title that is a number": ({"title": 3.10}, "title", "between quotes"),
    "title with a zero byte": ({"title": "a\0b"}, "title", "U+0000"),
    "title turned around": ({"title": "a\u202eb"}, "title", "U+202E"),
    "half a character": ({"title": "a\ud83d"}, "title", "U+D83D"),
    "title too long": ({"title": "a" * 201}, "title", "201 characters; 200"),
    "unknown language": ({"title": {"fr": "a", "de": "b"}}, "title.de", "fr, en"),
    "description too long": ({"description": "a" * 20_001}, "description", "20000"),
    "status": ({"status": "redy"}, "status", "Did you mean ready?"),
    "status that is a list": ({"status": []}, "status", "draft, test, ready, archived"),
    "image with capitals": ({"image": "Jupyter/Lab"}, "image", "lower case"),
    "image with scheme": ({"image": "https://a/b"}, "image", "Leave out https://"),
    "image with space": ({"image": "a b"}, "image", "no space"),
    "image id": ({"image": "a" * 64}, "image", "docker pull"),
    "image too long": ({"image": "a" * 256}, "image", "not the name"),
    "open quote": ({"command": "sh -c 'a"}, "command", "no partner"),
    "unknown variable": ({"command": "a {{PASWORD}}"}, "command", "{{PASSWORD}}"),
    "variable of links": (
        {"command": "a {{USER_REDIRECT}}"},
        "command",
        "links of interfaces only",
    ),
    "host without port": ({"command": "a {{HOST}}"}, "command", "{{HOST['8888']}}"),
    "host of no port": ({"command": "a {{HOST['1']}}"}, "command", "Port 1 is not declared"),
    "command too long": ({"command": "a" * 8_001}, "command", "8000"),
    "variable with a dash": ({"variables": {"A-B": "x"}}, "variables.A-B", "not a name"),
    "variable that is a truth": ({"variables": {"A": True}}, "variables.A", "between quotes"),
    "variable in a variable": ({"variables": {"A": "{{FOO}}"}}, "variables.A", "no variable"),
    "variables in a list": ({"variables": ["A=b"]}, "variables", "name: value"),
    "user by name": ({"user": "jovyan"}, "user", "whole number"),
    "user that is a truth": ({"user": True}, "user", "whole number"),
    "sudo": ({"sudo": "perhaps"}, "sudo", "yes or no"),
    "port out of range": ({"ports": [65_536]}, "ports[0]", "between 1 and 65535"),
    "port twice": ({"ports": [80, {"number": 80}]}, "ports[1]", "declared twice"),
    "port without number": (
        {"ports": [{"protocol": "http"}]},
        "ports[0].number",
        "number is missing",
    ),
    "port in quotes": ({"ports": ["8888"]}, "ports[0]", "without quotes"),
    "path on an ssh port": (
        {"ports": [{"number": 22, "protocol": "ssh", "ready": "/"}]},
        "ports[0].ready",
        "connect",
    ),
    "ready with a space": ({"ports": [{"number": 80, "ready": "/a b"}]}, "ports[0].ready", "%20"),
    "ready": ({"ports": [{"number": 80, "ready": "soon"}]}, "ports[0].ready", "must answer"),
    "interface of no port": (
        {"interfaces": [{"title": "a", "link": "https://{{HOST['1']}}/"}]},
        "interfaces[0].link",
        "Port 1 is not declared",
    ),
    "interface without port": (
        {"interfaces": [{"title": "a", "link": "/lab"}]},
        "interfaces[0]",
        "to which port",
    ),
    "interface with two ports": (
        {
            "ports": [80],
            "interfaces": [{"title": "a", "port": 80, "link": "https://{{HOST['80']}}/"}],
        },
        "interfaces[0].port",
        "already",
    ),
    "interface without title": (
        {"ports": [80], "interfaces": [{"link": "/"}]},
        "interfaces[0].title",
        "title is missing",
    ),
    "key twice": (
        {"ports": [80], "interfaces": [{"title": "a", "key": "x"}, {"title": "b", "key": "x"}]},
        "interfaces[1]",
        "key x",
    ),
    "key": (
        {"ports": [80], "interfaces": [{"title": "a", "key": "X Y"}]},
        "interfaces[0].key",
        "x-y",
    ),
    "auth": (
        {"ports": [80], "interfaces": [{"title": "a", "auth": "jupiter"}]},
        "interfaces[0].auth",
        "jupyter?",
    ),
    "two auths on a port": (
        {
            "ports": [80],
            "interfaces": [{"title": "a", "auth": "jupyter"}, {"title": "b", "auth": "basic"}],
        },
        "interfaces[1].link",
        "different kinds of auth",
    ),
    "host of an ssh port": (
        {
            "ports": [{"number": 22, "protocol": "ssh"}],
            "interfaces": [{"title": "a", "link": "https://{{HOST['22']}}/"}],
        },
        "interfaces[0].link",
        "for http ports",
    ),
    "url for link": (
        {"ports": [80], "interfaces": [{"title": "a", "url": "/"}]},
        "interfaces[0].url",
        "Did you mean link?",
    ),
    "cpu in quotes": ({"resources": {"cpu": "2"}}, "resources.cpu", "number of CPUs"),
    "no cpu": ({"resources": {"cpu": 0}}, "resources.cpu", "between 0.01 and 1024"),
    "cpu that is none": ({"resources": {"cpu": float("nan")}}, "resources.cpu", "between"),
    "cpu without end": ({"resources": {"cpu": 10**400}}, "resources.cpu", "between"),
    "memory without unit": ({"resources": {"memory": 4}}, "resources.memory", "4 GiB"),
    "memory in half a unit": ({"resources": {"memory": "4G"}}, "resources.memory", "4 GiB"),
    "little memory": ({"resources": {"memory": "1 MB"}}, "resources.memory", "16 MiB"),
    "much memory": ({"resources": {"memory": "999999 TB"}}, "resources.memory", "16 TiB"),
    "pids": ({"resources": {"pids": 1}}, "resources.pids", "between 16 and 100000"),
    "lifetime in resources": (
        {"lifetime": {"memory": "4 GiB"}},
        "lifetime.memory",
        "idle, absolute, warning",
    ),
    "idle of 90": ({"lifetime": {"idle": 90}}, "lifetime.idle", "with its unit"),
    "idle of 1:30": ({"lifetime": {"idle": "1:30"}}, "lifetime.idle", "1 h 30 min"),
    "idle twice": ({"lifetime": {"idle": "5 min 5 min"}}, "lifetime.idle", "with its unit"),
    "idle of no time": ({"lifetime": {"idle": "0 s"}}, "lifetime.idle", "between 10 s"),
    "idle for ever": ({"lifetime": {"idle": "999999999 d"}}, "lifetime.idle", ""),
    "late warning": (
        {"lifetime": {"idle": "5 min", "warning": "5 min"}},
        "lifetime.warning",
        "shorter",
    ),
    "never warned": ({"lifetime": {"warning": "never"}}, "lifetime.warning", "with its unit"),
    "home in etc": ({"homes": {"global": "/etc"}}, "homes.global", "hide what the system needs"),
    "home on the root": ({"homes": {"global": "/"}}, "homes.global", "hide"),
    "home in proc": ({"homes": {"global": "/proc/1/root"}}, "homes.global", "hide"),
    "home of the platform": ({"homes": {"global": "/.mydocker/x"}}, "homes.global", "hide"),
    "relative home": ({"homes": {"global": "home/x"}}, "homes.global", "absolute path"),
    "home through dots": ({"homes": {"global": "/home/../etc"}}, "homes.global", "plain form"),
    "home with two slashes": ({"homes": {"global": "//home/x"}}, "homes.global", "absolute path"),
    "home with a slash after": ({"homes": {"global": "/home/x/"}}, "homes.global", "plain form"),
    "two homes on one path": (
        {"homes": {"global": "/home/x", "environment": "/home/x"}},
        "homes.environment",
        "one path",
    ),
    "unknown home": ({"homes": {"perso": "/home/x"}}, "homes.perso", "environment, global"),
    "network": ({"network": "closed"}, "network", "open, none"),
    "mail": ({"maintainers": ["Hélène Roussel"]}, "maintainers[0]", "not a mail address"),
    "tags on one line": ({"tags": "a, b"}, "tags", "Here comes a list"),
    "tag that is a list": ({"tags": [["a"]]}, "tags[0]", "Here comes a text"),
    "many tags": ({"tags": ["a"] * 201}, "tags", "200 items"),
    "join code": ({"join_code": "é"}, "join_code", "4 to 64 letters"),
    "short join code": ({"join_code": "abc"}, "join_code", "4 to 64 letters"),
    "access": ({"access": "everyone"}, "access", "anyone"),
    "spares as a number": ({"spares": 3}, "spares", "named values"),
    "wanted at the root": ({"wanted": 3}, "wanted", "belongs under spares"),
    "spares in quotes": ({"spares": {"wanted": "3"}}, "spares.wanted", "without quotes"),
    "fewer than none": ({"spares": {"wanted": -1}}, "spares.wanted", "between 0 and 500"),
    "learnt": ({"spares": {"learnt": 3}}, "spares.learnt", "yes or no"),
    "mode": ({"spares": {"mode": "runing"}}, "spares.mode", "Did you mean running?"),
    "max for most": ({"spares": {"max": 3}}, "spares.max", "Did you mean most?"),
    "schedule of one line": ({"spares": {"schedule": LINE}}, "spares.schedule", "a list"),
    "line that is a text": (
        {"spares": {"schedule": ["mon"]}},
        "spares.schedule[0]",
        "named values",
    ),
    **{
        f"line: {name}": (
            {
                "spares": {
                    "schedule": [{key: each for key, each in (LINE | entries).items() if each}]
                }
            },
            f"spares.schedule[0].{place}",
            words,
        )
        for name, entries, place, words in (
            ("without days", {"days": None}, "days", "days is missing"),
            ("without from", {"from": None}, "from", "from is missing. Say from when"),
            ("without to", {"to": None}, "to", "to is missing"),
            ("without spares", {"spares": None}, "spares", "spares is missing"),
            ("in French", {"days": "lun"}, "days", "a range such as mon-fri"),
            ("range of three", {"days": "mon-wed-fri"}, "days", "mon-wed-fri is no day"),
            ("half a range", {"days": "mon-"}, "days", "mon- is no day"),
            ("days by number", {"days": [1, "mon"]}, "days[0]", "1 is no day"),
            ("days that are none", {"days": True}, "days", "a text"),
            ("from as a number", {"from": 8}, "from", "'08:00'"),
            ("from without minutes", {"from": "8h"}, "from", "time of the day"),
            ("to at 25", {"to": "25:00"}, "to", "'24:00' is the end"),
            ("to after the end", {"to": "24:01"}, "to", "time of the day"),
            ("from the end", {"from": "24:00"}, "from", "No day begins"),
            ("no time", {"from": "18:00"}, "to", "from 00:00 to 24:00"),
            ("unknown zone", {"zone": "Europe/Pari"}, "zone", "Did you mean Europe/Paris?"),
            ("zone in small letters", {"zone": "europe/paris"}, "zone", "mean Europe/Paris?"),
            ("zone of nowhere", {"zone": "../../etc"}, "zone", "IANA name"),
            ("offset", {"zone": "+01:00"}, "zone", "no time zone +01:00"),
            ("folder of zones", {"zone": "Europe"}, "zone", "no time zone Europe."),
            ("tz", {"tz": "UTC"}, "tz", "Did you mean zone?"),
        )
    },
    "no day": (
        {"spares": {"schedule": [LINE | {"days": []}]}},
        "spares.schedule[0].days",
        "No day is listed",
    ),
    "one session": ({"sessions": SESSION}, "sessions", "a list"),
    **{
        f"session: {name}": (
            {"sessions": [{key: each for key, each in (SESSION | entries).items() if each}]},
            f"sessions[0].{place}",
            words,
        )
        for name, entries, place, words in (
            ("without start", {"start": None}, "start", "start is missing"),
            ("without end", {"end": None}, "end", "end is missing"),
            ("without students", {"students": None}, "students", "students is missing"),
            ("backwards", {"end": "2026-11-23T08:30"}, "end", "ends after it starts"),
            ("for ever", {"end": "2027-11-23T08:30"}, "end", "7 days"),
            ("in no month", {"start": "2026-13-23T08:30"}, "start", "date with a time"),
            ("on no day", {"start": "2026-02-30T08:30"}, "start", "date with a time"),
            ("at no hour", {"end": "2026-11-23T25:30"}, "end", "date with a time"),
            ("with an offset", {"start": "2026-11-23T08:30+01:00"}, "start", "its own key"),
            ("of old", {"start": "0001-01-01T00:00"}, "start", "date with a time"),
            ("on a day", {"start": "2026-11-23"}, "start", "2026-11-23T08:30"),
            ("some students", {"students": "many"}, "students", "whole number"),
            ("lead of 20", {"lead": 20}, "lead", "with its unit"),
            ("unknown zone", {"zone": "Paris"}, "zone", "no time zone Paris"),
        )
    },
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_a_mistake_is_told_where_it_is_and_how_to_mend_it(case: tuple[Tree, str, str]) -> None:
    entries, place, words = case
    found_place, said = one_mistake(**entries)
    assert found_place == place
    assert words in said


@pytest.mark.parametrize("tree", [None, [], "title: x", 3, True])
def test_something_else_than_named_values_is_refused(tree: object) -> None:
    assert "Here come named values" in mistakes(tree)[""]


@pytest.mark.parametrize("key", ["title", "image", "user", "tags", "ports", "status", "resources"])
def test_a_number_without_end_is_refused(key: str) -> None:
    assert mistakes(tree(**{key: 10**5_000}))
    assert mistakes(tree(**{key: [10**5_000, {10**5_000: 10**5_000}]}))


def test_there_is_an_end_to_mistakes() -> None:
    with pytest.raises(Mistakes) as caught:
        read_environment({f"key{number}": number for number in range(100_000)})
    assert len(caught.value.mistakes) == MOST_MISTAKES


@pytest.mark.parametrize("word", ["yes", "on", "True", True])
def test_yes_is_written_in_many_ways(word: object) -> None:
    assert read_environment(tree(sudo=word)).sudo is True


def test_whole_numbers_are_texts_where_texts_are_wanted() -> None:
    environment = read_environment(tree(courses=[101], variables={"OMP_NUM_THREADS": 2}))
    assert environment.courses == ("101",)
    assert environment.variables == {"OMP_NUM_THREADS": "2"}


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
