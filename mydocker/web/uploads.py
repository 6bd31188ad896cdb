"""How much a form may bring: little, but for the files of those who are signed in, where files are
taken. Asked before anything is read.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from mydocker.domain.recipes import MOST_BYTES
from mydocker.web.visitors import visitor_of

_TAKES_FILES = re.compile(r"/(?:teach|api/v1)/images/[^/]+/files(?:/|$)")
"""The gateway knows these addresses, too."""
FIELDS_BYTES = 1 << 20
"""What comes with files: names, borders, the other fields."""


def most_bytes_at(path: str) -> int:
    """How long the body of a request to this address may be, whoever sends it."""
    if _TAKES_FILES.match(path):
        return MOST_BYTES + FIELDS_BYTES
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def most_bytes(request: HttpRequest) -> int:
    """How long the body of this request may be."""
    if visitor_of(request) is None:
        return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    return most_bytes_at(request.path_info)


class Bounded(FileUploadHandler):
    """Stands before the handlers that keep files, and refuses what is too long."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Mapping[str, Any],  # noqa: N803 -- Django's name
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """Raise `RequestDataTooBig` for a form that is longer than it may be."""
        if self.request is None or content_length > most_bytes(self.request):
            raise RequestDataTooBig

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass everything on."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""
