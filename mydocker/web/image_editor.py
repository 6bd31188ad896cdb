"""A recipe as it stands in a form: typed, read, and what is found in it. Nothing is stored here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.http import QueryDict
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from mydocker.domain.environments.mistakes import Mistake, Mistakes
from mydocker.domain.recipes import (
    Dockerfile,
    ExistingImage,
    Finding,
    GitRepository,
    Kind,
    Manager,
    Package,
    PackageList,
    Recipe,
    Severity,
    faults,
    kind_of,
    prepare,
    read_packages,
    read_recipe,
    word_of,
)
from mydocker.domain.words import gettext_noop as _
from mydocker.services.images import dockerfile_of

_INSTRUCTION = re.compile(r"([A-Za-z]+)(?=\s|$)")
LONGEST = 250_000
"""Characters of one field."""
TITLE_LENGTH = 200
MANAGERS: Sequence[tuple[Manager, str, str]] = (
    (Manager.APT, _("System (apt)"), "graphviz ffmpeg"),
    (Manager.CONDA, _("Conda"), "suitesparse=7.11"),
    (Manager.PIP, _("Python (pip)"), "numpy==2.4 scipy"),
    (Manager.CRAN, _("R (CRAN)"), "ggplot2"),
    (Manager.NPM, _("Node.js (npm)"), "typescript@5"),
)
"""In the order of the form; what each is called; an example."""
KINDS: Sequence[tuple[Kind, str, str]] = (
    (Kind.PACKAGES, _("List of packages"), "list"),
    (Kind.DOCKERFILE, _("Dockerfile"), "code"),
    (Kind.IMAGE, _("Existing image"), "box"),
    (Kind.GIT, _("Git repository"), "git"),
)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields of the form."""

    title: str = ""
    kind: Kind = Kind.PACKAGES
    revision: int = 0
    base: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    """By manager: one text each, a package a line."""
    text: str = ""
    """Of the Dockerfile."""
    image: str = ""
    url: str = ""
    ref: str = ""
    subfolder: str = ""

    def tree(self) -> dict[str, object]:
        """What `read_recipe` reads."""
        match self.kind:
            case Kind.PACKAGES:
                listed = {key: text for key, text in self.packages.items() if text.strip()}
                return {"kind": "packages", "base": self.base, "packages": listed}
            case Kind.DOCKERFILE:
                return {"kind": "dockerfile", "text": self.text}
            case Kind.IMAGE:
                return {"kind": "image", "image": self.image}
            case Kind.GIT:
                return {
                    "kind": "git", "url": self.url, "ref": self.ref, "subfolder": self.subfolder,
                }  # fmt: skip


def typed_in(post: QueryDict) -> Typed:
    """What somebody sent; what makes no sense is left at its beginning."""

    def word(name: str) -> str:
        return post.get(name, "")[:LONGEST].strip()

    kind, revision = word("kind"), word("revision")
    return Typed(
        title=" ".join(word("title").split()),
        kind=Kind(kind) if kind in list(Kind) else Kind.PACKAGES,
        revision=int(revision) if revision.isascii() and revision.isdigit() else 0,
        base=word("base"),
        packages={manager.value: lines_of(post.get(manager.value, "")) for manager in Manager},
        text=lines_of(post.get("text", "")),
        image=word("image"), url=word("url"), ref=word("ref"), subfolder=word("subfolder"),
    )  # fmt: skip


def lines_of(text: str) -> str:
    """A text with the line ends of Unix, and no empty lines at its end."""
    return text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n").rstrip()


def typed_of(recipe: Recipe, *, title: str = "", revision: int = 0) -> Typed:
    """A recipe as its fields; what another kind of recipe could begin with stands ready, too."""
    typed = Typed(title, kind_of(recipe), revision)
    match recipe:
        case PackageList(base, packages):
            texts = {
                manager.value: "\n".join(word_of(manager, package) for package in listed)
                for manager, listed in packages.items()
            }
            return replace(typed, base=base, packages=texts, text=produced(recipe).rstrip())
        case Dockerfile(text):
            return replace(typed, text=text.rstrip())
        case ExistingImage(reference):
            return replace(typed, image=reference, base=reference, text=f"FROM {reference}")
        case GitRepository(url, ref, subfolder):
            return replace(typed, url=url, ref=ref, subfolder=subfolder)


def produced(recipe: Recipe, *, has_files: bool = False) -> str:
    """The Dockerfile that a recipe stands for; empty for a repository, which brings its own."""
    if isinstance(recipe, GitRepository):
        return ""
    try:
        return dockerfile_of(recipe, has_files=has_files)
    except ValueError:  # a recipe of before the rules were narrowed
        return ""


def coloured(dockerfile: str) -> SafeString:
    """A Dockerfile with instructions and comments set apart; everything escaped."""
    shown, continues = [], False
    for line in dockerfile.splitlines():
        found = None if continues else _INSTRUCTION.match(line)
        if line.lstrip().startswith("#"):
            shown.append(format_html('<span class="c">{}</span>', line))
            continue
        continues = line.rstrip().endswith("\\")
        word, rest = (found[1], line[len(found[1]) :]) if found else ("", line)
        shown.append(
            format_html('<span class="k">{}</span>{}', word, rest) if word else escape(line)
        )
    return SafeString("\n".join(shown))


