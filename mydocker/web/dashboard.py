"""The first page: a person's workspaces, each with its state, one sentence and one action."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from mydocker.domain.workspaces import State
from mydocker.services.catalogue import catalogue
from mydocker.store import pages
from mydocker.store.pages import Card, HomeGlance, Visitor
from mydocker.web.offers import Offer, offers_of
from mydocker.web.sentences import sentence_of
from mydocker.web.visitors import signed_in

PER_PAGE = 30
SUGGESTED = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A workspace in the list."""

    card: Card
    sentence: str

    @property
    def opens(self) -> bool:
        """The action goes straight in."""
        return self.card.state is State.READY

    @property
    def starts(self) -> bool:
        """The action is a wish, so a form."""
        return self.card.state in (State.STOPPED, State.ASLEEP)


@require_safe
@signed_in
def dashboard(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The person's workspaces, or how to get the first one."""
    now = timezone.now()
    number = page_number(request)
    cards = pages.dashboard(visitor.person.id, PER_PAGE + 1, (number - 1) * PER_PAGE)
    if not cards and number == 1:
        return _empty(request, visitor, now)
    context = {
        "first_name": first_name(visitor),
        "now": now,
        "rows": [Row(card, sentence_of(card, now)) for card in cards[:PER_PAGE]],
        "home": _measured(pages.homes(visitor.person.id)),
        "number": number,
        "has_more": len(cards) > PER_PAGE,
    }
    return render(request, "dashboard/dashboard.html", context)


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
