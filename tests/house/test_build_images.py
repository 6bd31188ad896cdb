"""Images are built again when their recipe changes, and only then."""

import sys
import tarfile
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "build-images"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The script as a module, with a catalogue of its own: base, middle on it, top on that."""
    loader = SourceFileLoader("build_images", str(SCRIPT))
    spec = spec_from_loader("build_images", loader)
    assert spec is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "build_images", module)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delenv("MYDOCKER_BASE_IMAGE", raising=False)
    loader.exec_module(module)
    monkeypatch.setattr(module, "CATALOGUE", tmp_path)
    for name, parent in (("base", ""), ("middle", "base"), ("top", "middle")):
        (tmp_path / name).mkdir()
        first = f"ARG BASE=mydocker/{parent}:latest\n" if parent else "ARG BASE\n"
        (tmp_path / name / "Dockerfile").write_text(f"{first}FROM ${{BASE}}\n")
    return module


def hashes(script: ModuleType) -> dict[str, str]:
    return {recipe.name: recipe.hash for recipe in script.wanted_recipes([])}


def test_a_parent_is_built_before_what_builds_on_it(script: ModuleType) -> None:
    assert [recipe.name for recipe in script.wanted_recipes(["top"])] == ["base", "middle", "top"]


def test_what_lies_beside_the_catalogue_is_built_only_when_named(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = tmp_path / "elsewhere"
    (beside / "guest").mkdir(parents=True)
    (beside / "guest" / "Dockerfile").write_text("ARG BASE=mydocker/middle:latest\n")
    monkeypatch.setattr(script, "BESIDE", beside)
    assert [recipe.name for recipe in script.wanted_recipes([])] == ["base", "middle", "top"]
    assert [each.name for each in script.wanted_recipes(["guest"])] == ["base", "middle", "guest"]


def test_an_unchanged_recipe_keeps_its_hash(script: ModuleType) -> None:
    assert hashes(script) == hashes(script)


def test_a_change_reaches_all_that_builds_on_it(script: ModuleType, tmp_path: Path) -> None:
    before = hashes(script)
    (tmp_path / "middle" / "file").write_text("x")
    after = hashes(script)
    assert before["base"] == after["base"]
    assert before["middle"] != after["middle"]
    assert before["top"] != after["top"]


def test_a_mode_is_part_of_a_recipe(script: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "top" / "file"
    file.write_text("x")
    before = hashes(script)
    file.chmod(0o755)
    assert before["top"] != hashes(script)["top"]


def test_what_is_told_about_an_image_does_not_rebuild_it(
    script: ModuleType, tmp_path: Path
) -> None:
    before = hashes(script)
    (tmp_path / "top" / "environment.yaml").write_text("slug: top\n")
    (tmp_path / "top" / "README.md").write_text("# Top\n")
    assert before == hashes(script)


def test_a_public_base_makes_other_images(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hashes(script)
    monkeypatch.setenv("MYDOCKER_BASE_IMAGE", "debian:bookworm")
    assert not set(before.values()) & set(hashes(script).values())


def test_extra_certificates_lie_in_the_context(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("certificates")
    monkeypatch.setenv("MYDOCKER_EXTRA_CA", str(bundle))
    context = script.context_of(script.wanted_recipes(["top"])[-1])
    with tarfile.open(fileobj=context) as archive:
        assert archive.getnames() == ["Dockerfile", "extra-ca.crt"]


def test_an_unknown_recipe_is_named(script: ModuleType) -> None:
    with pytest.raises(script.Failure, match="nowhere"):
        script.wanted_recipes(["nowhere"])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Step 3/9 : RUN  true", "3/9  RUN true"),
        ("#7 [3/9] RUN true", "3/9  RUN true"),
        ("#7 [software 3/9] RUN true", "3/9  RUN true"),
    ],
)
def test_steps_of_either_builder_are_told(
    script: ModuleType,
    line: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(script, "DATA", tmp_path)
    script.Progress("top").follow([f"\x1b[91m{line}\x1b[0m\n", "noise\n"])
    assert capsys.readouterr().out.strip().endswith(told)
    assert (tmp_path / "log" / "images" / "top.log").read_text() == f"{line}\nnoise\n"
