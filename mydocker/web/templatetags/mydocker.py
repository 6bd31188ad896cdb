"""What templates can say beyond Django: drawings, states, sizes, moments, durations."""

from datetime import datetime, timedelta
from functools import lru_cache

from django import template
from django.utils import timezone
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from mydocker import steady
from mydocker.domain.environments import Text
from mydocker.domain.state_words import Look
from mydocker.web import drawings
from mydocker.web.amounts import cpus_text, duration_text, number_text, seconds_text, size_text
from mydocker.web.context import initials_of

register = template.Library()
register.simple_tag(drawings.icon)
register.simple_tag(drawings.flag)


@register.simple_tag(name="state")
def chip(look: Look, classes: str = "") -> SafeString:
    """A state's chip: colour, shape and word."""
    return _chip(look.family.value, look.icon, gettext(look.word), classes)


@lru_cache(maxsize=512)
def _chip(family: str, icon: str, word: str, classes: str) -> SafeString:
    return format_html(
        '<span class="st st-{} {}">{}{}</span>',
        family,
        classes,
        drawings.icon(icon, "spin" if icon == "ring" else ""),
        word,
    )


@register.filter
def initials(name: str) -> str:
    """`CA` for Camille Aubert."""
    return initials_of(name)


@register.filter
def told(message: str) -> str:
    """Translate a sentence of the domain."""
    return gettext(message)


@register.filter
def spoken(text: Text) -> str:
    """A text in the reader's language."""
    return text.in_language(get_language() or "en")


@register.filter
def size(count: int | None) -> str:
    """Bytes in words: `6,2 Go`."""
    return size_text(count or 0)


@register.filter
def lasting(duration: timedelta | None) -> str:
    """A duration in words: `1 h 42`."""
    return duration_text(duration) if duration is not None else ""


@register.filter
def clock(at: datetime | None) -> str:
    """A moment: `10 h 15`, `lundi à 10 h 15`, `le 3 novembre à 10 h 15`."""
    return moment_text(at, steady.now()) if at else ""


@register.filter
def when(at: datetime | None) -> str:
    """The same with its preposition: `at 10:15`, `on Monday at 10:15`."""
    return when_text(at, steady.now()) if at else ""


@register.filter
def day(at: datetime) -> str:
    """A day in full: `Monday 23 November`."""
    return date_format(timezone.localtime(at), gettext("l j F"))


@register.filter
def full_date(at: datetime) -> str:
    """A date: `23 November 2026`."""
    return date_format(timezone.localtime(at), gettext("j F Y"))


@register.filter
def brief(at: datetime) -> str:
    """A moment in the narrow column of a story: the time, or the day for what is older."""
    here, today = timezone.localtime(at), timezone.localtime(steady.now()).date()
    days = (today - here.date()).days
    if days == 0:
        return f"{here:%H:%M}"
    if 0 < days < 7:
        return f"{WEEKDAYS_ABBR[here.weekday()]} {here:%H:%M}"
    return date_format(here, "j M")


@register.filter
def iso(at: datetime) -> str:
    """For `datetime` attributes and scripts."""
    return at.isoformat(timespec="seconds")


@register.filter
def cpus(nanos: int) -> str:
    """`2 CPU`."""
    return cpus_text(nanos)


@register.filter
def decimal(value: float) -> str:
    """`6,2`."""
    return number_text(value)


@register.filter
def in_seconds(seconds: float) -> str:
    """`0,8 s`, `12 s`."""
    return seconds_text(seconds)


@register.filter
def seconds_number(seconds: float) -> str:
    """The number alone, of `in_seconds`."""
    return number_text(seconds) if seconds < 10 else number_text(round(seconds))


@register.filter
def seconds_whole(seconds: float) -> int:
    """How many, for the plural."""
    return max(1, int(seconds))


def time_text(here: datetime) -> str:
    """`10:15`, `10 h 15`; of a local moment."""
    return gettext("%(hour)02d:%(minute)02d") % {"hour": here.hour, "minute": here.minute}


def moment_text(at: datetime, now: datetime) -> str:
    """A moment as people say it, in the reader's zone."""
    here, today = timezone.localtime(at), timezone.localtime(now).date()
    time = time_text(here)
    match (today - here.date()).days:
        case 0:
            return time
        case -1:
            return gettext("tomorrow at %(time)s") % {"time": time}
        case days if 0 < days < 7:
            return gettext("%(day)s at %(time)s") % {"day": WEEKDAYS[here.weekday()], "time": time}
    form = gettext("j F") if today.year == here.year else gettext("j F Y")
    return gettext("%(date)s at %(time)s") % {"date": date_format(here, form), "time": time}


def when_text(at: datetime, now: datetime) -> str:
    """`moment_text` after a verb: *it happened …*."""
    moment = {"moment": moment_text(at, now)}
    days = (timezone.localtime(now).date() - timezone.localtime(at).date()).days
    if days == 0:
        return gettext("at %(moment)s") % moment
    return str(moment["moment"]) if days == -1 else gettext("on %(moment)s") % moment
