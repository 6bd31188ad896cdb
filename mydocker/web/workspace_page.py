"""Everything that a workspace's page shows, put together once: for the first answer and for each
push of its stream, from the same values through the same templates.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import unquote, urlencode

from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from mydocker.domain.environments import Auth, Environment, read_environment
from mydocker.domain.runs import Phase
from mydocker.domain.workspaces import State
from mydocker.services.tellings import Told, tell_reason
from mydocker.store import pages
from mydocker.store.pages import Card, HomeGlance, Screen, Visitor
from mydocker.store.story import StoryRow
from mydocker.web import story_lines
from mydocker.web.amounts import about_text, cpus_text, duration_text, size_text
from mydocker.web.errors import report_to_support
from mydocker.web.estimates import standing_of, usual_seconds
from mydocker.web.offers import other_ports, shape_of
from mydocker.web.sentences import sentence_of, time_left
from mydocker.web.story_lines import STEPS
from mydocker.web.ways import lasting_link, main_interface

LAYOUTS: Mapping[State, str] = {
    State.QUEUED: "starting",
    State.PULLING: "starting",
    State.STARTING: "starting",
    State.READY: "ready",
    State.ASLEEP: "ready",
    State.STOPPING: "resting",
    State.STOPPED: "resting",
    State.FAILED: "failed",
}
SHORT_STORY = 8
"""Lines of the past on the page."""
ENOUGH_READ = 24
"""Events read for them, steps included; and for a start under way."""
MOST_READ = 500
"""Events of the whole story."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a click wants to go once the workspace is ready: a redirect of its own for the main
    interface, or a path on the host of an earlier run. Mostly neither.
    """

    redirect: str = ""
    host: str = ""
    path: str = ""

    def query(self) -> str:
        """For the address of the page, with its question mark; empty for no target."""
        if self.host:
            return "?" + urlencode({"host": self.host, "path": self.path})
        return "?" + urlencode({"to": self.redirect}) if self.redirect else ""

    @property
    def shown(self) -> str:
        """For people."""
        return self.path or unquote(self.redirect)


@dataclass(frozen=True, slots=True)
class Way:
    """A button that opens an interface."""

    key: str
    title: str
    detail: str
    icon: str
    href: str
    is_main: bool


@dataclass(frozen=True, slots=True)
class Countdown:
    """When it ends by itself, and how much of its time is left (of 226 units of a ring)."""

    stops_at: datetime
    left: str
    ring: int
    is_soon: bool
    why: str


@dataclass(frozen=True, slots=True)
class Page:
    """What the templates print."""

    card: Card
    layout: str
    is_owner: bool
    owner: str
    title: str
    sentence: str
    environment: Environment
    ways: Sequence[Way]
    open_href: str
    """Where the page goes by itself when it is ready, if this tab asked for the start."""
    target: Target
    other_ports: str
    opens_without_typing: bool
    countdown: Countdown | None
    eta: str
    explanation: str
    steps_done: int
    lines: SafeString
    everything: bool
    told: Told | None
    homes: Sequence[HomeGlance]
    cpus: str
    memory: str
    ordinal: int
    usual: float | None
    announcement: str
    version: str
    """Changes when anything but a measurement does."""

    @property
    def steps(self) -> int:
        """Of a start."""
        return STEPS


def page_of(
    screen: Screen,
    story: Sequence[StoryRow],
    homes: Sequence[HomeGlance],
    visitor: Visitor,
    target: Target,
    now: datetime,
    *,
    everything: bool = False,
) -> Page:
    """Put the page together. `story` is newest first."""
    card = screen.card
    definition = definition_of(screen)
    layout = LAYOUTS[card.state]
    is_owner = card.person == visitor.person.id
    names = _names(story, card, screen.owner)
    if layout == "starting":
        lines = story_lines.live(story, definition, names)
    elif everything:
        lines = story_lines.all_of(story, definition, names)
    else:
        lines = story_lines.past(story, definition, names, SHORT_STORY)
    ways = ways_of(card, definition, target) if is_owner else []
    eta = _eta(card, now)
    return Page(
        card=card,
        layout=layout,
        is_owner=is_owner,
        owner=screen.owner,
        title=card.title.in_language(get_language() or "en"),
        sentence=sentence_of(card, now),
        environment=definition,
        ways=ways,
        open_href=_open_href(ways, target),
        target=target,
        other_ports=" · ".join(other_ports(definition)),
        opens_without_typing=all(each.auth is not Auth.NONE for each in definition.interfaces),
        countdown=countdown_of(card, definition, now) if layout == "ready" else None,
        eta=eta,
        explanation=_explanation(card, now),
        steps_done=story_lines.reached(story) if layout == "starting" else 0,
        lines=story_lines.written(
            lines, is_live=layout == "starting", is_pulling=card.state is State.PULLING
        ),
        everything=everything,
        told=tell_reason(card.reason) if card.reason else None,
        homes=homes,
        cpus=cpus_text(definition.resources.cpu_nanos),
        memory=size_text(definition.resources.memory_bytes),
        ordinal=card.generation,
        usual=usual_seconds(card.environment, now),
        announcement=announcement_of(card, eta),
        version=_version(card, story),
    )


def read(
    workspace: str, visitor: Visitor, target: Target, now: datetime, *, everything: bool = False
) -> Page | None:
    """Ask the database for all of a page, in three questions; None if it is gone."""
    screen = pages.screen(workspace)
    if screen is None:
        return None
    story = pages.story(workspace, MOST_READ if everything else ENOUGH_READ)
    homes = pages.homes(screen.card.person, workspace)
    return page_of(screen, story, homes, visitor, target, now, everything=everything)


def in_its_place(page: Page, now: datetime) -> Page:
    """The page of a workspace that waits, with the place that it has now."""
    eta, card = _eta(page.card, now), page.card
    return replace(
        page, eta=eta, explanation=_explanation(card, now), announcement=announcement_of(card, eta)
    )


def definition_of(screen: Screen) -> Environment:
    """What the live run was made from; the environment as it is now where none lives."""
    run = screen.card.run
    lives = run is not None and run.phase is not Phase.ENDED
    return _environment(screen.run_definition if lives else screen.definition)


@lru_cache(maxsize=1024)
def _environment(definition: str) -> Environment:
    """Read once, however many runs were made from it."""
    return read_environment(json.loads(definition))


def ways_of(card: Card, definition: Environment, target: Target) -> list[Way]:
    """A button for each interface of a ready workspace."""
    if card.state not in (State.READY, State.ASLEEP):
        return []
    main = main_interface(definition, target.redirect)
    language = get_language() or "en"
    found = []
    for each in definition.interfaces:
        inside = each.port is not None
        rest = target.redirect if each is main else ""
        href = lasting_link(card.id, each.key, rest) if inside else each.link
        detail = "" if inside else gettext("Outside of your workspace")
        title = each.title.in_language(language)
        found.append(Way(each.key, title, detail, shape_of(each), href, each is main))
    return sorted(found, key=lambda way: not way.is_main)


def _open_href(ways: Sequence[Way], target: Target) -> str:
    if target.host:
        return "/go?" + urlencode({"host": target.host, "to": target.path})
    return next((way.href for way in ways if way.is_main), "")


def countdown_of(card: Card, definition: Environment, now: datetime) -> Countdown | None:
    """How long a ready workspace still has; None where nothing ends it."""
    if card.stops_at is None:
        return None
    left = card.stops_at - now
    whole = definition.lifetime.idle or definition.lifetime.absolute or timedelta(hours=1)
    share = max(0.0, min(1.0, left / whole))
    idle = definition.lifetime.idle
    why = (
        gettext("Your workspace stops after %(time)s without activity. Your files stay.")
        % {"time": duration_text(idle)}
        if idle is not None
        else gettext("Your workspace stops then, whatever happens in it. Your files stay.")
    )
    is_soon = left <= definition.lifetime.warning
    return Countdown(card.stops_at, duration_text(left), round(226 * share), is_soon, why)


def report_on(page: Page) -> str:
    """A message to support about a failed run; its id is the reference. Empty where none failed."""
    run = page.card.run
    if page.layout != "failed" or page.card.reason is None or run is None:
        return ""
    facts = [f"{name}: {value}" for name, value in page.card.reason.facts.items()]
    code, path = page.card.reason.cause.value, f"/workspaces/{page.card.id}"
    return report_to_support(run.id, path, code, [page.card.slug, *facts])


def _eta(card: Card, now: datetime) -> str:
    match card.state:
        case State.QUEUED:
            return _place(card, now)
        case State.PULLING:
            return gettext("The image is on its way")
        case State.STARTING:
            return time_left(card, now)
        case _:
            return ""


def _place(card: Card, now: datetime) -> str:
    found = standing_of(card, now)
    if found is None or found.of == 1:
        return gettext("Your turn comes next")
    return gettext("You are number %(place)s of %(count)s") % {
        "place": found.place,
        "count": found.of,
    }


def _why_it_waits(card: Card, now: datetime) -> str:
    found = standing_of(card, now)
    stays = gettext("You may close this page or sign out: you keep your place.")
    if found is None or found.seconds is None:
        then = gettext("It starts as soon as there is room.")
    else:
        then = gettext("Ready in about %(time)s.") % {"time": about_text(found.seconds)}
    return f"{then} {stays}"


def _explanation(card: Card, now: datetime) -> str:
    match card.state:
        case State.QUEUED:
            return _why_it_waits(card, now)
        case State.PULLING:
            return gettext(
                "This server receives the image for the first time. "
                "The next starts will not wait for it."
            )
        case State.STARTING if usual_seconds(card.environment, now) is not None:
            return gettext("From what the last starts of this environment took.")
        case _:
            return ""


def announcement_of(card: Card, eta: str) -> str:
    """What a screen reader is told when the state, or the place in the queue, changes."""
    told = f"{card.title.in_language(get_language() or 'en')}: {gettext(card.look.word)}"
    return f"{told}. {eta}" if card.state is State.QUEUED else told


def _version(card: Card, story: Sequence[StoryRow]) -> str:
    run = f"{card.run.id}:{card.run.phase.value}" if card.run else ""
    last = story[0].id if story else 0
    return f"{card.state.value}:{run}:{last}:{card.stops_at or ''}"


def _names(story: Sequence[StoryRow], card: Card, owner: str) -> Mapping[str, str]:
    """Names of people who did something to somebody else's workspace."""
    others = {event.actor for event in story if event.actor not in ("", card.person)}
    people = sorted(actor for actor in others if len(actor) == 12)
    return pages.names(people)
