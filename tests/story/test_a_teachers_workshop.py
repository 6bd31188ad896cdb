"""A teacher who knows no Docker makes an image, an environment with it, and a student uses it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import DEADLINE_MS, page_of
from tests.service import Service
from tests.story import lab
from tests.story.signing import sign_in
from tests.story.test_a_first_environment import picture

pytestmark = [pytest.mark.browser, pytest.mark.engine]
BUILD_MS = 5 * 60 * 1000


def add_package(page: Page, name: str) -> None:
    """As a chip in the list of Python's packages."""
    page.locator("#add-pip").fill(name)
    page.locator("#add-pip").press("Enter")
    expect(page.locator(".packages[data-manager=pip] .pk li").last).to_contain_text(name)


def test_from_nothing_to_a_link_that_a_student_opens(
    service: Service, browser: Browser, tmp_path: Path
) -> None:
    page = page_of(browser)
    sign_in(page, service, "/teach/images", who="Hélène")
    picture(page, "images-none")
    page.get_by_role("link", name="Nouvelle image").locator("visible=true").first.click()
    page.get_by_role("textbox", name="Nom").fill("Mesures de physique")
    picture(page, "image-new")
    page.get_by_role("button", name="Créer l’image").click()

    add_package(page, "humanize")
    add_package(page, "tabulate")
    page.get_by_role("button", name="Enregistrer", exact=True).first.click()
    expect(page.locator("main .note").first).to_contain_text("Enregistré")
    data = tmp_path / "mesures.csv"
    data.write_text("temps,vitesse\n1,9.81\n")
    page.locator("#upload").set_input_files(str(data))
    page.get_by_role("button", name="Déposer", exact=True).click()
    expect(page.locator("#files")).to_contain_text("mesures.csv")
    page.get_by_role("button", name="Enregistrer et construire").first.click()
    page.wait_for_url(re.compile(r"/teach/images/mesures-de-physique"))
    expect(page.locator("#build-log, .note")).not_to_have_count(0)
    picture(page, "image-building")

    begin = page.locator("a[href*='/teach?build=mesures-de-physique/1']").first
    expect(begin).to_be_visible(timeout=BUILD_MS)
    picture(page, "image-built")
    begin.click()
    picture(page, "environment-from-build")
    page.get_by_role("button", name="Créer l’environnement").click()
    page.wait_for_url(re.compile(r"/teach/[a-z-]+\?"))
    definition = page.locator("textarea[name=definition]")
    definition.evaluate("(e) => { e.value = e.value.replace('status: draft', 'status: ready'); }")
    page.locator("form:has(textarea[name=definition]) button.btn-1").evaluate("(e) => e.click()")
    link = page.locator("body").get_by_text(re.compile(r"/join/\w+")).first.inner_text()
    picture(page, "environment-shared")

    student = page_of(browser)
    join = "/join/" + re.findall(r"/join/(\w+)", link)[0]
    sign_in(student, service, join, who="Camille")
    picture(student, "join-mesures")
    student.get_by_role("button", name="Ouvrir mon espace").locator("visible=true").first.click()
    student.wait_for_url(re.compile(r"mydocker-apps\.localhost"), timeout=DEADLINE_MS)
    lab.wait_for_lab(student)
    expect(student.locator("#jp-MainMenu")).to_contain_text("Fichier")  # in French
    lab.new_notebook(student)
    lab.run(student, "import humanize, tabulate; humanize.intcomma(12345)", "'12,345'")
    lab.run(student, "open('/data/mesures.csv').read().split()[1]", "'1,9.81'")
    picture(student, "jupyterlab-mesures")
