"""Files beside a recipe: uploaded, unpacked, edited, taken away. All or nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from mydocker.domain.people import Person
from mydocker.domain.quantities import write_bytes
from mydocker.domain.recipes import (
    MOST_BYTES,
    MOST_BYTES_OF_FILE,
    collisions,
    fault_of_name,
    faults_of_files,
)
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.templates import Fault
from mydocker.domain.words import filled_in
from mydocker.domain.words import gettext_noop as _
from mydocker.services.image_rights import for_editing, for_viewing
from mydocker.store import blobs
from mydocker.store import images as store
from mydocker.store.images import ContextFileRow
from mydocker.store.transactions import unit_of_work


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in."""

    path: str
    stream: BinaryIO
    """Read once, from where it stands to its end."""
    is_executable: bool = False


class BadFiles(Refusal):
    """Files of which none was taken; `faults` is all that is wrong with them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            Kind.INVALID, "bad_files", _("No file was taken. Reasons: %(count)s."),
            _("Mend them, then send all of it again."), count=len(self.faults),
        )  # fmt: skip

    def told(self, translate: Callable[[str], str] = str) -> list[tuple[str, str]]:
        """Return the message and the hint of each fault, translated and filled in."""
        return [filled_in(translate, each.message, each.hint, each.facts) for each in self.faults]


def files(person: Person, slug: str) -> Sequence[ContextFileRow]:
    """The files beside the recipe, by path; `domain.recipes.MOST_FILES` at most."""
    return store.files(for_viewing(person, slug).row.id)


def file(person: Person, slug: str, path: str) -> tuple[ContextFileRow, Path]:
    """One file, and where its bytes are."""
    image = for_viewing(person, slug).row.id
    found = None if fault_of_name(path) else store.file(image, path)
    if found is None:
        raise _unknown(path)
    return found, blobs.path_of(found.digest)


def put_files(
    person: Person, slug: str, uploads: Sequence[Upload], now: datetime
) -> Sequence[ContextFileRow]:
    """Take files; each replaces the one of its path. Returns all there are. Raises `BadFiles`."""
    image = for_editing(person, slug).row.id
    paths = [upload.path for upload in uploads]
    if faults := (*faults_of_files(dict.fromkeys(paths, 0)), *collisions(paths)):
        raise BadFiles(faults)
    return put(image, keep(uploads, now), now)


def keep(uploads: Iterable[Upload], now: datetime) -> list[ContextFileRow]:
    """Keep the bytes of files, no more than a context may have. Raises `BadFiles`."""
    left, kept = MOST_BYTES, []
    for upload in uploads:
        most = min(MOST_BYTES_OF_FILE, left)
        try:
            blob = blobs.keep(upload.stream, most_bytes=most)
        except blobs.TooLarge:
            raise BadFiles([_too_large(upload.path, most)]) from None
        left -= blob.size_bytes
        kept.append(
            ContextFileRow(upload.path, blob.digest, blob.size_bytes, upload.is_executable, now)
        )
    return kept


def put(image: str, rows: Sequence[ContextFileRow], now: datetime) -> Sequence[ContextFileRow]:
    """Store files whose bytes are kept. Returns all there are, or raises `BadFiles`."""
    with unit_of_work():
        # First of all, so that nobody else adds files while these are counted.
        store.touch(image, now)
        return _write(image, rows)


def _write(image: str, rows: Sequence[ContextFileRow]) -> Sequence[ContextFileRow]:
    """Store files in an image that nobody else changes meanwhile."""
    sizes = {row.path: row.size_bytes for row in (*store.files(image), *rows)}
    if faults := faults_of_files(sizes):
        raise BadFiles(faults)
    store.put_files(image, rows)
    return store.files(image)


def edit_file(
    person: Person, slug: str, path: str, text: str, *, digest: str, now: datetime
) -> ContextFileRow:
    """Write a text file anew, with the line ends of Unix.

    `digest` is that of what was edited, empty for a file that was not there: if somebody changed
    the file meanwhile, nothing is overwritten.
    """
    image = for_editing(person, slug).row.id
    if fault := fault_of_name(path):
        raise BadFiles([fault])
    [row] = keep([Upload(path, BytesIO(_bytes_of(text)))], now)
    with unit_of_work():
        store.touch(image, now)
        present = store.file(image, path)
        if (present.digest if present else "") != digest:
            raise _changed_meanwhile(path)
        if present:
            row = replace(row, is_executable=present.is_executable)
        _write(image, [row])
    return row


def remove_file(person: Person, slug: str, path: str, now: datetime) -> None:
    """Take a file away."""
    image = for_editing(person, slug).row.id
    with unit_of_work():
        store.touch(image, now)
        if fault_of_name(path) or not store.remove_file(image, path):
            raise _unknown(path)


def _bytes_of(text: str) -> bytes:
    try:
        return text.replace("\r\n", "\n").encode()
    except UnicodeEncodeError:
        raise BadFiles([Fault(_("This text contains an invisible character."))]) from None


def _too_large(path: str, most: int) -> Fault:
    if most < MOST_BYTES_OF_FILE:
        return Fault(
            _("These files have more than %(most)s together."),
            _("Let people read large data from a shared folder, or download it in the Dockerfile."),
            {"most": write_bytes(MOST_BYTES)},
        )
    return Fault(
        _("%(name)s has more than %(most)s, which a file may have."),
        _("Download it in the Dockerfile, or let people read it from a shared folder."),
        {"name": path[:200], "most": write_bytes(MOST_BYTES_OF_FILE)},
    )


def _unknown(path: str) -> Refusal:
    shown = path.encode("ascii", "replace").decode()[:200] if fault_of_name(path) else path
    return Refusal(
        Kind.NOT_FOUND, "unknown_file", _("There is no file “%(path)s”."),
        _("Somebody may have taken it away. Look at the list of files."), path=shown,
    )  # fmt: skip


def _changed_meanwhile(path: str) -> Refusal:
    return Refusal(
        Kind.CONFLICT, "file_changed_meanwhile",
        _("Somebody else changed “%(path)s” meanwhile; nothing was overwritten."),
        _("Copy your text, look at the file as it is now, then write yours again."), path=path,
    )  # fmt: skip
