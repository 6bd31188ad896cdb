"""Does in a real browser what a tutorial says, by the words that stand on the page."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import (
    BrowserContext,
    Error,
    FilePayload,
    Locator,
    Page,
    sync_playwright,
)

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DEADLINE_SECONDS = 60.0
OPENS_BY_ITSELF_SECONDS = 5.0
BLINK_MILLISECONDS = 50
BUILD_SECONDS = 300.0
MEASURES = b"time,speed\n1,9.81\n"
"""What the reader has on their computer."""
PICTURES = os.environ.get("MYDOCKER_TEST_PICTURES", "")
"""A folder, where pictures are wanted."""


@contextmanager
def browser_of(language: str) -> Iterator[BrowserContext]:
    """A fresh profile of somebody who reads this language."""
    locale = {"fr": "fr-FR", "en": "en-GB"}[language]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            context = browser.new_context(locale=locale, viewport={"width": 1280, "height": 900})
            context.set_default_timeout(DEADLINE_SECONDS * 1000)
            yield context
        finally:
            browser.close()


@dataclass
class Walk:
    """One reader on their way. `url` is the dashboard's; steps come from `tutorials.steps_of`."""

    context: BrowserContext
    url: str
    apps_domain: str = "mydocker-apps.localhost"
    page: Page = field(init=False)
    """The dashboard's tab."""
    application: Page = field(init=False)
    """The tab in which an interface is open."""
    _left: set[str] = field(default_factory=set)
    """Hosts of runs that were entered before."""

    def __post_init__(self) -> None:
        self.page = self.application = self.context.new_page()

    def do(self, verb: str, words: str) -> None:
        """Do one step."""
        steps: dict[str, Callable[[str], None]] = {
            "visit": self.visit,
            "press": self.press,
            "page": self.open_page_of,
            "enter": self.enter,
            "notebook": self.run_in_notebook,
            "see": self.see,
            "save": self.save,
            "find": self.find,
            "name": self.give_name,
            "add": self.add_package,
            "upload": self.upload,
            "await": self.wait_for,
        }
        steps[verb](words)

    def visit(self, path: str) -> None:
        """Open an address of the dashboard."""
        self.page.goto(self.url + path)

    def press(self, label: str) -> None:
        """Press the button or link whose name begins so."""
        try:
            self._named(label).click()
        except Error as error:
            shown = self.page.locator("body").inner_text()
            raise AssertionError(f"no {label} at {self.page.url}:\n{shown}") from error

    def open_page_of(self, title: str) -> None:
        """Come back to the dashboard and open a workspace's page."""
        self.page = self.context.new_page()
        self.page.goto(self.url)
        self.page.get_by_role("main").get_by_role("link", name=title, exact=True).click()

    def enter(self, interface: str) -> None:
        """Wait until the interface opens by itself; press its button if it does not."""
        began = time.monotonic()
        while (opened := self._opened()) is None:
            waited = time.monotonic() - began
            assert waited < DEADLINE_SECONDS, f"{interface} did not open: {self.page.url}"
            way = self.page.locator("#ways").get_by_role("link", name=interface)
            if waited > OPENS_BY_ITSELF_SECONDS and way.count():
                with suppress(Error):  # it opens by itself in this very moment
                    way.click(timeout=1000)
            self.page.wait_for_timeout(BLINK_MILLISECONDS)
        self.application = opened
        self._left.add(self._host(opened))
        opened.locator(".jp-Launcher, .jp-DirListing").first.wait_for()

    def run_in_notebook(self, code: str) -> None:
        """Make a notebook from the launcher, write into its first cell and run it."""
        launcher = self.application.locator(".jp-LauncherCard", has_text="Python 3")
        launcher.first.click()
        cell = self.application.locator(".jp-Notebook .jp-Cell .cm-content").first
        cell.click()
        self.application.keyboard.type(code)
        # Nobody types as fast: what is run before the kernel is there is lost.
        self.application.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
        self.application.keyboard.press("Shift+Enter")

    def see(self, text: str) -> None:
        """Find this as the output of a cell."""
        output = self.application.locator(".jp-OutputArea-output", has_text=text)
        output.first.wait_for()

    def save(self, name: str) -> None:
        """Save under this name."""
        self.application.keyboard.press("Control+s")
        asked = self.application.locator(".jp-Dialog input[type=text]")
        asked.fill(name)
        asked.press("Enter")
        self.find(name)

    def find(self, name: str) -> None:
        """See the file in the list of files."""
        self.application.locator(".jp-DirListing-itemText", has_text=name).first.wait_for()

    def give_name(self, name: str) -> None:
        """Write into the first field of a form."""
        self.page.get_by_role("main").get_by_role("textbox").first.fill(name)

    def add_package(self, name: str) -> None:
        """Write into the list of Python's packages."""
        field = self.page.locator("#add-pip")
        field.fill(name)
        field.press("Enter")
        self.page.locator(".packages[data-manager=pip] .pk li", has_text=name).wait_for()

    def upload(self, name: str) -> None:
        """Choose a file of one's own and send it."""
        form = self.page.locator("form:has(input[type=file])")
        chosen = FilePayload(name=name, mimeType="text/csv", buffer=MEASURES)
        form.locator("input[type=file]").set_input_files(chosen)
        form.locator("button").click()
        self.page.locator("#files table", has_text=name).wait_for()

    def wait_for(self, label: str) -> None:
        """Wait until something can be pressed."""
        self._named(label).wait_for(timeout=BUILD_SECONDS * 1000)
        if PICTURES:
            self.page.screenshot(path=f"{PICTURES}/{label}.png", full_page=True)

    def _named(self, label: str) -> Locator:
        name = re.compile(rf"^\s*{re.escape(label)}\b")
        both = self.page.get_by_role("button", name=name).or_(
            self.page.get_by_role("link", name=name)
        )
        return both.first

    def _opened(self) -> Page | None:
        for each in self.context.pages:
            host = self._host(each)
            if host.endswith(self.apps_domain) and host not in self._left:
                return each
        return None

    @staticmethod
    def _host(page: Page) -> str:
        return urlsplit(page.url).hostname or ""
