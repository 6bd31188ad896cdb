"""A claimed zygote beside a cold start of the same image on the same home: who can tell them apart?

Docs: docs/decisions/0017-zygotes.md.
"""

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from pprint import pformat
from typing import Any

import pytest

from tests.inside.containers import (
    AT_HOME,
    NOTEBOOK,
    PATIENCE_SECONDS,
    SIGNED_AT_HOME,
    USED,
    WITH_EXTENSION,
    WITH_WRITES,
    WORDS,
    Place,
    Yard,
    docker,
    empty_home,
    make_home,
    own,
    yard,
)
from tests.inside.probe import look_at

pytestmark = pytest.mark.engine

THEIRS = {
    "GIT_AUTHOR_NAME": "Zoé O'Neill",
    "GIT_AUTHOR_EMAIL": "zoe@example.org",
    "LANG": "fr_FR.UTF-8",
    "ODD": "$(touch evil) \"'` a\\n",
}
DIFFERENT = {"server pid", "server command", "mounts of the home"}
"""What differs, as the decision says: how the process was started, and the home's second mount."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    with yard(tmp_path_factory.mktemp("inside")) as made:
        yield made


def compare(cold: dict[str, Any], claimed: dict[str, Any]) -> None:
    assert len(cold) > 40
    assert cold.keys() == claimed.keys()
    told = [
        line
        for name in cold.keys() - DIFFERENT
        for line in unified_diff(
            pformat(cold[name]).splitlines(), pformat(claimed[name]).splitlines(), name, n=0
        )
    ]
    assert not told, "\n".join(told)


@dataclass(frozen=True)
class Pair:
    """Everything seen of a cold start and of a claimed zygote, and the latter."""

    cold: dict[str, Any]
    claimed: dict[str, Any]
    place: Place


def both(
    place: Yard, homes: tuple[Path, Path], *words: str, variables: Mapping[str, str] = {}
) -> Pair:
    spare = place.start_ahead(homes[1], *words, variables=variables)
    cold = place.start_cold(homes[0], {**THEIRS, **variables}, *words)
    spare.listens()
    cold.listens()
    spare.claim(THEIRS)

    async def look() -> Pair:
        return Pair(*await asyncio.gather(look_at(cold, NOTEBOOK), look_at(spare, NOTEBOOK)), spare)

    return asyncio.run(look())


def test_a_home_that_was_lived_in_is_the_same(place: Yard, tmp_path: Path) -> None:
    seen = both(place, (make_home(tmp_path / "cold"), make_home(tmp_path / "claimed")))
    compare(seen.cold, seen.claimed)
    claimed = seen.claimed
    assert not seen.place.went_on()
    assert claimed["page"][0] == 200
    assert claimed["page"][1]["X-Theirs"] == "yes"
    assert claimed["hidden file"][0] == 200
    assert "mine" in claimed["kernelspecs"][2]["kernelspecs"]
    assert claimed["kernel user site"][2] == "installed by the person"
    assert claimed["git identity"] == "Zoé O'Neill <zoe@example.org>"
    assert THEIRS.items() <= claimed["kernel environment"].items()
    assert {f"{name}={value}" for name, value in THEIRS.items()} <= set(claimed["terminal"])
    assert {f"{name}={value}" for name, value in THEIRS.items()} <= set(claimed["login shell"])
    assert "Fichier" in str(claimed["language"][2])


@pytest.mark.parametrize("any_image", [False, True], ids=["our image", "any image"])
def test_a_first_home_is_the_same(place: Yard, tmp_path: Path, any_image: bool) -> None:
    homes = empty_home(tmp_path / "cold"), empty_home(tmp_path / "claimed")
    seen = (
        both(place, homes, *SIGNED_AT_HOME, variables=AT_HOME) if any_image else both(place, homes)
    )
    compare(seen.cold, seen.claimed)
    assert seen.place.went_on()
    assert seen.claimed["saved"][0] == 201
    assert seen.claimed["hidden file"][0] == 404


def test_a_home_is_the_same_when_its_person_comes_back(place: Yard, tmp_path: Path) -> None:
    first = make_home(tmp_path / "first", USED)
    once = place.start_cold(first, {**THEIRS, **AT_HOME}, *SIGNED_AT_HOME)
    once.listens()
    asyncio.run(look_at(once, NOTEBOOK))
    docker("stop", once.name)
    homes = tmp_path / "cold", tmp_path / "claimed"
    for home in homes:
        shutil.copytree(first, home, symlinks=True)
        own(home)
    seen = both(place, homes, *SIGNED_AT_HOME, variables=AT_HOME)
    compare(seen.cold, seen.claimed)
    assert seen.place.went_on()
    assert seen.claimed["their theme"][2]["settings"]
    assert "mine" in seen.claimed["kernelspecs"][2]["kernelspecs"]


def test_a_start_that_writes_into_the_home_waits_for_it(place: Yard, tmp_path: Path) -> None:
    homes = empty_home(tmp_path / "cold"), empty_home(tmp_path / "claimed")
    seen = both(place, homes, variables=WITH_WRITES)
    compare(seen.cold, seen.claimed)
    assert not seen.place.went_on()
    assert [(home / "written.txt").read_text() for home in homes] == ["here\n", "here\n"]


def test_one_that_listens_elsewhere_does_so(place: Yard, tmp_path: Path) -> None:
    spare = place.start_ahead(empty_home(tmp_path / "home"), *WORDS, "--ip=127.0.0.1")
    spare.listens()
    spare.claim({})
    look = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8888/api').status)"
    retried = 'until python -c "$0" 2>/dev/null; do :; done'
    assert docker("exec", spare.name, "sh", "-c", retried, look) == "200"
    assert not spare.went_on()


@pytest.mark.parametrize("variables", [{}, WITH_WRITES], ids=["goes on", "begins anew"])
def test_a_claimed_one_that_is_stopped_ends_as_a_cold_one(
    place: Yard, tmp_path: Path, variables: Mapping[str, str]
) -> None:
    spare = place.start_ahead(empty_home(tmp_path / "home"), variables=variables)
    cold = place.start_cold(empty_home(tmp_path / "cold"), variables)
    spare.listens()
    spare.claim({})
    ends = []
    for each in (spare, cold):
        each.listens()
        assert each.get("/api") == 200
        docker("stop", f"--time={PATIENCE_SECONDS}", each.name)
        ends.append(each.state())
    assert ends[0] == ends[1]


def test_packages_of_a_home_go_before_the_images_as_ever(place: Yard, tmp_path: Path) -> None:
    seen = []
    for name in ("cold", "claimed"):
        home = tmp_path / name
        make_home(home, WITH_EXTENSION)
        lax = ("/home/lax/jupyter-lab", *WORDS[2:])
        if name == "cold":
            made = place.start_cold(home, {}, *lax)
            made.listens()
        else:
            made = place.start_ahead(home, *lax)
            made.listens()
            made.claim({})
        assert made.get("/api") == 200
        seen.append(json.loads((home / "path.json").read_text()))
    assert seen[0] == seen[1]
    assert "/home/jovyan/.local/lib/python3.11/site-packages" in seen[0]


def test_a_spare_writes_nothing_and_its_first_request_waits(place: Yard, tmp_path: Path) -> None:
    spare = place.start_ahead(empty_home(tmp_path / "home"))
    spare.listens()
    assert list(spare.slot.iterdir()) == []
    assert docker("exec", spare.name, "find", "/tmp", "-mindepth", "1") == ""
    spare.claim({})
    assert spare.get("/api/contents") == 200


@pytest.mark.parametrize("ring", [b"!", b""], ids=["a byte", "opened and closed"])
def test_a_ring_while_frozen_is_heard_after_the_thaw(
    place: Yard, tmp_path: Path, ring: bytes
) -> None:
    spare = place.start_ahead(empty_home(tmp_path / "home"))
    spare.listens()
    spare.frozen("FROZEN")
    spare.claim({}, ring)
    spare.frozen("THAWED")
    assert spare.get("/api/contents") == 200


def test_a_spare_that_is_stopped_ends_well_and_at_once(place: Yard, tmp_path: Path) -> None:
    spare = place.start_ahead(empty_home(tmp_path / "home"))
    spare.listens()
    docker("stop", f"--time={PATIENCE_SECONDS}", spare.name)
    assert spare.state() == ("exited", 0)


@pytest.mark.parametrize(
    "words",
    [("nothing",), ("sleep", "1"), ("jupyter", "nothing"), ("pip", "list")],
    ids=" ".join,
)
def test_what_cannot_wait_ends_with_its_own_status(
    place: Yard, tmp_path: Path, words: tuple[str, ...]
) -> None:
    spare = place.start_ahead(empty_home(tmp_path / "home"), *words)
    assert docker("wait", spare.name) == "78"


def test_what_only_a_new_interpreter_can_do_starts_cold(place: Yard, tmp_path: Path) -> None:
    spare = place.start_ahead(empty_home(tmp_path / "home"))
    spare.listens()
    spare.claim({"PYTHONHASHSEED": "7"})
    assert spare.get("/api") == 200
    assert not spare.went_on()
    assert "PYTHONHASHSEED=7" in spare.variables()
