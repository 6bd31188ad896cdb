"""One request of the streams process, in plain ASGI."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from django.utils import translation

from mydocker.services import answers
from mydocker.services.answers import Answer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and the way to answer it."""

    scope: Scope
    receive: Receive
    send: Send

    def header(self, name: str) -> str | None:
        """Return a header, the last where there are several; `name` in lower case."""
        found = None
        for key, value in self.scope["headers"]:
            if key == name.encode():
                found = value
        return None if found is None else found.decode("latin-1")

    @property
    def language(self) -> str:
        """The language that the client asks for."""
        return answers.language_of(self.header("accept-language") or "")

    async def start(self, status: int, content_type: str, **headers: str) -> None:
        """Send the status and the headers."""
        named = {
            "content-type": content_type,
            "content-language": self.language,
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        listed = [(name.encode(), value.encode()) for name, value in named.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": listed})

    async def write(self, chunk: bytes) -> None:
        """Send some of the body now."""
        await self.send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def end(self, chunk: bytes = b"") -> None:
        """Send the rest of the body."""
        await self.send({"type": "http.response.body", "body": chunk})

    async def refuse(self, answer: Answer, **headers: str) -> None:
        """Answer with a no, as the rest of the API does."""
        with translation.override(self.language):
            body = json.dumps(answer.told(answers.new_reference())).encode()
        if answer.status == 401:
            headers["www_authenticate"] = "Bearer"
        await self.start(answer.status, "application/json", **headers)
        await self.end(b"" if self.scope["method"] == "HEAD" else body)

    async def left(self) -> None:
        """Wait until the client has gone."""
        while (await self.receive())["type"] != "http.disconnect":
            pass
