"""The API's streams, in plain ASGI, for the streams process: addresses, parameters and noes."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, TypeAdapter, ValidationError

from mydocker.api.build_logs import follow_build, read_build_log
from mydocker.api.events import follow_events
from mydocker.api.exchange import Exchange, Receive, Scope, Send
from mydocker.api.image_shapes import LogTerms, Number
from mydocker.api.logs import follow_logs
from mydocker.api.problems import tell_problem
from mydocker.api.shapes import Id, Slug
from mydocker.api.streamed import EVENT_ID, Tail
from mydocker.domain.refusals import Refusal
from mydocker.ports.errors import Unavailable
from mydocker.services import answers
from mydocker.services.answers import Answer
from mydocker.services.live import Hub
from mydocker.store.transactions import DatabaseError

ADDRESS = re.compile(
    r"/api/v1/(?:workspaces/(?P<workspace>[^/]+)/(?P<what>events|logs)"
    r"|images/(?P<image>[^/]+)/builds/(?P<number>[^/]+)/(?P<of_build>events|log))"
)

_TERMS: Mapping[str, type[Tail] | type[LogTerms]] = {"logs": Tail, "log": LogTerms}
_PLACES: Mapping[str, TypeAdapter[Any]] = {
    "workspace": TypeAdapter(Id),
    "image": TypeAdapter(Slug),
    "number": TypeAdapter(Number),
}


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
    method, what = exchange.scope["method"], found["what"] or found["of_build"]
    if method != "GET":
        wrong = answers.WRONG_METHOD.about(method=method, allowed="GET")
        return await exchange.refuse(wrong, allow="GET")
    terms = _TERMS.get(what)
    given = parse_qsl(exchange.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if strange := _strange(given, tuple(terms.model_fields) if terms else ()):
        return await exchange.refuse(strange)
    last = exchange.header("last-event-id") if what == "events" else None
    if last is not None and not EVENT_ID.fullmatch(last):
        wrong = _problem("header", "Last-Event-ID", {"type": "int_parsing"})
        return await exchange.refuse(wrong)
    try:
        part = terms.model_validate(dict(given)) if terms else None
    except ValidationError as error:
        return await exchange.refuse(_invalid(error))
    return await _stream(exchange, hub, found.groupdict(), part, int(last) if last else None)


async def _stream(
    exchange: Exchange,
    hub: Hub,
    places: Mapping[str, str | None],
    part: BaseModel | None,
    last: int | None,
) -> None:
    named: dict[str, Any] = {}
    for name, adapter in _PLACES.items():
        if (text := places[name]) is not None:
            try:
                named[name] = adapter.validate_python(text)
            except ValidationError as error:
                return await exchange.refuse(_invalid(error, name))
    match part:
        case Tail():
            return await follow_logs(exchange, named["workspace"], hub, part)
        case LogTerms(follow=follow):
            return await read_build_log(exchange, **named, hub=hub, follow=bool(follow))
    if "workspace" in named:
        return await follow_events(exchange, named["workspace"], hub, last)
    return await follow_build(exchange, **named, hub=hub, last_event=last)


def _strange(given: list[tuple[str, str]], known: Collection[str]) -> Answer | None:
    names = [name for name, _value in given]
    strange = [name for name in names if name not in known or names.count(name) > 1]
    if not strange:
        return None
    shown = strange[0].encode("utf-8", "replace").decode()[:80]
    return answers.UNKNOWN_PARAMETER.about(name=shown, known=", ".join(known) or "—")


def _invalid(error: ValidationError, place: str = "") -> Answer:
    first = error.errors(include_url=False)[0]
    return _problem("path" if place else "query", place or str(first["loc"][0]), first)


def _problem(source: str, place: str, error: Mapping[str, Any]) -> Answer:
    where, problem = tell_problem({**error, "loc": (source, place)})
    return answers.INVALID_INPUT.about(where=where, problem=problem)
