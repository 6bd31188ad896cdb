"""JupyterLab as a person uses it."""

from playwright.sync_api import Page, expect

from tests.browser import DEADLINE_MS

LAUNCHER = ".jp-LauncherCard[data-category='Notebook']"
OUTPUT = ".jp-OutputArea-output"


def wait_for_lab(page: Page) -> None:
    """Until the lab's panels are there. Reloaded once where the network changed under it."""
    try:
        page.locator("#jp-main-dock-panel").wait_for(timeout=DEADLINE_MS / 3)
    except Exception:  # noqa: BLE001 - a container's interface came up: Chromium aborts requests
        page.reload()
        page.locator("#jp-main-dock-panel").wait_for()


def new_notebook(page: Page) -> None:
    """From the launcher."""
    page.locator(LAUNCHER).first.click()
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    # The kernel is there when the toolbar no longer says otherwise.
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").first.wait_for()


def run(page: Page, code: str, result: str) -> None:
    """Type into the last cell, run it, and see the result come back over the websocket."""
    editor = page.locator(".jp-Notebook .jp-Cell .cm-content").last
    editor.fill(code)
    expect(editor).to_have_text(code)
    editor.press("Shift+Enter")
    expect(page.locator(OUTPUT).last).to_have_text(result, timeout=DEADLINE_MS)


def save(page: Page, name: str) -> None:
    """Save, and see the file in the browser of files."""
    page.keyboard.press("Control+s")
    accept = page.locator(".jp-Dialog .jp-mod-accept")
    listed = page.locator(f".jp-DirListing-item:has-text('{name}')")
    expect(accept.or_(listed).first).to_be_visible(timeout=DEADLINE_MS)
    if accept.is_visible():  # a new file may be named
        accept.click()
    expect(listed.first).to_be_visible(timeout=DEADLINE_MS)
