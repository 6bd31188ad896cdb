"""How each manager writes a package, and why something is not one.

Sources: Debian Policy §5.6.1 and §5.6.12 (apt), PEP 508, PEP 440 and PEP 685 (pip), conda's
package match specification, npm's `package.json` (`name`) and node-semver, Writing R Extensions
§1.1.1 (CRAN). Narrower than these where a manager would read a word as something else: a file, an
address, an option, a removal (`apt-get install name-` removes).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mydocker.domain.recipes.slips import slip_of
from mydocker.domain.templates import Fault
from mydocker.domain.words import gettext_noop as _


class Manager(StrEnum):
    """Who installs a package."""

    APT = "apt"
    """Programs and libraries of Debian or Ubuntu."""
    CONDA = "conda"
    """Packages of conda's channels, through micromamba, mamba or conda."""
    CRAN = "cran"
    """Packages of R."""
    NPM = "npm"
    """Programs of Node.js."""
    PIP = "pip"
    """Packages of Python."""


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """A package as its manager writes it.

    `name` holds pip's extras and conda's channel; `version` holds the operator where the manager
    has one (`==2.4`, `>=2,<3`, conda's `=1.2`), and is empty for whichever is the newest.
    """

    name: str
    version: str = ""


_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_NUMBER = r"v?[0-9][A-Za-z0-9._+!*-]*"
_COMPARED = rf"(?:===|==|~=|!=|>=|<=|>|<){_NUMBER}"
_CONDA_COMPARED = rf"(?:==|~=|!=|>=|<=|>|<|=){_NUMBER}"
_GRAMMARS: Mapping[Manager, re.Pattern[str]] = {
    Manager.APT: re.compile(
        r"(?P<name>[a-z0-9][a-z0-9+.-]*[a-z0-9+](?::[a-z0-9]+)?)"
        r"(?:=(?P<version>[0-9][A-Za-z0-9.+~:-]*))?"
    ),
    Manager.CONDA: re.compile(
        rf"(?P<name>(?:{_PART}(?:/{_PART})?::)?[A-Za-z0-9_][A-Za-z0-9_.-]*)"
        rf"(?P<version>{_CONDA_COMPARED}(?:,{_CONDA_COMPARED})*(?:=[A-Za-z0-9_.*-]+)?)?"
    ),
    Manager.CRAN: re.compile(
        r"(?P<name>[A-Za-z][A-Za-z0-9.]*[A-Za-z0-9])"
        r"(?:(?:==?|@)(?P<version>[0-9]+(?:[.-][0-9]+)*))?"
    ),
    Manager.NPM: re.compile(
        r"(?P<name>(?:@[A-Za-z0-9][A-Za-z0-9._-]*/)?[A-Za-z0-9][A-Za-z0-9._-]*)"
        rf"(?:@(?P<version>[A-Za-z][A-Za-z0-9._-]*|(?:>=|<=|>|<|=|\^|~)?{_NUMBER}))?"
    ),
    Manager.PIP: re.compile(
        rf"(?P<name>{_PART}(?:\[{_PART}(?:,{_PART})*\])?)"
        rf"(?P<version>{_COMPARED}(?:,{_COMPARED})*|={_NUMBER})?"
    ),
}
_JOINTS: Mapping[Manager, str] = {Manager.APT: "=", Manager.NPM: "@", Manager.CRAN: "="}
_FILE = re.compile(
    r"\.(?:zip|whl|tar(?:\.\w+)?|tgz|tbz2?|txz|tlz|deb|conda|ya?ml|txt|toml)$", re.IGNORECASE
)
_PIP_PARTS = re.compile(r"([^\[]*)(?:\[(.*)\])?")


def understand(manager: Manager, word: str) -> Package | Fault:
    """Return the package that one word of at most a few hundred characters names.

    Names that managers compare without case, or with `-` for `_`, come back in one spelling.
    """
    found = _GRAMMARS[manager].fullmatch(word)
    if found is None or _FILE.search(word):
        return _why_not(manager, word)
    if fault := _lone_version(manager, word) or slip_of(manager.value, found["name"]):
        return fault
    name, version = _spelled(manager, found["name"]), found["version"] or ""
    if manager is Manager.PIP and re.match(r"=[^=]", version):
        version = f"={version}"
    return Package(name, version)


def word_of(manager: Manager, package: Package) -> str:
    """Return a package as one word for its manager; CRAN's version behind `=`, as it is typed."""
    joint = _JOINTS.get(manager, "") if package.version else ""
    return f"{package.name}{joint}{package.version}"


def key_of(manager: Manager, package: Package) -> str:
    """Return what two entries for the same package have in common."""
    match manager:
        case Manager.PIP:
            return package.name.partition("[")[0]
        case Manager.CONDA:
            return package.name.rpartition("::")[2]
        case _:
            return package.name


