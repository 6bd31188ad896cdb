"""Images in a real browser: packages as chips, a build that is followed, and all of it without
scripts.
"""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from mydocker.domain.build_logs import LogEntry
from mydocker.services import images
from mydocker.store import builds, models
from mydocker.store.doorbell import ring
from tests.browser import page_of
from tests.web.conftest import cookies_of
from tests.web.site import Site
from tests.web.test_live_page import PATIENCE_MS, until
from tests.web.world import World

pytestmark = pytest.mark.browser
IMAGE = "/teach/images/scipy-l2"


@pytest.fixture
def page(browser: Browser, site: Site, live_world: World) -> Page:
    """A page of a teacher, in English."""
    opened = page_of(browser, locale="en-GB", width=1280)
    opened.set_default_timeout(PATIENCE_MS)
    opened.context.add_cookies(cookies_of(live_world.teacher, site))  # type: ignore[arg-type]
    return opened


def said(text: str, step: int = 2) -> LogEntry:
    return LogEntry(1.0, step, "said", text)


def stored() -> models.Image:
    return models.Image.objects.get(slug="scipy-l2")


# --- the recipe ---


def test_packages_are_added_and_taken_away_as_chips(page: Page, site: Site) -> None:
    page.goto(site.url + IMAGE)
    pip = page.locator(".packages[data-manager=pip]")
    expect(pip.locator(".pk li")).to_have_count(3)
    expect(pip.locator("textarea")).to_be_hidden()
    add = page.get_by_label("Python (pip)")
    add.fill("jax>=0.9")
    add.press("Enter")
    expect(pip.locator(".pk li.new")).to_contain_text("jax")
    expect(add).to_be_focused()
    pip.get_by_role("button", name="Take scipy away").click()
    expect(pip.locator(".pk li")).to_have_count(3)
    expect(page.locator("#produced")).to_contain_text("jax>=0.9")
    expect(page.locator("#produced")).not_to_contain_text("scipy==")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator("main .note").first).to_contain_text("Saved")
    assert stored().recipe["packages"]["pip"] == ["numpy==2.4", "scikit-learn", "jax>=0.9"]


def test_a_word_that_is_no_package_stays_to_be_mended(page: Page, site: Site) -> None:
    page.goto(site.url + IMAGE)
    pip = page.locator(".packages[data-manager=pip]")
    add = page.get_by_label("Python (pip)")
    add.fill("--user")
    add.press("Enter")
    expect(pip.locator(".field-faults")).to_contain_text("--user is an option")
    expect(add).to_have_value("--user")
    expect(pip.locator(".pk li")).to_have_count(3)
    add.fill("sympy")
    add.press("Enter")
    expect(pip.locator(".pk li")).to_have_count(4)
    expect(pip.locator(".field-faults")).to_have_count(0)


def test_what_stands_beside_the_chips_is_sent_with_them(page: Page, site: Site) -> None:
    page.goto(site.url + IMAGE)
    page.get_by_label("R (CRAN)").fill("ggplot2")
    page.get_by_label("R (CRAN)").evaluate("(e) => e.form.requestSubmit()")
    expect(page.locator("main .note").first).to_contain_text("Saved")
    assert stored().recipe["packages"]["cran"] == ["ggplot2"]


def test_a_dockerfile_is_judged_while_it_is_typed(page: Page, site: Site) -> None:
    page.goto(site.url + IMAGE)
    page.get_by_text("Dockerfile", exact=True).first.click()
    expect(page.locator("#base")).to_be_hidden()
    text = page.get_by_role("textbox", name="Dockerfile")
    text.fill("FROM mydocker/jupyterlab-python\nRUNN ls\n")
    expect(page.locator("#findings")).to_contain_text("Did you mean RUN?")
    expect(page.locator("#findings-said")).to_have_text("1 mistake")
    text.fill("FROM mydocker/jupyterlab-python\nRUN ls\n")
    expect(page.locator("#findings")).not_to_contain_text("Did you mean")


# --- a build ---


