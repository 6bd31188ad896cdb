"""What whoever waits, or would have to, is told: place and time, live, in both languages."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from mydocker.domain.people import Person, Role
from mydocker.domain.runs import Phase
from mydocker.services import people, queue
from mydocker.services.catalogue import by_slug
from mydocker.store import models, runs
from mydocker.store import queue as store
from mydocker.store.doorbell import ring
from mydocker.web import estimates
from tests.browser import page_of
from tests.web.conftest import client_of, cookies_of
from tests.web.site import Site
from tests.web.world import World

COLD = "jupyterlab-python"


def wait_before(world: World, count: int, *, measured: bool = True) -> list[str]:
    """So many people who asked before the world's student; ids of their runs."""
    models.Run.objects.filter(pulling=True).delete()  # one of theirs would come first
    known, made = by_slug(COLD), []
    for n in range(count):
        at = world.now - timedelta(seconds=10 + count - n)
        person = people.add_local(f"q{n}@example.org", Role.STUDENT, at, name=f"Person {n}")
        workspace = models.Workspace.objects.create(
            person_id=person.id, environment_id=known.row.id, created_at=at, asked_at=at,
            wanted=True, generation=1,
        )  # fmt: skip
        run = runs.make(workspace.id, 1, known.row, [8888], "apps.test", at, at)
        assert run is not None and store.stand(run, at)
        made.append(run.id)
    if measured:
        models.Run.objects.filter(environment_id=known.row.id, phase=Phase.READY).update(
            turn_at=world.now - timedelta(seconds=64), ready_at=world.now - timedelta(seconds=60)
        )
    estimates.forget()
    return made


def shown(world: World, path: str, language: str = "en") -> str:
    return client_of(world.student, language).get(path).content.decode()


@pytest.fixture(autouse=True)
def _fresh() -> None:
    estimates.forget()


@pytest.mark.parametrize(
    ("language", "place", "stays"),
    [
        ("en", "You are number 14 of 14", "you keep your place"),
        ("fr", "Vous êtes en place 14 sur 14", "vous gardez votre place"),
    ],
)
def test_who_waits_sees_their_place_and_that_it_stays(
    world: World, language: str, place: str, stays: str
) -> None:
    wait_before(world, 13)
    page = shown(world, f"/workspaces/{world.workspaces['queued']}", language)
    assert place in page and stays in page


def test_a_time_is_told_where_starts_were_measured_and_none_where_not(world: World) -> None:
    path = f"/workspaces/{world.workspaces['queued']}"
    wait_before(world, 13, measured=False)
    models.Run.objects.filter(phase=Phase.READY).update(ready_at=None)
    estimates.forget()
    assert "It starts as soon as there is room." in shown(world, path)
    for run in models.Run.objects.filter(phase=Phase.READY):
        run.turn_at, run.ready_at = world.now, world.now + timedelta(seconds=4)
        run.save()
    models.Run.objects.filter(phase=Phase.ANSWERING).update(turn_at=world.now)
    estimates.forget()
    assert "Ready in about" in shown(world, path)


def test_the_dashboard_the_join_page_and_the_catalogue_say_what_to_expect(world: World) -> None:
    wait_before(world, 13)
    models.Run.objects.filter(phase=Phase.ANSWERING).update(turn_at=world.now)
    assert "Number 14 of 14" in shown(world, "/")
    joining = shown(world, "/join/k7mqw2")
    assert "14 people are before you." in joining and "Your turn comes by itself." in joining
    assert client_of(world.student).get("/catalogue").status_code == 200


def test_a_place_is_not_told_once_the_turn_came(world: World) -> None:
    first, *_ = wait_before(world, 2)
    head = store.first()
    assert head is not None and head.run == first and store.give_turn(head, world.now)
    queue.forget()
    assert queue.standing(first, None, world.now) is None


@pytest.fixture
def seen_by(browser: Browser, site: Site) -> Callable[[Person], Page]:
    def opened(person: Person) -> Page:
        page = page_of(browser, locale="en-GB")
        page.context.add_cookies(cookies_of(person, site))  # type: ignore[arg-type]
        return page

    return opened


@pytest.mark.browser
def test_the_place_moves_on_the_page_as_turns_are_given(
    live_world: World, site: Site, seen_by: Callable[[Person], Page]
) -> None:
    wait_before(live_world, 3)
    page = seen_by(live_world.student)
    page.goto(f"{site.url}/workspaces/{live_world.workspaces['queued']}")
    expect(page.locator("#eta-t")).to_have_text("You are number 4 of 4")
    head = store.first()
    assert head is not None and store.give_turn(head, live_world.now)
    for _attempt in range(4):
        ring("line", "local")
        try:
            expect(page.locator("#eta-t")).to_have_text("You are number 3 of 3", timeout=4000)
        except AssertionError:
            continue
        break
    expect(page.locator("#eta-t")).to_have_text("You are number 3 of 3")
