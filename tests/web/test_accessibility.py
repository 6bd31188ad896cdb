"""axe-core finds nothing on any page, in any state, light and dark, on a phone and a wide screen.

Every name of the URL configuration has an entry in `VISITS`: a new page without one fails.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, Page

from mydocker.domain.people import Person
from mydocker.web.urls import urlpatterns
from tests.browser import page_of
from tests.web.conftest import cookies_of
from tests.web.site import Site
from tests.web.world import World

pytestmark = pytest.mark.browser
AXE = AXE_FILE_PATH.read_text()
RUN = """async () => {
    const found = await axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return found.violations.map((each) => each.id + ': '
        + each.nodes.map((node) => node.html.slice(0, 200) + ' | '
            + node.failureSummary.replaceAll('\\n', ' ')).join('\\n    '));
}"""
SMALL_TARGETS = """() => [...document.querySelectorAll(
        'a[href], button, input:not([type=hidden]), select, textarea, summary')]
    .filter((e) => e.checkVisibility({visibilityProperty: true}) && !e.closest('p, .vh, .skip'))
    .filter((e) => !e.closest('label') && !e.matches('.skip, h3 a'))
    .map((e) => [e.getBoundingClientRect(), e.outerHTML.slice(0, 120)])
    .filter(([box]) => box.width > 0 && (box.width < 43.5 || box.height < 43.5))
    .map(([box, html]) => `${Math.round(box.width)}x${Math.round(box.height)} ${html}`)"""
LOOKS = {
    "fr": ((1440, "light"), (390, "dark"), (390, "light"), (1440, "dark")),
    "en": ((390, "light"),),
}
"""The pages are the same in both languages; the words are not."""
ASK = """() => {
    const question = document.querySelector('[popover]');
    question?.showPopover();
    return Boolean(question);
}"""
STATES = ("queued", "pulling", "starting", "ready", "stopping", "stopped", "failed", "never")


@dataclass(frozen=True)
class Visit:
    """Somebody opens a page."""

    path: str | Callable[[World], str]
    who: str = "student"
    status: int = 200


def _workspace(state: str, rest: str = "") -> Callable[[World], str]:
    return lambda world: f"/workspaces/{world.workspaces[state]}{rest}"


def _go(state: str) -> Callable[[World], str]:
    return lambda world: f"/go?host={world.hosts[state]}&to=/lab/tree/fiche-3.ipynb"


NO_PAGE: Sequence[Visit] = ()
"""Answers no page of its own: a form's target, a redirect, a file, or something for machines."""
VISITS: Mapping[str, Sequence[Visit]] = {
    "dashboard": (Visit("/"), Visit("/", "administrator"), Visit("/?done=saved")),
    "sign-in": (Visit("/sign-in", "nobody"), Visit("/sign-in?done=signed_out", "nobody")),
    "sign-out": (Visit("/sign-out", status=405),),
    "language": NO_PAGE,
    "appearance": NO_PAGE,
    "catalogue": (
        Visit("/catalogue"),
        Visit("/catalogue?q=nothing-like-it"),
        Visit("/catalogue?tag=Sciences&q=python"),
    ),
    "paste": (Visit("/join?code=x", status=422),),
    "join": (
        Visit("/join/k7mqw2"),
        Visit("/join/julia1"),
        Visit("/join/rocq99", status=403),
        Visit("/join/nothing", status=404),
    ),
    "join-redirect": (Visit("/join/k7mqw2/user-redirect/git-pull?repo=https%3A%2F%2Fa.example"),),
    "workspace": (
        *(Visit(_workspace(state)) for state in STATES),
        Visit(_workspace("ready"), "administrator"),
        Visit(_workspace("ready", "?story=all")),
        Visit(_workspace("ready"), "other", 404),
    ),
    "open": (Visit(_workspace("stopped", "/open")),),
    "open-interface": (Visit(_workspace("starting", "/open/jupyterlab")),),
    "open-interface-path": (Visit(_workspace("failed", "/open/jupyterlab/a?b=c")),),
    "start": NO_PAGE,
    "stop": NO_PAGE,
    "restart": NO_PAGE,
    "reset": NO_PAGE,
    "extend": NO_PAGE,
    "delete": NO_PAGE,
    "credentials": NO_PAGE,
    "go": (
        Visit(_go("stopped")),
        Visit(_go("failed")),
        Visit(_go("answering")),
        Visit(_go("ready"), "other", 403),
        Visit("/go?host=nothing&to=/", status=404),
    ),
    "enter": (Visit(lambda world: f"http://{world.hosts['ready']}/.mydocker/enter", status=410),),
    "images": (
        Visit("/teach/images", "teacher"),
        Visit("/teach/images", "student"),
        Visit("/teach/images?q=nothing-like-it", "teacher"),
    ),
    "image-new": (
        Visit("/teach/images/new", "teacher"),
        Visit("/teach/images/new", "student", 403),
    ),
    "image-check": NO_PAGE,
    "image": (
        Visit("/teach/images/scipy-l2?done=saved", "teacher"),
        Visit("/teach/images/proofs", "teacher"),
        Visit("/teach/images/registry", "teacher"),
        Visit("/teach/images/scipy-l2", "other"),
        Visit("/teach/images/proofs", "other", 403),
    ),
    "image-build": NO_PAGE,
    "image-share": NO_PAGE,
    "image-delete": NO_PAGE,
    "image-files": (Visit("/teach/images/proofs/files", "teacher"),),
    "image-file": (
        Visit("/teach/images/proofs/files/requirements.txt", "teacher"),
        Visit("/teach/images/proofs/files/logo.png", "teacher"),
    ),
    "build": (
        Visit("/teach/images/scipy-l2/builds/3", "teacher"),
        Visit("/teach/images/scipy-l2/builds/2", "teacher"),
        Visit("/teach/images/proofs/builds/1", "teacher"),
        Visit("/teach/images/proofs/builds/2", "teacher"),
        Visit("/teach/images/tools/builds/1", "teacher"),
        Visit("/teach/images/scipy-l2/builds/9", "teacher", 404),
    ),
    "build-cancel": NO_PAGE,
    "build-use": NO_PAGE,
    "teach": (
        Visit("/teach", "teacher"),
        Visit("/teach", "student"),
        Visit("/teach?build=scipy-l2/2", "teacher"),
    ),
    "teach-environment": (
        Visit("/teach/cpp-l1", "teacher"),
        Visit("/teach/julia?who=all", "teacher"),
        Visit("/teach/python-l2", "teacher"),
        Visit("/teach/cpp-l1", "student", 403),
    ),
    "teach-export": NO_PAGE,
    "admin-workspaces": (
        Visit("/admin/workspaces", "administrator"),
        Visit("/admin/workspaces", "student", 403),
    ),
    "admin-spares": (
        Visit("/admin/spares", "administrator"),
        Visit("/admin/spares?after=julia", "administrator"),
        Visit("/admin/spares", "student", 403),
    ),
    "account": (Visit("/account"),),
    "account-name": NO_PAGE,
    "account-tokens": NO_PAGE,
    "account-token-revoke": NO_PAGE,
    "help": (Visit("/help"), Visit("/help", "nobody")),
    "status": (Visit("/status"),),
    "accessibility": (Visit("/accessibility"),),
    "your-data": (Visit("/your-data"),),
    "theme": NO_PAGE,
    "healthz": NO_PAGE,
    "readyz": NO_PAGE,
    "metrics": NO_PAGE,
}
PAGES = [name for name, visits in VISITS.items() if visits]


