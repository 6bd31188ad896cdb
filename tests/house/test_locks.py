"""Locks say exactly what is installed, and nothing of the machine that wrote them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTS = sorted(
    path
    for folder in ("requirements", "catalogue", "bench/peers")
    for path in (ROOT / folder).rglob("*.in")
)
NPM = [ROOT / "package-lock.json", ROOT / "bench" / "peers" / "package-lock.json"]


def names_asked_for(wanted: Path) -> set[str]:
    lines = (line.split("#")[0].strip() for line in wanted.read_text().splitlines())
    names = (re.match(r"[A-Za-z0-9_.-]+", line) for line in lines if not line.startswith("-"))
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}


@pytest.mark.parametrize("wanted", LISTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_package_asked_for_is_locked_with_hashes(wanted: Path) -> None:
    locked = re.sub(r"\\\n", "", wanted.with_suffix(".txt").read_text())
    entries = [line for line in locked.splitlines() if re.match(r"[a-z0-9]", line)]
    assert {entry.split("==")[0].split("[")[0] for entry in entries} >= names_asked_for(wanted)
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", [*(each.with_suffix(".txt") for each in LISTS), *NPM], ids=str)
def test_a_lock_names_neither_a_registry_nor_a_path(lock: Path) -> None:
    text = re.sub(r'"funding": (\{[^}]*\}|\[[^\]]*\])', "", lock.read_text())
    assert re.findall(r".*(?:://|--index|--find-links|file:|\s/[a-z]).*", text) == []


@pytest.mark.parametrize("lock", sorted(ROOT.glob("catalogue/*/requirements.txt")), ids=str)
def test_no_application_parses_a_grammar_while_it_starts(lock: Path) -> None:
    """`rfc3987-syntax` does when it is imported, which costs 1.4 s of CPU."""
    assert "rfc3987-syntax==" not in lock.read_text()


def test_versions_of_the_service_are_those_that_are_tested() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / name).read_text()
        return set(re.findall(r"^[a-z0-9].*?==\S+", text, re.MULTILINE))

    assert pins("base.txt") <= pins("dev.txt")
