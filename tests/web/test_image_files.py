"""The files beside a recipe: all of a form is taken, or nothing; nothing typed is lost."""

import zipfile
from io import BytesIO

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mydocker.domain.recipes import MOST_BYTES
from mydocker.store import models
from mydocker.web.uploads import FIELDS_BYTES
from tests.web.conftest import HOST
from tests.web.test_pages import text_of
from tests.web.world import World

FILES = "/teach/images/proofs/files"


def paths() -> set[str]:
    rows = models.ContextFile.objects.filter(image__slug="proofs")
    return set(rows.values_list("path", flat=True))


def digest(path: str) -> str:
    return models.ContextFile.objects.get(image__slug="proofs", path=path).digest


def body_of(client: Client, path: str) -> bytes:
    return b"".join(client.get(f"{FILES}/{path}?download").streaming_content)  # type: ignore[arg-type]


def test_files_are_listed_with_sizes(teacher: Client, world: World) -> None:
    page = text_of(teacher, "/teach/images/proofs")
    section = page[page.index('id="files"') :].split("</section>")[0]
    assert "data/notes-été.csv" in section and "7\N{NO-BREAK SPACE}kB" in section
    assert 'href="/teach/images/proofs/files/data/notes-%C3%A9t%C3%A9.csv"' in section
    assert "executable" in section and "4 files" in section


def test_many_files_are_taken_into_a_folder(teacher: Client, world: World) -> None:
    sent = [SimpleUploadedFile(name, b"x") for name in ("a.csv", "b b.csv", "é.csv")]
    answer = teacher.post(FILES, {"files": sent, "folder": "/more/data/", "executable": "yes"})
    assert answer["Location"] == "/teach/images/proofs?done=files_added#files"
    assert {"more/data/a.csv", "more/data/b b.csv", "more/data/é.csv"} < paths()
    assert models.ContextFile.objects.get(path="more/data/a.csv").is_executable


def test_one_bad_name_and_nothing_is_taken(teacher: Client, world: World) -> None:
    before = paths()
    names = ("good.txt", "Dockerfile", ".dockerignore")
    sent = [SimpleUploadedFile(name, b"x") for name in names]
    answer = teacher.post(FILES, {"files": sent, "folder": ""})
    page = answer.content.decode()
    assert answer.status_code == 422 and "Dockerfile is the recipe itself" in page
    assert ".dockerignore would hide files from the build" in page
    assert paths() == before


def test_an_archive_is_unpacked(teacher: Client, world: World) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("tp/data/points.csv", "1;2")
        archive.writestr("tp/fiche.ipynb", "{}")
    sent = SimpleUploadedFile("tp.zip", packed.getvalue())
    assert teacher.post(FILES, {"archive": sent}).status_code == 303
    assert any(path.endswith("data/points.csv") for path in paths())
    broken = teacher.post(FILES, {"archive": SimpleUploadedFile("tp.zip", b"PK no")})
    assert broken.status_code == 422 and 'id="refused"' in broken.content.decode()


def test_a_new_text_is_kept_or_comes_back_as_it_was_typed(teacher: Client, world: World) -> None:
    answer = teacher.post(FILES, {"name": "install.R", "text": "\r\nprint(1)\r\n"})
    assert answer.status_code == 303
    assert body_of(teacher, "install.R") == b"\nprint(1)\n"
    for name, status in (("../up.txt", 422), ("requirements.txt", 409)):
        refused = teacher.post(FILES, {"name": name, "text": "a <b> c"})
        page = refused.content.decode()
        assert refused.status_code == status
        assert "a &lt;b&gt; c</textarea>" in page and f'value="{name}"' in page
    assert body_of(teacher, "requirements.txt").startswith(b"scikit-laern")


def test_nothing_chosen_is_told_so(teacher: Client, world: World) -> None:
    answer = teacher.post(FILES, {"folder": "x"})
    assert answer.status_code == 422 and "No file was chosen" in answer.content.decode()


