"""Who may follow a workspace or a build: asked at connect, and again when rights ended."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.http import parse_cookie

from mydocker.api import auth
from mydocker.api.exchange import Exchange
from mydocker.domain.refusals import Refusal
from mydocker.domain.scopes import Scope
from mydocker.services import callers, images, summaries
from mydocker.services.callers import Caller
from mydocker.services.live import Hub
from mydocker.services.readers import in_thread
from mydocker.services.summaries import Summary
from mydocker.services.withdrawals import Withdrawn
from mydocker.store.builds import BuildRow
from mydocker.store.transactions import DatabaseError

RECHECK_SECONDS = 60.0
"""Back-stop for a hub that did not hear of a right's end."""


@dataclass(frozen=True, slots=True)
class Follower:
    """Somebody who may follow a workspace, as it was when they were last asked."""

    person: str
    summary: Summary


@dataclass(frozen=True, slots=True)
class BuildFollower:
    """Somebody who may follow a build, as both were when they were last asked."""

    person: str
    row: BuildRow


async def followed(exchange: Exchange, workspace: str) -> Follower:
    """Return who follows and what. Raises `Refusal` or `DatabaseError`."""
    return await in_thread(_followed, exchange, workspace)


async def followed_build(exchange: Exchange, image: str, number: int) -> BuildFollower:
    """Return who follows and which build. Raises `Refusal` or `DatabaseError`."""
    return await in_thread(_followed_build, exchange, image, number)


async def until_withdrawn(exchange: Exchange, follower: Follower, hub: Hub) -> None:
    """Wait until the follower may follow the workspace no more."""
    workspace = follower.summary.id
    await _until_refused(hub, workspace, follower.person, lambda: followed(exchange, workspace))


async def until_build_withdrawn(exchange: Exchange, follower: BuildFollower, hub: Hub) -> None:
    """Wait until the follower may follow the build no more, or it is gone."""
    row = follower.row
    await _until_refused(
        hub, row.id, follower.person, lambda: followed_build(exchange, row.slug, row.number)
    )


async def _until_refused(
    hub: Hub, key: str, person: str, again: Callable[[], Awaitable[object]]
) -> None:
    with hub.follow(key) as changes:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RECHECK_SECONDS):
                    while not _concerns(await changes.get(), person):
                        pass
            try:
                await again()
            except Refusal:
                return
            except DatabaseError:
                continue  # the right holds until somebody can say that it does not


def _concerns(change: object, person: str) -> bool:
    return isinstance(change, Withdrawn) and change.concerns(person)


def _followed(exchange: Exchange, workspace: str) -> Follower:
    caller = _caller(exchange)
    caller.need(Scope.READ_WORKSPACES)
    return Follower(caller.person.id, summaries.of_workspace(caller.person, workspace))


def _followed_build(exchange: Exchange, image: str, number: int) -> BuildFollower:
    caller = _caller(exchange)
    caller.need(Scope.READ_IMAGES)
    return BuildFollower(caller.person.id, images.build(caller.person, image, number))


def _caller(exchange: Exchange) -> Caller:
    header = exchange.header("authorization")
    if header is not None:
        return auth.by_header(header)
    cookies = parse_cookie(exchange.header("cookie") or "")
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    caller = callers.by_session(key) if key else None
    if caller is None:
        raise callers.nobody()
    return caller
