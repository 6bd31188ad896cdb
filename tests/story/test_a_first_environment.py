"""A student opens a join link, signs in, watches the start, works, stops, comes back: in French."""

import os
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import DEADLINE_MS, page_of
from tests.service import Service, wait_for
from tests.story import lab
from tests.story.signing import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.engine]
PICTURES = os.environ.get("MYDOCKER_TEST_PICTURES", "")
SIGNED_OUT_SECONDS = 1.0


def picture(page: Page, name: str) -> None:
    """Keep a screenshot where pictures are wanted."""
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def state_is(page: Page, word: str) -> None:
    """Wait for the chip of the workspace's page."""
    expect(page.locator("main .st-lg")).to_have_text(word, timeout=DEADLINE_MS)


def test_a_student_works_stops_and_finds_the_file_again(service: Service, browser: Browser) -> None:
    page = page_of(browser)
    sign_in(page, service, "/join/jupyterlab-python")
    picture(page, "join")
    page.get_by_role("button", name="Ouvrir mon espace").locator("visible=true").first.click()
    page.wait_for_url(re.compile(r"/workspaces/\w+"))
    address = page.url.partition("?")[0]
    expect(page.locator("main .story li").first).to_be_visible()
    picture(page, "workspace-starting")
    # It opens by itself in the tab that asked, without a click.
    page.wait_for_url(re.compile(r"mydocker-apps\.localhost"), timeout=DEADLINE_MS)
    assert "token" not in page.url and "ticket" not in page.url
    lab.wait_for_lab(page)
    expect(page.locator("#jp-MainMenu")).to_contain_text("Fichier")  # in French
    lab.new_notebook(page)
    lab.run(page, "6 * 7", "42")
    lab.save(page, "Untitled.ipynb")
    picture(page, "jupyterlab")

    desk = page.context.new_page()
    desk.goto(address)
    state_is(desk, "Prêt")
    picture(desk, "workspace-ready")
    desk.locator("button#stop").click()
    state_is(desk, "Arrêté")
    picture(desk, "workspace-stopped")
    desk.get_by_role("button", name="Démarrer").locator("visible=true").first.click()
    desk.wait_for_url(re.compile(r"mydocker-apps\.localhost"), timeout=DEADLINE_MS)
    lab.wait_for_lab(desk)
    expect(desk.locator(".jp-DirListing-item:has-text('Untitled.ipynb')")).to_be_visible()


def test_work_goes_on_without_the_control_plane_and_ends_with_the_login(
    service: Service, browser: Browser
) -> None:
    page = page_of(browser)
    sign_in(page, service, "/join/jupyterlab-python", who="Nadia")
    page.get_by_role("button", name="Ouvrir mon espace").locator("visible=true").first.click()
    page.wait_for_url(re.compile(r"mydocker-apps\.localhost"), timeout=DEADLINE_MS)
    lab.wait_for_lab(page)
    lab.new_notebook(page)
    lab.run(page, "1 + 1", "2")
    # Killed, and killed again as often as they come back, while the notebook works.
    for name in ("web", "streams", "loops", "agent"):
        service.kill(name)
    lab.run(page, "20 + 3", "23")

    def back() -> bool:
        return service.answers("/healthz")

    wait_for(back, "the control plane is back")
    page.evaluate(
        """() => {
            window.closedAt = null;
            const socket = new WebSocket(location.origin.replace('http', 'ws')
                + '/api/events/subscribe');
            window.probe = new Promise((resolve) => {
                socket.onopen = () => resolve('open');
                socket.onerror = () => resolve('refused');
            });
            socket.onclose = () => { window.closedAt = Date.now(); };
        }"""
    )
    assert page.evaluate("window.probe") == "open"
    desk = page.context.new_page()
    desk.goto(service.url + "/")
    desk.locator("details.menu summary").click()
    desk.locator("form[action='/sign-out'] button").click()
    signed_out = time.time()
    expect(desk).to_have_url(re.compile("/sign-in"))
    page.wait_for_function("window.closedAt !== null", timeout=5_000)
    assert page.evaluate("window.closedAt") / 1000 - signed_out < SIGNED_OUT_SECONDS
    status = page.evaluate("fetch('/api/kernels').then((answer) => answer.status)")
    assert status == 401


def test_an_nbgitpuller_link_belongs_to_its_click(service: Service, browser: Browser) -> None:
    """Two links in two tabs, before sign-in and a cold start, do not mix."""
    context_page = page_of(browser)
    first = "/join/tiny/user-redirect/headers?tab=one&x=1%202"
    sign_in(context_page, service, first, who="Hélène")
    second_page = context_page.context.new_page()
    second_page.goto(service.url + "/join/tiny/hub/user-redirect/headers?tab=two")
    for page in (context_page, second_page):
        page.get_by_role("button", name="Ouvrir mon espace").locator("visible=true").first.click()
    for page in (context_page, second_page):
        page.bring_to_front()
        page.wait_for_url(re.compile(r"mydocker-apps\.localhost"), timeout=DEADLINE_MS)
