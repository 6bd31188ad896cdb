"""The gateway's own pages: self-contained, in French and English, filled in when it starts.

The one that HAProxy answers with knows the reader's language only where a rule could look
(`txn.language`); elsewhere it shows both.
"""

import base64
import hashlib
import html
import re
from pathlib import Path
from string import Template
from typing import Any, ClassVar

from mydocker.adapters.haproxy.refusals import REFERENCE, REFUSALS

_FOLDER = Path(__file__).with_name("pages")
_PAGES = ("workspace-silent", "cannot-wake", "dashboard-away", "nowhere", "stranger", "too-large")
_MESSAGES = {"broken": "500 Internal Server Error"}
"""Told when HAProxy could fill in nothing: whole messages, in both languages."""
_SCRIPTS = {
    f"<!-- {mark} -->": " ".join((_FOLDER / f"{name}.js").read_text(encoding="utf-8").split())
    for mark, name in (("retries", "retry"), ("wakes", "wake"))
}
_DIGESTS = " ".join(
    f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
    for script in _SCRIPTS.values()
)
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
    f"script-src {_DIGESTS}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of all of them."""
MOST_BYTES = 14_000
"""A page has to fit into HAProxy's buffer, headers included."""


class Placed(Template):
    """`@{name}` is a place; `@`, `$` and `%` mean themselves."""

    delimiter = "@"
    pattern: ClassVar[Any] = (
        r"@(?:(?P<escaped>(?!))|(?P<named>(?!))|\{(?P<braced>[a-z_]+)\}|(?P<invalid>(?!)))"
    )


def write(folder: Path, dashboard: str, support: str) -> None:
    """Write all pages and refusals into `folder`, for HAProxy to read at its start."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    for name in _PAGES:
        (folder / f"{name}.html").write_text(compose(name, dashboard, support), encoding="utf-8")
    for name, status in _MESSAGES.items():
        message = _message(status, compose(name, dashboard, support))
        (folder / f"{name}.http").write_bytes(message)
    for refused in REFUSALS:
        for language in ("en", "fr"):
            path = folder / f"{refused.code}.{language}.json"
            path.write_text(refused.body(language), encoding="utf-8")


def compose(name: str, dashboard: str, support: str = "") -> str:
    """Return one page, as HAProxy's `lf-file` (or, for a static one, `file`) wants it."""
    source = _read(f"{name}.html")
    is_static = "<!-- static -->" in source
    title = re.search("<!-- title: (.*?) -->", source)
    assert title is not None
    scripts = [script for mark, script in _SCRIPTS.items() if mark in source]
    refresh = '<noscript><meta http-equiv="refresh" content="5"></noscript>'
    places = {"dashboard": html.escape(dashboard), **_support(support)}
    page = Placed(_read("layout.html")).substitute(
        places,
        title=title[1],
        style=_read("style.css"),
        body=Placed(re.sub(r"<!-- .*? -->\n", "", source)).substitute(places),
        script="".join(f"<script>{script}</script>" for script in scripts),
        refresh=refresh if "<!-- refreshes -->" in source else "",
        reference="" if is_static else '<p class="small">ref. <code>@reference@</code></p>',
    )
    page = "\n".join(filter(None, map(str.strip, page.splitlines())))
    return page if is_static else _formatted(page)


def _message(status: str, page: str) -> bytes:
    body = page.encode()
    lines = (
        f"HTTP/1.1 {status}", "content-type: text/html; charset=utf-8",
        f"content-length: {len(body)}", "cache-control: no-store", "connection: close",
        f"content-security-policy: {POLICY}",
    )  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8").strip()


def _formatted(page: str) -> str:
    """What HAProxy fills in, and nothing else that looks like it."""
    spoken = "%[var(txn.language)]"
    page = page.replace("%", "%%").replace("@reference@", REFERENCE)
    return page.replace('<html lang="en">', f'<html lang="{spoken}" data-only="{spoken}">')


def _support(support: str) -> dict[str, str]:
    if not support:
        return {"support_fr": "", "support_en": ""}
    href = support if "://" in support else f"mailto:{support}"
    link = f'<a href="{html.escape(href)}">{html.escape(support)}</a>'
    return {
        "support_fr": f'<p class="small">Si cela dure : {link}</p>',
        "support_en": f'<p class="small">If it lasts: {link}</p>',
    }
