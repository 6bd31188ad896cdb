"""A workspace's page in a real browser: it moves, speaks, opens by itself, and stays polite."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from mydocker.domain.people import Person
from mydocker.ports.window import LayerPart, PullShown
from mydocker.store import environments, models, runs, story
from mydocker.store.doorbell import ring
from tests.browser import page_of
from tests.web.conftest import cookies_of
from tests.web.site import Site
from tests.web.world import World

pytestmark = pytest.mark.browser
SECRET = "S3cretOfThisRun12345"
PATIENCE_MS = 15_000
ATTEMPTS = 4


@pytest.fixture
def seen_by(browser: Browser, site: Site) -> Callable[[Person], Page]:
    """Opens a browser in which somebody is signed in."""

    def opened(person: Person) -> Page:
        page = page_of(browser)
        page.set_default_timeout(PATIENCE_MS)
        page.context.add_cookies(cookies_of(person, site))  # type: ignore[arg-type]
        return page

    return opened


def make_ready(workspace: str) -> None:
    """What the loops do."""
    row = models.Workspace.objects.get(id=workspace)
    run = models.Run.objects.filter(workspace=row, generation=row.generation).first()
    now = datetime.now(UTC)
    if run is None:
        environment = environments.by_id(row.environment_id)
        assert environment is not None
        made = runs.make(
            workspace, row.generation, environment, [8888], "mydocker-apps.localhost",
            now=now, asked_at=now,
        )  # fmt: skip
        assert made is not None
        run = models.Run.objects.get(id=made.id)
    models.Run.objects.filter(id=run.id).update(phase=3, ready_at=now)
    models.Workspace.objects.filter(id=workspace).update(stops_at=now + timedelta(minutes=20))
    story.append(workspace, "ready", now, run=run.id, seconds="2.8")
    ring("workspace", workspace)


def is_followed(site: Site, workspace: str) -> bool:
    assert site.hub is not None
    return workspace in site.hub._followers


def until(page: Page, holds: Callable[[], bool]) -> None:
    for _look in range(PATIENCE_MS // 50):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come true")


def test_the_page_becomes_ready_by_itself_and_does_not_open_unasked(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page, workspace = seen_by(live_world.student), live_world.workspaces["starting"]
    page.goto(f"{site.url}/workspaces/{workspace}")
    until(page, lambda: is_followed(site, workspace))
    expect(page.locator("main .st-lg")).to_have_text("Vérifications")
    assert not page.locator("#open-by-itself").is_checked()
    page.locator("#head a").focus()
    make_ready(workspace)
    expect(page.locator("main .st-lg")).to_have_text("Prêt")
    expect(page.locator("#announcements")).to_have_text("Bureau Linux XFCE: Prêt")
    assert page.title() == "Prêt · Bureau Linux XFCE · myDocker"
    assert page.evaluate("document.activeElement.tagName") == "H1"  # never lost on the body
    expect(page.locator("#usage")).to_contain_text("0,7 sur 2")
    assert page.url.endswith(workspace)


def test_it_opens_by_itself_in_the_tab_that_asked(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page, workspace = seen_by(live_world.student), live_world.workspaces["stopped"]
    page.goto(f"{site.url}/")
    page.locator(f"#workspace-{workspace} button").click()
    page.wait_for_url(f"**/workspaces/{workspace}")
    assert page.locator("#open-by-itself").is_checked()
    other = page.context.new_page()
    other.goto(page.url)
    assert not other.locator("#open-by-itself").is_checked()
    page.bring_to_front()
    until(page, lambda: is_followed(site, workspace))
    make_ready(workspace)
    page.wait_for_url(re.compile(r"mydocker-apps\.localhost:\d+/lab$"))
    expect(other.locator("main .st-lg")).to_have_text("Prêt")
    # Coming back does not open it again.
    page.go_back()
    expect(page.locator("main .st-lg")).to_have_text("Prêt")
    page.wait_for_timeout(500)
    assert page.url.endswith(workspace)


def test_a_link_of_its_own_is_where_it_opens(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page = seen_by(live_world.other)
    page.goto(f"{site.url}/join/sage18/user-redirect/git-pull?repo=a%26b&tab=1")
    page.get_by_role("button", name="Ouvrir mon espace").locator("visible=true").click()
    page.wait_for_url(re.compile(r"/workspaces/\w+\?to="))
    workspace = re.findall(r"/workspaces/(\w+)", page.url)[0]
    until(page, lambda: is_followed(site, workspace))
    page.reload()
    until(page, lambda: is_followed(site, workspace))
    with page.expect_request(re.compile(r"/open/jupyterlab/")) as asked:
        make_ready(workspace)
    assert asked.value.url.endswith("/open/jupyterlab/git-pull?repo=a%26b&tab=1")


def test_a_pull_moves_and_the_focus_stays(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page, workspace = seen_by(live_world.student), live_world.workspaces["pulling"]
    page.goto(f"{site.url}/workspaces/{workspace}")
    until(page, lambda: is_followed(site, workspace))
    page.locator("#cancel").focus()
    for done in (100, 200):
        layers = (LayerPart(300 * 2**20, done * 2**20), LayerPart(100 * 2**20, 0))
        site.show(PullShown(workspace, done * 2**20, 400 * 2**20, layers))
        expect(page.locator("#pull")).to_contain_text(f"{done}\u00a0Mo sur 400\u00a0Mo")
    story.append(workspace, "image_ready", datetime.now(UTC), size="400 MB", seconds="9")
    ring("workspace", workspace)
    expect(page.locator("#story")).to_contain_text("400 MB")
    assert page.evaluate("document.activeElement.id") == "cancel"


def test_a_hidden_tab_lets_go_and_comes_back(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page, workspace = seen_by(live_world.student), live_world.workspaces["starting"]
    page.goto(f"{site.url}/workspaces/{workspace}")
    until(page, lambda: is_followed(site, workspace))
    page.evaluate(HIDE, True)
    until(page, lambda: not is_followed(site, workspace))
    make_ready(workspace)
    page.evaluate(HIDE, False)
    expect(page.locator("main .st-lg")).to_have_text("Prêt")


NOTIFICATIONS = """
    window.notifications = [];
    const Real = window.Notification;
    window.Notification = class extends Real {
        constructor(title, options) {
            super(title, options);
            window.notifications.push({ title, body: options.body });
        }
    };"""
HIDE = """isHidden => {
    Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
}"""


def warn(workspace: str, minutes: int) -> None:
    """What the culler does."""
    now = datetime.now(UTC)
    stops_at = now + timedelta(minutes=minutes)
    row = models.Workspace.objects.filter(id=workspace)
    row.update(stops_at=stops_at, warned_at=now if minutes <= 5 else None)
    story.append(workspace, "warned", now, stops_at=stops_at.isoformat(), cause="idle")
    ring("workspace", workspace)


def test_a_hidden_tab_tells_on_the_desktop_before_it_stops(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page, workspace = seen_by(live_world.student), live_world.workspaces["ready"]
    page.add_init_script(NOTIFICATIONS)
    page.context.grant_permissions(["notifications"])
    page.goto(f"{site.url}/workspaces/{workspace}")
    until(page, lambda: is_followed(site, workspace))
    button = page.get_by_role("button", name="Me prévenir avant l’arrêt")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.evaluate(HIDE, True)
    warn(workspace, 4)
    until(page, lambda: bool(page.evaluate("notifications.length")))
    (told,) = page.evaluate("notifications")
    assert told["title"] == "Python scientifique va bientôt s’arrêter"
    assert told["body"].startswith("Arrêt à ")
    # Once for each end, whatever else moves.
    warn(workspace, 20)
    expect(page.locator("#countdown")).not_to_have_attribute("data-warned", re.compile("."))
    warn(workspace, 3)
    until(page, lambda: page.evaluate("notifications.length") == 2)
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("notifications.length") == 0


def test_nobody_is_asked_or_told_who_did_not_wish_it(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page, workspace = seen_by(live_world.student), live_world.workspaces["ready"]
    page.add_init_script(NOTIFICATIONS)
    page.add_init_script("Notification.requestPermission = () => { throw Error('asked'); };")
    page.context.grant_permissions(["notifications"])
    page.goto(f"{site.url}/workspaces/{workspace}")
    until(page, lambda: is_followed(site, workspace))
    page.evaluate(HIDE, True)
    until(page, lambda: not is_followed(site, workspace))
    warn(workspace, 4)
    page.evaluate(HIDE, False)
    expect(page.locator("#countdown")).to_have_attribute("data-warned", re.compile("."))
    assert page.evaluate("notifications") == []


def test_the_log_is_read_only_when_it_is_unfolded(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page = seen_by(live_world.student)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.url}/workspaces/{live_world.workspaces['ready']}")
    expect(page.locator("#usage")).to_contain_text("sur 4")
    assert not any("journal" in url for url in asked)
    page.locator("#journal summary").click()
    expect(page.locator("#journal-lines")).to_contain_text("Kernel started")
    expect(page.locator("#journal-lines .r")).to_contain_text("RuntimeWarning")
    assert page.locator("#journal-lines").get_attribute("aria-live") == "off"


def test_a_secret_is_fetched_when_it_is_shown_and_told(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page, workspace = seen_by(live_world.student), live_world.workspaces["ready"]
    page.goto(f"{site.url}/workspaces/{workspace}")
    assert SECRET not in page.content()
    page.locator("#show-password").click()
    expect(page.locator("#secret-password")).to_have_text(SECRET)
    assert page.locator("#show-password").get_attribute("aria-pressed") == "true"
    page.locator("#show-password").click()
    expect(page.locator("#secret-password")).not_to_have_text(SECRET)
    assert models.StoryEvent.objects.filter(kind="credentials_shown").count() == 1


def test_what_is_copied_is_on_the_clipboard(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page = seen_by(live_world.teacher)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site.url}/teach/cpp-l1")
    page.locator("#copy-link").click()
    expect(page.locator("#copy-link")).to_have_text("Copié")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{site.url}/join/cpp314"


def test_a_question_is_asked_before_and_escape_keeps_everything(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page, workspace = seen_by(live_world.student), live_world.workspaces["stopped"]
    page.goto(f"{site.url}/workspaces/{workspace}")
    page.locator("#reset").click()
    question = page.locator("#reset-sure")
    expect(question).to_be_visible()
    expect(question.get_by_role("button", name="Garder mes fichiers")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    page.locator("#delete").click()
    page.locator("#delete-sure").get_by_role("button", name="Supprimer").click()
    page.wait_for_url(f"{site.url}/?done=deleted")
    assert models.Workspace.objects.get(id=workspace).deleted_at is not None


def test_signing_out_elsewhere_ends_the_page(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page, workspace = seen_by(live_world.student), live_world.workspaces["ready"]
    page.goto(f"{site.url}/workspaces/{workspace}")
    until(page, lambda: is_followed(site, workspace))
    desk = page.context.new_page()
    desk.goto(f"{site.url}/")
    desk.locator("details.menu summary").click()
    desk.locator("form[action='/sign-out'] button").click()
    desk.wait_for_url(re.compile("/sign-in"))
    page.bring_to_front()
    page.wait_for_url(re.compile("/sign-in"))


def test_the_times_are_the_readers(browser: Browser, site: Site, live_world: World) -> None:
    context = browser.new_context(locale="en-GB", timezone_id="Asia/Tokyo")
    context.add_cookies(cookies_of(live_world.student, site))  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{site.url}/workspaces/{live_world.workspaces['starting']}")
    page.reload()
    shown = page.locator("#story time").first
    at = datetime.fromisoformat(str(shown.get_attribute("datetime")))
    tokyo = (at.astimezone(UTC) + timedelta(hours=9)).strftime("%H:%M:%S")
    expect(shown).to_have_text(tokyo)


def test_everything_works_without_scripts(browser: Browser, site: Site, live_world: World) -> None:
    context = browser.new_context(locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    start = page.locator("form button:visible", has_text="Open my workspace")
    for _ in range(ATTEMPTS):  # Chromium drops requests when some interface of the machine comes up
        page.goto(f"{site.url}/join/sage18")
        if "/sign-in" in page.url:
            page.locator("button[value=nadia]").click()
        if start.is_visible():
            break
    start.click()
    workspace = re.findall(r"/workspaces/(\w+)", page.url)[0]
    assert page.locator("main .st-lg").inner_text() == "Queued"
    make_ready(workspace)
    expect(page.locator("main .st-lg")).to_have_text("Ready", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Extend by an hour").click()
    assert "an hour longer" in page.locator("main .note-ready").inner_text()
    page.get_by_role("button", name="Stop", exact=True).click()
    assert "It is stopping" in page.locator("main .note-ready").inner_text()


def test_the_catalogue_finds_while_one_types(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page = seen_by(live_world.student)
    page.goto(f"{site.url}/catalogue")
    page.locator("#q").press_sequentially("sagemath")
    expect(page.locator("#count")).to_have_text("1 environnement")
    expect(page).to_have_url(f"{site.url}/catalogue?q=sagemath")
    page.locator("#q").fill("")
    page.locator(".chip", has_text="Sciences").click()
    expect(page.locator("#count")).to_have_text("6 environnements")
    assert page.locator("#q").count() == 1


def test_no_page_breaks_its_own_policy(
    seen_by: Callable[[Person], Page], site: Site, live_world: World
) -> None:
    page = seen_by(live_world.student)
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type} {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    paths = ["/", "/catalogue", "/join/k7mqw2", "/account", "/help"]
    paths += [f"/workspaces/{workspace}" for workspace in live_world.workspaces.values()]
    for path in paths:
        page.goto(site.url + path)
        page.wait_for_load_state("load")
    assert not [each for each in said if each.startswith("error") or "Policy" in each], said
