"""Claims as a browser makes them: the join form, the way in, JupyterLab's first 200."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bench.results import Goal, Result, p95
from tests.service import ROOT, Api, Service, wait_for

ENVIRONMENT = "jupyterlab-python"
CLAIMS = 20
SPARES = 4
PATIENCE_SECONDS = 60
SETTLE_SECONDS = 2.0
"""Between two claims, so that what is measured is not the filling after the one before."""


@dataclass(frozen=True, slots=True)
class Claim:
    """How long one took, from the POST: to its answer, and to the first 200 of the application."""

    redirect_ms: float
    first_200_ms: float


class Clicker:
    """Somebody who is signed in in a browser, and new here."""

    def __init__(self, service: Service, person: Api, session: str) -> None:
        self._service, self._person = service, person
        self._cookies = f"__Host-mydocker_session={session}; __Host-mydocker_csrf={'c' * 32}"

    def click(self) -> Claim:
        """Press the button of the join page, follow to JupyterLab, and stop afterwards."""
        with httpx.Client(timeout=PATIENCE_SECONDS) as client:
            began = time.perf_counter()
            answer = client.post(
                f"http://127.0.0.1:{self._service.port}/join/{ENVIRONMENT}",
                data={"csrfmiddlewaretoken": "c" * 32},
                headers={
                    "Host": self._service.host, "Origin": self._service.url,
                    "Cookie": self._cookies, "Sec-Fetch-Site": "same-origin",
                },
            )  # fmt: skip
            redirect = time.perf_counter() - began
            self._follow(client, answer)
            first_200 = time.perf_counter() - began
        for workspace in self._person.call("GET", "/workspaces")["items"]:
            self._person.call("POST", f"/workspaces/{workspace['id']}/stop")
        return Claim(redirect * 1000, first_200 * 1000)

    def _follow(self, client: httpx.Client, answer: httpx.Response) -> None:
        url, cookie = answer.headers["Location"], ""
        if "/.mydocker/enter?ticket=" not in url:
            raise RuntimeError(f"no spare was claimed: {answer.status_code} {url}")
        while True:
            parts = urlsplit(url)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            headers = {"Host": parts.netloc, "Sec-Fetch-Mode": "navigate"}
            headers |= {"Cookie": cookie} if cookie else {}
            answer = client.get(f"http://127.0.0.1:{self._service.port}{path}", headers=headers)
            if answer.status_code == 200:
                return
            cookie = answer.headers.get("Set-Cookie", cookie).partition(";")[0]
            target = answer.headers["Location"]
            url = target if "://" in target else f"{parts.scheme}://{parts.netloc}{target}"


def clickers(service: Service, number: int) -> Iterator[Clicker]:
    """So many people who never were here; each comes once all spares stand by and all is quiet."""
    mails = [f"claim{each}@example.org" for each in range(number)]
    people = {mail: service.person(mail) for mail in mails}
    sessions = _sessions(service, mails)
    for mail, session in zip(people, sessions, strict=True):
        until_full(service, SPARES)
        time.sleep(SETTLE_SECONDS)
        yield Clicker(service, people[mail], session)


def until_full(service: Service, spares: int) -> None:
    """Wait until so many spares stand by."""

    def is_full() -> bool:
        told = service.cli("environment", "spares", ENVIRONMENT, "--json")
        return int(json.loads(told)["standing"]) >= spares

    wait_for(is_full, f"{spares} spares", service.told)


def measure(service: Service) -> list[Result]:
    """`claim.redirect` and `claim.first200`: new people, one after the other."""
    claims = [each.click() for each in clickers(service, CLAIMS + 1)][1:]  # the first warms up
    return [
        _result("claim.redirect", [each.redirect_ms for each in claims], 50, 150),
        _result("claim.first200", [each.first_200_ms for each in claims], 150, 400),
    ]


def _result(name: str, times: list[float], most: float, most_p95: float) -> Result:
    worst = p95(times)
    return Result(
        name, "ms p50", statistics.median(times), None, f"p95 {worst:.0f}", len(times),
        Goal("ours", most=most), also=worst <= most_p95,
    )  # fmt: skip


def _sessions(service: Service, mails: list[str]) -> list[str]:
    words = [sys.executable, "-m", "bench.populate", *mails]
    done = subprocess.run(
        words, cwd=ROOT, env=service.environ, text=True, capture_output=True, check=True
    )
    return done.stdout.split()
