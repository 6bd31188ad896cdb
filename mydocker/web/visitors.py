"""Who is looking: the signed-in person behind a request, in which language, zone and theme."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from mydocker.domain.people import Action, may
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.services.answers import language_of
from mydocker.store import pages
from mydocker.store.pages import Visitor

ZONE_COOKIE = "__Host-mydocker_zone"
"""Set by the browser: the IANA name of its time zone."""
THEME_COOKIE = "__Host-mydocker_theme"
THEMES = ("light", "dark")

View = Callable[..., HttpResponse]
"""A page: its request, and what its address names."""


def visitor_of(request: HttpRequest) -> Visitor | None:
    """Who is signed in; asked of the database once for each request."""
    meta = request.META
    if "mydocker.visitor" not in meta:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        meta["mydocker.visitor"] = pages.visitor(key) if key else None
    found: Visitor | None = meta["mydocker.visitor"]
    return found


def forget_visitor(request: HttpRequest) -> None:
    """Ask anew next time: the person just signed in or out."""
    request.META.pop("mydocker.visitor", None)


def signed_in(view: View) -> View:
    """Give the view its visitor as second argument; others are sent to sign in and back."""

    @wraps(view)
    def guarded(request: HttpRequest, **named: str) -> HttpResponse:
        visitor = visitor_of(request)
        if visitor is None:
            return to_sign_in(request)
        return view(request, visitor, **named)

    return guarded


def administrators_only(view: View) -> View:
    """As `signed_in`, for those who administer."""

    @wraps(view)
    def guarded(request: HttpRequest, visitor: Visitor, **named: str) -> HttpResponse:
        if not may(visitor.person, Action.ADMINISTER):
            raise Refusal(
                Kind.FORBIDDEN, "not_administrator", _("This page is for administrators."),
                _("You are signed in as %(who)s. Change account if you have another one."),
                who=visitor.person.display_name,
            )  # fmt: skip
        return view(request, visitor, **named)

    return signed_in(guarded)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """303 to the sign-in page, and from there to what was wanted (its page, after a form)."""
    wanted = request.get_full_path() if request.method in ("GET", "HEAD") else _page_of(request)
    response = HttpResponseRedirect(f"/sign-in?{urlencode({'next': wanted})}")
    response.status_code = 303
    return response


def _page_of(request: HttpRequest) -> str:
    """The address of the page that a form stood on."""
    referer = request.META.get("HTTP_REFERER", "")
    own = settings.MYDOCKER.url.rstrip("/") + "/"
    return safe_next("/" + referer.removeprefix(own)) if referer.startswith(own) else "/"


def safe_next(address: str) -> str:
    """An address of this site to go to, or the dashboard."""
    is_ours = address.startswith("/") and url_has_allowed_host_and_scheme(address, None)
    return address if is_ours and len(address) < 9_000 else "/"


def chosen_language(request: HttpRequest) -> str:
    """The person's choice, else what the browser asks for, else the installation's."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if chosen in ("fr", "en"):
        return chosen
    return language_of(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))


def chosen_theme(request: HttpRequest) -> str:
    """`light` or `dark` where the person chose one, else empty: as the system has it."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in THEMES else ""


def reader_zone(request: HttpRequest) -> ZoneInfo:
    """The zone the reader's browser is in, else the installation's."""
    name = request.COOKIES.get(ZONE_COOKIE, "")
    try:
        return ZoneInfo(name) if name else ZoneInfo(settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(settings.TIME_ZONE)
