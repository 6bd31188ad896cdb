"""Who is asking, from the headers: a token, else the session cookie with CSRF protection."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware
from ninja.security import APIKeyCookie, HttpBearer

from mydocker import steady
from mydocker.domain.people import Person
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.scopes import Scope
from mydocker.domain.words import gettext_noop as _
from mydocker.services import callers
from mydocker.services.callers import Caller


class Bearer(HttpBearer):
    """An API token: `Authorization: Bearer mdt_…`. Once shown, it alone decides."""

    openapi_bearerFormat = "mdt_…"  # noqa: N815
    openapi_description = "An API token of a person, made at `POST /tokens` or by the command line."

    def __call__(self, request: HttpRequest) -> Caller | None:
        header = request.headers.get("Authorization")
        return None if header is None else by_header(header)

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        """Return the token's bearer."""
        return callers.by_token(token, steady.now())


class Session(APIKeyCookie):
    """The cookie of a login session; unsafe methods then need the CSRF token."""

    param_name = settings.SESSION_COOKIE_NAME
    openapi_description = "A login session of the dashboard; unsafe methods need `X-CSRFToken`."

    def __init__(self) -> None:
        super().__init__(csrf=False)  # below it is refused in the reader's language

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        """Return whoever signed in. Raises `Refusal` for a forged request."""
        caller = callers.by_session(key) if key else None
        if caller is not None and _is_forged(request):
            raise Refusal(
                Kind.FORBIDDEN, "csrf", _("This request does not come from our own pages."),
                _("Reload the page and try again; scripts use an API token."),
            )  # fmt: skip
        return caller


class _Check(CsrfViewMiddleware):
    """Django's check of a request, without its page."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponseForbidden(reason)


def _is_forged(request: HttpRequest) -> bool:
    check = _Check(lambda _request: HttpResponse())
    check.process_request(request)
    return check.process_view(request, HttpResponse, (), {}) is not None


def by_header(header: str) -> Caller:
    """Return the bearer that an `Authorization` header names (RFC 6750 §2.1), or refuse."""
    scheme, _space, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.isascii():
        raise callers.nobody()
    return callers.by_token(secret.strip(), steady.now())


BOTH = [Bearer(), Session()]


def caller_of(request: HttpRequest) -> Caller:
    """Return who was recognised for this request."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return caller


def person_of(request: HttpRequest, scope: Scope) -> Person:
    """Return who was recognised. Refuses a token that does not cover this scope."""
    caller = caller_of(request)
    caller.need(scope)
    return caller.person