def test_every_page_is_visited() -> None:
    assert {pattern.name for pattern in urlpatterns} == set(VISITS)


def person_of(world: World, who: str) -> Person | None:
    return {
        "student": world.student,
        "other": world.other,
        "teacher": world.teacher,
        "administrator": world.administrator,
    }.get(who)


def faults_of(page: Page, language: str) -> list[str]:
    """What axe-core, a ruler and the reader's thumb find, in each look, everything unfolded."""
    page.evaluate(AXE)
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    faults = []
    for width, scheme in LOOKS[language]:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        look = f"{width} {scheme}: "
        faults += [look + fault for fault in page.evaluate(RUN)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(look + "scrolls sideways")
        faults += [look + "small target " + each for each in page.evaluate(SMALL_TARGETS)]
    if page.evaluate(ASK):
        faults += ["asking: " + fault for fault in page.evaluate(RUN)]
    return faults


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_found(
    browser: Browser, site: Site, live_world: World, name: str, language: str
) -> None:
    faults = []
    for visit in VISITS[name]:
        page = page_of(browser, locale=language)
        if person := person_of(live_world, visit.who):
            page.context.add_cookies(cookies_of(person, site))  # type: ignore[arg-type]
        path = visit.path if isinstance(visit.path, str) else visit.path(live_world)
        if path.startswith("http://"):
            host, _slash, rest = path.removeprefix("http://").partition("/")
            address = f"http://{host}:{site.url.rpartition(':')[2]}/{rest}"
        else:
            address = site.url + path
        answer = page.goto(address, wait_until="load")
        assert answer is not None and answer.status == visit.status, (path, answer)
        faults += [f"{path} ({visit.who}) {fault}" for fault in faults_of(page, language)]
        page.context.close()
    assert not faults, "\n".join(faults)
