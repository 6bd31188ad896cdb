"""Recipes: how the software of an image is described, before anybody builds it.

Everything here is rules: what a teacher typed becomes values or mistakes, values become a
Dockerfile, a Dockerfile becomes steps and findings, the log of a build that failed becomes a
sentence. Nothing is fetched, run or looked up.

- A list of packages: `packages.py` reads it (`grammar.py`, `pasted.py`, `slips.py`),
  `rendering.py` makes a Dockerfile of it.
- Any Dockerfile: `parsing.py` cuts it, `dockerfile.py` names its steps, `judging.py` its faults,
  `preparing.py` writes it as the builder is given it.
- The files beside it: `files.py`. A Git repository's address: `repositories.py`.
- A failed build: `explaining.py`, with its tables in `causes_of_*.py`.
- The four kinds of recipe: `values.py`, from and to plain trees in `reading.py` and `writing.py`.
"""

from mydocker.domain.recipes.causes import Explanation
from mydocker.domain.recipes.dockerfile import Step, Title, base_of, steps
from mydocker.domain.recipes.explaining import explain
from mydocker.domain.recipes.files import (
    MOST_BYTES,
    MOST_BYTES_OF_FILE,
    MOST_FILES,
    collisions,
    fault_of_name,
    faults_of_files,
)
from mydocker.domain.recipes.grammar import Manager, Package
from mydocker.domain.recipes.judging import Finding, Severity, faults
from mydocker.domain.recipes.packages import MOST_PACKAGES, read_packages, word_of, words_of
from mydocker.domain.recipes.preparing import Prepared, prelude, prepare, reaches_out
from mydocker.domain.recipes.reading import read_recipe
from mydocker.domain.recipes.rendering import render
from mydocker.domain.recipes.repositories import fault_of_ref, fault_of_url
from mydocker.domain.recipes.values import (
    Dockerfile,
    ExistingImage,
    GitRepository,
    Kind,
    PackageList,
    Recipe,
    kind_of,
)
from mydocker.domain.recipes.writing import write_recipe

__all__ = [
    "MOST_BYTES",
    "MOST_BYTES_OF_FILE",
    "MOST_FILES",
    "MOST_PACKAGES",
    "Dockerfile",
    "ExistingImage",
    "Explanation",
    "Finding",
    "GitRepository",
    "Kind",
    "Manager",
    "Package",
    "PackageList",
    "Prepared",
    "Recipe",
    "Severity",
    "Step",
    "Title",
    "base_of",
    "collisions",
    "explain",
    "fault_of_name",
    "fault_of_ref",
    "fault_of_url",
    "faults",
    "faults_of_files",
    "kind_of",
    "prelude",
    "prepare",
    "reaches_out",
    "read_packages",
    "read_recipe",
    "render",
    "steps",
    "word_of",
    "words_of",
    "write_recipe",
]
