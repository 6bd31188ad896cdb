"""What is imported ahead, without a container and without Jupyter."""

from pathlib import Path
from types import ModuleType

import pytest


@pytest.mark.parametrize("text", ["", "print('hello')", "from __future__ import annotations\n"])
def test_a_script_that_calls_no_module_is_no_application(
    imports: ModuleType, tmp_path: Path, text: str
) -> None:
    (tmp_path / "start").write_text(text)
    with pytest.raises(ImportError, match="no application"):
        imports.script_imports(str(tmp_path / "start"))


def test_unusable_configuration_enables_nothing(imports: ModuleType, tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"ServerApp": []}', '{"ServerApp": {"jpserver_extensions": 1}}'):
        (tmp_path / "a.json").write_text(text)
        assert imports.extensions_in(tmp_path / "a.json") == []
    assert imports.extensions_in(tmp_path / "missing.json") == []
