"""The import contracts hold: each is tried with an import that it must not let through."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SEEDS = {
    "layers": ("domain/runs.py", "import mydocker.store.ids"),
    "outside": ("testing/fake_driver.py", "import mydocker.store.ids"),
    "strangers": ("adapters/jupyter/__init__.py", "import mydocker.adapters.haproxy"),
    "wishes": ("services/workspaces.py", "import mydocker.ports.gateway"),
    "models": ("services/workspaces.py", "import mydocker.store.models"),
    "agent": ("agent/homes.py", "import mydocker.ports.nodes"),
    "agent-alone": ("loops/warden.py", "import mydocker.agent.verbs"),
    "pure": ("domain/runs.py", "import asyncio"),
    "small": ("agent/homes.py", "import django"),
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the rooms and their contracts, to be spoilt."""
    shutil.copytree(
        ROOT / "mydocker",
        tmp_path / "mydocker",
        ignore=shutil.ignore_patterns("__pycache__", "static", "templates", "locale"),
    )
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def broken_contracts(house: Path, contract: str) -> str:
    """What the linter says about one contract; empty if it is kept."""
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--contract", contract],
        cwd=house,
        env={**os.environ, "PYTHONPATH": f"{house}:{house}/scripts"},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr if result.returncode else ""


@pytest.mark.parametrize("contract", SEEDS)
def test_a_forbidden_import_breaks_its_contract(house: Path, contract: str) -> None:
    file, seed = SEEDS[contract]
    with (house / "mydocker" / file).open("a") as module:
        module.write(f"\n{seed}\n")
    said = broken_contracts(house, contract)
    assert "1 broken" in said
    assert seed.removeprefix("import ") in said


def test_a_room_without_a_place_breaks_the_layers(house: Path) -> None:
    (house / "mydocker" / "attic").mkdir()
    (house / "mydocker" / "attic" / "__init__.py").touch()
    assert "mydocker.attic" in broken_contracts(house, "layers")


@pytest.mark.parametrize(
    ("file", "line", "allowed"),
    [
        ("services/people.py", "from django.db import models", False),
        ("api/v1.py", "import django.db.transaction", False),
        ("store/people.py", "from django.db import models", True),
        ("web/urls.py", "from django.contrib import admin", False),
        ("web/forms.py", "from django.forms import ModelForm", False),
        ("web/forms.py", "from django.forms import Form", True),
    ],
)
def test_only_the_store_sees_the_database(file: str, line: str, *, allowed: bool) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    result = subprocess.run(
        [ruff, "check", "--select=TID251", f"--stdin-filename={ROOT}/mydocker/{file}", "-"],
        input=f"{line}\n",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode == 0) is allowed, result.stdout