def test_a_build_is_followed_to_its_end(page: Page, site: Site, live_world: World) -> None:
    page.goto(f"{site.url}{IMAGE}/builds/3")
    log = page.locator("#build-log")
    expect(page.locator("#build-steps .run-row")).to_have_count(1)
    site.log(LogEntry(0.0, 1, "step", "FROM a/b"), LogEntry(0.1, 1, "cached"))
    site.log(LogEntry(0.2, 2, "step", "USER root"), said("\x1b[31m<b>bold</b>"))
    expect(log).to_contain_text("<b>bold</b>")
    expect(page.locator("#build-steps .hit-row")).to_have_count(1)
    site.log(*(said(f"line {number}") for number in range(300)))
    expect(log).to_contain_text("line 299")
    is_at_end = "(e) => e.scrollTop + e.clientHeight >= e.scrollHeight - 8"
    assert log.evaluate(is_at_end)
    log.evaluate("(e) => { e.scrollTop = 40; }")
    site.log(said("one more"))
    expect(log).to_contain_text("one more")
    assert log.evaluate("(e) => e.scrollTop") == 40
    log.evaluate("(e) => { e.scrollTop = e.scrollHeight; }")
    site.log(*(said(f"again {number}") for number in range(1900)))
    until(page, lambda: bool(log.evaluate("(e) => e.childElementCount") == 2000))
    finish(live_world)
    site.log(LogEntry(9.0, 0, "end", "done"), is_last=True)
    expect(page.get_by_role("link", name="Make an environment with it")).to_be_visible()
    expect(page.locator("#build-result")).to_contain_text("What weighs")
    expect(page).to_have_title("Built · Analyse numérique L2, build 3 · myDocker")


def finish(world: World) -> None:
    row = images.build(world.teacher, "scipy-l2", 3)
    assert builds.finish(
        row.id, reference=images.reference_of("scipy-l2", 3), engine_id="sha256:0",
        size_bytes=1 << 30, layers=[("base", 1 << 30)], packages=[("pip", "numpy", "2.4")],
        now=datetime.now(UTC),
    )  # fmt: skip
    ring("built", row.image)


def test_a_line_is_there_within_the_blink_of_an_eye(page: Page, site: Site) -> None:
    page.goto(f"{site.url}{IMAGE}/builds/3")
    site.log(said("ready"))
    expect(page.locator("#build-log")).to_contain_text("ready")
    page.evaluate("""() => {
        window.seen = 0;
        new MutationObserver(() => { window.seen = Date.now(); })
            .observe(document.getElementById('build-log'), {childList: true});
    }""")
    took = []
    for number in range(5):
        before = page.evaluate("Date.now()")
        site.log(said(f"now {number}"))
        expect(page.locator("#build-log")).to_contain_text(f"now {number}")
        took.append(page.evaluate("window.seen") - before)
    assert min(took) < 100, took


def test_the_page_of_an_image_shows_its_build_and_keeps_what_is_typed(
    page: Page, site: Site, live_world: World
) -> None:
    page.goto(site.url + IMAGE)
    site.log(said("from afar"))
    expect(page.locator("#build-log")).to_contain_text("from afar")
    page.get_by_label("Name", exact=True).fill("Half a na")
    finish(live_world)
    site.log(LogEntry(9.0, 0, "end", "done"), is_last=True)
    expect(page.locator("#build-head")).to_contain_text("Built")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Half a na")


# --- without scripts ---


def test_all_of_it_works_without_scripts(browser: Browser, site: Site, live_world: World) -> None:
    context = browser.new_context(locale="en-GB", java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    context.add_cookies(cookies_of(live_world.teacher, site))  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{site.url}/teach")
    page.get_by_role("link", name="Images").click()
    page.get_by_role("link", name="New image").click()
    page.get_by_label("Name", exact=True).fill("Sans scripts")
    page.get_by_label("A list of packages").check()
    page.get_by_role("button", name="Make the image").click()
    page.get_by_label("Python (pip)").fill("pip install numpy==2.4 scipy")
    page.get_by_role("button", name="Save and build").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sans scripts, build 1")
    expect(page.get_by_role("link", name="Whole log")).to_be_visible()
    page.get_by_role("button", name="Cancel the build").click()
    expect(page.locator("#build-head")).to_contain_text("Cancelled")
    page.get_by_role("link", name="Change the recipe").click()
    page.get_by_text("Dockerfile", exact=True).first.click()
    expect(page.get_by_label("Dockerfile", exact=True).last).to_be_visible()
    page.get_by_label("Upload files").set_input_files(
        {"name": "data.csv", "mimeType": "text/csv", "buffer": b"1;2\n"}
    )
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("link", name="data.csv", exact=True).click()
    page.get_by_label("Text").fill("3;4")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#files")).to_contain_text("data.csv")
    context.close()
