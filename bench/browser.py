"""A claim as Chromium's own network timeline has it: from the click to JupyterLab's first byte."""

import statistics
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Browser, BrowserContext, expect

from bench.claims import SPARES
from bench.clicks import sign_in, until_full
from bench.definitions import JUPYTERLAB
from bench.results import Goal, Result, p95
from tests.browser import DEADLINE_MS, chromium, page_of
from tests.service import Api, Service
from tests.story.lab import wait_for_lab

PEOPLE, VISITS = 8, 2
"""Everybody is new at first, and comes back once with a file of their own."""
OWN_FILE = "mine.txt"


def measure(service: Service) -> list[Result]:
    """`claim.chromium_new` and `claim.chromium_back`: milliseconds on the network timeline."""
    mails = [f"chromium{number}@example.org" for number in range(PEOPLE)]
    people = [service.person(mail) for mail in mails]
    found: list[list[float]] = [[] for _ in range(VISITS)]
    with chromium() as browser:
        for person, session in zip(people, sign_in(service, mails), strict=True):
            for visit in range(VISITS):
                until_full(service, JUPYTERLAB, SPARES)
                found[visit].append(_click(browser, service, person, session, is_back=visit > 0))
    return [
        _result("claim.chromium_new", found[0][1:]),  # the first warms up
        _result("claim.chromium_back", found[1][1:]),
    ]


def _click(
    browser: Browser, service: Service, person: Api, session: str, *, is_back: bool
) -> float:
    page = page_of(browser)
    _enter_as(page.context, service, session)
    page.goto(f"{service.url}/join/{JUPYTERLAB}")
    timeline = Timeline(page.context.new_cdp_session(page))
    page.get_by_role("button", name="Ouvrir mon espace").locator("visible=true").first.click()
    page.wait_for_url("**/lab**", timeout=DEADLINE_MS)
    wait_for_lab(page)
    files = page.locator(".jp-DirListing-item")
    if is_back:
        expect(files.filter(has_text=OWN_FILE)).to_be_visible()
    else:
        expect(files).to_have_count(0)
        _put_file(page.context, page.url)
    page.context.close()
    for workspace in person.call("GET", "/workspaces")["items"]:
        person.call("POST", f"/workspaces/{workspace['id']}/stop")
        person.until(workspace["id"], "stopped")
    return timeline.milliseconds()


def _enter_as(context: BrowserContext, service: Service, session: str) -> None:
    context.add_cookies(
        [
            {
                "name": "__Host-mydocker_session", "value": session,
                "url": service.url.replace("http:", "https:"),
                "secure": True, "httpOnly": True,
            }
        ]
    )  # fmt: skip


def _put_file(context: BrowserContext, url: str) -> None:
    """Write a file into the home, as the lab does."""
    (page,) = context.pages
    told = page.evaluate(
        """async (name) => {
            const xsrf = document.cookie.match(/_xsrf=([^;]*)/)?.[1] ?? '';
            const body = JSON.stringify({type: 'file', format: 'text', content: 'mine'});
            const headers = {'Content-Type': 'application/json', 'X-XSRFToken': xsrf};
            const answer = await fetch('/api/contents/' + name, {method: 'PUT', headers, body});
            return answer.status;
        }""",
        OWN_FILE,
    )
    if told not in (200, 201):
        raise RuntimeError(f"no file was written at {url}: {told}")


class Timeline:
    """What the browser's developer tools show of one tab."""

    def __init__(self, session: Any) -> None:
        self._clicked = self._first_byte = 0.0
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.responseReceived", self._answered)
        session.send("Network.enable")

    def _asked(self, event: Mapping[str, Any]) -> None:
        if event["request"]["method"] == "POST" and not self._clicked:
            self._clicked = event["timestamp"]

    def _answered(self, event: Mapping[str, Any]) -> None:
        timing = event["response"].get("timing")
        is_lab = event["type"] == "Document" and "/lab" in event["response"]["url"]
        if is_lab and timing and not self._first_byte:
            self._first_byte = timing["requestTime"] + timing["receiveHeadersEnd"] / 1000

    def milliseconds(self) -> float:
        """From the request of the click to the first byte of the lab's page."""
        if not self._clicked or not self._first_byte:
            raise RuntimeError("the timeline lacks the click or the lab")
        return 1000 * (self._first_byte - self._clicked)


def _result(name: str, times: list[float]) -> Result:
    return Result(
        name, "ms p50", statistics.median(times), None, f"p95 {p95(times):.0f}", len(times),
        Goal("ours", most=300),
    )  # fmt: skip
