"""Debian's Chromium, driven by Playwright."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
DEADLINE_MS = 60_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser with a fresh profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def page_of(
    browser: Browser,
    *,
    locale: str = "fr-FR",
    width: int = 1440,
    height: int = 900,
    dark: bool = False,
) -> Page:
    """A page of somebody with cookies of their own."""
    context = browser.new_context(
        locale=locale, viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
    )  # fmt: skip
    context.set_default_timeout(DEADLINE_MS)
    return context.new_page()
