"""How a no becomes a page: what happened, why, what to do, a reference and whom to write to.

Statuses and words are those of `services.answers`; the API uses them too.
"""

import sys
from collections.abc import Sequence
from urllib.parse import quote, urlencode

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext

from mydocker.domain.refusals import Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.services import answers
from mydocker.services.answers import Answer, answer_to
from mydocker.services.definitions import BadDefinition
from mydocker.store.transactions import DatabaseBusy
from mydocker.web.alone import alone, is_alone
from mydocker.web.context import bare_frame
from mydocker.web.rendering import render_text
from mydocker.web.uploads import most_bytes

log = structlog.get_logger("mydocker.web")

RETRY_SECONDS = 5

_TITLES = {
    400: _("This request cannot be read"),
    403: _("This is not open to you"),
    404: _("There is nothing here"),
    405: _("This address is for something else"),
    409: _("Not now"),
    410: _("This is over"),
    413: _("That is too much at once"),
    422: _("Something in it is not right"),
    429: _("Too many tries"),
    500: _("We could not do it"),
    503: _("One moment"),
}
_FORM_TOO_OLD = Answer(
    403, "form_too_old", _("This form was opened too long ago, or in another session."),
    _("Go back, load the page again and repeat. Cookies of this site must be allowed."),
)  # fmt: skip
_LOCKED_OUT = Answer(
    429, "locked_out", _("There were too many wrong passwords for this account from here."),
    _("Wait a quarter of an hour, then try again; or ask support for a new password."),
)  # fmt: skip


def reference_of(request: HttpRequest) -> str:
    """The name of this request, also found in the log."""
    return str(request.META.get("mydocker.reference", ""))


def answer_of(refusal: Refusal, request: HttpRequest) -> tuple[int, dict[str, object]]:
    """Status and JSON of a rule's no: `{code, message, hint, reference}`, and its mistakes."""
    answer = answer_to(refusal)
    told: dict[str, object] = dict(answer.told(reference_of(request)))
    if isinstance(refusal, BadDefinition):
        told["mistakes"] = refusal.told(gettext)
    return answer.status, told


def answer(request: HttpRequest, error: Exception) -> HttpResponse:
    """The page for whatever a view raised; what nobody foresaw is logged in full."""
    match error:
        case Refusal():
            log.info("refused", code=error.code, path=request.path)
            return page(request, answer_to(error))
        case DatabaseBusy():
            log.warning("database_busy", path=request.path, error=str(error))
            return _busy(request)
        case Http404():
            return not_found(request)
        case RequestDataTooBig():
            return page(request, answers.TOO_LARGE.about(most=most_bytes(request) >> 20))
        case SuspiciousOperation() | UnicodeDecodeError():
            return page(request, answers.MALFORMED)
    log.error("request_failed", path=request.path, exc_info=error)
    return page(request, answers.BROKEN, bare=True)


def page(request: HttpRequest, told: Answer, *, bare: bool = False) -> HttpResponse:
    """A no as a page. `bare`: without asking the database who is looking."""
    words = told.told(reference_of(request))
    title = gettext(_TITLES.get(told.status, _TITLES[400]))
    if is_alone(request):
        return alone(
            title, words["message"], hint=words["hint"], reference=words["reference"],
            status=told.status,
        )  # fmt: skip
    context = {
        "title": title,
        "told": words,
        "status": told.status,
        "report": report_link(request, words["code"]),
    }
    if bare:
        context["shell"] = bare_frame()
    html = render_text("errors/error.html", context, None if bare else request)
    return HttpResponse(html, status=told.status)


def report_link(request: HttpRequest, code: str, more: Sequence[str] = ()) -> str:
    """A message to support with all they ask first; empty where no support is named."""
    return report_to_support(reference_of(request), request.path, code, more)


def report_to_support(reference: str, path: str, code: str, more: Sequence[str] = ()) -> str:
    """As `report_link`, about any page."""
    support: str = settings.MYDOCKER.support
    if not support:
        return ""
    if "://" in support:
        joint = "&" if "?" in support else "?"
        return f"{support}{joint}{urlencode({'reference': reference, 'code': code})}"
    lines = [
        gettext("What I was doing:"), "", "",
        f"{gettext('Reference')}: {reference}",
        f"{gettext('Code')}: {code}",
        f"{gettext('Page')}: {settings.MYDOCKER.url.rstrip('/')}{path}",
        *more,
    ]  # fmt: skip
    subject = f"myDocker {reference}"
    return f"mailto:{support}?subject={quote(subject)}&body={quote(chr(10).join(lines))}"


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return page(request, answers.UNKNOWN_ADDRESS)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, and 413 for a form that is too long."""
    if isinstance(exception, RequestDataTooBig):
        return page(request, answers.TOO_LARGE.about(most=most_bytes(request) >> 20))
    return page(request, answers.MALFORMED, bare=True)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403 where no rule of ours said why."""
    return page(request, _FORM_TOO_OLD)


def wrong_method(request: HttpRequest, allowed: str) -> HttpResponse:
    """405."""
    facts = {"method": request.method, "allowed": allowed}
    told = answers.WRONG_METHOD
    response = page(request, Answer(told.status, told.code, told.message, told.hint, facts))
    response.headers["Allow"] = allowed
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """What failed outside a view: 503 if the database is busy, else 500."""
    error = sys.exc_info()[1]
    if isinstance(error, DatabaseBusy):
        return _busy(request)
    if isinstance(error, Exception):
        log.error("request_failed", path=request.path, exc_info=error)
    return page(request, answers.BROKEN, bare=True)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that does not carry this session's secret."""
    log.info("form_refused", path=request.path, reason=reason)
    return page(request, _FORM_TOO_OLD)


def locked_out(
    request: HttpRequest, original: HttpResponse | None = None, *rest: object
) -> HttpResponse:
    """Too many wrong passwords."""
    return page(request, _LOCKED_OUT)


def _busy(request: HttpRequest) -> HttpResponse:
    response = page(request, answers.BUSY, bare=True)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response
