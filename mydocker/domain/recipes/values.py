"""The four kinds of recipe. Values only: `reading.py` reads them, `dockerfile.py` renders one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from mydocker.domain.recipes.grammar import Manager, Package


class Kind(StrEnum):
    """How the software of an image is described. The values stand in files and in the API."""

    PACKAGES = "packages"
    """A list of packages on top of a base."""
    DOCKERFILE = "dockerfile"
    """A Dockerfile, with context files beside it."""
    GIT = "git"
    """A Git repository that says itself what it needs."""
    IMAGE = "image"
    """An image of a registry, as it is."""


@dataclass(frozen=True, slots=True)
class PackageList:
    """A base, and what is installed on it."""

    base: str
    """A reference of an image."""
    packages: Mapping[Manager, Sequence[Package]] = field(default_factory=dict)
    """By manager, as typed; managers without packages are left out."""


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A Dockerfile's text, ending with a new line. `judging.py` says what is wrong with it."""

    text: str


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A repository, and where in it to look."""

    url: str
    """https, ssh, git, or `user@host:path`; never with a password or a token."""
    ref: str = ""
    """A branch, a tag or a commit; empty for the default branch."""
    subfolder: str = ""
    """A path from the repository's top; empty for the top."""


@dataclass(frozen=True, slots=True)
class ExistingImage:
    """An image that is taken as it is."""

    reference: str


Recipe = PackageList | Dockerfile | GitRepository | ExistingImage


def kind_of(recipe: Recipe) -> Kind:
    """Return the kind of a recipe."""
    match recipe:
        case PackageList():
            return Kind.PACKAGES
        case Dockerfile():
            return Kind.DOCKERFILE
        case GitRepository():
            return Kind.GIT
        case ExistingImage():
            return Kind.IMAGE
