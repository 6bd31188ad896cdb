"""The one sentence beside a state: how long, or what happens next."""

from datetime import datetime, timedelta

from django.utils.translation import gettext

from mydocker.domain.workspaces import State
from mydocker.store.pages import Card
from mydocker.web.amounts import about_text, duration_text, seconds_text
from mydocker.web.estimates import is_ready_at_once, standing_of, usual_seconds, wait_of
from mydocker.web.templatetags.mydocker import moment_text

SOON = timedelta(hours=1)
"""An end that is nearer than this is told as the time left."""


def sentence_of(card: Card, now: datetime) -> str:
    """What follows from the state, for a list."""
    match card.state:
        case State.STOPPED:
            return starts_in(card.environment, now)
        case State.QUEUED:
            return in_queue(card, now)
        case State.PULLING:
            return gettext("The image is on its way")
        case State.STARTING:
            return time_left(card, now)
        case State.READY:
            return until_stop(card, now)
        case State.ASLEEP:
            return gettext("Wakes in less than a second")
        case State.STOPPING:
            return gettext("Your files are saved")
        case State.FAILED:
            return gettext("Your files are safe")


def starts_in(environment: str, now: datetime) -> str:
    """How long a start takes."""
    if is_ready_at_once(environment, now):
        return gettext("Starts at once")
    usual, wait = usual_seconds(environment, now), wait_of(environment, now)
    if wait is not None and wait.seconds is not None:
        return gettext("Starts in about %(time)s") % {"time": about_text(wait.seconds)}
    if usual is None:
        return gettext("Your files stay")
    return gettext("Starts in about %(time)s") % {"time": seconds_text(usual)}


def in_queue(card: Card, now: datetime) -> str:
    """Which place it has, and how long it takes from there."""
    found = standing_of(card, now)
    if found is None:
        return gettext("Your turn comes by itself")
    place = {"place": found.place, "count": found.of}
    if found.seconds is None:
        return gettext("Number %(place)s of %(count)s") % place
    facts = {**place, "time": about_text(found.seconds)}
    return gettext("Number %(place)s of %(count)s, about %(time)s") % facts


def time_left(card: Card, now: datetime) -> str:
    """How long it still takes, as the last starts did."""
    usual = usual_seconds(card.environment, now)
    began = card.run.turn_at or card.run.created_at if card.run else card.asked_at
    if usual is None or began is None:
        return gettext("It will be ready soon")
    left = usual - (now - began).total_seconds()
    if left < 1:
        return gettext("Any moment now")
    return gettext("About %(time)s to go") % {"time": seconds_text(round(left))}


def until_stop(card: Card, now: datetime) -> str:
    """When a ready workspace ends by itself, or since when it is open."""
    if card.stops_at is not None and card.stops_at - now < SOON:
        left = duration_text(card.stops_at - now)
        return gettext("Stops in %(time)s unless used") % {"time": left}
    if card.run is not None and card.run.ready_at is not None:
        return gettext("Open since %(time)s") % {"time": moment_text(card.run.ready_at, now)}
    return ""
