"""A person's own page: name, language, API tokens, and where they are signed in."""

from datetime import timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from mydocker import steady
from mydocker.domain.people import Person
from mydocker.domain.scopes import Scope
from mydocker.domain.words import gettext_noop as _
from mydocker.services import people
from mydocker.store import pages
from mydocker.store import people as stored
from mydocker.store.pages import Visitor
from mydocker.store.transactions import unit_of_work
from mydocker.web.notices import with_notice
from mydocker.web.rendering import render
from mydocker.web.responses import see_other
from mydocker.web.visitors import signed_in

LIFETIMES = (
    ("30", gettext_lazy("30 days")),
    ("90", gettext_lazy("90 days")),
    ("365", gettext_lazy("A year")),
    ("", gettext_lazy("Until it is revoked")),
)
SCOPES = {
    Scope.READ_ENVIRONMENTS: _("See environments"),
    Scope.WRITE_ENVIRONMENTS: _("Apply and delete environments"),
    Scope.READ_IMAGES: _("See images, their files and their builds"),
    Scope.WRITE_IMAGES: _("Make, change and build images"),
    Scope.READ_WORKSPACES: _("Follow workspaces and their logs"),
    Scope.WRITE_WORKSPACES: _("Start, stop and delete workspaces"),
    Scope.OPEN_WORKSPACES: _("Enter workspaces and read their credentials"),
}


class NameForm(forms.Form):
    """How a person is called."""

    name = forms.CharField(label=gettext_lazy("Your name"), max_length=200, strip=True)


class TokenForm(forms.Form):
    """A new API token."""

    title = forms.CharField(label=gettext_lazy("What it is for"), max_length=200, strip=True)
    lifetime = forms.ChoiceField(
        label=gettext_lazy("How long it works"), choices=LIFETIMES, required=False, initial="90"
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=[(scope.value, scope.value) for scope in Scope],
        required=False,
    )


@require_safe
@signed_in
def account(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The page."""
    return _page(request, visitor)


@require_POST
@signed_in
def rename(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Change the display name."""
    form = NameForm(request.POST)
    if not form.is_valid():
        return _page(request, visitor, name_form=form, status=422)
    _change(visitor.person, display_name=form.cleaned_data["name"])
    return see_other(with_notice("/account", "saved"))


@require_POST
@signed_in
def create_token(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Make a token; its secret is on the answer and nowhere else."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, visitor, token_form=form, status=422)
    days = form.cleaned_data["lifetime"]
    secret = people.create_token(
        visitor.person,
        form.cleaned_data["title"],
        form.cleaned_data["scopes"],
        steady.now(),
        timedelta(days=int(days)) if days else None,
    )
    return _page(request, visitor, secret=secret)


@require_POST
@signed_in
def revoke_token(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """Make a token useless, and close what it opened."""
    people.revoke_token(visitor.person, token, steady.now())
    return see_other(with_notice("/account", "revoked"))


def _page(
    request: HttpRequest,
    visitor: Visitor,
    *,
    name_form: NameForm | None = None,
    token_form: TokenForm | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    now = steady.now()
    context = {
        "person": visitor.person,
        "name_form": name_form or NameForm(initial={"name": visitor.person.display_name}),
        "token_form": token_form or TokenForm(),
        "scopes": [(scope.value, sentence) for scope, sentence in SCOPES.items()],
        "secret": secret,
        "tokens": pages.tokens(visitor.person.id, now),
        "logins": pages.logins(visitor.person.id),
        "own_login": visitor.login,
    }
    return render(request, "account/account.html", context, status=status)


def remember_language(person: Person, language: str) -> None:
    """Write to the person in this language from now on."""
    _change(person, language=language)


def _change(person: Person, **changes: object) -> None:
    with unit_of_work():
        stored.update(person.id, **changes)
