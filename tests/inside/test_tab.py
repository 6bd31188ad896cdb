"""An open tab whose workspace sleeps: it says so, and the person's return wakes it.

Docs: docs/explanation/sleep.md, What an open tab does.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, WebSocketRoute, expect

from tests.browser import DEADLINE_MS, chromium, page_of
from tests.inside.containers import TOKEN, Place, Yard, empty_home, own, yard
from tests.story import lab

pytestmark = [pytest.mark.browser, pytest.mark.engine]

SLEEPS = 429
SETTINGS = ".jupyter/lab/user-settings/@jupyterlab/docmanager-extension/plugin.jupyterlab-settings"
VEIL = ".mydocker-veil button"
SEEN_AS = """isHidden => {
    const say = (name, value) => Object.defineProperty(document, name, {
        configurable: true, get: () => value });
    say("hidden", isHidden);
    say("visibilityState", isHidden ? "hidden" : "visible");
    document.dispatchEvent(new Event("visibilitychange"));
}"""
ENDS = r"""() => Object.fromEntries(performance.getEntriesByType("resource")
    .map(entry => [entry.name.match(/lab\/extensions\/(.+?)\/static\//)?.[1], entry.responseEnd])
    .filter(([name]) => name))"""
LOADED = """() => performance.getEntriesByType("resource")
    .filter(entry => entry.name.includes("mydocker-tab"))
    .map(entry => [entry.responseStatus, entry.duration])"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    with yard(tmp_path_factory.mktemp("inside")) as made:
        yield made


@pytest.fixture(scope="module")
def started(place: Yard, tmp_path_factory: pytest.TempPathFactory) -> Place:
    home = tmp_path_factory.mktemp("tab") / "home"
    settings = home / SETTINGS
    settings.parent.mkdir(parents=True)
    settings.write_text('{"autosaveInterval": 20, "renameUntitledFileOnSave": false}')
    own(home)
    made = place.start_cold(home, {"LANG": "fr_FR.UTF-8"})
    made.listens()
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def begins_a_save(request: Request) -> bool:
    """A save first asks for the file without its contents: that wakes, other GETs do not."""
    return "content=0" in request.url


class Gateway:
    """Stands in for the gateway before one page: it answers while the workspace sleeps."""

    def __init__(self, page: Page, place: Place, *, is_ours: bool = True) -> None:
        self.page, self.place, self.is_ours = page, place, is_ours
        self.is_asleep = self.is_away = False
        self.rings = self.looks = 0
        self.told: list[str] = []
        page.on("console", lambda said: self.told.append(said.text))
        page.on("pageerror", lambda error: self.told.append(str(error)))
        page.route("**/api/**", self._pass)
        page.route("**/.mydocker/awake", self._bell)
        page.route_web_socket("**/channels?**", self._connect)
        self.lines: list[WebSocketRoute] = []

    def open(self) -> None:
        """With nothing open from before."""
        path = f"/lab/workspaces/{uuid.uuid4().hex}?token={TOKEN}"
        self.page.goto(f"http://{self.place.address}:8888{path}")

    def sleep(self) -> None:
        self.place.frozen("FROZEN")
        self.is_asleep = True

    def wake(self) -> None:
        self.place.frozen("THAWED")
        self.is_asleep = False

    def _bell(self, route: Route) -> None:
        if not self.is_ours:
            route.fulfill(status=404)
        elif route.request.method == "POST":
            self.rings += 1
            self.wake()
            route.fulfill(status=204)
        else:
            self.looks += 1
            route.fulfill(json={"asleep": self.is_asleep})

    def go_away(self) -> None:
        """As when the network is gone."""
        self.is_away = True
        while self.lines:
            self.lines.pop().close(code=4000, reason="lost")

    def _connect(self, line: WebSocketRoute) -> None:
        if self.is_away:
            line.close(code=4000, reason="lost")
        else:
            line.connect_to_server()
            self.lines.append(line)

    def _pass(self, route: Route) -> None:
        if self.is_away:
            route.abort()
            return
        if self.is_asleep and begins_a_save(route.request):
            self.wake()
        if self.is_asleep and route.request.method == "GET":
            headers = {"Retry-After": "30", "Cache-Control": "no-store"}
            route.fulfill(status=SLEEPS, headers=headers, body=json.dumps({"asleep": True}))
        else:
            route.continue_()


Opener = Callable[..., Gateway]


@pytest.fixture
def open_before(browser: Browser) -> Iterator[Opener]:
    """Opens the lab of a place in a new page, which in the end is awake and closed."""
    made: list[Gateway] = []

    def opened(place: Place, *, is_ours: bool = True) -> Gateway:
        gateway = Gateway(page_of(browser, locale="en-GB"), place, is_ours=is_ours)
        made.append(gateway)
        gateway.open()
        lab.wait_for_lab(gateway.page)
        return gateway

    yield opened
    for gateway in made:
        gateway.wake()
        gateway.page.context.close()


def hide(page: Page) -> None:
    page.evaluate(SEEN_AS, True)


def come_back(page: Page) -> None:
    page.evaluate(SEEN_AS, False)


def save(page: Page) -> None:
    with page.expect_response(
        lambda answer: answer.request.method == "PUT" and "contents" in answer.url
    ):
        page.keyboard.press("Control+s")
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)


def later(page: Page, seconds: int) -> None:
    """As if so much time had passed in the page since anything happened."""
    page.evaluate("""seconds => {
        const now = performance.now.bind(performance);
        performance.now = () => now() + 1000 * seconds;
    }""", seconds)  # fmt: skip


def is_loaded(gateway: Gateway) -> None:
    (status, _duration), *others = gateway.page.evaluate(LOADED)
    assert (status, others) == (200, [])
    assert not [line for line in gateway.told if "mydocker" in line]


def test_a_lab_started_cold_has_the_extension(started: Place, open_before: Opener) -> None:
    is_loaded(open_before(started))


def test_a_claimed_lab_has_the_extension(place: Yard, tmp_path: Path, open_before: Opener) -> None:
    spare = place.start_ahead(empty_home(tmp_path / "home"))
    spare.listens()
    spare.claim({})
    is_loaded(open_before(spare))


def test_a_variable_outlives_sleep_and_the_return_wakes(
    started: Place, open_before: Opener
) -> None:
    gateway = open_before(started)
    page = gateway.page
    lab.new_notebook(page)
    lab.run(page, "x = 41; x", "41")
    save(page)
    later(page, 60)
    gateway.sleep()
    expect(page.locator(VEIL)).to_have_text(
        "Endormi Tout est tel que vous l’avez laissé. Cliquez pour réveiller.",
        timeout=DEADLINE_MS,
    )
    expect(page).to_have_title(re.compile("^\u263e Untitled"))
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    hide(page)
    assert gateway.rings == 0
    come_back(page)
    expect(page.locator(VEIL)).to_have_count(0)
    expect(page).to_have_title(re.compile("^Untitled"))
    assert (gateway.rings, gateway.is_asleep) == (1, False)
    lab.run(page, "x + 1", "42")
    assert not [line for line in gateway.told if "mydocker" in line]


def test_a_kernel_whose_line_was_lost_is_back_at_once(started: Place, open_before: Opener) -> None:
    gateway = open_before(started)
    page = gateway.page
    lab.new_notebook(page)
    lab.run(page, "x = 41; x", "41")
    with page.expect_event("requestfailed", lambda asked: "/api/kernels/" in asked.url):
        gateway.go_away()
    gateway.is_away = False
    come_back(page)
    expect(page.locator(".jp-Notebook-ExecutionIndicator").first).to_have_attribute(
        "data-status", "idle"
    )


def test_what_is_not_saved_wakes_and_is_saved(started: Place, open_before: Opener) -> None:
    gateway = open_before(started)
    page = gateway.page
    lab.new_notebook(page)
    lab.run(page, "x = 41; x", "41")
    save(page)
    page.locator(".jp-Notebook .jp-Cell .cm-content").last.click()
    page.keyboard.type("# not saved")
    gateway.sleep()
    with page.expect_response(
        lambda answer: answer.request.method == "PUT" and "contents" in answer.url
    ) as saved:
        pass
    assert saved.value.ok
    assert not gateway.is_asleep
    expect(page.locator(".jp-Dialog")).to_have_count(0)


@pytest.mark.parametrize("touch", ["click", "key"])
def test_the_first_touch_wakes(started: Place, open_before: Opener, touch: str) -> None:
    gateway = open_before(started)
    gateway.sleep()
    veil = gateway.page.locator(VEIL)
    expect(veil).to_be_visible(timeout=DEADLINE_MS)
    if touch == "click":
        veil.click()
    else:
        gateway.page.keyboard.press("Shift")
    expect(veil).to_have_count(0)
    assert gateway.rings == 1


def test_a_person_at_work_rings_only_after_a_pause(started: Place, open_before: Opener) -> None:
    gateway = open_before(started)
    page = gateway.page
    for _ in range(5):
        page.keyboard.press("Shift")
    assert gateway.rings == 0
    with page.expect_response("**/.mydocker/awake"):
        come_back(page)
    come_back(page)
    later(page, 21)
    with page.expect_response("**/.mydocker/awake"):
        page.keyboard.press("Shift")
    page.keyboard.press("Shift")
    with page.expect_response("**/api/contents**"):
        pass  # time enough for another ring
    assert gateway.rings == 2


def test_somebody_else_may_have_woken_it(started: Place, open_before: Opener) -> None:
    gateway = open_before(started)
    gateway.sleep()
    expect(gateway.page.locator(VEIL)).to_be_visible(timeout=DEADLINE_MS)
    later(gateway.page, 11)
    gateway.wake()
    expect(gateway.page.locator(VEIL)).to_have_count(0, timeout=DEADLINE_MS)
    assert gateway.rings == 0


def test_a_lab_without_our_gateway_is_asked_once(started: Place, open_before: Opener) -> None:
    gateway = open_before(started, is_ours=False)
    page = gateway.page
    with page.expect_response("**/.mydocker/awake"):
        come_back(page)
    later(page, 60)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    come_back(page)
    page.keyboard.press("Shift")
    with page.expect_response("**/api/contents**"):
        pass
    assert not [url for url in asked if "mydocker" in url]
    expect(page.locator(VEIL)).to_have_count(0)


def test_it_costs_the_lab_less_than_30_ms(started: Place, open_before: Opener) -> None:
    """The lab loads its extensions side by side, and waits for the last of them."""
    gateway = open_before(started)
    waits = []
    for _ in range(5):
        gateway.page.reload()
        lab.wait_for_lab(gateway.page)
        ends = gateway.page.evaluate(ENDS)
        ours = ends.pop("mydocker-tab")
        waits.append(max(0, ours - max(ends.values())))
    print("the lab waits for it, in ms:", waits)
    assert sorted(waits)[2] < 30, waits
