"""The API's streams, in plain ASGI, for the streams process: addresses, parameters and noes."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError

from mydocker.api.events import follow_events
from mydocker.api.exchange import Exchange, Receive, Scope, Send
from mydocker.api.logs import follow_logs
from mydocker.api.problems import tell_problem
from mydocker.api.shapes import Id
from mydocker.api.streamed import EVENT_ID, Tail
from mydocker.domain.refusals import Refusal
from mydocker.ports.errors import Unavailable
from mydocker.services import answers
from mydocker.services.answers import Answer
from mydocker.services.live import Hub
from mydocker.store.transactions import DatabaseError

ADDRESS = re.compile(r"/api/v1/workspaces/(?P<workspace>[^/]+)/(?P<what>events|logs)")

_ID = TypeAdapter(Id)
_PARAMETERS = {"events": (), "logs": tuple(Tail.model_fields)}


async def api_stream(scope: Scope, receive: Receive, send: Send, hub: Hub) -> None:
    """Answer a request to one of the API's streams; ends when the client leaves, at the latest."""
    exchange = Exchange(scope, receive, send)
    try:
        await _answer(exchange, hub)
    except Refusal as refusal:
        await exchange.refuse(answers.answer_to(refusal))
    except (DatabaseError, Unavailable):
        await exchange.refuse(answers.BUSY, retry_after="2")


async def _answer(exchange: Exchange, hub: Hub) -> None:
    found = ADDRESS.fullmatch(exchange.scope["path"])
    if found is None:
        return await exchange.refuse(answers.UNKNOWN_ADDRESS)
    method, what = exchange.scope["method"], found["what"]
    if method != "GET":
        wrong = answers.WRONG_METHOD.about(method=method, allowed="GET")
        return await exchange.refuse(wrong, allow="GET")
    given = parse_qsl(exchange.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if strange := _strange(given, what):
        return await exchange.refuse(strange)
    last = exchange.header("last-event-id") if what == "events" else None
    if last is not None and not EVENT_ID.fullmatch(last):
        wrong = _problem("header", "Last-Event-ID", {"type": "int_parsing"})
        return await exchange.refuse(wrong)
    try:
        workspace = _ID.validate_python(found["workspace"])
        part = Tail.model_validate(dict(given))
    except ValidationError as error:
        return await exchange.refuse(_invalid(error))
    if what == "events":
        return await follow_events(exchange, workspace, hub, int(last) if last else None)
    return await follow_logs(exchange, workspace, hub, part)


def _strange(given: list[tuple[str, str]], what: str) -> Answer | None:
    known = _PARAMETERS[what]
    names = [name for name, _value in given]
    strange = [name for name in names if name not in known or names.count(name) > 1]
    if not strange:
        return None
    shown = strange[0].encode("utf-8", "replace").decode()[:80]
    return answers.UNKNOWN_PARAMETER.about(name=shown, known=", ".join(known) or "—")


def _invalid(error: ValidationError) -> Answer:
    first = error.errors(include_url=False)[0]
    place = str(first["loc"][0]) if first["loc"] else "workspace"
    return _problem("query" if first["loc"] else "path", place, first)


def _problem(source: str, place: str, error: Mapping[str, Any]) -> Answer:
    where, problem = tell_problem({**error, "loc": (source, place)})
    return answers.INVALID_INPUT.about(where=where, problem=problem)
