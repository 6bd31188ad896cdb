"""What the tests of the platform's files inside containers share."""

import importlib.util
from types import ModuleType

import pytest

from tests.inside.places import INSIDE


@pytest.fixture(scope="session")
def zygote() -> ModuleType:
    """The program as a module: it is no part of the package's own code."""
    return load("zygote")


@pytest.fixture(scope="session")
def stage() -> ModuleType:
    """`rehearsal.py`, in the same way."""
    return load("rehearsal")


@pytest.fixture(scope="session")
def imports() -> ModuleType:
    """`imports.py`, in the same way."""
    return load("imports")


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_under_test", INSIDE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
