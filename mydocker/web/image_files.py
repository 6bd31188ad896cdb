"""The files beside a recipe: uploaded, unpacked, edited, downloaded, taken away."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from mydocker import steady
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.services import images
from mydocker.services.answers import answer_to
from mydocker.services.images import KnownImage, Upload
from mydocker.store.images import ContextFileRow
from mydocker.store.pages import Visitor
from mydocker.web.images import told
from mydocker.web.notices import with_notice
from mydocker.web.rendering import render
from mydocker.web.responses import see_other
from mydocker.web.turns import TURNS
from mydocker.web.visitors import signed_in

MOST_EDITED_BYTES = 200_000
"""Of a file that is shown as a text."""


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def add(request: HttpRequest, visitor: Visitor, slug: str) -> HttpResponse:
    """Files of a form, an archive to unpack, or a text with its name; all of it or nothing."""
    known = images.for_editing(visitor.person, slug)
    refused: Refusal | None = None
    if request.method == "POST":
        try:
            with TURNS.aside():
                _add(request, visitor, slug)
        except Refusal as refusal:
            refused = refusal
        else:
            return see_other(with_notice(f"/teach/images/{slug}", "files_added") + "#files")
    context = {
        "image": known,
        "folder": request.POST.get("folder", ""),
        "name": request.POST.get("name", ""),
        "text": request.POST.get("text", ""),
        "refused": told(refused, request),
    }
    status = answer_to(refused).status if refused else 200
    return render(request, "workshop/files.html", context, status=status)


def _add(request: HttpRequest, visitor: Visitor, slug: str) -> None:
    person, now = visitor.person, steady.now()
    uploads, archive = _uploads(request), request.FILES.get("archive")
    if name := request.POST.get("name", "").strip():
        text = _unix(request.POST.get("text", ""))
        images.edit_file(person, slug, name, text, digest="", now=now)  # nothing is overwritten
    elif isinstance(archive, UploadedFile):
        images.put_archive(person, slug, archive.name or "", _stream_of(archive), now)
    elif uploads:
        images.put_files(person, slug, uploads, now)
    else:
        raise _nothing_chosen()


def _nothing_chosen() -> Refusal:
    return Refusal(
        Kind.INVALID, "no_file", _("No file was chosen."),
        _("Choose one or more files, then press the button again."),
    )  # fmt: skip


def _uploads(request: HttpRequest) -> Sequence[Upload]:
    folder = request.POST.get("folder", "").strip().strip("/")
    is_executable = request.POST.get("executable") == "yes"
    return [
        Upload(f"{folder}/{each.name}" if folder else each.name or "", _stream_of(each),
               is_executable)
        for each in request.FILES.getlist("files")
    ]  # fmt: skip


def _stream_of(file: "UploadedFile[bytes]") -> BinaryIO:
    return cast(BinaryIO, file)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def file(request: HttpRequest, visitor: Visitor, slug: str, path: str) -> HttpResponse:
    """One file: shown and edited as a text, replaced, downloaded, taken away."""
    known = images.for_viewing(visitor.person, slug)
    if request.method == "POST":
        return _change(request, visitor, known, path)
    row, source = images.file(visitor.person, slug, path)
    if "download" in request.GET:
        return _download(row, source)
    return _file(request, known, row, source)


def _download(row: ContextFileRow, source: Path) -> HttpResponse:
    """The bytes; never shown by a browser as a page of ours."""
    response = FileResponse(
        source.open("rb"), as_attachment=True, filename=row.path.rpartition("/")[2],
        content_type="application/octet-stream",
    )  # fmt: skip
    response.headers["Content-Length"] = str(row.size_bytes)
    return cast(HttpResponse, response)  # in pieces, unlike most


def _change(request: HttpRequest, visitor: Visitor, known: KnownImage, path: str) -> HttpResponse:
    person, slug, now = visitor.person, known.row.slug, steady.now()
    match request.POST.get("then", ""):
        case "remove":
            images.remove_file(person, slug, path, now)
            return see_other(with_notice(f"/teach/images/{slug}", "file_removed") + "#files")
        case "replace":
            return _replace(request, visitor, slug, path)
    text, digest = _unix(request.POST.get("text", "")), request.POST.get("digest", "")
    try:
        images.edit_file(person, slug, path, text, digest=digest, now=now)
    except Refusal as refusal:
        row, source = images.file(person, slug, path)
        return _file(request, known, row, source, typed=text, refused=refusal)
    return see_other(with_notice(f"/teach/images/{slug}", "saved") + "#files")


def _replace(request: HttpRequest, visitor: Visitor, slug: str, path: str) -> HttpResponse:
    chosen = request.FILES.get("file")
    if not isinstance(chosen, UploadedFile):
        raise _nothing_chosen()
    row, _source = images.file(visitor.person, slug, path)
    upload = Upload(path, _stream_of(chosen), row.is_executable)
    with TURNS.aside():
        images.put_files(visitor.person, slug, [upload], steady.now())
    return see_other(with_notice(f"/teach/images/{slug}", "files_added") + "#files")


def _file(
    request: HttpRequest,
    known: KnownImage,
    row: ContextFileRow,
    source: Path,
    *,
    typed: str | None = None,
    refused: Refusal | None = None,
) -> HttpResponse:
    stored = _text_of(row, source)
    is_conflict = refused is not None and refused.kind is Kind.CONFLICT
    context = {
        "image": known,
        "file": row,
        "is_text": stored is not None,
        "text": stored if typed is None else typed,
        "theirs": stored if is_conflict else None,
        "most": MOST_EDITED_BYTES,
        "refused": told(refused, request),
    }
    status = answer_to(refused).status if refused else 200
    return render(request, "workshop/file.html", context, status=status)


def _text_of(row: ContextFileRow, source: Path) -> str | None:
    """What a file says, if it is a text that a form can carry."""
    if row.size_bytes > MOST_EDITED_BYTES:
        return None
    try:
        text = source.read_bytes().decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
