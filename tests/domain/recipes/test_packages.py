"""Lists of packages as teachers type and paste them. Nothing that passes is more than a word."""

import re
import shlex
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.environments import Mistakes
from mydocker.domain.recipes import MOST_PACKAGES, Manager, Package, read_packages, words_of
from mydocker.domain.recipes.grammar import word_of
from mydocker.domain.recipes.packages import LONGEST_TEXT
from mydocker.domain.recipes.slips import POPULAR, SLIPS
from tests.domain.recipes.strategies import hostile, lists_of_packages, managers


def read(manager: str, text: str) -> list[str]:
    return [word_of(Manager(manager), each) for each in read_packages(Manager(manager), text)]


def mistakes(manager: str, text: str) -> dict[int, str]:
    """What is told of each line, message and hint in one."""
    with pytest.raises(Mistakes) as raised:
        read_packages(Manager(manager), text)
    found: dict[int, str] = {}
    for each in raised.value.mistakes:
        assert each.path[0] == "line" and isinstance(each.path[1], int)
        assert each.path[1] not in found
        found[each.path[1]] = " ".join(each.told())
    return found


TYPED = [
    ("pip", "numpy", ["numpy"]),
    ("pip", "numpy scipy,matplotlib", ["numpy", "scipy", "matplotlib"]),
    ("pip", "# for class 3\nnumpy  # arrays\n\n  scipy", ["numpy", "scipy"]),
    ("pip", "- numpy\n* scipy\n• sympy\n1. pandas", ["numpy", "scipy", "sympy", "pandas"]),
    ("pip", "numpy 2.4", ["numpy==2.4"]),
    ("pip", "numpy==2.4", ["numpy==2.4"]),
    ("pip", "numpy=2.4", ["numpy==2.4"]),
    ("pip", "numpy == 2.4", ["numpy==2.4"]),
    ("pip", "numpy (==2.4)", ["numpy==2.4"]),
    ("pip", "numpy 2.4 scipy 1.17, sympy 1", ["numpy==2.4", "scipy==1.17", "sympy==1"]),
    ("pip", "numpy 2.4\nnumpy==2.4", ["numpy==2.4"]),
    ("pip", "numpy>=2,<3", ["numpy>=2,<3"]),
    ("pip", "numpy >= 2, < 3, scipy", ["numpy>=2,<3", "scipy"]),
    ("pip", "numpy~=2.4.0 scipy!=1.2.*", ["numpy~=2.4.0", "scipy!=1.2.*"]),
    ("pip", "jax[cpu]", ["jax[cpu]"]),
    ("pip", "jax [ cuda12 , CPU ]", ["jax[cpu,cuda12]"]),
    ("pip", "jax\njax[cpu]\njax[cuda12]>=0.4", ["jax[cpu,cuda12]>=0.4"]),
    ("pip", "Scikit_Learn scikit-learn SCIKIT.learn", ["scikit-learn"]),
    ("pip", "pip install numpy scipy==1.17", ["numpy", "scipy==1.17"]),
    ("pip", "$ pip3 install -U --user 'numpy>=2' \"jax[cpu]\"", ["numpy>=2", "jax[cpu]"]),
    ("pip", "!python3 -m pip install -q numpy", ["numpy"]),
    ("pip", "RUN uv pip install --system \\\n  numpy \\\n  scipy", ["numpy", "scipy"]),
    ("pip", "numpy\r\nscipy\r\n", ["numpy", "scipy"]),
    ("pip", "\ufeffnumpy", ["numpy"]),
    ("pip", "python3-saml", ["python3-saml"]),
    ("pip", "pip", ["pip"]),
    ("pip", "", []),
    ("apt", "graphviz ffmpeg", ["graphviz", "ffmpeg"]),
    ("apt", "g++ libstdc++6 7zip 4ti2 2048", ["g++", "libstdc++6", "7zip", "4ti2", "2048"]),
    ("apt", "graphviz=2.42.2-7+deb12u1", ["graphviz=2.42.2-7+deb12u1"]),
    ("apt", "libc6:i386", ["libc6:i386"]),
    ("apt", "git 1:2.39.5-0+deb12u2", ["git=1:2.39.5-0+deb12u2"]),
    (
        "apt",
        "sudo apt-get update && sudo DEBIAN_FRONTEND=x apt-get install -y git \\\n curl",
        ["git", "curl"],
    ),
    ("conda", "suitesparse 7.11", ["suitesparse=7.11"]),
    ("conda", "numpy=1.26=py311h64a7726_0", ["numpy=1.26=py311h64a7726_0"]),
    ("conda", "conda install -y -c conda-forge gdal", ["gdal"]),
    ("conda", "mamba install --channel=bioconda -n tp samtools", ["bioconda::samtools"]),
    ("conda", "bioconda::samtools\nsamtools=1.2", ["bioconda::samtools=1.2"]),
    ("npm", "typescript@5 @angular/cli", ["typescript@5", "@angular/cli"]),
    ("npm", "typescript 5.2 @angular/cli@latest", ["typescript@5.2", "@angular/cli@latest"]),
    ("npm", "npm install -g code-server@^4", ["code-server@^4"]),
    ("cran", "ggplot2 3.5.1\nzoo (1.8-12), lme4@1.1", ["ggplot2=3.5.1", "zoo=1.8-12", "lme4=1.1"]),
    ("cran", "install.packages(c('ggplot2', \"dplyr\"), repos = 'x')", ["ggplot2", "dplyr"]),
    ("cran", "library(ggplot2)\nlibrary('dplyr')", ["ggplot2", "dplyr"]),
]  # fmt: skip


