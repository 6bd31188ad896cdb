"""A claimed zygote beside a cold start of the same image on the same home: who can tell them apart?

Docs: docs/decisions/0017-zygotes.md.
"""

import asyncio
import json
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from pprint import pformat
from typing import Any

import pytest

from tests.inside.containers import (
    NOTEBOOK,
    PATIENCE_SECONDS,
    WORDS,
    Yard,
    docker,
    empty_home,
    make_home,
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


def both(place: Yard, homes: tuple[Path, Path]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Everything seen of a cold start and of a claimed zygote."""
    spare = place.start_ahead(homes[1])
    cold = place.start_cold(homes[0], THEIRS)
    spare.listens()
    cold.listens()
    spare.claim(THEIRS)

    async def look() -> tuple[dict[str, Any], dict[str, Any]]:
        return await asyncio.gather(look_at(cold, NOTEBOOK), look_at(spare, NOTEBOOK))

    return asyncio.run(look())


def test_a_home_that_was_lived_in_is_the_same(place: Yard, tmp_path: Path) -> None:
    cold, claimed = both(place, (make_home(tmp_path / "cold"), make_home(tmp_path / "claimed")))
    compare(cold, claimed)
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


def test_a_first_home_is_the_same(place: Yard, tmp_path: Path) -> None:
    cold, claimed = both(place, (empty_home(tmp_path / "cold"), empty_home(tmp_path / "claimed")))
    compare(cold, claimed)
    assert claimed["saved"][0] == 201
    assert claimed["hidden file"][0] == 404


def test_packages_of_a_home_go_before_the_images_as_ever(place: Yard, tmp_path: Path) -> None:
    seen = []
    for name in ("cold", "claimed"):
        home = tmp_path / name
        make_home(home, with_extension=True)
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
    spare.listens()
    assert spare.get("/api") == 200
    assert "zygote" not in docker("top", spare.name)
