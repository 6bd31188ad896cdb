"""How the documentation is built: `scripts/build-docs`."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS / "_ext"), str(DOCS.parent)]

# The reference is rendered from the code, which needs settings: the defaults, and a data folder
# that is nobody's.
for _name in [name for name in os.environ if name.startswith("MYDOCKER_")]:
    del os.environ[_name]
_scratch = tempfile.mkdtemp(prefix="mydocker-docs-")
atexit.register(shutil.rmtree, _scratch, ignore_errors=True)
os.environ["MYDOCKER_DATA"] = _scratch
os.environ["DJANGO_SETTINGS_MODULE"] = "mydocker.django_settings"

import django  # noqa: E402

from mydocker import __version__  # noqa: E402

django.setup()

project = "myDocker"
author = "The myDocker authors"
copyright = "2026, the myDocker authors"
version = release = __version__
language = "en"

extensions = ["myst_parser", "sphinx_copybutton", "rendering"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_ext", "explanation/bench.md", "explanation/bench-peers.md"]
nitpicky = True

myst_enable_extensions = ["deflist", "fieldlist"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_ambiguous"]

html_theme = "furo"
html_title = "myDocker"
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#005d72",
        "color-brand-content": "#005d72",
        "font-stack": '"Atkinson Hyperlegible Next", system-ui, sans-serif',
        "font-stack--monospace": '"Atkinson Hyperlegible Mono", ui-monospace, monospace',
    },
    "dark_css_variables": {
        "color-brand-primary": "#7bcbe2",
        "color-brand-content": "#7bcbe2",
    },
}
copybutton_prompt_text = r"\$ |# "
copybutton_prompt_is_regexp = True


def speak_french(
    _app: Any, page: str, _template: str, context: dict[str, Any], _doctree: Any
) -> None:
    """Pages named `*.fr` are French: screen readers, hyphenation and spell checkers ask."""
    if page.endswith(".fr"):
        context["language"] = "fr"


def setup(app: Any) -> None:
    """Connect what is decided above."""
    app.connect("html-page-context", speak_french)