@pytest.mark.parametrize(("manager", "text", "words"), TYPED, ids=[each[1] for each in TYPED])
def test_what_a_teacher_types_or_pastes_is_understood(
    manager: str, text: str, words: list[str]
) -> None:
    assert read(manager, text) == words


WRONG = [
    ("pip", "sklearn", "Write scikit-learn."),
    ("pip", "cv2", "Write opencv-python-headless."),
    ("pip", "PIL", "PIL is not the name of the package. Write pillow."),
    ("pip", "python3-numpy", "Write numpy here, or python3-numpy into the list of system packages"),
    ("pip", "libgl1-mesa-dev", "list of system packages"),
    ("pip", "os", "comes with Python"),
    ("pip", "tkinter", "python3-tk"),
    ("pip", "python 3.12", "Choose a base"),
    ("pip", "--index-url https://x.example", "set for the whole platform"),
    ("pip", "--extra-index-url=https://x.example numpy", "set for the whole platform"),
    ("pip", "pip install -i https://x.example numpy", "-i is an option"),
    ("pip", "-e .", "Copy the project in a Dockerfile"),
    ("pip", "pip install -e .", "Copy the project in a Dockerfile"),
    ("pip", "-r requirements.txt", "Paste what stands in that file"),
    ("pip", "requirements.txt", "is a file"),
    ("pip", "numpy-2.4-cp311-linux_x86_64.whl", "is a file"),
    ("pip", "numpy==2.4 \\\n    --hash=sha256:aa", "without hashes"),
    ("pip", "git+https://git.example.org/a/b", "is an address"),
    ("pip", "numpy @ https://x.example/numpy.whl", "is an address"),
    ("pip", "./numpy", "is a path"),
    ("pip", "../numpy", "is a path"),
    ("pip", "~/numpy", "is a path"),
    ("pip", "C:\\numpy", "is a path"),
    ("pip", "'numpy'", "without quotes"),
    ("pip", "“numpy”", "without quotes"),
    ("pip", "numpy; rm -rf /", "semicolon"),
    ("pip", "numpy>=2; python_version < '3.9'", "semicolon"),
    ("pip", "$(id)", "only a shell understands"),
    ("pip", "numpy`id`", "only a shell understands"),
    ("pip", "numpy|sh", "only a shell understands"),
    ("pip", "numpé", "a letter that no package has"),
    ("pip", "num\u200bpy", "a letter that no package has"),
    ("pip", "num\0py", "a letter that no package has"),
    ("pip", "-", "is an option"),
    ("pip", "2.4", "follows no name"),
    ("pip", "numpy==", "as pip writes it"),
    ("pip", "apt-get install -y graphviz", "list of apt packages"),
    ("pip", "install.packages('ggplot2')", "list of cran packages"),
    ("pip", "pip install numpy && rm -rf x", "rm is not a command that installs"),
    ("pip", "pip install 'numpy", "no partner"),
    ("pip", "x" * 101, "at most 100 characters"),
    ("apt", "Graphviz", "in lower case: graphviz"),
    ("apt", "vim-", "apt would remove vim-"),
    ("apt", "numpy", "Write python3-numpy."),
    ("apt", "./code.deb", "is a path"),
    ("apt", "code.deb", "is a file"),
    ("apt", "graphviz>=2", "Write it so: graphviz, graphviz="),
    ("apt", "python3*", "as apt writes it"),
    ("conda", "torch", "Write pytorch."),
    ("conda", "environment.yml", "is a file"),
    ("npm", "user/repo", "is a path"),
    ("npm", "file:../x", "is an address"),
    ("npm", "x@npm:y", "is an address"),
    ("npm", "typescript==5", "typescript@5"),
    ("cran", "base", "comes with R"),
    ("cran", "user/repo", "is a path"),
    ("cran", "Bioconductor::x", "as cran writes it"),
]


