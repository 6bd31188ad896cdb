"""What is wrong in an environment is told all at once, where it is, and how to mend it."""

from collections.abc import Mapping

import pytest

from mydocker.domain.environments import (
    Mistakes,
    Text,
    read_environment,
)
from mydocker.domain.environments.fields import MOST_MISTAKES
from mydocker.domain.environments.words import slug_of
from tests.domain.test_environments import LINE, SESSION, Tree, mistakes, one_mistake, tree


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
    "network": ({"network": "closed"}, "network", "open, once-claimed, none"),
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
