"""A student clicks where a spare stands by, and has their own files at once."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import DEADLINE_MS, page_of
from tests.service import LAB, Service, running, wait_for
from tests.story import lab
from tests.story.signing import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.engine]
SPARES = "\nspares: {wanted: 2, learnt: false}\n"
RUN_HOST = re.compile(r"mydocker-apps\.localhost")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service whose JupyterLab has spares."""
    with running(LAB + SPARES) as service:
        yield service


def standing(service: Service) -> int:
    """How many spares can be claimed."""
    told = service.cli("environment", "spares", "jupyterlab-python", "--json")
    return int(json.loads(told)["standing"])


def open_lab(page: Page) -> list[str]:
    """Click, and come to JupyterLab; returns the pages that the tab showed on its way."""
    shown: list[str] = []
    page.on("framenavigated", lambda frame: shown.append(frame.url))
    page.get_by_role("button", name="Ouvrir mon espace").locator("visible=true").first.click()
    page.wait_for_url(RUN_HOST, timeout=DEADLINE_MS)
    lab.wait_for_lab(page)
    return shown


def test_a_new_person_and_one_who_comes_back_find_their_own_files_at_once(
    service: Service, browser: Browser
) -> None:
    wait_for(lambda: standing(service) == 2, "two spares", service.told)
    page = page_of(browser)
    sign_in(page, service, "/join/jupyterlab-python")
    shown = open_lab(page)
    assert not [url for url in shown if "/workspaces/" in url]  # straight in: no page between
    expect(page.locator("#jp-MainMenu")).to_contain_text("Fichier")  # as the environment says
    lab.new_notebook(page)
    lab.run(page, "6 * 7", "42")
    lab.run(page, "import os; os.getcwd()", "'/home/jovyan'")
    lab.run(page, "os.environ['MYDOCKER_PERSON_NAME']", "'Camille Aubert'")
    lab.run(page, "!git config user.name", "Camille Aubert")
    lab.save(page, "Untitled.ipynb")

    (workspace,) = json.loads(service.cli("workspace", "list", "--json"))
    service.cli("workspace", "stop", workspace["id"])
    wait_for(lambda: not json.loads(service.cli("workspace", "list", "--json")), "its end")
    wait_for(lambda: standing(service) == 2, "two spares again", service.told)
    again = page_of(browser)
    sign_in(again, service, "/join/jupyterlab-python")
    assert not [url for url in open_lab(again) if "/workspaces/" in url]
    expect(again.locator(".jp-DirListing-item:has-text('Untitled.ipynb')")).to_be_visible()


def test_what_one_person_leaves_the_next_one_does_not_find(
    service: Service, browser: Browser
) -> None:
    wait_for(lambda: standing(service) == 2, "two spares", service.told)
    page = page_of(browser)
    sign_in(page, service, "/join/jupyterlab-python", who="Nadia")
    open_lab(page)
    expect(page.locator(".jp-DirListing-item")).to_have_count(0)


def test_even_the_first_click_after_the_first_start_finds_a_spare(browser: Browser) -> None:
    with running(MYDOCKER_CATALOGUE="") as fresh:
        wait_for(lambda: standing(fresh) == 1, "a spare", fresh.told)
        page = page_of(browser)
        sign_in(page, fresh, "/join/jupyterlab-python")
        assert not [url for url in open_lab(page) if "/workspaces/" in url]
