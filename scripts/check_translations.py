"""Every sentence of code and templates is in French: none missing, none doubtful, none left over.

Collects the sentences of a copy of the package, as `make translations` does, and compares. Exit
status 1 and one line for each sentence that differs.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = Path("locale/fr/LC_MESSAGES/django.po")
COPIED = shutil.ignore_patterns("__pycache__", "*.mo", "static")
COLLECT = ["makemessages", "--locale", "fr", "--no-obsolete", "--no-wrap", "--verbosity", "0"]


def sentences(catalogue: Path, *choice: str) -> set[str]:
    """The msgids of a catalogue, its head left out; choice is msgattrib's."""
    text = subprocess.run(
        ["msgattrib", "--no-wrap", "--no-obsolete", *choice, catalogue],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    ids = re.findall(r'^msgid (".*"(?:\n".*")*)$', text, re.MULTILINE)
    return {re.sub(r'^"|"$|"\n"', "", each) for each in ids} - {""}


def collect(package: Path) -> None:
    """Bring the catalogue of a copy of the package up to date."""
    subprocess.run(
        [sys.executable, "-m", "django", *COLLECT],
        cwd=package,
        check=True,
    )


def complaints(package: Path) -> Iterator[str]:
    """One line for each sentence that is not well translated."""
    written = sentences(package / CATALOGUE)
    collect(package)
    collected = sentences(package / CATALOGUE)
    for name, found in (
        ("not in French", sentences(package / CATALOGUE, "--untranslated")),
        ("to be read again", sentences(package / CATALOGUE, "--only-fuzzy")),
        ("not collected", collected - written),
        ("said no more", written - collected),
    ):
        yield from (f"{name}: {sentence}" for sentence in sorted(found))


def main() -> int:
    """Check; print what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "mydocker"
        shutil.copytree(ROOT / "mydocker", package, ignore=COPIED)
        if not (package / CATALOGUE).exists():
            print(f"mydocker/{CATALOGUE} is missing: make translations")
            return 1
        found = list(complaints(package))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
