"""The first page: a person's workspaces, each with its state, one sentence and one action."""

from collections.abc import Sequence
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_safe

from mydocker import steady
from mydocker.domain.workspaces import State
from mydocker.services.catalogue import catalogue
from mydocker.store import pages
from mydocker.store.pages import Card, HomeGlance, Visitor
from mydocker.web.drawings import flag
from mydocker.web.offers import Offer, offers_of
from mydocker.web.rendering import csrf_input, leaf, render
from mydocker.web.sentences import sentence_of
from mydocker.web.templatetags.mydocker import chip
from mydocker.web.visitors import signed_in

PER_PAGE = 30
SUGGESTED = 3


@require_safe
@signed_in
def dashboard(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The person's workspaces, or how to get the first one."""
    now = steady.now()
    number = page_number(request)
    cards = pages.dashboard(visitor.person.id, PER_PAGE + 1, (number - 1) * PER_PAGE)
    if not cards and number == 1:
        return _empty(request, visitor, now)
    hidden = csrf_input(get_token(request))
    context = {
        "first_name": first_name(visitor),
        "now": now,
        "csrf_input": hidden,
        "rows": rows_of(cards[:PER_PAGE], hidden, now),
        "home": _measured(pages.homes(visitor.person.id)),
        "number": number,
        "has_more": len(cards) > PER_PAGE,
    }
    return render(request, "dashboard/dashboard.html", context)


def rows_of(cards: Sequence[Card], csrf: str, now: datetime) -> SafeString:
    """The list's items."""
    row, language = leaf("workspaces/_row.html"), get_language() or "en"
    return SafeString(
        "".join(
            row(
                id=card.id,
                flag=flag(card.join_code),
                title=card.title.in_language(language),
                course=card.course,
                chip=chip(card.look),
                sentence=sentence_of(card, now),
                action=_action(card, card.title.in_language(language), csrf),
            )
            for card in cards
        )
    )


def _action(card: Card, title: str, csrf: str) -> str:
    """The one thing to do now: in, start, or follow what happens."""
    if not card.look.action:
        return ""
    verb = gettext(card.look.action)
    match card.state:
        case State.READY | State.ASLEEP:
            return leaf("workspaces/_row_open.html")(id=card.id, verb=verb, title=title)
        case State.STOPPED:
            start = leaf("workspaces/_row_start.html")
            return start(id=card.id, verb=verb, title=title, csrf_input=csrf)
    look = "btn-2" if card.state is State.FAILED else "btn-t"
    return leaf("workspaces/_row_follow.html")(id=card.id, verb=verb, title=title, look=look)


def page_number(request: HttpRequest) -> int:
    """Which page of a list is asked for, from 1."""
    asked = request.GET.get("page", "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 6 else 1


def first_name(visitor: Visitor) -> str:
    """How a page says hello."""
    return visitor.person.display_name.split(" ")[0]


def _empty(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    offers: Sequence[Offer] = offers_of(catalogue(visitor.person)[:SUGGESTED], now)
    context = {"first_name": first_name(visitor), "offers": offers}
    return render(request, "dashboard/empty.html", context)


def _measured(homes: Sequence[HomeGlance]) -> HomeGlance | None:
    return next((home for home in homes if home.is_global and home.used_bytes is not None), None)
