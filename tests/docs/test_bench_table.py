"""The table of measurements in the documentation."""

import importlib.util
import json
from datetime import UTC, datetime
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.docs.tutorials import ROOT

RESULT: dict[str, Any] = {
    "name": "start.tiny",
    "unit": "ms",
    "ours": 452.31,
    "baseline": 411.0,
    "spread": [38.2, 49.05],
    "n": 15,
    "goal": {"of": "difference", "max": 60},
    "holds": True,
}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """scripts/bench-table as a module."""
    loader = SourceFileLoader("bench_table", str(ROOT / "scripts" / "bench-table"))
    spec = importlib.util.spec_from_loader("bench_table", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture
def pages(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the script writes its pages into."""
    monkeypatch.setattr(script, "ROOT", tmp_path)
    for name in ("PAGE", "PEERS_PAGE"):
        monkeypatch.setattr(script, name, tmp_path / name)
    return tmp_path


def test_a_measurement_is_a_row(script: ModuleType) -> None:
    text = script.table([RESULT], datetime(2026, 11, 3, tzinfo=UTC))
    assert "Measured on 3 November 2026." in text
    row = "| `start.tiny` | 452 ms | 411 ms | 38.2 – 49 ms | 15 | difference ≤ 60 ms | yes |"
    assert row in text.splitlines()


def test_what_is_not_measured_stays_empty_and_a_ratio_has_no_unit(script: ModuleType) -> None:
    result = RESULT | {
        "baseline": None, "spread": None, "goal": {"of": "ratio", "min": 0.85}, "holds": False,
    }  # fmt: skip
    cells = script.row(result)
    assert cells[2:4] == ("", "")
    assert cells[5:] == ("ratio ≥ 0.85", "**no**")


def test_what_is_beside_jupyterhub_has_a_page_of_its_own(script: ModuleType, pages: Path) -> None:
    results = [RESULT, RESULT | {"name": "peers.start"}, RESULT | {"name": "claim.vs_jupyterhub"}]
    (pages / "bench.json").write_text(json.dumps(results))
    assert script.main([str(pages / "bench.json")]) == 0
    assert "| JupyterHub |" in (pages / "PEERS_PAGE").read_text()
    assert "`claim.vs_jupyterhub`" in (pages / "PEERS_PAGE").read_text()
    assert "peers.start" not in (pages / "PAGE").read_text()


def test_a_page_stays_where_nothing_of_it_was_measured(script: ModuleType, pages: Path) -> None:
    (pages / "PEERS_PAGE").write_text("as before")
    (pages / "bench.json").write_text(json.dumps([RESULT]))
    assert script.main([str(pages / "bench.json")]) == 0
    assert (pages / "PEERS_PAGE").read_text() == "as before"


def test_without_measurements_it_says_how_to_get_them(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main(["/nowhere/bench.json"]) == 1
    assert "make bench" in capsys.readouterr().err
