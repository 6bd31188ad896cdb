"""Every no of the API, as `{code, message, hint, reference}` with the right status."""

from collections.abc import Callable
from typing import Any

import structlog
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from mydocker.api.problems import tell_problem
from mydocker.domain.refusals import Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.services import answers, callers
from mydocker.services.answers import Answer
from mydocker.services.definitions import BadDefinition
from mydocker.services.images import BadFiles, BadRecipe
from mydocker.store.transactions import DatabaseBusy

LOG = structlog.get_logger()

_RETRY_SECONDS = 2


def reference_of(request: HttpRequest) -> str:
    """Return the name of this request in the logs; one is given where it has none yet."""
    return str(request.META.setdefault("mydocker.reference", answers.new_reference()))


def respond(request: HttpRequest, answer: Answer, **more: object) -> HttpResponse:
    """Tell a no."""
    body = {**answer.told(reference_of(request)), **more}
    response = JsonResponse(body, status=answer.status)
    if answer.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if answer.status == 503:
        response["Retry-After"] = str(_RETRY_SECONDS)
    return response


def add_handlers(api: NinjaAPI) -> None:
    """Teach the API how each kind of trouble is told."""
    for kind, handler in _handlers().items():
        api.add_exception_handler(kind, handler)


def _handlers() -> dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]]:
    return {
        Refusal: _refused,
        BadDefinition: _bad_definition,
        BadRecipe: _bad_recipe,
        BadFiles: _bad_files,
        AuthenticationError: _nobody,
        ValidationError: _invalid,
        RequestDataTooBig: _too_large,
        # A body that is no JSON, whatever is wrong with it, and what Django cannot read.
        HttpError: _malformed,
        SuspiciousOperation: _malformed,
        BadRequest: _malformed,
        UnreadablePostError: _malformed,
        MultiPartParserError: _malformed,
        UnicodeDecodeError: _malformed,
        Http404: _unknown,
        DatabaseBusy: _busy,
        Exception: _broken,
    }


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return respond(request, answers.answer_to(refusal))


def _bad_definition(request: HttpRequest, refusal: BadDefinition) -> HttpResponse:
    mistakes = refusal.told(gettext)
    first = mistakes[0]
    where = f"{first['line']}: {first['place']}".strip(": ") if first["line"] else first["place"]
    answer = Answer(
        answers.status_of(refusal.kind), refusal.code, refusal.message,
        _("The first, at %(where)s: %(message)s"), {**refusal.facts, **first, "where": where},
    )  # fmt: skip
    return respond(request, answer, mistakes=mistakes)


def _bad_recipe(request: HttpRequest, refusal: BadRecipe) -> HttpResponse:
    mistakes = [{"place": "", **mistake} for mistake in refusal.told(gettext)]
    return respond(request, answers.answer_to(refusal), mistakes=mistakes)


def _bad_files(request: HttpRequest, refusal: BadFiles) -> HttpResponse:
    mistakes = [
        {"line": 0, "place": "", "message": message, "hint": hint}
        for message, hint in refusal.told(gettext)
    ]
    return respond(request, answers.answer_to(refusal), mistakes=mistakes)


def _nobody(request: HttpRequest, _error: Exception) -> HttpResponse:
    return _refused(request, callers.nobody())


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    where, problem = tell_problem(error.errors[0])
    return respond(request, answers.INVALID_INPUT.about(where=where, problem=problem))


def _too_large(request: HttpRequest, _error: Exception) -> HttpResponse:
    return respond(request, answers.TOO_LARGE)


def _malformed(request: HttpRequest, _error: Exception) -> HttpResponse:
    return respond(request, answers.MALFORMED)


def _unknown(request: HttpRequest, _error: Exception) -> HttpResponse:
    return respond(request, answers.UNKNOWN_ADDRESS)


def _busy(request: HttpRequest, error: Exception) -> HttpResponse:
    LOG.warning("database_busy", path=request.path, error=str(error))
    return respond(request, answers.BUSY)


def _broken(request: HttpRequest, error: Exception) -> HttpResponse:
    LOG.error(
        "api_broken", path=request.path, reference=reference_of(request), exc_info=error,
        hint="A bug: report it with this entry.",
    )  # fmt: skip
    return respond(request, answers.BROKEN)
