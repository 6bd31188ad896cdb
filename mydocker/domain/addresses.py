"""Addresses that come from outside and lead into a run: they must never lead out of it.

A *redirect* here is what follows `/user-redirect/` in a join link, as nbgitpuller's link
generators make it: `git-pull?repo=…&urlpath=lab/tree/…`. Its canonical form, kept with the
click, is ASCII, percent-encoded, without a leading slash, a fragment or a `..`.
"""

import re
from urllib.parse import quote, unquote

from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _

LONGEST = 8_000
"""Characters of an address; HAProxy's buffer and browsers take about twice as many."""

# RFC 3986 §3.3 and §3.4, without the characters that browsers treat as `/` or as an end.
_SAFE_IN_PATH = "/:@!$&'()*+,;=~"
_SAFE_IN_QUERY = "/:@!$&'()*+,;=~?%"
# Invisible characters, and the backslash, which browsers read as a slash.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_TARGET = re.compile(r"/[!\"$%&'()*+,\-./0-9:;<=>?@A-Z\[\]^_`a-z{|}~]*")


def user_redirect(path: str, query: str) -> str:
    """Return the canonical form of what follows `/user-redirect/`.

    `path` is decoded (as WSGI gives it), `query` is raw. Raises `Refusal` for an address that
    could lead elsewhere or that is too long.
    """
    if _FORBIDDEN.search(path) or _FORBIDDEN.search(query):
        raise _refusal()
    segments = [segment for segment in path.split("/") if segment not in ("", ".")]
    if ".." in segments:
        raise _refusal()
    kept = "/".join(segments) + ("/" if segments and path.endswith("/") else "")
    address = quote(kept, safe=_SAFE_IN_PATH)
    if query:
        address += "?" + quote(query, safe=_SAFE_IN_QUERY)
    if len(address) > LONGEST:
        raise _refusal()
    return address


def read_user_redirect(address: str) -> str:
    """Check a redirect that comes back to us in canonical form; returns it, or raises `Refusal`."""
    path, _mark, query = address.partition("?")
    try:
        return user_redirect(unquote(path, errors="strict"), query)
    except UnicodeDecodeError:
        raise _refusal() from None


def address_within(scheme: str, host: str, target: str) -> str:
    """Return the address of a raw request target (RFC 9112 §3.2.1) on a run's host.

    Raises `Refusal` for what is not a path of that host.
    """
    if len(target) > LONGEST or not _TARGET.fullmatch(target):
        raise _refusal()
    return f"{scheme}://{host}{target}"


def _refusal() -> Refusal:
    return Refusal(
        Kind.INVALID,
        "bad_redirect",
        _("This link's address cannot be followed: it leads out of the workspace."),
        _("Ask the person who gave you the link for a new one."),
    )
