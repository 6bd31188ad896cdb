"""A workspace that nobody uses falls asleep; its person returns, and goes on where they were."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import DEADLINE_MS, page_of
from tests.service import LAB, Service, running, wait_for
from tests.story import lab
from tests.story.signing import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.engine]
SLEEPY = LAB.replace("sleep: 20min", "sleep: 10s")
ASLEEP_SECONDS = 180.0
"""What a busy machine is late with counts as work."""
COLD = "\nspares: {mode: never}\n"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service whose JupyterLab falls asleep soon."""
    with running(SLEEPY + COLD, MYDOCKER_IDLE_ROUND="2s") as service:
        yield service


def state(service: Service) -> str:
    (workspace,) = json.loads(service.cli("workspace", "list", "--json"))
    return str(workspace["state"])


def test_a_variable_survives_sleep_and_the_returning_person_wakes_it(
    service: Service, browser: Browser
) -> None:
    page = page_of(browser)
    sign_in(page, service, "/join/jupyterlab-python")
    page.get_by_role("button", name="Ouvrir mon espace").locator("visible=true").first.click()
    page.wait_for_url("**/lab**", timeout=DEADLINE_MS)
    lab.wait_for_lab(page)
    lab.new_notebook(page)
    lab.run(page, "answer = 41; answer", "41")
    lab.save(page, "Untitled.ipynb")
    dashboard = page.context.new_page()
    dashboard.goto(service.url)

    wait_for(lambda: state(service) == "asleep", "asleep", service.told, ASLEEP_SECONDS)
    dashboard.reload()
    expect(dashboard.locator(".state").first).to_contain_text("Endormi")
    veil = page.locator(".mydocker-veil button")
    expect(veil).to_contain_text("Endormi", timeout=DEADLINE_MS)
    expect(page.locator(".jp-Dialog")).to_have_count(0)

    veil.click()
    expect(veil).to_have_count(0)
    lab.run(page, "answer + 1", "42")
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    wait_for(lambda: state(service) == "ready", "awake", service.told)
    dashboard.goto(service.url)
    dashboard.get_by_role("link", name="JupyterLab").first.click()
    expect(dashboard.locator("#story")).to_contain_text("Réveillé")
