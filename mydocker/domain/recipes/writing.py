"""From a recipe to a plain tree, which `read_recipe` turns into the same again."""

from mydocker.domain.recipes.grammar import word_of
from mydocker.domain.recipes.values import (
    Dockerfile,
    ExistingImage,
    GitRepository,
    PackageList,
    Recipe,
    kind_of,
)

Tree = dict[str, object]


def write_recipe(recipe: Recipe) -> Tree:
    """Return the tree of a recipe: `kind`, and what the kind has; what is empty is left out."""
    return {"kind": kind_of(recipe).value} | {
        key: value for key, value in _parts(recipe).items() if value
    }


def _parts(recipe: Recipe) -> Tree:
    match recipe:
        case PackageList(base, packages):
            words = {
                manager.value: [word_of(manager, package) for package in listed]
                for manager, listed in packages.items()
                if listed
            }
            return {"base": base, "packages": words}
        case Dockerfile(text):
            return {"text": text}
        case GitRepository(url, ref, subfolder):
            return {"url": url, "ref": ref, "subfolder": subfolder}
        case ExistingImage(reference):
            return {"image": reference}
