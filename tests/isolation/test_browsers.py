"""Attacks from another account's browser, and from a hostile page in the victim's own."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, Response

from tests.browser import DEADLINE_MS, chromium, page_of
from tests.service import TINY, Service, running

pytestmark = [pytest.mark.browser, pytest.mark.engine]

EVIL = """
slug: evil
title: {en: Evil, fr: Mauvais}
status: ready
image: mydocker/jupyterlab-python:latest
command: python3 -m http.server 8888 --directory /home/jovyan
user: 1000
ports: [{number: 8888, ready: /}]
interfaces: [{key: web, title: {en: Web, fr: Web}, link: "http://{{HOST['8888']}}/evil.html"}]
resources: {cpu: 1, memory: 512MiB, tmp: 64MiB}
homes: {environment: /home/jovyan}
join_code: evil
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service with a harmless and a hostile environment."""
    with running(TINY, EVIL) as service:
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser."""
    with chromium() as browser:
        yield browser


@dataclass
class Victim:
    """Camille's browser: signed in, in her own run, and on a hostile run's page."""

    page: Page
    own_host: str
    evil_host: str
    workspace: str


def enter(page: Page, service: Service, code: str) -> str:
    """Start and open an environment; the host of its run."""
    page.goto(f"{service.url}/join/{code}")
    if "/sign-in" in page.url:
        page.locator("button[name='demo'][value='camille']").click()
    page.locator("main form[method='post'] button:visible").first.click()
    page.wait_for_url(re.compile(r"mydocker-apps\.localhost"), timeout=DEADLINE_MS)
    return urlsplit(page.url).netloc