def test_a_text_is_edited(teacher: Client, world: World) -> None:
    path = f"{FILES}/requirements.txt"
    page = text_of(teacher, path)
    assert "scikit-laern\nnumpy\n</textarea>" in page and digest("requirements.txt") in page
    sent = {"text": "scikit-learn\r\nnumpy\r\n", "digest": digest("requirements.txt")}
    assert teacher.post(path, sent)["Location"] == "/teach/images/proofs?done=saved#files"
    assert body_of(teacher, "requirements.txt") == b"scikit-learn\nnumpy\n"


def test_the_second_to_edit_a_file_is_told_and_sees_both_texts(
    teacher: Client, administrator: Client, world: World
) -> None:
    path, opened = f"{FILES}/requirements.txt", digest("requirements.txt")
    assert teacher.post(path, {"text": "hers", "digest": opened}).status_code == 303
    answer = administrator.post(path, {"text": "his <i>", "digest": opened})
    page = answer.content.decode()
    assert answer.status_code == 409 and "nothing was overwritten" in page
    assert "hers</pre>" in page and "his &lt;i&gt;</textarea>" in page
    assert body_of(teacher, "requirements.txt") == b"hers"
    again = {"text": "his <i>", "digest": digest("requirements.txt")}
    assert digest("requirements.txt") in page
    assert administrator.post(path, again).status_code == 303


def test_a_file_of_bytes_is_replaced_and_deleted_but_not_shown(
    teacher: Client, world: World
) -> None:
    path = f"{FILES}/logo.png"
    page = text_of(teacher, path)
    assert "This file is not shown" in page and 'id="text"' not in page
    assert teacher.post(path, {"then": "replace"}).status_code == 422
    sent = {"then": "replace", "file": SimpleUploadedFile("other.png", b"\x89new")}
    assert teacher.post(path, sent).status_code == 303
    assert body_of(teacher, "logo.png") == b"\x89new"
    assert teacher.post(path, {"then": "remove"}).status_code == 303
    assert "logo.png" not in paths()
    assert teacher.get(path).status_code == 404


def test_a_replaced_program_can_still_be_started(teacher: Client, world: World) -> None:
    sent = {"then": "replace", "file": SimpleUploadedFile("x", b"#!/bin/sh\n")}
    assert teacher.post(f"{FILES}/tools/check", sent).status_code == 303
    assert models.ContextFile.objects.get(path="tools/check").is_executable


def test_a_download_is_never_a_page(teacher: Client, world: World) -> None:
    teacher.post(FILES, {"name": "évil.html", "text": "<script>alert(1)</script>"})
    answer = teacher.get(f"{FILES}/évil.html?download")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''%C3%A9vil.html")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Length"] == "25"
    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["nothing.txt", "%2e%2e/x", "a//b", "%00", ".dockerignore"])
def test_what_is_not_there_is_not_found(teacher: Client, world: World, path: str) -> None:
    for query in ("", "?download"):
        assert teacher.get(f"{FILES}/{path}{query}").status_code in (404, 422)


# --- how much may come ---


def test_too_much_is_refused_before_it_is_read(teacher: Client, world: World) -> None:
    most = str(MOST_BYTES + FIELDS_BYTES + 1)
    answer = teacher.generic(
        "POST", FILES, b"--x--", content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=most,
    )  # fmt: skip
    assert answer.status_code == 413 and "less than 201 MB" in answer.content.decode()


@pytest.mark.parametrize("path", [FILES, "/sign-in", "/teach"])
def test_strangers_send_no_files(world: World, path: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": HOST, "accept-language": "en"})
    client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    big = SimpleUploadedFile("x", b"x" * (2 << 20))
    answer = client.post(path, {"files": [big]}, headers={"origin": f"http://{HOST}"})
    assert answer.status_code == 413 and "less than 2 MB" in answer.content.decode()


def test_only_where_files_are_taken_may_they_be_large(teacher: Client, world: World) -> None:
    big = SimpleUploadedFile("big.bin", b"x" * (3 << 20))
    assert teacher.post("/teach", {"files": [big]}).status_code == 413
    again = SimpleUploadedFile("big.bin", b"x" * (3 << 20))
    assert teacher.post(FILES, {"files": [again]}).status_code == 303
    assert models.ContextFile.objects.get(path="big.bin").size_bytes == 3 << 20
