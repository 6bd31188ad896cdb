"""A start as a client lives it: POST, wait on the events, ticket, redirects, first 200."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.service import Service

PATIENCE = aiohttp.ClientTimeout(total=600)


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
        await self._until_ready(workspace)
        url = (await self.ask("POST", f"/workspaces/{workspace}/ticket", json={}))["url"]
        await self._follow(url)
        return time.perf_counter() - began, workspace

    async def _until_ready(self, workspace: str) -> None:
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

    async def _follow(self, url: str) -> None:
        cookie = ""
        for _ in range(4):
            parts = urlsplit(url)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"Host": parts.netloc} | ({"Cookie": cookie} if cookie else {})
            headers |= {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
            address = f"http://127.0.0.1:{self.service.port}{path}"
            async with self.session.get(address, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                if answer.status == 200:
                    return
                cookie = answer.headers.get("Set-Cookie", cookie).partition(";")[0]
                if answer.status >= 400:
                    raise RuntimeError(f"{url}: {answer.status}")
                target = answer.headers["Location"]
                url = target if "://" in target else f"{parts.scheme}://{parts.netloc}{target}"
        raise RuntimeError(f"no 200 after four answers, the last of {url}")

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