def plant(service: Service) -> None:
    """The hostile teacher's page, in the home that the hostile container serves."""
    for container in service.containers():
        subprocess.run(
            ["docker", "exec", "-u", "1000", container, "sh", "-c",
             "echo '<!doctype html><title>evil</title>' > /home/jovyan/evil.html"],
            capture_output=True, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def victim(service: Service, browser: Browser) -> Victim:
    """See the class."""
    page = page_of(browser)
    own = enter(page, service, "tiny")
    page.goto(f"{service.url}/")
    href = page.locator("a[href*='/workspaces/']").first.get_attribute("href") or ""
    workspace = href.split("/workspaces/")[1].split("/")[0].split("?")[0]
    evil = enter(page, service, "evil")
    plant(service)
    page.goto(f"http://{evil}/evil.html")
    assert page.title() == "evil"
    return Victim(page, own, evil, workspace)


def statuses(page: Page, host: str) -> list[int]:
    """What answers to requests for a host say from now on."""
    seen: list[int] = []

    def note(response: Response) -> None:
        if urlsplit(response.url).netloc == host:
            seen.append(response.status)

    page.on("response", note)
    return seen


def test_a_hostile_page_reads_no_cookie_of_the_platform(victim: Victim) -> None:
    assert "mydocker" not in victim.page.evaluate("document.cookie")


def test_a_hostile_page_plants_no_cookie_on_the_dashboard(service: Service, victim: Victim) -> None:
    for domain in ("mydocker.localhost", "localhost", "mydocker-apps.localhost"):
        victim.page.evaluate(
            f"document.cookie = '__Host-mydocker_session=planted; domain={domain}; path=/'"
        )
        victim.page.evaluate(f"document.cookie = 'planted=1; domain={domain}; path=/'")
    on_dashboard = victim.page.context.cookies(service.url)
    assert not [each for each in on_dashboard if "planted" in (each["name"], each["value"])]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_hostile_page_reaches_no_other_run_with_the_victims_grant(
    victim: Victim, method: str
) -> None:
    seen = statuses(victim.page, victim.own_host)
    how = victim.page.evaluate(
        f"""async () => {{
            const options = {{ credentials: 'include', method: '{method}' }};
            const address = 'http://{victim.own_host}/headers';
            await fetch(address, {{ ...options, mode: 'no-cors' }}).catch(() => null);
            return fetch(address, options).then(() => 'read', () => 'refused');
        }}"""
    )
    assert how == "refused"
    assert seen
    assert set(seen) <= {403}


def test_a_hostile_page_opens_no_websocket_to_another_run(victim: Victim) -> None:
    how = victim.page.evaluate(
        f"""new Promise((resolve) => {{
            const socket = new WebSocket('ws://{victim.own_host}/ws');
            socket.onopen = () => resolve('open');
            socket.onerror = () => resolve('refused');
        }})"""
    )
    assert how == "refused"


def test_a_hostile_page_frames_neither_dashboard_nor_another_run(
    service: Service, victim: Victim
) -> None:
    seen = statuses(victim.page, victim.own_host)
    victim.page.evaluate(
        f"""() => {{
            for (const address of ['http://{victim.own_host}/', '{service.url}/']) {{
                const frame = document.createElement('iframe');
                frame.src = address;
                document.body.append(frame);
            }}
        }}"""
    )
    victim.page.wait_for_function("document.querySelectorAll('iframe').length === 2")
    victim.page.wait_for_load_state("networkidle")
    assert set(seen) <= {403}
    dashboards = [frame for frame in victim.page.frames if frame.url.startswith(service.url)]
    assert not [frame for frame in dashboards if frame.locator("main").count()]


def test_a_hostile_page_stops_nothing_by_a_form(service: Service, victim: Victim) -> None:
    other = victim.page.context.new_page()
    other.goto(f"http://{victim.evil_host}/evil.html")
    other.evaluate(
        f"""() => {{
            const form = document.createElement('form');
            form.method = 'post';
            form.action = '{service.url}/workspaces/{victim.workspace}/stop';
            document.body.append(form);
            form.submit();
        }}"""
    )
    other.wait_for_load_state("networkidle")
    other.goto(f"{service.url}/workspaces/{victim.workspace}")
    assert other.locator("button#stop").count() == 1  # it still runs


def test_no_request_to_a_container_carries_a_cookie_of_the_platform(victim: Victim) -> None:
    page = victim.page.context.new_page()
    page.goto(f"http://{victim.own_host}/headers")
    text = page.locator("body").inner_text().lower()
    assert "host:" in text or "host" in text
    assert "__host-mydocker" not in text


def test_another_account_gets_nowhere_with_the_address(
    service: Service, browser: Browser, victim: Victim
) -> None:
    thief = page_of(browser)
    thief.goto(f"http://{victim.own_host}/headers")
    assert "/sign-in" in thief.url
    thief.locator("button[name='demo'][value='nadia']").click()
    thief.wait_for_load_state()
    assert urlsplit(thief.url).netloc == service.host
    assert "x-forwarded" not in thief.content().lower()


def test_a_used_ticket_and_a_cookie_of_another_host_open_nothing(
    service: Service, victim: Victim
) -> None:
    grants = [
        each
        for each in victim.page.context.cookies(f"http://{victim.evil_host}/")
        if each["name"] == "__Host-mydocker_grant"
    ]
    assert grants
    answer = httpx.get(
        f"http://127.0.0.1:{service.port}/headers",
        headers={
            "Host": victim.own_host,
            "Cookie": f"__Host-mydocker_grant={grants[0]['value']}",
            "Sec-Fetch-Mode": "cors",
        },
    )
    assert answer.status_code == 401


def test_the_host_of_an_ended_run_clears_what_its_page_stored(service: Service) -> None:
    ended = "a" * 20 + ".mydocker-apps.localhost:" + str(service.port)
    answer = httpx.get(
        f"http://127.0.0.1:{service.port}/", headers={"Host": ended, "Accept": "text/html"}
    )
    assert answer.headers["clear-site-data"] == '"storage"'
    assert answer.headers["location"].startswith(f"{service.url}/go?host={ended.partition(':')[0]}")
