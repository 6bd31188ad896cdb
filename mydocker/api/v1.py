"""The API as a whole: its routers, its document, its addresses."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from ninja import NinjaAPI
from ninja.operation import Operation, PathView
from ninja.utils import normalize_path, replace_path_param_notation

from mydocker.api import (
    environments,
    image_builds,
    image_files,
    images,
    people,
    streamed,
    workspaces,
)
from mydocker.api.auth import BOTH
from mydocker.api.errors import add_handlers, respond
from mydocker.api.gate import JSON, Way, gate
from mydocker.api.parsing import StrictParser
from mydocker.services import answers

PREFIX = "api/v1/"

_ABOUT = """\
Start, follow, open and stop workspaces; define environments; make and build images.

Every answer with a status of 400 or more is `{code, message, hint, reference}`, in the language
of `Accept-Language`. Lists are `{items, next}`. Times are ISO 8601 in UTC.
"""


_CHALLENGE = {"description": "`Bearer`.", "schema": {"type": "string"}, "required": True}


class V1(NinjaAPI):
    """Names operations after their functions."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return the name of the function."""
        return operation.view_func.__name__


api = V1(
    title="myDocker", version="1", description=_ABOUT, docs_url=None, openapi_url=None,
    auth=BOTH, parser=StrictParser(),
)  # fmt: skip
add_handlers(api)
for each in (
    workspaces.router,
    streamed.router,
    environments.router,
    images.router,
    image_files.router,
    image_builds.router,
    people.router,
):
    api.add_router("", each)


def document() -> dict[str, Any]:
    """Return the OpenAPI document, as clients get it."""
    told: dict[str, Any] = json.loads(_document())
    return told


@cache
def _document() -> str:
    told = dict(api.get_openapi_schema(path_prefix=PREFIX))
    for name, schema in streamed.schemas().items():
        told["components"]["schemas"] |= schema.pop("$defs", {}) | {name: schema}
    for operations in told["paths"].values():
        for operation in operations.values():
            operation["responses"][401]["headers"] = {"WWW-Authenticate": _CHALLENGE}
    return json.dumps(told, ensure_ascii=False)


def patterns() -> Iterator[URLPattern]:
    """Return every address of the API, for Django."""
    ways = {"GET": Way(), "HEAD": Way()}
    yield path(f"{PREFIX}openapi.json", gate(_openapi, ways), name="openapi")
    for router in api._get_bound_routers():  # noqa: SLF001  # `api.urls` hides the operations
        for route, view in router.path_operations.items():
            yield path(
                normalize_path(PREFIX + replace_path_param_notation(route)),
                gate(view.get_view(), _ways(view)),
            )
    # No dot: an address may have a line end in it, and is ours all the same.
    yield re_path(r"^api(?:/[\s\S]*)?\Z", gate(_unknown, {}))


def _openapi(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return respond(
            request, answers.WRONG_METHOD.about(method=request.method, allowed="GET, HEAD")
        )
    return HttpResponse(_document(), content_type="application/json")


def _unknown(request: HttpRequest) -> HttpResponse:
    return respond(request, answers.UNKNOWN_ADDRESS)


def _ways(view: PathView) -> dict[str, Way]:
    return {
        method: Way(_types(operation), _parameters(operation))
        for operation in view.operations
        for method in operation.methods
    }


def _types(operation: Operation) -> tuple[str, ...]:
    told = (operation.openapi_extra or {}).get("requestBody", {}).get("content", {})
    return tuple(told) or JSON


def _parameters(operation: Operation) -> tuple[str, ...]:
    return tuple(
        name
        for model in operation.models
        if model.__ninja_param_source__ == "query"
        for name in model.__ninja_flatten_map__
    )
