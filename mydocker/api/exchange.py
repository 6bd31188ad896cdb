"""One request of the streams process, in plain ASGI, and the database off its event loop."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from django.utils import translation

from mydocker.services import answers
from mydocker.services.answers import Answer
from mydocker.store.transactions import DatabaseError, drop_broken_connection, forget_connection

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Given = ParamSpec("Given")
Result = TypeVar("Result")

READERS = 2
"""Threads with a database connection each; a read takes well under a millisecond."""

_readers = ThreadPoolExecutor(READERS, "reader")


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


async def read(
    function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
) -> Result:
    """Call a function that asks the database, in a thread. Raises what it raises."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_readers, lambda: _guarded(function, *args, **kwargs))


def _guarded(
    function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
) -> Result:
    try:
        return function(*args, **kwargs)
    except DatabaseError:
        drop_broken_connection()
        raise


async def let_go() -> None:
    """Close the threads' connections; the next read opens others."""
    everyone = threading.Barrier(READERS)
    await asyncio.gather(*(read(_forget, everyone) for _ in range(READERS)))


def _forget(everyone: threading.Barrier) -> None:
    forget_connection()
    everyone.wait(timeout=5)  # so that no thread does it twice and leaves another out


async def first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends, and end the others. Raises what that one raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
