"""The Dockerfile of a list of packages.

One step for each manager, those that change most rarely first, so that a change makes the least
anew: apt, conda, CRAN, npm, pip. The text depends on the recipe alone, not on the order in which
packages were typed. It needs nothing that the classic builder lacks.

What a base may bring or not: R and npm are installed with apt where they are missing; pip and
micromamba (or mamba, or conda) are the base's. Where packages come from is never written: it is
the base's setting, or one of the build arguments `PIP_INDEX_URL`, `NPM_CONFIG_REGISTRY`, `CRAN`.
"""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from mydocker.domain.image_names import fault_of_image
from mydocker.domain.recipes.grammar import Manager, Package, understand, word_of
from mydocker.domain.recipes.packages import in_order, words_of
from mydocker.domain.recipes.values import PackageList

ORDER = (Manager.APT, Manager.CONDA, Manager.CRAN, Manager.NPM, Manager.PIP)
"""The order of the steps."""
FILES = "/data"
"""Where people find the files of an image that is a list of packages."""

_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}|[0-9]{1,10}(?::[0-9]{1,10})?")
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_APT = "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends"
_APT_CACHES = "rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin"


def render(recipe: PackageList, *, user: str = "1000", files: str = "") -> str:
    """Return the text of the Dockerfile for a list of packages.

    Steps run as root; the image ends as `user` (a name, a number, or `uid:gid`), which is the one
    that the base ended as. `files` names a folder of the context whose files people find in
    `FILES`; empty for none. Raises ValueError for what `read_recipe` would not have let through,
    and for a `user` or a folder that is none.
    """
    _check(recipe, user, files)
    parts = [f"FROM {recipe.base}", "USER root"]
    for manager in ORDER:
        packages = in_order(manager, recipe.packages.get(manager, ()))
        if packages:
            parts.append(_STEPS[manager](packages))
    if files:
        parts.append(f'# Files\nCOPY ["{files}/", "{FILES}/"]')
    return "\n\n".join([*parts, f"USER {user}"]) + "\n"


def _check(recipe: PackageList, user: str, files: str) -> None:
    if fault_of_image(recipe.base):
        raise ValueError(f"not an image: {recipe.base!r}")
    if not _USER.fullmatch(user):
        raise ValueError(f"not a user: {user!r}")
    if files and not _FOLDER.fullmatch(files):
        raise ValueError(f"not a folder of the context: {files!r}")
    for manager, packages in recipe.packages.items():
        for package in packages:
            if understand(manager, word_of(manager, package)) != package:
                raise ValueError(f"not a package of {manager.value}: {package!r}")


def _apt(packages: Sequence[Package]) -> str:
    return "\n".join(
        [
            "# System packages (apt)",
            *_run("apt-get update", _listed(_APT, Manager.APT, packages), _APT_CACHES),
        ]
    )


def _conda(packages: Sequence[Package]) -> str:
    finding = (
        'installer="$(command -v micromamba || command -v mamba || command -v conda)" || \\\n'
        "    { echo 'This base has neither micromamba nor conda.' >&2; exit 1; }"
    )
    command = '"$installer" install --yes --name base --channel conda-forge'
    return "\n".join(
        [
            "# Conda packages",
            *_run(
                finding,
                _listed(command, Manager.CONDA, packages),
                '"$installer" clean --all --yes',
            ),
        ]
    )


def _cran(packages: Sequence[Package]) -> str:
    newest = [package.name for package in packages if not package.version]
    lines = [
        'mirror <- Sys.getenv("CRAN")',
        "if (nzchar(mirror)) options(repos = c(CRAN = mirror))",
        *_newest(newest),
        *_versions([package for package in packages if package.version]),
        f"wanted <- c({_strings([package.name for package in packages])})",
        "missing <- setdiff(wanted, rownames(installed.packages()))",
        'if (length(missing)) stop("not installed: ", paste(missing, collapse = ", "))',
    ]
    program = "; \\\n        ".join(lines)
    return "\n".join(
        [
            "# R packages (CRAN)",
            "ARG CRAN",
            *_run(_brought("Rscript", "r-base-dev"), f"Rscript -e '\\\n        {program}'"),
        ]
    )


def _newest(names: Sequence[str]) -> list[str]:
    return [f"install.packages(c({_strings(names)}))"] if names else []


def _versions(packages: Sequence[Package]) -> list[str]:
    if not packages:
        return []
    # remotes is what installs a version that is not the newest.
    needed = 'if (!requireNamespace("remotes", quietly = TRUE)) install.packages("remotes")'
    return [needed] + [
        f"remotes::install_version({_strings([package.name])}, "
        f'version = {_strings([package.version])}, upgrade = "never")'
        for package in packages
    ]


def _strings(words: Sequence[str]) -> str:
    # Names and versions of CRAN hold no sign that could end a text of R or a word of a shell.
    return ", ".join(f'"{word}"' for word in words)


def _npm(packages: Sequence[Package]) -> str:
    command = "npm install --global --no-audit --no-fund --cache /tmp/npm"
    return "\n".join(
        [
            "# Node.js packages (npm)",
            "ARG NPM_CONFIG_REGISTRY",
            *_run(
                _brought("npm", "npm"),
                _listed(command, Manager.NPM, packages),
                "rm -rf /tmp/npm",
            ),
        ]
    )


def _pip(packages: Sequence[Package]) -> str:
    # Debian's own Python refuses without the variable (PEP 668); an image is nobody's system.
    command = (
        "PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install "
        "--no-cache-dir --disable-pip-version-check"
    )
    return "\n".join(
        [
            "# Python packages (pip)",
            "ARG PIP_INDEX_URL",
            *_run(_listed(command, Manager.PIP, packages)),
        ]
    )


def _brought(program: str, package: str) -> str:
    """Return a command that installs a program where the base lacks it."""
    return (
        f"if ! command -v {program} >/dev/null; then \\\n"
        f"        apt-get update && \\\n        {_APT} {package} && \\\n"
        f"        {_APT_CACHES}; \\\n    fi"
    )


def _listed(command: str, manager: Manager, packages: Sequence[Package]) -> str:
    words = (shlex.quote(word) for word in words_of(manager, packages))
    return " \\\n        ".join([command, *words])


def _run(*commands: str) -> list[str]:
    return ["RUN " + " && \\\n    ".join(commands)]


_STEPS: Mapping[Manager, Callable[[Sequence[Package]], str]] = {
    Manager.APT: _apt,
    Manager.CONDA: _conda,
    Manager.CRAN: _cran,
    Manager.NPM: _npm,
    Manager.PIP: _pip,
}
