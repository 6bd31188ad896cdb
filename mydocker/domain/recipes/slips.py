"""Names that people write for a package, though it is called otherwise.

Most come from `import` lines: what is imported is not always what is installed.
"""

import re
from collections.abc import Mapping

from mydocker.domain.templates import Fault
from mydocker.domain.words import gettext_noop as _

# Keys are as pip spells names: small letters, hyphens.
_PIP = {
    "sklearn": "scikit-learn", "cv2": "opencv-python-headless", "pil": "pillow",
    "skimage": "scikit-image", "yaml": "pyyaml", "bs4": "beautifulsoup4",
    "dotenv": "python-dotenv", "dateutil": "python-dateutil", "crypto": "pycryptodome",
    "pytorch": "torch", "tf": "tensorflow", "mpl-toolkits": "matplotlib",
    "jupyter-lab": "jupyterlab", "python-opencv": "opencv-python-headless",
    "fitz": "pymupdf", "serial": "pyserial", "docx": "python-docx", "psycopg-2": "psycopg2-binary",
    "opencv": "opencv-python-headless", "pyplot": "matplotlib", "git": "gitpython",
}  # fmt: skip
_CONDA = {
    "sklearn": "scikit-learn", "cv2": "opencv", "pil": "pillow", "skimage": "scikit-image",
    "yaml": "pyyaml", "bs4": "beautifulsoup4", "torch": "pytorch", "ggplot2": "r-ggplot2",
    "dplyr": "r-dplyr", "tidyverse": "r-tidyverse", "opencv-python": "opencv",
}  # fmt: skip
_APT = {
    "numpy": "python3-numpy", "scipy": "python3-scipy", "pandas": "python3-pandas",
    "matplotlib": "python3-matplotlib", "sklearn": "python3-sklearn",
    "scikit-learn": "python3-sklearn", "sympy": "python3-sympy", "requests": "python3-requests",
    "pip": "python3-pip", "venv": "python3-venv", "tkinter": "python3-tk",
    "ggplot2": "r-cran-ggplot2", "gcc-c++": "g++", "latex": "texlive", "java": "default-jdk",
    "node": "nodejs", "c++": "g++",
}  # fmt: skip
_NPM = {"nodejs": "node", "vscode": "code-server", "tsc": "typescript"}
SLIPS: Mapping[str, Mapping[str, str]] = {"pip": _PIP, "conda": _CONDA, "apt": _APT, "npm": _NPM}
"""By manager: what people write, and what the package is called."""

POPULAR: Mapping[str, tuple[str, ...]] = {
    "pip": (
        "numpy", "scipy", "pandas", "matplotlib", "seaborn", "scikit-learn", "scikit-image",
        "sympy", "networkx", "requests", "jupyterlab", "ipywidgets", "notebook", "tensorflow",
        "torch", "torchvision", "keras", "jax", "plotly", "bokeh", "statsmodels", "pillow",
        "beautifulsoup4", "pyyaml", "nbgitpuller", "polars", "pyarrow", "opencv-python-headless",
        "numba", "cython", "transformers", "xgboost", "lightgbm", "django", "flask", "fastapi",
        "sqlalchemy", "pytest", "openpyxl", "lxml", "geopandas", "folium", "altair", "nltk",
        "spacy", "gensim", "cvxpy", "ortools", "pulp", "biopython", "astropy", "tqdm",
    ),
    "apt": (
        "graphviz", "ffmpeg", "git", "curl", "wget", "build-essential", "cmake", "gfortran",
        "default-jdk", "texlive", "texlive-latex-extra", "texlive-xetex", "pandoc", "imagemagick",
        "sqlite3", "postgresql-client", "nodejs", "python3-dev", "libgl1", "libglib2.0-0",
        "gnuplot", "octave", "r-base", "vim", "nano", "gdb", "valgrind", "clang", "tmux",
        "htop", "unzip", "openssh-client", "inkscape", "libopenmpi-dev", "sagemath", "maxima",
    ),
    "cran": (
        "ggplot2", "dplyr", "tidyr", "tidyverse", "data.table", "shiny", "caret", "knitr",
        "rmarkdown", "lme4", "randomForest", "readr", "stringr", "IRkernel", "zoo", "survival",
    ),
    "npm": ("typescript", "eslint", "prettier", "code-server", "yarn", "pnpm", "express"),
    "conda": ("numpy", "scipy", "pytorch", "suitesparse", "r-ggplot2", "gdal", "fenics"),
}  # fmt: skip
"""By manager: names that a name with a typing slip may have meant."""

_WITH_PYTHON = frozenset(
    {
        "os", "sys", "re", "json", "math", "random", "time", "datetime", "pathlib", "sqlite3",
        "collections", "itertools", "functools", "subprocess", "threading", "csv", "statistics",
        "fractions", "decimal", "copy", "string", "io", "pickle", "shutil", "glob", "urllib",
        "socket", "turtle",
    }
)  # fmt: skip
# What looks like a Debian package under pip, and is one of pip's all the same.
_REALLY_PIP = frozenset({"python3-saml", "python3-openid", "python3-logstash"})
_DEBIAN = re.compile(r"(?:python3-(?P<python>.+)|lib.+-dev|r-cran-.+|build-essential)")


def slip_of(manager: str, name: str) -> Fault | None:
    """Say what `name` is called in truth under `manager`; None if nothing is known against it.

    `name` may have pip's extras and conda's channel; its case counts for CRAN alone.
    """
    plain = name.partition("[")[0].rpartition("::")[2]
    if right := SLIPS.get(manager, {}).get(plain.lower().replace("_", "-")):
        return Fault(
            _("%(name)s is not the name of the package."),
            _("Write %(near)s."),
            {"name": plain, "near": right},
        )
    if manager == "pip":
        return _slip_of_pip(plain.lower())
    if manager == "cran" and plain.lower() in ("base", "stats", "utils", "graphics"):
        return Fault(_("%(name)s comes with R."), _("Leave it out."), {"name": plain})
    return None


def _slip_of_pip(name: str) -> Fault | None:
    if name in _WITH_PYTHON:
        return Fault(_("%(name)s comes with Python."), _("Leave it out."), {"name": name})
    if name == "tkinter":
        return Fault(
            _("%(name)s is a system package."),
            _("Write %(near)s into the list of system packages (apt)."),
            {"name": name, "near": "python3-tk"},
        )
    if name in ("python", "python3"):
        return Fault(
            _("pip cannot install Python itself."),
            _("Choose a base with the version of Python that you need."),
        )
    found = _DEBIAN.fullmatch(name)
    if found is None or name in _REALLY_PIP:
        return None
    if found["python"]:
        return Fault(
            _("%(name)s is a system package."),
            _("Write %(near)s here, or %(name)s into the list of system packages (apt)."),
            {"name": name, "near": found["python"]},
        )
    return Fault(
        _("%(name)s is a system package."),
        _("Write it into the list of system packages (apt)."),
        {"name": name},
    )
