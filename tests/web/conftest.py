"""Pages without a service: the world of `world.py`, a client, a browser on a server of our own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from playwright.sync_api import Browser
from pytest_django import Settings

from mydocker.domain.people import Person
from mydocker.services import people
from mydocker.web import estimates, rendering
from tests.browser import chromium
from tests.web.site import Site, free_port
from tests.web.world import World, build

HOST = "mydocker.localhost:8080"


@pytest.fixture(scope="session", autouse=True)
def static_folder() -> None:
    """Where whitenoise looks for files; it warns where there is none."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def plain_files(settings: Settings) -> Iterator[None]:
    """Static files as they lie in the checkout, without collecting them first."""
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": plain}}
    settings.WHITENOISE_USE_FINDERS = True
    settings.WHITENOISE_AUTOREFRESH = True
    rendering.engine.cache_clear()
    estimates.forget()
    yield
    rendering.engine.cache_clear()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """What the pages of one test spoke, the next one does not."""
    with translation.override("en"):
        yield


@pytest.fixture
def present() -> datetime:
    """Now, since pages tell how long ago things were."""
    return datetime.now(UTC)


@pytest.fixture
def world(db: None, present: datetime) -> World:
    return build(present)


def client_of(person: Person | None = None, language: str = "en") -> Client:
    """A browser without scripts; signed in if a person is given."""
    client = Client(
        raise_request_exception=False, headers={"host": HOST, "accept-language": language}
    )
    if person is not None:
        key = token_hex(16)
        people.begin_login(person.id, key, datetime.now(UTC), timedelta(hours=1))
        client.cookies[settings.SESSION_COOKIE_NAME] = key
    return client


@pytest.fixture
def student(world: World) -> Client:
    return client_of(world.student)


@pytest.fixture
def other(world: World) -> Client:
    return client_of(world.other)


@pytest.fixture
def teacher(world: World) -> Client:
    return client_of(world.teacher)


@pytest.fixture
def administrator(world: World) -> Client:
    return client_of(world.administrator)


@pytest.fixture
def nobody(db: None) -> Client:
    return client_of()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for a module: while it is open, an event loop runs in this thread.

    Django would then refuse to ask the database here, although nothing else runs on that loop.
    """
    with pytest.MonkeyPatch.context() as environment, chromium() as started:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
        yield started


@pytest.fixture
def live_world(transactional_db: None, present: datetime) -> World:
    """The world in a database that other threads see."""
    return build(present)


@pytest.fixture
def site(live_world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The dashboard, on a port of its own; its gateway knows every grant at once."""
    monkeypatch.setattr("mydocker.web.entering.is_placed_soon", lambda _digest: True)
    started = Site(free_port())
    settings.MYDOCKER = replace(settings.MYDOCKER, url=started.url)
    started.start()
    yield started
    started.stop()


SignIn = Callable[[Person], list[dict[str, object]]]


def cookies_of(person: Person, site: Site, **more: str) -> list[dict[str, object]]:
    """Cookies of a browser in which somebody is signed in."""
    key = token_hex(16)
    people.begin_login(person.id, key, datetime.now(UTC), timedelta(hours=1))
    values = {settings.SESSION_COOKIE_NAME: key, **more}
    return [
        {"name": name, "value": value, "url": site.url.replace("http:", "https:"), "secure": True}
        for name, value in values.items()
    ]
