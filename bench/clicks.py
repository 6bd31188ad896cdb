"""Clicks as a browser makes them: the join form, the way in, the application's first 200."""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

import aiohttp
import httpx

from bench.living import Person, Way, people
from bench.patience import until
from tests.service import ROOT, Service

CSRF = "c" * 32
BETWEEN_LOOKS_SECONDS = 1.0
EACH_SPARE_SECONDS, FIRST_SPARES_SECONDS = 20, 600
"""Patience: on a busy machine none is made for a while."""
FAILURES = (RuntimeError, aiohttp.ClientError, TimeoutError)
"""How a click ends that leads nowhere."""


@dataclass(frozen=True, slots=True)
class Click:
    """What came of one, in seconds from the POST: its answer, the application's first 200."""

    redirect: float
    first_200: float
    is_straight_in: bool
    """Whether the answer was the way in already, and no page between."""
    way: Way


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in in a browser."""

    person: Person
    session: str

    async def click(self, code: str) -> Click:
        """Press the button of a join page, and follow to the application."""
        began = time.perf_counter()
        place = await self._press(code)
        redirect = time.perf_counter() - began
        is_straight_in = "/.mydocker/enter?ticket=" in place
        if is_straight_in:
            way = await self.person.follow(place)
        else:
            workspace = place.partition("?")[0].rpartition("/")[2]
            await self.person.until_ready(workspace)
            way = await self.person.enter(workspace)
        return Click(redirect, time.perf_counter() - began, is_straight_in, way)

    async def _press(self, code: str) -> str:
        service = self.person.service
        cookies = f"__Host-mydocker_session={self.session}; __Host-mydocker_csrf={CSRF}"
        async with self.person.session.post(
            f"http://127.0.0.1:{service.port}/join/{code}",
            data={"csrfmiddlewaretoken": CSRF},
            headers={
                "Host": service.host, "Origin": service.url, "Cookie": cookies,
                "Sec-Fetch-Site": "same-origin",
            },
            allow_redirects=False,
        ) as answer:  # fmt: skip
            if answer.status != 303:
                raise RuntimeError(f"/join/{code}: {answer.status}")
            return urljoin(service.url, answer.headers["Location"])

    async def leave(self) -> None:
        """Stop every workspace, and wait until that is over."""
        for workspace in (await self.person.ask("GET", "/workspaces"))["items"]:
            await self.person.stop(workspace["id"])


async def leave(visitors: Sequence[Visitor]) -> None:
    """All at once."""
    await asyncio.gather(*(each.leave() for each in visitors))


@contextlib.asynccontextmanager
async def visitors(service: Service, number: int) -> AsyncIterator[list[Visitor]]:
    """So many people who never were here."""
    mails = [f"visitor{each}@example.org" for each in range(number)]
    tokens = [service.person(mail).token for mail in mails]
    async with people(service, tokens) as everybody:
        sessions = sign_in(service, mails)
        yield [Visitor(*each) for each in zip(everybody, sessions, strict=True)]


def sign_in(service: Service, mails: Sequence[str]) -> list[str]:
    """A session key for each of these people."""
    words = [sys.executable, "-m", "bench.populate", *mails]
    done = subprocess.run(
        words, cwd=ROOT, env=service.environ, text=True, capture_output=True, check=True
    )
    return done.stdout.split()


def until_full(service: Service, environment: str, spares: int) -> None:
    """Wait until so many spares of an environment stand by."""

    def is_full() -> bool:
        if _standing_lately(service, environment) < spares:
            return False
        told = service.cli("environment", "spares", environment, "--json")
        return int(json.loads(told)["standing"]) >= spares

    seconds = FIRST_SPARES_SECONDS + EACH_SPARE_SECONDS * spares
    until(is_full, f"{spares} spares", service, seconds, BETWEEN_LOOKS_SECONDS)


def _standing_lately(service: Service, environment: str) -> int:
    """By the metrics: seconds old, and cheap, where a command's CPU is what the filling lacks."""
    metrics = httpx.get(
        f"http://127.0.0.1:{service.port}/metrics", headers={"Host": service.host}, timeout=30
    ).text
    wanted = f'mydocker_spares{{environment="{environment}",state="standing"}}'
    lines = (line.rpartition(" ") for line in metrics.splitlines())
    return int(next((float(value) for name, _, value in lines if name == wanted), 0))
