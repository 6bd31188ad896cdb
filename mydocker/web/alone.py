"""Pages on a run's host: nothing of ours is served there, so each carries its own style."""

from base64 import b64encode
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, gettext

from mydocker.web.rendering import render_text

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;"
    'font:400 1rem/1.55 system-ui,"Segoe UI","DejaVu Sans",sans-serif;'
    "background:light-dark(#f2f5f5,#0d1619);color:light-dark(#12242b,#e7eff0)}"
    "main{box-sizing:border-box;width:min(560px,100vw - 2rem);padding:2rem;border-radius:24px;"
    "background:light-dark(#fff,#142126);border:1px solid light-dark(#d5dddf,#263840)}"
    "h1{font-size:1.75rem;line-height:1.2;margin:1rem 0 .5rem}"
    ".brand{display:flex;gap:.6rem;align-items:center;font-weight:700;margin:0}"
    ".brand svg{color:light-dark(#005d72,#7bcbe2)}"
    ".small{font-size:.875rem;color:light-dark(#53666e,#95a8ae)}"
    "a{display:block;padding:.9rem 1rem;border-radius:12px;text-align:center;font-weight:600;"
    "text-decoration:none;background:light-dark(#005d72,#7bcbe2);color:light-dark(#fff,#06222b)}"
    "a:focus-visible{outline:3px solid light-dark(#0b3fae,#ffd166);outline-offset:2px}"
)
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; frame-ancestors 'none'"


def dashboard_address(path: str = "/") -> str:
    """A page of the dashboard, from another host."""
    return f"{settings.MYDOCKER.url.rstrip('/')}{path}"


def alone(
    title: str, message: str, *, hint: str = "", href: str = "", action: str = "",
    reference: str = "", status: int = 200,
) -> HttpResponse:  # fmt: skip
    """One sentence and one way on; by default back to the dashboard."""
    context = {
        "language": (get_language() or "en")[:2],
        "style": mark_safe(_STYLE),  # noqa: S308 -- a constant
        "title": title,
        "message": message,
        "hint": hint,
        "href": href or dashboard_address(),
        "action": action or gettext("All my workspaces"),
        "reference": reference,
    }
    response = HttpResponse(render_text("alone.html", context), status=status)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def is_alone(request: HttpRequest) -> bool:
    """Whether the request came to a run's host."""
    host: str = request.META.get("HTTP_HOST", "")
    return host.rpartition(":")[0].lower().endswith(settings.MYDOCKER.apps_domain) or (
        host.lower().endswith(settings.MYDOCKER.apps_domain)
    )
