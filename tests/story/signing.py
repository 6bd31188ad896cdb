"""A demo person signs in."""

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from tests.browser import DEADLINE_MS
from tests.service import Service

ATTEMPTS = 4


def sign_in(page: Page, service: Service, wanted: str, who: str = "Camille") -> None:
    """Open an address, and sign in as a demo person on the way."""
    button = page.get_by_role("button", name=who)
    for attempt in range(1, ATTEMPTS + 1):
        # Chromium drops requests when some interface of the machine comes up.
        try:
            page.goto(service.url + wanted)
            if "/sign-in" in page.url:
                button.click(timeout=DEADLINE_MS / ATTEMPTS)
            page.wait_for_url(service.url + wanted, timeout=DEADLINE_MS / ATTEMPTS)
        except PlaywrightError as error:
            if attempt == ATTEMPTS:
                shown = page.locator("body").inner_text()
                raise AssertionError(f"no {who} at {page.url}:\n{shown}") from error
        else:
            return
