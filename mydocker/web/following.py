"""A browser that follows a page: its request, and how events are sent to it."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from mydocker.store import pages
from mydocker.store.pages import Visitor

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Request:
    """A browser that follows a page."""

    scope: Scope
    receive: Receive
    send: Send
    django: HttpRequest = field(default_factory=HttpRequest)
    number: int = 0

    def __post_init__(self) -> None:
        headers = {name.decode(): value.decode("latin-1") for name, value in self.scope["headers"]}
        self.django.COOKIES = _cookies(headers.get("cookie", ""))
        self.django.META["HTTP_ACCEPT_LANGUAGE"] = headers.get("accept-language", "")
        if csrf := self.django.COOKIES.get(settings.CSRF_COOKIE_NAME):
            self.django.META["CSRF_COOKIE"] = csrf

    @property
    def workspace(self) -> str:
        """Which workspace."""
        return str(self.scope["path"]).split("/")[2]

    @property
    def query(self) -> str:
        """The raw query."""
        return bytes(self.scope.get("query_string", b"")).decode("latin-1")

    def visitor(self) -> Visitor | None:
        """Who is signed in now."""
        key = self.django.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        return pages.visitor(key) if key else None

    async def start(self, status: int, content_type: str, *more: tuple[str, str]) -> None:
        """Send the status and the headers."""
        headers = [
            ("content-type", content_type),
            ("cache-control", "no-store"),
            ("x-accel-buffering", "no"),
            ("x-content-type-options", "nosniff"),
            *more,
        ]
        listed = [(name.encode(), value.encode()) for name, value in headers]
        await self.send({"type": "http.response.start", "status": status, "headers": listed})

    async def write(self, text: str) -> None:
        """Send some of the body now."""
        body = text.encode("utf-8", "replace")
        await self.send({"type": "http.response.body", "body": body, "more_body": True})

    async def tell(self, event: str, data: object) -> None:
        """Send one event; data as JSON, so that it stands on one line."""
        self.number += 1
        await self.write(f"id: {self.number}\nevent: {event}\ndata: {json.dumps(data)}\n\n")

    async def end(self) -> None:
        """Say that nothing more comes."""
        await self.send({"type": "http.response.body", "body": b""})

    async def refuse(self, status: int) -> None:
        """Answer that there is nothing to follow. The browser does not come back by itself."""
        await self.start(status, "text/plain; charset=utf-8")
        await self.end()

    async def left(self) -> None:
        """Wait until the browser has gone."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


def _cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
