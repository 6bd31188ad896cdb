"""From a plain tree, as YAML or JSON give it, to a recipe; all mistakes at once.

    kind: packages
    base: mydocker/jupyterlab-python
    packages:
      apt: [graphviz]
      pip: [numpy==2.4, "jax[cpu]"]

The other kinds: `dockerfile` with `text`; `git` with `url`, `ref`, `subfolder`; `image` with
`image`. The packages of a manager may also be one text, as a teacher types it.
"""

from collections.abc import Callable, Mapping

from mydocker.domain.environments import fields
from mydocker.domain.environments.fields import Place
from mydocker.domain.environments.mistakes import Mistake, Mistakes
from mydocker.domain.image_names import fault_of_image
from mydocker.domain.recipes.files import fault_of_name
from mydocker.domain.recipes.packages import (
    LONGEST_TEXT,
    MOST_PACKAGES,
    Manager,
    Package,
    read_packages,
)
from mydocker.domain.recipes.parsing import LONGEST
from mydocker.domain.recipes.repositories import LONGEST_URL, fault_of_ref, fault_of_url
from mydocker.domain.recipes.values import (
    Dockerfile,
    ExistingImage,
    GitRepository,
    Kind,
    PackageList,
    Recipe,
)
from mydocker.domain.templates import Fault
from mydocker.domain.words import gettext_noop as _

_KEYS: Mapping[Kind, tuple[str, ...]] = {
    Kind.PACKAGES: ("kind", "base", "packages"),
    Kind.DOCKERFILE: ("kind", "text"),
    Kind.GIT: ("kind", "url", "ref", "subfolder"),
    Kind.IMAGE: ("kind", "image"),
}
_MANAGERS = tuple(manager.value for manager in Manager)
_UNDER_PACKAGES = dict.fromkeys(_MANAGERS, "packages")


def read_recipe(tree: object) -> Recipe:
    """Return the recipe that `tree` describes. Raises `Mistakes`, with all of them."""
    root = Place(tree)
    recipe = _recipe(root)
    if root.found or recipe is None:
        raise Mistakes(root.found)
    return recipe


def _recipe(root: Place) -> Recipe | None:
    if not isinstance(root.value, dict):
        fields.named(root, (), {})
        return None
    if root.value.get("kind") is None:
        root.lacks("kind", _("Say what the recipe is: packages, dockerfile, git or image."))
        return None
    kind = fields.choice(root.at("kind", root.value["kind"]), Kind)
    if kind is None:
        return None
    elsewhere = _UNDER_PACKAGES if kind is Kind.PACKAGES else {}
    entries = fields.named(root, _KEYS[kind], elsewhere)
    return _READERS[kind](root, entries)


def _package_list(root: Place, entries: dict[str, Place]) -> PackageList:
    base = _image(root, entries, "base", _("Name the image that the packages are installed on."))
    return PackageList(base, _packages(entries["packages"]) if "packages" in entries else {})


def _packages(place: Place) -> dict[Manager, tuple[Package, ...]]:
    listed = {
        Manager(key): _packages_of(Manager(key), entry)
        for key, entry in fields.named(place, _MANAGERS, {}).items()
    }
    return {manager: packages for manager, packages in listed.items() if packages}


def _packages_of(manager: Manager, place: Place) -> tuple[Package, ...]:
    if isinstance(place.value, str):
        text = fields.text(place, LONGEST_TEXT, lines=True)
        return _told(manager, text or "", place, lambda mistake: place)
    items = list(fields.items(place, MOST_PACKAGES))
    lines = [fields.text(item, LONGEST_TEXT) or "" for item in items]
    return _told(
        manager,
        # A backslash would join an entry with the next.
        "\n".join(line.rstrip("\\") for line in lines),
        place,
        lambda mistake: items[int(mistake.path[1]) - 1] if mistake.path else place,
    )


def _told(
    manager: Manager, text: str, place: Place, where: Callable[[Mistake], Place]
) -> tuple[Package, ...]:
    try:
        return read_packages(manager, text)
    except Mistakes as all_of_them:
        for mistake in all_of_them.mistakes:
            where(mistake).wrong(mistake.message, mistake.hint, **mistake.facts)
        return ()


def _dockerfile(root: Place, entries: dict[str, Place]) -> Dockerfile:
    text = fields.text(entries["text"], LONGEST, lines=True) if "text" in entries else ""
    if not text and root.is_sound("text"):
        root.lacks("text", _("Write the Dockerfile; its first line is FROM and an image."))
    return Dockerfile(f"{text}\n")


def _repository(root: Place, entries: dict[str, Place]) -> GitRepository:
    url = fields.text(entries["url"], LONGEST_URL) if "url" in entries else ""
    if url:
        _tell(entries["url"], fault_of_url(url))
    elif root.is_sound("url"):
        root.lacks("url", _("Write the repository's address, such as https://host/group/name."))
    ref = fields.text(entries["ref"], LONGEST_URL) if "ref" in entries else ""
    if ref:
        _tell(entries["ref"], fault_of_ref(ref))
    folder = fields.text(entries["subfolder"], LONGEST_URL) if "subfolder" in entries else ""
    folder = (folder or "").rstrip("/") or folder or ""
    if folder:
        _tell(entries["subfolder"], fault_of_name(folder))
    return GitRepository(url or "", ref or "", folder)


def _existing_image(root: Place, entries: dict[str, Place]) -> ExistingImage:
    return ExistingImage(_image(root, entries, "image", _("Name an image of a registry.")))


def _image(root: Place, entries: dict[str, Place], key: str, hint: str) -> str:
    image = fields.text(entries[key], 1_000) if key in entries else ""
    if image:
        _tell(entries[key], fault_of_image(image))
    elif root.is_sound(key):
        root.lacks(key, hint)
    return image or ""


def _tell(place: Place, fault: Fault | None) -> None:
    if fault:
        place.wrong(fault.message, fault.hint, **fault.facts)


_READERS: Mapping[Kind, Callable[[Place, dict[str, Place]], Recipe]] = {
    Kind.PACKAGES: _package_list,
    Kind.DOCKERFILE: _dockerfile,
    Kind.GIT: _repository,
    Kind.IMAGE: _existing_image,
}
