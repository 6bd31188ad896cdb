"""The files beside an image's recipe: listed, read, sent one by one or as an archive, deleted."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path as FilePlace
from tempfile import SpooledTemporaryFile
from typing import IO, Any, BinaryIO, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from ninja import Path, Query, Router

from mydocker import steady
from mydocker.api.auth import person_of
from mydocker.api.image_shapes import ArchiveTerms, FilePath, FileShown, FileTerms, PartOfFiles
from mydocker.api.noes import CHANGES, DEFINES, EMPTY, UNKNOWN
from mydocker.api.shapes import Items, Slug
from mydocker.domain.scopes import Scope
from mydocker.services import images as service
from mydocker.services.archives import MOST_ARCHIVE_BYTES
from mydocker.services.images import Upload
from mydocker.services.summaries import iso
from mydocker.store.images import ContextFileRow

router = Router(tags=["images"])

CHUNK_BYTES = 1 << 18
IN_MEMORY_BYTES = 1 << 20
"""Of an archive; a larger one is put aside on the disk."""
FIRST_PART = 50

_OCTETS = "application/octet-stream"
_ARCHIVES = (
    "application/zip", "application/x-tar", "application/gzip", "application/x-bzip2",
    "application/x-xz", _OCTETS,
)  # fmt: skip
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_FILE = {
    "requestBody": {
        "description": "The bytes; nothing: an empty file.",
        "required": False,
        "content": {_OCTETS: _BINARY},
    }
}
_ARCHIVE = {
    "requestBody": {
        "description": "What it is, its first bytes say.",
        "required": True,
        "content": dict.fromkeys(_ARCHIVES, _BINARY),
    }
}
_GIVEN = {"responses": {200: {"description": "The bytes.", "content": {_OCTETS: _BINARY}}}}


@router.get("/images/{image}/files", response={200: Items[FileShown], **UNKNOWN})
def list_files_of_image(
    request: HttpRequest, image: Path[Slug], part: Query[PartOfFiles]
) -> HttpResponse:
    """List, by path, the files that lie beside the recipe. Needs the scope `images:read`."""
    rows = service.files(person_of(request, Scope.READ_IMAGES), image)
    return JsonResponse(_part(rows, part.after or "", part.limit))


@router.post(
    "/images/{image}/files",
    response={200: Items[FileShown], **DEFINES},
    openapi_extra=_ARCHIVE,
)
def upload_archive_to_image(
    request: HttpRequest, image: Path[Slug], terms: Query[ArchiveTerms]
) -> HttpResponse:
    """Take all files of an archive: zip, tar, tar.gz, tar.bz2 or tar.xz; all of them, or none.

    Each replaces the one of its path; one folder that holds everything is left out. Links and
    what else is no plain file are refused. Answers with the first part of the list of files.
    Needs `images:write`.
    """
    person = person_of(request, Scope.WRITE_IMAGES)
    service.for_editing(person, image)
    with SpooledTemporaryFile(IN_MEMORY_BYTES, dir=settings.FILE_UPLOAD_TEMP_DIR) as aside:
        _copy(request, aside)
        archive = cast(BinaryIO, aside)
        rows = service.put_archive(person, image, terms.name, archive, steady.now())
    return JsonResponse(_part(rows, "", FIRST_PART))


@router.get(
    "/images/{image}/files/{path:path}", response=dict(UNKNOWN), openapi_extra=_GIVEN
)  # fmt: skip
def read_file_of_image(
    request: HttpRequest, image: Path[Slug], path: Path[FilePath]
) -> HttpResponseBase:
    """Get the bytes of a file. Needs `images:read`."""
    person = person_of(request, Scope.READ_IMAGES)
    row, source = service.file(person, image, path)
    told = StreamingHttpResponse(_bytes_of(source), content_type=_OCTETS)
    told["Content-Length"] = str(row.size_bytes)
    told["Content-Disposition"] = _attached(row.path.rpartition("/")[2])
    return told


@router.put(
    "/images/{image}/files/{path:path}",
    response={200: FileShown, **DEFINES},
    openapi_extra=_FILE,
)
def upload_file_to_image(
    request: HttpRequest, image: Path[Slug], path: Path[FilePath], terms: Query[FileTerms]
) -> HttpResponse:
    """Put a file beside the recipe, in the place of the one of this path. Needs `images:write`."""
    person = person_of(request, Scope.WRITE_IMAGES)
    upload = Upload(path, cast(BinaryIO, request), bool(terms.executable))
    rows = service.put_files(person, image, [upload], steady.now())
    return JsonResponse(_shown(next(row for row in rows if row.path == path)))


@router.delete("/images/{image}/files/{path:path}", response={**EMPTY, **CHANGES})
def delete_file_of_image(
    request: HttpRequest, image: Path[Slug], path: Path[FilePath]
) -> HttpResponse:
    """Take a file away. Needs `images:write`."""
    service.remove_file(person_of(request, Scope.WRITE_IMAGES), image, path, steady.now())
    return HttpResponse(status=204)


def _bytes_of(source: FilePlace) -> Iterator[bytes]:
    with source.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _attached(name: str) -> str:
    return content_disposition_header(as_attachment=True, filename=name) or ""


def _copy(request: HttpRequest, aside: IO[bytes]) -> None:
    """Put the body aside, but no more of it than is enough to refuse it."""
    left = MOST_ARCHIVE_BYTES + 1
    while left > 0 and (chunk := request.read(min(CHUNK_BYTES, left))):
        aside.write(chunk)
        left -= len(chunk)
    aside.seek(0, io.SEEK_SET)


def _part(rows: Sequence[ContextFileRow], after: str, limit: int) -> dict[str, object]:
    rest = sorted((row for row in rows if row.path > after), key=lambda row: row.path)
    page = rest[:limit]
    following = page[-1].path if len(rest) > len(page) else None
    return {"items": [_shown(row) for row in page], "next": following}


def _shown(row: ContextFileRow) -> dict[str, object]:
    return {
        "path": row.path,
        "digest": row.digest,
        "size_bytes": row.size_bytes,
        "is_executable": row.is_executable,
        "updated_at": iso(row.updated_at),
    }
