"""Names and sizes of the files that lie beside a Dockerfile: its context.

A name here is a path from the context's top, parts divided by `/`. What passes can be written
below any folder, unpacked from an archive, sent to any builder and downloaded to any system
without reaching elsewhere, covering another file or steering the build.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from mydocker.domain.quantities import write_bytes
from mydocker.domain.templates import Fault
from mydocker.domain.words import gettext_noop as _

MOST_FILES = 2_000
MOST_BYTES = 200 * 1024**2
"""Of all files of a context together."""
MOST_BYTES_OF_FILE = 50 * 1024**2
LONGEST_NAME_BYTES = 1_000
"""Of a whole name, in UTF-8."""
LONGEST_PART_BYTES = 255
"""Of one part, in UTF-8: what Linux's file systems take (`NAME_MAX`)."""

# Controls, and the signs that turn the direction of writing around.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]"
)
_IGNORES = (".dockerignore", ".containerignore")
_RECIPES = frozenset({"dockerfile", "containerfile"})
# Layers say so that a file of a lower layer is gone (OCI image specification, "Whiteouts").
_WHITEOUT = ".wh."


def fault_of_name(path: str) -> Fault | None:
    """Say why `path` cannot be the name of a context file; None if it can. Never raises."""
    if fault := _fault_of_text(path):
        return fault
    parts = path.split("/")
    if path.startswith("/"):
        return _fault(path, _("%(name)s begins at the root."), _("Leave out the slash before it."))
    if ".." in parts or "." in parts:
        return _fault(
            path, _("%(name)s leads elsewhere with its dots."), _("Write the path itself.")
        )
    if "" in parts:
        return _fault(path, _("%(name)s has an empty part."), _("Write single slashes, none last."))
    if any(len(part.encode()) > LONGEST_PART_BYTES for part in parts):
        return _fault(
            path,
            _("A part of %(name)s is too long: %(most)s bytes are the most."),
            _("Shorten it; a letter with an accent counts for two."),
            most=LONGEST_PART_BYTES,
        )
    return _fault_of_meaning(path, parts)


def _fault_of_text(path: str) -> Fault | None:
    """Say what is wrong with a name as a text, whatever its parts."""
    if not path:
        return _fault(path, _("This file has no name."), _("Give it one."))
    try:
        length = len(path.encode())
    except UnicodeEncodeError:
        return _fault(
            path.encode("ascii", "replace").decode(),
            _("%(name)s is not written in UTF-8."),
            _("Rename the file without accents, or make the archive anew on a current system."),
        )
    if length > LONGEST_NAME_BYTES:
        return _fault(
            path,
            _("%(name)s… is too long: a name has at most %(most)s bytes, its folders included."),
            _("Shorten it; a letter with an accent counts for two."),
            most=LONGEST_NAME_BYTES,
        )
    if _INVISIBLE.search(path):
        return _fault(
            _INVISIBLE.sub("?", path),
            _("%(name)s has an invisible character."),
            _("Rename the file."),
        )
    if "\\" in path:
        return _fault(path, _("%(name)s has a backslash."), _("Write / between folders."))
    return None


def _fault_of_meaning(path: str, parts: list[str]) -> Fault | None:
    """Say that a name means something to a builder or an engine."""
    last = parts[-1].lower()
    if last.endswith(_IGNORES):
        return _fault(
            path,
            _("%(name)s would hide files from the build."),
            _("Leave it out, and delete the files that the build does not need."),
        )
    if len(parts) == 1 and last in _RECIPES:
        return _fault(
            path, _("%(name)s is the recipe itself."), _("Paste its text into the recipe.")
        )
    if any(part.startswith(_WHITEOUT) for part in parts):
        return _fault(
            path,
            _("%(name)s begins with .wh., which tells an engine to delete a file."),
            _("Rename the file."),
        )
    return None


def collisions(paths: Iterable[str]) -> tuple[Fault, ...]:
    """Tell the names that cannot lie in one folder, each with the one (`other`) that came before.

    Names that differ in case or in the way an accent is composed count as the same, for a file
    system may take them so; a file cannot be the folder of another.
    """
    return tuple(_colliding(paths))


def _colliding(paths: Iterable[str]) -> Iterator[Fault]:
    seen: dict[str, tuple[str, bool]] = {}
    for path in paths:
        for name, is_folder in _with_folders(path):
            before = seen.get(_folded(name))
            if before is None:
                seen[_folded(name)] = (name, is_folder)
            elif fault := _collision(path, name, is_folder, before):
                yield fault
                break


def _with_folders(path: str) -> Iterator[tuple[str, bool]]:
    parts = path.split("/")
    for depth in range(1, len(parts)):
        yield "/".join(parts[:depth]), True
    yield path, False


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _collision(path: str, name: str, is_folder: bool, before: tuple[str, bool]) -> Fault | None:
    other, other_is_folder = before
    if is_folder != other_is_folder:
        message, hint = _("%(other)s is a file and a folder."), _("Rename one of the two.")
    elif name != other:
        message = _("%(name)s and %(other)s differ in upper and lower case or in an accent only.")
        hint = _("Rename one of the two.")
    elif not is_folder:
        message, hint = _("%(name)s is there twice."), _("Keep one of the two.")
    else:
        return None
    return _fault(path, message, hint, other=other[:200])


def faults_of_files(sizes: Mapping[str, int]) -> tuple[Fault, ...]:
    """Tell all that is wrong with a context: `sizes` has the bytes of each file by its name."""
    names = [fault for fault in map(fault_of_name, sizes) if fault]
    return (*_faults_of_sizes(sizes), *names, *collisions(sizes))


def _faults_of_sizes(sizes: Mapping[str, int]) -> Iterator[Fault]:
    if len(sizes) > MOST_FILES:
        yield Fault(
            _("These are %(number)s files; %(most)s are the most."),
            _("Put them into an archive, and unpack it in the Dockerfile."),
            {"number": len(sizes), "most": MOST_FILES},
        )
    total = sum(sizes.values())
    if total > MOST_BYTES:
        yield Fault(
            _("These files have %(size)s together; %(most)s are the most."),
            _("Let people read large data from a shared folder, or download it in the Dockerfile."),
            {"size": write_bytes(total), "most": write_bytes(MOST_BYTES)},
        )
    for name, size in sizes.items():
        if size > MOST_BYTES_OF_FILE:
            yield _fault(
                name,
                _("%(name)s has %(size)s; a file may have %(most)s."),
                _("Download it in the Dockerfile, or let people read it from a shared folder."),
                size=write_bytes(size),
                most=write_bytes(MOST_BYTES_OF_FILE),
            )


def _fault(name: str, message: str, hint: str, **facts: object) -> Fault:
    return Fault(message, hint, {"name": name[:200]} | facts)
