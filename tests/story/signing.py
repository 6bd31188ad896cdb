"""A demo person signs in."""

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from tests.service import Service


def sign_in(page: Page, service: Service, wanted: str, who: str = "Camille") -> None:
    """Open an address, and sign in as a demo person on the way."""
    page.goto(service.url + wanted)
    button = page.get_by_role("button", name=who)
    if not button.is_visible():
        page.reload()  # a container's interface came up: Chromium aborted the request
    try:
        button.click()
    except PlaywrightError as error:
        shown = page.locator("body").inner_text()
        raise AssertionError(f"no {who} at {page.url}:\n{shown}\n{service.told()}") from error
    page.wait_for_url(service.url + wanted)
