"""JSON bodies, read strictly (RFC 8259, I-JSON RFC 7493): UTF-8, each name once, finite numbers."""

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser


class StrictParser(Parser):
    """Raises ValueError for whatever two readers could understand differently."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the value of a JSON body."""
        return json.loads(
            request.body.decode("utf-8"),
            parse_constant=_refuse,
            object_pairs_hook=_once_each,
        )


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found
