"""Does in a real browser what the student's tutorial says, by the words that stand on the page."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Error, Locator, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DEADLINE_SECONDS = 60.0
OPENS_BY_ITSELF_SECONDS = 5.0
BLINK_MILLISECONDS = 50


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
