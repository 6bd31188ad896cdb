"""The streams as the OpenAPI document tells them; another process answers them (`streams.py`)."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router
from pydantic import BaseModel, ConfigDict, Field

from mydocker.api.errors import respond
from mydocker.api.noes import UNKNOWN
from mydocker.api.shapes import Error, EventShown, Id
from mydocker.domain.story import StoryKind
from mydocker.services import answers

router = Router(tags=["workspaces"])

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
_EVENT = {
    "description": "Of one event.",
    "type": "object",
    "required": ["data"],
    "properties": {
        "id": {"type": "string", "description": "To come back with, as `Last-Event-ID`."},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/EventShown"},
        },
    },
}
_EXAMPLE = (
    'id: 17\ndata: {"at": "2026-11-22T09:30:00.250000Z", "kind": "ready", '
    '"message": "Ready. 1.9 s after it was asked for.", "progress": null}\n\n'
)
_EVENTS = {
    "parameters": [_LAST_EVENT],
    "responses": {
        200: {
            "description": "Events, until the client leaves. Kinds: " + ", ".join(StoryKind) + ".",
            "content": {
                "text/event-stream": {
                    "schema": _EVENT,
                    "example": _EXAMPLE,
                }
            },
        }
    },
}
_LOGS = {
    "responses": {
        200: {"description": "Lines.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    }
}


def schemas() -> dict[str, Any]:
    """Return the schemas that only streams use."""
    return {"EventShown": EventShown.model_json_schema(ref_template="#/components/schemas/{model}")}


@router.get("/workspaces/{workspace}/events", response=dict(UNKNOWN), openapi_extra=_EVENTS)
def follow_events(request: HttpRequest, workspace: Path[Id]) -> HttpResponse:
    """Follow what happens to a workspace, as server-sent events.

    First everything since it was last asked for, or since `Last-Event-ID`; then what happens,
    as it happens. `progress` comes with `image_pulling`, in bytes, and such events have no id.
    A comment every 15 s keeps the connection alive. Needs `workspaces:read`.
    """
    return respond(request, answers.STREAMED_ELSEWHERE)


@router.get("/workspaces/{workspace}/logs", response={**UNKNOWN, 409: Error}, openapi_extra=_LOGS)
def read_logs(request: HttpRequest, workspace: Path[Id], part: Query[Tail]) -> HttpResponse:
    """Read the output of the workspace's newest container. Needs `workspaces:read`."""
    return respond(request, answers.STREAMED_ELSEWHERE)
