"""Archives of context files: zip, tar, tar.gz, tar.bz2, tar.xz. All of one is taken, or nothing.

What an archive is, its first bytes say, not its name. Folders are not kept by themselves. A
folder that holds everything is only wrapping, as in the archives that Git hosts make, and is left
out; so is what macOS adds. Links, devices and what is protected by a password are refused, never
followed or guessed.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import BinaryIO, cast

from mydocker.domain.people import Person
from mydocker.domain.quantities import write_bytes
from mydocker.domain.recipes import MOST_BYTES, MOST_FILES, collisions, fault_of_name
from mydocker.domain.templates import Fault
from mydocker.domain.words import gettext_noop as _
from mydocker.services import image_files, tars, zips
from mydocker.services.image_files import BadFiles, Upload
from mydocker.services.image_rights import for_editing
from mydocker.services.unpacking import (
    COMPRESSIONS,
    Budget,
    Counted,
    Damaged,
    Source,
    TooMuch,
    Unpacked,
)
from mydocker.store.images import ContextFileRow

MOST_ARCHIVE_BYTES = MOST_BYTES + (16 << 20)
"""As sent, and of all that is unpacked, headers included."""
MOST_RATIO = 200
"""What text, tables and notebooks are compressed to, with a wide margin."""
ALWAYS_BYTES = 20 << 20
"""May come out of the smallest archive."""
MOST_MEMBERS = 4 * MOST_FILES
"""Folders included."""
MOST_FAULTS = 100


def put_archive(
    person: Person, slug: str, name: str, stream: BinaryIO, now: datetime
) -> Sequence[ContextFileRow]:
    """Take all files of an archive; each replaces the one of its path. Raises `BadFiles`.

    `name` is what the archive is called, `stream` can be read from any place. Returns all files
    there are.
    """
    image = for_editing(person, slug).row.id
    size = stream.seek(0, io.SEEK_END)
    if size > MOST_ARCHIVE_BYTES:
        raise _bad(
            _("%(name)s has more than %(most)s."),
            _("Let people read large data from a shared folder, or download it in the Dockerfile."),
            name, most=write_bytes(MOST_ARCHIVE_BYTES),
        )  # fmt: skip
    rows = _unwrapped(_kept(name, stream, size, now))
    if faults := collisions(row.path for row in rows):
        raise BadFiles(faults[:MOST_FAULTS])
    return image_files.put(image, rows, now)


def _kept(name: str, stream: BinaryIO, size: int, now: datetime) -> list[ContextFileRow]:
    faults: list[Fault] = []
    budget = Budget(min(MOST_ARCHIVE_BYTES, max(ALWAYS_BYTES, MOST_RATIO * size)))
    try:
        rows = image_files.keep(_uploads(_items(stream, budget), faults), now)
    except Damaged:
        raise _bad(
            _("%(name)s cannot be unpacked: it is damaged or cut off, or no archive."),
            _("Send a zip, tar, tar.gz, tar.bz2 or tar.xz; make it again if it is one."), name,
        ) from None  # fmt: skip
    except TooMuch:
        raise _bad(
            _("%(name)s unpacks to far more than it should."),
            _("Upload its files without an archive."), name,
        ) from None  # fmt: skip
    if faults:
        raise BadFiles(faults)
    if not rows:
        raise _bad(_("%(name)s has no files in it."), _("Look into it before you send it."), name)
    return rows


@dataclass(frozen=True, slots=True)
class _Item:
    """A member of any archive."""

    path: str
    is_executable: bool
    is_folder: bool
    fault: tuple[str, str] | None
    """Why it cannot be taken, and what to do."""
    opened: Callable[[], Source]


def _items(stream: BinaryIO, budget: Budget) -> Iterator[_Item]:
    stream.seek(0)
    head = stream.read(8)
    stream.seek(0)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(stream, budget)
    makes = [make for magic, make in COMPRESSIONS.items() if head.startswith(magic)]
    return _taped(Unpacked(stream, makes[0]) if makes else stream, budget)


def _zipped(stream: BinaryIO, budget: Budget) -> Iterator[_Item]:
    for entry in zips.entries(stream):
        yield _Item(
            entry.path, entry.is_executable, entry.is_folder, _fault_of_entry(entry),
            partial(_counted, entry, budget),
        )  # fmt: skip


def _counted(entry: zips.Entry, budget: Budget) -> Source:
    return Counted(entry.opened(), budget)


def _taped(source: Source, budget: Budget) -> Iterator[_Item]:
    for member in tars.members(Counted(source, budget)):
        is_taken = member.is_file or member.is_folder
        yield _Item(
            member.path, member.is_executable, member.is_folder, None if is_taken else _SPECIAL,
            member.opened,
        )  # fmt: skip


_SPECIAL = (
    _("%(name)s is a link, a device or another thing that is no plain file."),
    _("Put the file itself in its place."),
)


_TOO_MANY = Fault(
    _("An archive may hold %(most)s files at most."),
    _("Put them into an archive in this one, and unpack that in the Dockerfile."),
    {"most": MOST_FILES},
)


def _fault_of_entry(entry: zips.Entry) -> tuple[str, str] | None:
    if not (entry.is_file or entry.is_folder):
        return _SPECIAL
    if entry.is_encrypted:
        return _("%(name)s is protected by a password."), _("Make the archive without one.")
    if not entry.is_known:
        return (
            _("%(name)s is compressed in a way that is not known here."),
            _("Make the archive as an ordinary zip."),
        )
    return None


def _uploads(items: Iterator[_Item], faults: list[Fault]) -> Iterator[Upload]:
    """Pass on the files that can be taken, and note why others cannot."""
    files = 0
    for number, item in enumerate(items, 1):
        path = item.path.removeprefix("./")
        if not (item.is_folder or _is_of_macos(path)):
            files += 1
            if fault := _fault_of(path, item):
                faults.append(fault)
            elif not faults:
                yield Upload(path, cast(BinaryIO, item.opened()), item.is_executable)
        if files > MOST_FILES or number > MOST_MEMBERS:
            faults.append(_TOO_MANY)
        if faults and (faults[-1] is _TOO_MANY or len(faults) >= MOST_FAULTS):
            return


def _fault_of(path: str, item: _Item) -> Fault | None:
    if fault := fault_of_name(path):
        return fault
    return Fault(item.fault[0], item.fault[1], {"name": path[:200]}) if item.fault else None


def _is_of_macos(path: str) -> bool:
    folder, _slash, last = path.rpartition("/")
    is_beside = folder == "__MACOSX" or folder.startswith("__MACOSX/")
    return is_beside or last == ".DS_Store" or last.startswith("._")


def _unwrapped(rows: Sequence[ContextFileRow]) -> list[ContextFileRow]:
    """Leave out the one folder that holds everything."""
    tops = {row.path.partition("/")[::2] for row in rows}
    folders = {top for top, _rest in tops}
    if len(folders) > 1 or any(not rest for _top, rest in tops):
        return list(rows)
    return [replace(row, path=row.path.partition("/")[2]) for row in rows]


def _bad(message: str, hint: str, name: str, **facts: object) -> BadFiles:
    return BadFiles([Fault(message, hint, {"name": name[:200]} | facts)])
