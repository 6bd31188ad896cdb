"""JupyterLab as a person uses it."""

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from tests.browser import DEADLINE_MS

LAUNCHER = ".jp-LauncherCard[data-category='Notebook']"
OUTPUT = ".jp-OutputArea-output"
RELOADS = 5
ATTEMPTS = 4


def wait_for_lab(page: Page) -> None:
    """Until the lab's panels are there.

    Where a container's interface came up on this machine meanwhile, Chromium takes it for another
    network and aborts requests under way: the page is loaded again then.
    """
    dock, dialog = page.locator("#jp-main-dock-panel"), page.locator(".jp-Dialog")
    for _ in range(RELOADS):
        try:
            dock.or_(dialog).first.wait_for(timeout=DEADLINE_MS / 3)
            page.locator(LAUNCHER).or_(page.locator(".jp-Notebook")).or_(dialog).first.wait_for(
                timeout=DEADLINE_MS / 3
            )
        except PlaywrightError:
            page.reload()
            continue
        if dialog.count() == 0:
            return
        page.reload()
    dock.wait_for()


def new_notebook(page: Page) -> None:
    """From the launcher."""
    page.locator(LAUNCHER).first.click()
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    # The kernel is there when the toolbar no longer says otherwise.
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").first.wait_for()


def run(page: Page, code: str, result: str) -> None:
    """Type into the last cell, run it, and see the result come back over the websocket."""
    editor = page.locator(".jp-Notebook .jp-Cell .cm-content").last
    output = page.locator(OUTPUT).last
    for attempt in range(ATTEMPTS):
        editor.click()
        page.keyboard.press("Control+a")
        page.keyboard.type(code)
        expect(editor).to_have_text(code)
        page.keyboard.press("Control+Enter")  # runs the cell and stays in it
        try:
            expect(output).to_have_text(result, timeout=DEADLINE_MS / ATTEMPTS)
        except AssertionError:
            if attempt == ATTEMPTS - 1:
                raise
            continue  # the kernel was not there yet: the keystroke went nowhere
        break
    page.locator(".jp-Notebook-footer, .jp-Notebook").last.press("Escape")
    page.keyboard.press("b")  # an empty cell below, for the next


def save(page: Page, name: str) -> None:
    """Save, and see the file in the browser of files."""
    page.keyboard.press("Control+s")
    accept = page.locator(".jp-Dialog .jp-mod-accept")
    listed = page.locator(f".jp-DirListing-item:has-text('{name}')")
    expect(accept.or_(listed).first).to_be_visible(timeout=DEADLINE_MS)
    if accept.is_visible():  # a new file may be named
        accept.click()
    expect(listed.first).to_be_visible(timeout=DEADLINE_MS)
