"""Signing in and out, and the two choices that a browser keeps: language and appearance."""

from dataclasses import dataclass
from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from mydocker import steady
from mydocker.domain.people import Role
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.services import people
from mydocker.store import pages
from mydocker.store.backends import Local
from mydocker.web import parts
from mydocker.web.accounts import remember_language
from mydocker.web.notices import with_notice
from mydocker.web.rendering import render
from mydocker.web.responses import see_other
from mydocker.web.turns import TURNS
from mydocker.web.visitors import THEME_COOKIE, THEMES, forget_visitor, safe_next, visitor_of

BACKEND = "mydocker.store.backends.Local"
A_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody to try the product as."""

    key: str
    mail: str
    name: str
    role: Role
    what: str


DEMO_PEOPLE = (
    DemoPerson(
        "camille", "camille.aubert@example.org", "Camille Aubert", Role.STUDENT, _("Student")
    ),
    DemoPerson("nadia", "nadia.benali@example.org", "Nadia Benali", Role.STUDENT, _("Student")),
    DemoPerson(
        "helene", "helene.roussel@example.org", "Hélène Roussel", Role.TEACHER, _("Teacher")
    ),
    DemoPerson("sami", "sami.kerbrat@example.org", "Sami Kerbrat", Role.ADMIN, _("Administrator")),
)


class PasswordForm(forms.Form):
    """A local account."""

    username = forms.EmailField(label=gettext_lazy("Mail address"), max_length=254)
    password = forms.CharField(label=gettext_lazy("Password"), max_length=1000, strip=False)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in, then go on to what was wanted."""
    wanted = safe_next(request.POST.get("next") or request.GET.get("next") or "/")
    if request.method != "POST":
        return see_other(wanted) if visitor_of(request) else _form(request, PasswordForm(), wanted)
    if demo := request.POST.get("demo"):
        return _welcome(request, _demo_user(demo), wanted)
    form = PasswordForm(request.POST)
    if form.is_valid():
        with TURNS.aside():  # a password takes its time on purpose
            user = authenticate(request, **form.cleaned_data)
        if user is not None:
            return _welcome(request, user, wanted)
        form.add_error(None, gettext("The mail address or the password is not right."))
    return _form(request, form, wanted, status=422)


def _form(request: HttpRequest, form: PasswordForm, wanted: str, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "next": wanted,
        "demo_people": DEMO_PEOPLE if offers_demo() else (),
        "is_working": parts.readiness().is_ready,
        "open_count": sum(pages.live_by_phase().values()),
    }
    return render(request, "signing/sign_in.html", context, status=status)


def offers_demo() -> bool:
    """Whether anybody may be a demo person: on one's own machine only."""
    return bool(settings.MYDOCKER.demo and settings.MYDOCKER.is_development)


def _demo_user(key: str) -> AbstractBaseUser:
    """The account of a demo person, made when first asked for."""
    found = next((each for each in DEMO_PEOPLE if each.key == key), None)
    if found is None or not offers_demo():
        raise Refusal(
            Kind.FORBIDDEN, "no_demo", _("There are no demo people here."),
            _("Sign in with your own account."),
        )  # fmt: skip
    person = people.add_local(found.mail, found.role, steady.now(), name=found.name)
    user = Local().get_user(person.id)
    if user is None:
        raise Refusal(Kind.FORBIDDEN, "disabled", _("Your account is disabled."))
    return user


def _welcome(request: HttpRequest, user: AbstractBaseUser, wanted: str) -> HttpResponse:
    """Begin a login under a new session key; a former one of this browser ends."""
    now = steady.now()
    if former := request.session.session_key:
        people.end_login(former, now)
    login(request, user, backend=BACKEND)  # type: ignore[arg-type] # a Person, as AUTH_USER_MODEL
    key = request.session.session_key
    if key is None:
        request.session.create()
        key = str(request.session.session_key)
    people.begin_login(str(user.pk), key, now, settings.MYDOCKER.login_lifetime)
    forget_visitor(request)
    response = see_other(wanted)
    language = getattr(user, "language", "")
    if language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        keep(response, settings.LANGUAGE_COOKIE_NAME, language)
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the login, and with it everything it opened."""
    if key := request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        people.end_login(key, steady.now())
    logout(request)
    forget_visitor(request)
    wanted = request.POST.get("next", "")
    return see_other(safe_next(wanted) if wanted else with_notice("/sign-in", "signed_out"))


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Read everything in the other language, on this device and from now on."""
    chosen = request.POST.get("language", "")
    if chosen not in dict(settings.LANGUAGES):
        raise Refusal(
            Kind.INVALID, "unknown_language", _("There is no such language here."),
            _("Choose French or English."),
        )  # fmt: skip
    if visitor := visitor_of(request):
        remember_language(visitor.person, chosen)
    response = see_other(safe_next(request.POST.get("next", "/")))
    keep(response, settings.LANGUAGE_COOKIE_NAME, chosen)
    return response


@require_POST
def appearance(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the system has it; on this device."""
    chosen = request.POST.get("theme", "")
    response = see_other(with_notice(safe_next(request.POST.get("next", "/account")), "saved"))
    if chosen in THEMES:
        keep(response, THEME_COOKIE, chosen)
    else:
        response.delete_cookie(THEME_COOKIE)
        response.cookies[THEME_COOKIE]["secure"] = True
    return response


def keep(response: HttpResponse, name: str, value: str) -> None:
    """Let the browser remember a choice for a year."""
    response.set_cookie(name, value, max_age=A_YEAR, secure=True, httponly=True, samesite="Lax")
