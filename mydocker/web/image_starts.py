"""What a new image may begin with, and the images that others can be built on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mydocker.domain.builds import State
from mydocker.domain.people import Person
from mydocker.domain.recipes import (
    Dockerfile,
    ExistingImage,
    Manager,
    PackageList,
    Recipe,
    read_packages,
)
from mydocker.domain.words import gettext_noop as _
from mydocker.services import environments, images

OUR_BASE = "mydocker/jupyterlab-python"
MOST_BASES = 30
_DOCKERFILE = f"""\
FROM {OUR_BASE}

# As root: programs of the system.
USER root
RUN apt-get update && \\
    apt-get install -y --no-install-recommends graphviz && \\
    rm -rf /var/lib/apt/lists/*

# As the person who works there: packages of Python.
USER 1000
RUN pip install --no-cache-dir networkx
"""


@dataclass(frozen=True, slots=True)
class Start:
    """One way to begin. `title` and `text` are English msgids."""

    key: str
    title: str
    text: str
    icon: str
    recipe: Recipe


def _packages(**listed: str) -> PackageList:
    found: Mapping[Manager, str] = {Manager(name): text for name, text in listed.items()}
    return PackageList(
        OUR_BASE, {manager: read_packages(manager, text) for manager, text in found.items()}
    )


STARTS: Sequence[Start] = (
    Start(
        "packages", _("A list of packages"),
        _("JupyterLab and Python, and what you add to it. You write names; we do the rest."),
        "list", PackageList(OUR_BASE),
    ),
    Start(
        "science", _("Python for science"),
        _("JupyterLab with SymPy, scikit-learn, NetworkX and Graphviz, to change as you like."),
        "notebook", _packages(apt="graphviz", pip="sympy scikit-learn networkx graphviz"),
    ),
    Start(
        "compiled", _("C and C++"),
        _("JupyterLab with compilers, debugger and CMake in its terminal."),
        "terminal", _packages(apt="g++ gdb make cmake valgrind"),
    ),
    Start(
        "dockerfile", _("A Dockerfile"),
        _("You write every step yourself, with files beside it. For those who know how."),
        "code", Dockerfile(_DOCKERFILE),
    ),
    Start(
        "image", _("An image that exists"),
        _("An image of a registry, taken as it is: you give its name."),
        "box", ExistingImage(OUR_BASE),
    ),
)  # fmt: skip


def start_of(key: str) -> Recipe:
    """The recipe that a way begins with; the first for one that is not known."""
    return next((start.recipe for start in STARTS if start.key == key), STARTS[0].recipe)


def known_bases(person: Person) -> Sequence[str]:
    """Images to build on, as suggestions: ours, those of environments and images at hand."""
    used = (each.definition.image for each in environments.editable(person))
    built = (
        line.latest.reference
        for line in images.visible(person, limit=MOST_BASES)
        if line.latest and line.latest.state is State.DONE
    )
    return list(dict.fromkeys(name for name in (OUR_BASE, *used, *built) if name))[:MOST_BASES]
