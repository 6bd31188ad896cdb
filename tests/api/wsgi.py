"""The whole API behind one WSGI callable, as the gateway joins it from two processes."""

import asyncio
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

from django.core.wsgi import get_wsgi_application

from mydocker.api.streams import ADDRESS, api_stream
from mydocker.domain.build_logs import LogEntry
from mydocker.services.live import Hub

from .streaming import FakeWindow


def whole_api() -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """Pages and API by Django; streams by the streams' code, whose clients leave early."""
    django = cache(get_wsgi_application)

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        if not ADDRESS.fullmatch(path):
            return django()(environ, start)
        sent = asyncio.run(_stream(_scope(environ, path)))
        headers = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
        start(f"{sent[0]['status']} Told", headers)
        return [message["body"] for message in sent[1:]]

    return answer


def _scope(environ: dict[str, Any], path: str) -> dict[str, Any]:
    headers = [
        (name[5:].lower().replace("_", "-").encode(), value.encode("latin-1"))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    query = environ.get("QUERY_STRING", "").encode("latin-1")
    return {
        "type": "http", "method": environ["REQUEST_METHOD"], "path": path,
        "raw_path": unquote_to_bytes(path), "query_string": query, "headers": headers,
    }  # fmt: skip


async def _stream(scope: dict[str, Any]) -> list[Any]:
    sent: list[Any] = []
    begun = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await begun.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) > 1:
            begun.set()

    async with asyncio.timeout(10):
        said = [LogEntry(0.0, 0, "said", "one line")]
        window = FakeWindow(lines=["one line"], entries=said)
        await api_stream(scope, receive, send, Hub(window))
    return sent