# --- what is found in it ---


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that is wrong or unwise, in words."""

    message: str
    hint: str
    line: int = 0
    """From 1; 0 where it is about no line."""
    is_advice: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    """A package of a list."""

    name: str
    version: str
    word: str
    """As its manager writes both."""
    is_new: bool
    """The last good build did not have it."""


@dataclass(frozen=True, slots=True)
class Group:
    """The packages of one manager in the form: typed, read, and what is wrong."""

    manager: str
    title: str
    example: str
    text: str
    chips: Sequence[Chip]
    mistakes: Sequence[Told]


@dataclass(frozen=True, slots=True)
class Judged:
    """A recipe as typed, and all that is found in it."""

    typed: Typed
    recipe: Recipe | None
    """None if it has mistakes that leave none."""
    groups: Sequence[Group]
    fields: Mapping[str, Sequence[Told]]
    """Mistakes by the name of the field, packages left out."""
    findings: Sequence[Told]
    """Of the Dockerfile that comes of it."""
    produced: str

    @property
    def coloured(self) -> SafeString:
        """The Dockerfile with its instructions set apart; everything escaped."""
        return coloured(self.produced)

    @property
    def is_sound(self) -> bool:
        """Whether a build can come of it."""
        return self.recipe is not None and all(told.is_advice for told in self.findings)

    @property
    def mistakes(self) -> int:
        """How many things must be mended."""
        listed = [each for group in self.groups for each in group.mistakes]
        others = [each for told in self.fields.values() for each in told]
        return len(listed) + len(others) + sum(1 for each in self.findings if not each.is_advice)


def judge(typed: Typed, built: Recipe | None = None, *, has_files: bool = False) -> Judged:
    """Read what was typed. `built` is the recipe of the last good build: what is new is marked."""
    recipe: Recipe | None = None
    mistakes: Sequence[Mistake] = ()
    try:
        recipe = read_recipe(typed.tree())
    except Mistakes as found:
        mistakes = found.mistakes
    text = typed.text if typed.kind is Kind.DOCKERFILE else ""
    if recipe is not None:
        text = produced(recipe, has_files=has_files)
    findings = [_told_finding(each) for each in _findings(text)] if text.strip() else []
    groups = tuple(_groups(typed, mistakes, built if isinstance(built, PackageList) else None))
    return Judged(typed, recipe, groups, _by_field(mistakes), findings, text)


def _findings(text: str) -> Sequence[Finding]:
    """What is wrong or unwise in a Dockerfile, and what the builder would not let through."""
    found = list(faults(text))
    bad = {each.line for each in found if each.severity is Severity.MISTAKE}
    try:
        prepare(text)
    except Mistakes as mistakes:
        more = [
            Finding(int(each.path[1]), Severity.MISTAKE, each.message, each.hint, each.facts)
            for each in mistakes.mistakes
        ]
        found += [each for each in more if each.line not in bad]
    return sorted(found, key=lambda each: each.line)


def _groups(
    typed: Typed, mistakes: Sequence[Mistake], built: PackageList | None
) -> Sequence[Group]:
    return [
        Group(
            manager.value, gettext(title), example, typed.packages.get(manager.value, ""),
            _chips(manager, typed.packages.get(manager.value, ""), built),
            [_told(each) for each in mistakes if _field_of(each) == manager.value],
        )
        for manager, title, example in MANAGERS
    ]  # fmt: skip


def _chips(manager: Manager, text: str, built: PackageList | None) -> Sequence[Chip]:
    try:
        packages = read_packages(manager, text)
    except Mistakes:
        return ()
    before = set(built.packages.get(manager, ())) if built else set(packages)
    return [_chip(manager, package, package not in before) for package in packages]


def _chip(manager: Manager, package: Package, is_new: bool) -> Chip:
    version = package.version.removeprefix("==").removeprefix("=")
    return Chip(package.name, version, word_of(manager, package), is_new)


def _by_field(mistakes: Sequence[Mistake]) -> Mapping[str, Sequence[Told]]:
    managers = list(Manager)
    found: dict[str, list[Told]] = {}
    for each in mistakes:
        if (name := _field_of(each)) not in managers:
            found.setdefault(name, []).append(_told(each))
    return found


def _field_of(mistake: Mistake) -> str:
    """The name of the field that a place of the tree stands for; empty for the whole."""
    words = [part for part in mistake.path if isinstance(part, str)]
    return words[1] if words[:1] == ["packages"] and len(words) > 1 else (words or [""])[0]


def _told(mistake: Mistake) -> Told:
    line = mistake.facts.get("line")
    return Told(*mistake.told(gettext), line if isinstance(line, int) else 0)


def _told_finding(finding: Finding) -> Told:
    return Told(*finding.told(gettext), finding.line, finding.severity is Severity.ADVICE)