@pytest.mark.parametrize(("manager", "text", "told"), WRONG, ids=[each[1][:40] for each in WRONG])
def test_what_is_no_package_is_refused_with_what_to_do(manager: str, text: str, told: str) -> None:
    (said,) = mistakes(manager, text).values()
    assert told in said
    assert "%(" not in said


def test_all_mistakes_are_told_at_once_with_their_lines() -> None:
    found = mistakes("pip", "numpy\n\ncv2 sklearn\nscipy\n$x\n# y\nnumpy==1\nnumpy==2")
    assert set(found) == {3, 5, 8}
    assert "numpy==1 (line 1) and as numpy==2" in found[8]


def test_two_channels_for_one_package_are_a_mistake() -> None:
    assert "asked for twice" in mistakes("conda", "a::xx\nb::xx")[2]


def test_a_line_that_continues_counts_where_it_begins() -> None:
    assert set(mistakes("pip", "numpy\npip install \\\n  scipy \\\n  cv2\n$")) == {2, 5}
    assert read("pip", "numpy \\") == ["numpy"]


def test_a_list_has_bounds() -> None:
    names = [f"x{number}" for number in range(MOST_PACKAGES + 1)]
    assert len(read("pip", "\n".join(names[:-1]))) == MOST_PACKAGES
    assert len(read("pip", " ".join([*names[:-1], *names[:-1]]))) == MOST_PACKAGES
    assert "500 packages are the most" in mistakes("pip", "\n".join(names))[MOST_PACKAGES + 1]
    with pytest.raises(Mistakes, match="are the most"):
        read_packages(Manager.PIP, "a" * (LONGEST_TEXT + 1))
    assert len(mistakes("pip", "$\n" * 1_000)) == 100


def taken(manager: Manager, text: str) -> tuple[Package, ...]:
    """What is read of a text; nothing if it is refused."""
    try:
        return read_packages(manager, text)
    except Mistakes:
        return ()


@given(managers, hostile)
def test_a_package_name_is_never_a_shell_word(manager: Manager, text: str) -> None:
    """Whatever is typed: what passes is one plain word each, for shells and for managers."""
    for word in words_of(manager, taken(manager, text)):
        assert re.fullmatch(r"[A-Za-z0-9@_][A-Za-z0-9@_.,:/+~^<>=!*\[\]-]*", word)
        assert "://" not in word and "<<" not in word and ">>" not in word
        quoted = shlex.quote(word)
        assert shlex.split(quoted) == [word]
        assert quoted.startswith("'") or re.fullmatch(r"[A-Za-z0-9@_.,:/+=-]+", quoted)


@given(managers, st.data())
def test_what_is_written_is_read_as_the_same(manager: Manager, data: st.DataObject) -> None:
    packages = data.draw(lists_of_packages(manager))
    assert read_packages(manager, "\n".join(words_of(manager, packages))) == tuple(
        sorted(packages, key=lambda each: (_key(each), each))
    )


@given(managers, st.data())
def test_lines_commas_and_spaces_divide_alike(manager: Manager, data: st.DataObject) -> None:
    words = words_of(manager, data.draw(lists_of_packages(manager)))
    expected = read_packages(manager, "\n".join(words))
    for between in (" ", ", ", ",\n", "\r\n", "  # x\n"):
        assert read_packages(manager, between.join(words)) == expected


def _key(package: Package) -> str:
    return package.name.partition("[")[0].rpartition("::")[2]


def test_what_is_suggested_is_taken() -> None:
    for tables in (SLIPS, POPULAR):
        for manager, names in tables.items():
            right = names.values() if isinstance(names, dict) else names
            for name in right:
                assert read(manager, name) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "a" + " " * 90_000 + "b",
        "a," * 45_000,
        "a[" * 45_000,
        "a(" * 45_000,
        "a 1" + "._" * 45_000 + "!",
        "a " + "1." * 45_000 + "!",
        "a" * 90_000,
        "pip install " + "a && pip install " * 5_000,
        "library(" * 10_000,
        "a\\\n" * 30_000,
        "'" * 90_000,
    ],
    ids=range(11),
)
@pytest.mark.parametrize("manager", Manager)
def test_no_list_costs_more_than_a_moment(manager: Manager, text: str) -> None:
    begin = process_time()
    taken(manager, text)
    assert process_time() - begin < 5