def merged(manager: Manager, first: Package, second: Package) -> Package | None:
    """Return one package for two entries with the same key; None if they contradict each other."""
    versions = {first.version, second.version} - {""}
    if len(versions) > 1:
        return None
    version = versions.pop() if versions else ""
    if manager is Manager.PIP:
        extras = {*_extras(first.name), *_extras(second.name)}
        return Package(_with_extras(key_of(manager, first), extras), version)
    names = {first.name, second.name}
    if len(names) == 2:
        # Only conda has two names for one key: the one says the channel, the other does not.
        names.discard(key_of(manager, first))
    return Package(names.pop(), version) if len(names) == 1 else None


def _spelled(manager: Manager, name: str) -> str:
    match manager:
        case Manager.PIP:
            return _with_extras(_pep503(name.partition("[")[0]), _extras(name))
        case Manager.CONDA:
            channel, mark, plain = name.rpartition("::")
            return f"{channel}{mark}{plain.lower()}"
        case _:
            return name


def _extras(name: str) -> set[str]:
    parts = _PIP_PARTS.fullmatch(name)
    return {_pep503(each) for each in (parts[2] if parts and parts[2] else "").split(",") if each}


def _with_extras(name: str, extras: set[str]) -> str:
    return f"{name}[{','.join(sorted(extras))}]" if extras else name


def _pep503(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _lone_version(manager: Manager, word: str) -> Fault | None:
    # Debian has a package called 2048.
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+)+" if manager is Manager.APT else r"[0-9.]+", word):
        return Fault(
            _("%(word)s looks like a version, but follows no name."),
            _("Write it so: %(example)s."),
            {"word": word, "example": _EXAMPLES[manager]},
        )
    return None


def _why_not(manager: Manager, word: str) -> Fault:
    """Say why a word is not a package, and what to do."""
    for pattern, message, hint in _REASONS:
        if pattern.search(word):
            return Fault(message, hint, {"word": word[:80]})
    return _malformed(manager, word)


def _malformed(manager: Manager, word: str) -> Fault:
    facts = {"word": word[:80], "manager": manager.value}
    message = _("%(word)s is not a package as %(manager)s writes it.")
    if manager is Manager.APT and _GRAMMARS[manager].fullmatch(word.lower()):
        return Fault(
            message,
            _("Names of system packages are in lower case: %(near)s."),
            facts | {"near": word.lower()[:80]},
        )
    if manager is Manager.APT and word.endswith("-"):
        return Fault(_("apt would remove %(word)s."), _("Leave out the - at its end."), facts)
    return Fault(message, _("Write it so: %(example)s."), facts | {"example": _EXAMPLES[manager]})


_EXAMPLES: Mapping[Manager, str] = {
    Manager.APT: "graphviz, graphviz=2.42.2-7",
    Manager.CONDA: "suitesparse, suitesparse=7.11, conda-forge::suitesparse",
    Manager.CRAN: "ggplot2, ggplot2 3.5.1",
    Manager.NPM: "typescript, typescript@5, @angular/cli@19",
    Manager.PIP: "numpy, numpy==2.4, numpy>=2,<3, jax[cpu]",
}
_EDITABLE = _("Copy the project in a Dockerfile, and install it there.")
_REASONS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"^(?:-e|--editable)\b"),
        _("%(word)s installs files of a project, not a package."),
        _EDITABLE,
    ),
    (
        re.compile(r"^(?:-r|-c|--requirement|--constraint)\b"),
        _("%(word)s reads another file."),
        _("Paste what stands in that file."),
    ),
    (
        re.compile(r"^--hash"),
        _("%(word)s is a hash."),
        _("Paste the list without hashes; each build notes the versions it took."),
    ),
    (
        re.compile(r"^-"),
        _("%(word)s is an option, not a package."),
        _("Leave it out: where packages come from is set for the whole platform."),
    ),
    (
        re.compile(r"://|^git\+|^[\w.-]+@[\w.-]+:|^file:"),
        _("%(word)s is an address, not a package."),
        _("Write the package's name; what comes from an address is installed in a Dockerfile."),
    ),
    (
        re.compile(r"^[.~/]|\\|^\w+/|/$"),
        _("%(word)s is a path, not a package."),
        _("Copy the file in a Dockerfile, and install it there."),
    ),
    (
        _FILE,
        _("%(word)s is a file, not a package."),
        _("Paste what stands in it, or write a Dockerfile that copies and installs it."),
    ),
    (
        re.compile(r"[\"'“”‘’«»]"),
        _("%(word)s has quotes."),
        _("Write the name alone, without quotes."),
    ),
    (
        re.compile(r";"),
        _("%(word)s has a condition or a second command behind its semicolon."),
        _("Leave out the semicolon and what follows."),
    ),
    (
        re.compile(r"[$`&|(){}]|>>|<<"),
        _("%(word)s has a sign that only a shell understands."),
        _("Write the name alone, with its version."),
    ),
    (
        re.compile(r"[^\x21-\x7e]"),
        _("%(word)s has a letter that no package has."),
        _("Type the name again; the letter probably came with a copy and paste."),
    ),
)
