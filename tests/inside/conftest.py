"""What the tests of the platform's files inside containers share."""

import importlib.util
from types import ModuleType

import pytest

from tests.inside.places import INSIDE


@pytest.fixture(scope="session")
def zygote() -> ModuleType:
    """The program as a module: it is no part of the package's own code."""
    spec = importlib.util.spec_from_file_location("zygote_under_test", INSIDE / "zygote.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
