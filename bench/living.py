"""A start as a client lives it: POST, wait on the events, ticket, redirects, first 200."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from tests.service import Service

PATIENCE = aiohttp.ClientTimeout(total=600)
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@dataclass(frozen=True, slots=True)
class Way:
    """Where a browser was let in: an address of the run, and the cookie that its host gave."""

    url: str
    cookie: str

    @property
    def headers(self) -> dict[str, str]:
        """Of a navigation there."""
        headers = {"Host": urlsplit(self.url).netloc, "Cookie": self.cookie, **NAVIGATION}
        return {name: value for name, value in headers.items() if value}


@dataclass
class Person:
    """Somebody with a token and a connection."""

    service: Service
    token: str
    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, **arguments: Any) -> Any:
        """One request of the API."""
        address = f"http://127.0.0.1:{self.service.port}/api/v1{path}"
        headers = {"Host": self.service.host, "Authorization": f"Bearer {self.token}"}
        async with self.session.request(method, address, headers=headers, **arguments) as answer:
            body = await answer.text()
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {body[:300]}")
            return json.loads(body) if body else None

    async def start(self, environment: str) -> tuple[float, str]:
        """Seconds from the click to the first 200 of the application, and the workspace."""
        began = time.perf_counter()
        workspace = (await self.ask("POST", "/workspaces", json={"environment": environment}))["id"]
        await self.until_ready(workspace)
        await self.enter(workspace)
        return time.perf_counter() - began, workspace

    async def until_ready(self, workspace: str) -> None:
        """Follow the events until it is."""
        address = f"http://127.0.0.1:{self.service.port}/api/v1/workspaces/{workspace}/events"
        headers = {"Host": self.service.host, "Authorization": f"Bearer {self.token}"}
        async with self.session.get(address, headers=headers, timeout=PATIENCE) as answer:
            async for line in answer.content:
                if line.startswith(b"data:"):
                    kind = json.loads(line[5:])["kind"]
                    if kind == "ready":
                        return
                    if kind == "failed":
                        raise RuntimeError(line.decode())
        raise RuntimeError("the events ended")

    async def enter(self, workspace: str) -> Way:
        """Ask for the way in, and follow it to the first 200."""
        url = (await self.ask("POST", f"/workspaces/{workspace}/ticket", json={}))["url"]
        return await self.follow(url)

    async def follow(self, url: str) -> Way:
        """As a browser does, to the first 200."""
        way = Way(url, "")
        for _ in range(4):
            async with self._get(way) as answer:
                await answer.read()
                if answer.status == 200:
                    return way
                cookie = answer.headers.get("Set-Cookie", way.cookie).partition(";")[0]
                if answer.status >= 400:
                    raise RuntimeError(f"{way.url}: {answer.status}")
                way = Way(urljoin(way.url, answer.headers["Location"]), cookie)
        raise RuntimeError(f"no 200 after four answers, the last of {way.url}")

    async def navigate(self, way: Way) -> float:
        """Seconds until the first bytes of a page there."""
        began = time.perf_counter()
        async with self._get(way) as answer:
            first_byte = time.perf_counter() - began
            await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{way.url}: {answer.status}")
        return first_byte

    def _get(self, way: Way) -> Any:
        parts = urlsplit(way.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        address = f"http://127.0.0.1:{self.service.port}{path}"
        return self.session.get(address, headers=way.headers, allow_redirects=False)

    async def stop(self, workspace: str) -> None:
        """Stop, and wait until it is over."""
        await self.ask("POST", f"/workspaces/{workspace}/stop")
        while (await self.ask("GET", f"/workspaces/{workspace}"))["state"] != "stopped":
            await asyncio.sleep(0.02)


@asynccontextmanager
async def people(service: Service, tokens: list[str]) -> AsyncIterator[list[Person]]:
    """A person for each token, each with connections of their own."""
    jar = aiohttp.DummyCookieJar()
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=jar, timeout=PATIENCE
    ) as session:
        yield [Person(service, token, session) for token in tokens]
