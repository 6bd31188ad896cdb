"""The streams as the OpenAPI document tells them; another process answers them (`streams.py`)."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router
from pydantic import BaseModel, ConfigDict, Field

from mydocker.api.errors import respond
from mydocker.api.image_shapes import LogEntryShown, LogTerms, Number
from mydocker.api.noes import UNKNOWN
from mydocker.api.shapes import Error, EventShown, Id, Slug
from mydocker.domain.story import StoryKind
from mydocker.services import answers

router = Router()

LONGEST_TAIL = 10_000
EVENT_ID = re.compile("[0-9]{1,18}")
USUAL_TAIL = 200


class Tail(BaseModel):
    """Which part of a log."""

    model_config = ConfigDict(extra="forbid")
    follow: int = Field(default=0, ge=0, le=1, description="1: stay, and send what comes.")
    tail: int = Field(
        default=USUAL_TAIL, ge=0, le=LONGEST_TAIL, description="Lines, counted from the end."
    )


_LAST_EVENT = {
    "in": "header",
    "name": "Last-Event-ID",
    "required": False,
    "description": "To go on after this event.",
    "schema": {"type": "string", "pattern": f"^{EVENT_ID.pattern}$"},
}


def _told_as(shape: str, description: str, example: str) -> dict[str, Any]:
    data = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": {"$ref": f"#/components/schemas/{shape}"},
    }
    event = {
        "description": "Of one event.",
        "type": "object",
        "required": ["data"],
        "properties": {
            "id": {"type": "string", "description": "To come back with, as `Last-Event-ID`."},
            "data": data,
        },
    }
    content = {"text/event-stream": {"schema": event, "example": example}}
    return {
        "parameters": [_LAST_EVENT],
        "responses": {200: {"description": description, "content": content}},
    }


_EVENTS = _told_as(
    "EventShown",
    "Events, until the client leaves. Kinds: " + ", ".join(StoryKind) + ".",
    'id: 17\ndata: {"at": "2026-11-22T09:30:00.250000Z", "kind": "ready", '
    '"message": "Ready. 1.9 s after it was asked for.", "progress": null}\n\n',
)
_BUILD_EVENTS = _told_as(
    "LogEntryShown",
    "Events, until the build is over.",
    'id: 4\ndata: {"seconds": 2.5, "step": 2, "kind": "step", "text": "RUN make", "bytes": 0}\n\n',
)
_LOGS = {
    "responses": {
        200: {"description": "Lines.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    }
}


def schemas() -> dict[str, Any]:
    """Return the schemas that only streams use."""
    template = "#/components/schemas/{model}"
    return {
        shape.__name__: shape.model_json_schema(ref_template=template)
        for shape in (EventShown, LogEntryShown)
    }


@router.get(
    "/workspaces/{workspace}/events",
    response=dict(UNKNOWN),
    openapi_extra=_EVENTS,
    tags=["workspaces"],
)
def follow_events(request: HttpRequest, workspace: Path[Id]) -> HttpResponse:
    """Follow what happens to a workspace, as server-sent events.

    First everything since it was last asked for, or since `Last-Event-ID`; then what happens,
    as it happens. `progress` comes with `image_pulling`, in bytes, and such events have no id.
    A comment every 15 s keeps the connection alive. Needs `workspaces:read`.
    """
    return respond(request, answers.STREAMED_ELSEWHERE)


@router.get(
    "/workspaces/{workspace}/logs",
    response={**UNKNOWN, 409: Error},
    openapi_extra=_LOGS,
    tags=["workspaces"],
)
def read_logs(request: HttpRequest, workspace: Path[Id], part: Query[Tail]) -> HttpResponse:
    """Read the output of the workspace's newest container. Needs `workspaces:read`."""
    return respond(request, answers.STREAMED_ELSEWHERE)


@router.get(
    "/images/{image}/builds/{number}/events",
    response=dict(UNKNOWN),
    openapi_extra=_BUILD_EVENTS,
    tags=["images"],
)
def follow_build(request: HttpRequest, image: Path[Slug], number: Path[Number]) -> HttpResponse:
    """Follow the log of a build, as server-sent events, from its beginning to the event `end`.

    Or from after `Last-Event-ID`. Of a build that waits nothing comes until it begins but a
    comment every 15 s. Needs the scope `images:read`.
    """
    return respond(request, answers.STREAMED_ELSEWHERE)


@router.get(
    "/images/{image}/builds/{number}/log",
    response=dict(UNKNOWN),
    openapi_extra=_LOGS,
    tags=["images"],
)
def read_log_of_build(
    request: HttpRequest, image: Path[Slug], number: Path[Number], part: Query[LogTerms]
) -> HttpResponse:
    """Read what a build has said so far, as text; steps are lines that begin with `#`.

    Needs `images:read`.
    """
    return respond(request, answers.STREAMED_ELSEWHERE)
