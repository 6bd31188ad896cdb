"""Recipes of all shapes, and words that want to be more than a package."""

from hypothesis import strategies as st

from mydocker.domain.recipes import (
    Dockerfile,
    ExistingImage,
    GitRepository,
    Manager,
    Package,
    PackageList,
)
from tests.domain.strategies import images, paragraphs

_NUMBERS = r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}"
_names = {
    Manager.APT: r"x[a-z0-9]{1,5}([+.-][a-z0-9]{1,3}){0,2}",
    Manager.CONDA: r"((bioconda|nvidia)::)?x[a-z0-9]{1,5}([_-][a-z0-9]{1,3})?",
    Manager.CRAN: r"X[A-Za-z0-9]{1,5}(\.[A-Za-z0-9]{1,3})?",
    Manager.NPM: r"(@x[a-z]{1,3}/)?x[a-z0-9]{1,5}([.-][a-z0-9]{1,3})?",
    Manager.PIP: r"x[a-z0-9]{1,5}(-[a-z0-9]{1,3})?",
}
_versions = {
    Manager.APT: rf"{_NUMBERS}(-[0-9](~deb12u1)?)?",
    Manager.CONDA: rf"(=|==|>=){_NUMBERS}(,<3)?",
    Manager.CRAN: rf"{_NUMBERS}(-[0-9])?",
    Manager.NPM: rf"(latest|[\^~]?{_NUMBERS}|>={_NUMBERS})",
    Manager.PIP: rf"(==|~=|!=|>=|<){_NUMBERS}(\.\*|rc1|\+cpu)?(,<3)?",
}
EXTRAS = ("", "", "[cpu]", "[a,b]")
FILES = (".deb", ".txt", ".zip")
# Whole commands, and single signs that a shell, R, Dockerfiles or managers would read.
SIGNS = st.sampled_from(
    [" ", ";", "&", "|", "$", "`", "\\", "'", '"', "(", ")", "<", ">", "*", "?", "[", "]", "{",
     "}", "#", "~", "!", "%", "=", "==", ",", "@", "/", "..", "-", "--", "\n", "\r", "\t", "\0",
     "\u00a0", "\u2028", "numpy", "x", "1", "$(id)", "://", "git+", "-e", "<<EOF", "::", "${IFS}"]
)  # fmt: skip
hostile = st.lists(SIGNS | st.text(max_size=3), max_size=8).map("".join)
managers = st.sampled_from(list(Manager))


@st.composite
def packages(draw: st.DrawFn, manager: Manager) -> Package:
    name = draw(st.from_regex(_names[manager], fullmatch=True))
    extras = draw(st.sampled_from(EXTRAS)) if manager is Manager.PIP else ""
    version = draw(st.just("") | st.from_regex(_versions[manager], fullmatch=True))
    return Package(name + extras, version)


@st.composite
def lists_of_packages(draw: st.DrawFn, manager: Manager, least: int = 0) -> tuple[Package, ...]:
    drawn = draw(
        st.lists(
            packages(manager), min_size=least, max_size=5,
            unique_by=lambda package: package.name.partition("[")[0].rpartition("::")[2],
        )
    )  # fmt: skip
    return tuple(drawn)


@st.composite
def package_lists(draw: st.DrawFn) -> PackageList:
    chosen = draw(st.sets(managers))
    listed = {manager: draw(lists_of_packages(manager, least=1)) for manager in sorted(chosen)}
    return PackageList(draw(images), listed)


refs = st.from_regex(r"[a-z0-9]{1,8}([./-][a-z0-9]{1,4}){0,2}", fullmatch=True)
repositories = st.builds(
    GitRepository,
    st.sampled_from(
        ["https://git.example.org/a/b", "ssh://git@git.example.org:2222/a/b.git",
         "git@git.example.org:a/b.git", "git://git.example.org/~a/b"]
    ),
    st.just("") | refs.filter(lambda ref: not ref.endswith(".lock")),
    st.sampled_from(["", "tp", "cours/été 2026"]),
)  # fmt: skip
dockerfiles = paragraphs.filter(bool).map(lambda text: Dockerfile(f"{text}\n"))
recipes = st.one_of(
    package_lists(), dockerfiles, repositories, images.map(ExistingImage)
)  # fmt: skip
