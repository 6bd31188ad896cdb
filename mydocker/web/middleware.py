"""Around every page: a reference, the reader's language and zone, headers, and answers to a no."""

from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from mydocker.services.answers import new_reference
from mydocker.web import errors
from mydocker.web.visitors import chosen_language, reader_zone

GetResponse = Callable[[HttpRequest], HttpResponse]
WITHOUT_BODY = (204, 304)
ENTRANCE = "/.mydocker/enter"
"""The only path of ours on a run's host."""


class Reference:
    """Names each request; the name is on error pages, in API errors and on every line logged. Also
    says how long the answer is.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Name the request and answer it."""
        reference = request.META["mydocker.reference"] = f"e-{new_reference()}"
        with structlog.contextvars.bound_contextvars(reference=reference):
            response = self.get_response(request)
        response.headers["X-Reference"] = reference
        if not response.streaming and response.status_code not in WITHOUT_BODY:
            # Otherwise the server could only tell its end by closing the connection.
            response.headers.setdefault("Content-Length", str(len(response.content)))
            if request.method == "HEAD":
                response.content = b""
        return response


class Language:
    """Speaks the reader's language, in the reader's time zone."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Choose both and answer."""
        language = chosen_language(request)
        translation.activate(language)
        timezone.activate(reader_zone(request))
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


def content_security_policy() -> str:
    """What a page may load and send: itself, and forms that end in a workspace's host."""
    ours = settings.MYDOCKER
    run_hosts = f"{ours.scheme}://*.{ours.apps_netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            # Browsers apply this to the redirects that follow a form, too.
            f"form-action 'self' {run_hosts}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


class Headers:
    """Says to browsers what pages may do, and that nothing of them is kept."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = content_security_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the headers that a view did not set itself."""
        response = self.get_response(request)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", self.policy)
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        return response


class Answers:
    """Turns a rule's no, a busy database and anything unforeseen into a page that helps."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; only the entrance is on the hosts of runs."""
        is_entrance = request.path_info == ENTRANCE
        host = request.get_host().rpartition(":")[0] or request.get_host()
        if (host.lower() == settings.MYDOCKER.host) is is_entrance:
            return errors.not_found(request)
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            return errors.wrong_method(request, response.headers.get("Allow", ""))
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Tell what a view raised."""
        return errors.answer(request, error)


def client_address(request: HttpRequest) -> str:
    """The browser's address, as the gateway saw it: the last one it added."""
    forwarded: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    address: str = request.META.get("REMOTE_ADDR", "")
    # On a Unix socket there is no address.
    return forwarded.rpartition(",")[2].strip() or ("" if address == "localhost" else address)
