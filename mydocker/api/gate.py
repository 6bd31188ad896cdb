"""What holds for every address of the API, before and after its own view.

The language of the answer, the type of the body, unknown parameters, and a readable answer to a
wrong method.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.utils import translation

from mydocker.api.errors import respond
from mydocker.services import answers

View = Callable[..., HttpResponseBase]
JSON = ("application/json",)


@dataclass(frozen=True, slots=True)
class Way:
    """What one method of an address takes."""

    types: Collection[str] = JSON
    """Of its body, if it has one."""
    parameters: Collection[str] = ()
    """Names in the query, each at most once."""


def gate(view: View, ways: Mapping[str, Way]) -> View:
    """Wrap a view that takes these methods."""

    @wraps(view)
    def gated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        language = answers.language_of(request.headers.get("Accept-Language", ""))
        with translation.override(language):
            way = ways.get(request.method or "")
            refused = _refusal(request, way) if way else None
            response = refused or _mended(request, view(request, *args, **kwargs))
        response["Content-Language"] = language
        response["Cache-Control"] = "no-store"
        response["Vary"] = "Accept-Language, Authorization, Cookie"
        return response

    gated.csrf_exempt = True  # type: ignore[attr-defined]  # `auth.Session` checks it
    return gated


def _refusal(request: HttpRequest, way: Way) -> HttpResponse | None:
    has_body = request.META.get("CONTENT_LENGTH") not in (None, "", "0")
    if has_body and request.content_type not in way.types:
        return respond(request, answers.WRONG_TYPE.about(known=", ".join(way.types)))
    try:
        strange = _strange_parameter(request, way)
    except SuspiciousOperation:
        return respond(request, answers.MALFORMED)
    if strange is None:
        return None
    shown = strange.encode("utf-8", "replace").decode()[:80]
    known = ", ".join(way.parameters) or "—"
    return respond(request, answers.UNKNOWN_PARAMETER.about(name=shown, known=known))


def _strange_parameter(request: HttpRequest, way: Way) -> str | None:
    for name, values in request.GET.lists():
        if name not in way.parameters or len(values) > 1:
            return name
    return None


def _mended(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if not isinstance(response, HttpResponseNotAllowed):
        return response
    allowed = ", ".join(sorted(response["Allow"].split(", ")))
    told = respond(request, answers.WRONG_METHOD.about(method=request.method, allowed=allowed))
    told["Allow"] = allowed
    return told
