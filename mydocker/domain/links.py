"""Links of interfaces: where they lead, what is wrong with them, how they are rendered.

A link leads either to a port of the workspace, `https://{{HOST['8888']}}/lab`, or out of it, and
then it is a plain address without variables. Which of the two is decided by the link alone, never
by what is put into it, so that no value can turn the one into the other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from mydocker.domain.addresses import read_user_redirect
from mydocker.domain.templates.variables import (
    IN_LINKS,
    BadTemplate,
    Fault,
    Name,
    Values,
    Variable,
    faults_of_variables,
    substitute,
    tidy,
    value_of,
    variables_of,
)
from mydocker.domain.words import gettext_noop as _

_BRACED = r"\{\{[ \t]*%s[ \t]*\}\}"
_HOST = _BRACED % r"HOST\[(?P<q1>['\"]?)(?P<host>[0-9]{1,5})(?P=q1)\]"
_OLD_HOST = (
    (_BRACED % "IP") + ":" + (_BRACED % r"PORT\[(?P<q2>['\"]?)(?P<port>[0-9]{1,5})(?P=q2)\]")
)
_INSIDE = re.compile(
    rf"(?i:https?)://(?:(?P<user>[^/?#@]*)@)?(?:{_HOST}|{_OLD_HOST})(?P<rest>.*)", re.DOTALL
)
_REDIRECT = re.compile(_BRACED % "USER_REDIRECT")
_STARTS_REST = re.compile(rf"[/?#]|{_REDIRECT.pattern}|$")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\\<>^`|\ud800-\udfff\u2000-\u200f\u2028-\u202f]")
_ASCII_OF_ADDRESSES = "!#$%&'()*+,-./:;=?@[]_~"
_ASCII_OF_LINKS = _ASCII_OF_ADDRESSES + '"{}'


@dataclass(frozen=True, slots=True)
class Link:
    """A link that leads to a port of the workspace, taken apart but not rendered."""

    port: int
    user: str
    """What stands before `@`; mostly empty."""
    rest: str
    """Path, query and fragment."""
    old: bool
    """Written with IP and PORT instead of HOST."""


def read_link(link: str) -> Link | None:
    """Take apart a link that leads to a port of the workspace; None for one that leads out."""
    found = _INSIDE.fullmatch(link)
    if not found or not _STARTS_REST.match(found["rest"]):
        return None
    number = int(found["host"] or found["port"])
    return Link(number, found["user"] or "", found["rest"], old=found["port"] is not None)


def port_of_link(link: str) -> int | None:
    """Return the container port that a link leads to; None if it leads out."""
    inside = read_link(link)
    return inside.port if inside else None


def faults_of_link(link: str) -> Iterator[Fault]:
    """Tell everything that is wrong with a link, without knowing which ports there are."""
    unknown = list(faults_of_variables(link, IN_LINKS))
    yield from unknown
    if unknown:
        return
    if strange := _UNPRINTABLE.search(tidy(link)):
        yield Fault(
            _("A link cannot contain the character %(character)s."),
            _("In an address, write a space as %%20."),
            {"character": ascii(strange.group())},
        )
    inside = read_link(link)
    yield from _faults_inside(inside) if inside else _faults_outside(link)


def _faults_inside(link: Link) -> Iterator[Fault]:
    stray = [v for v in variables_of(link.user + link.rest) if v.name in (Name.IP, Name.PORT)]
    if stray:
        yield Fault(
            _("{{IP}} and {{PORT['%(port)s']}} have no meaning in the rest of a link."),
            _("Write {{HOST['%(port)s']}}."),
            {"port": link.port},
        )
    if len(_REDIRECT.findall(link.rest)) > 1:
        yield Fault(_("{{USER_REDIRECT}} can stand only once in a link."))


def _faults_outside(link: str) -> Iterator[Fault]:
    if variables_of(link):
        yield Fault(
            _("A link with variables must begin with https://{{HOST['8888']}}, and / after it."),
            _("HOST already contains the port. A link that leads elsewhere has no variables."),
        )
        return
    if not _is_web_address(link):
        yield Fault(
            _("%(link)s is not a web address."),
            _("Begin with https://{{HOST['8888']}}/ to lead to port 8888 of the workspace."),
            {"link": link[:80]},
        )


def _is_web_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        return False
    known = parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
    return known and parts.username is None and parts.netloc.isascii()


def render_link(link: str, scheme: str, values: Values, redirect: str = "") -> str:
    """Return the address of an interface for one run; ASCII, fit for a `Location` header.

    `scheme` is that of the service's own address; the link's gives way to it. `redirect` is in
    the canonical form of `addresses.user_redirect`, or empty. It takes its place as a relative
    reference does (RFC 3986 §5.2.3): what follows the last slash before it gives way, so that
    `/lab{{USER_REDIRECT}}` is `/lab` without and `/git-pull?…` with it. Its query comes first;
    the link's own query follows. In the query or fragment of a link it is quoted as one
    value. Raises `BadTemplate` for a link that was never
    checked or for a port without a host, `Refusal` for a redirect that leads elsewhere.
    """
    inside = read_link(link)
    if inside is None:
        if variables_of(link):
            raise BadTemplate(next(_faults_outside(link)))
        return quote(link, safe=_ASCII_OF_ADDRESSES)
    host = value_of(Variable(Name.HOST, inside.port), values)
    user = substitute(quote(tidy(inside.user), safe=_ASCII_OF_LINKS), values, _as_data)
    return f"{scheme}://{user}{'@' if user else ''}{host}{_rest(inside.rest, values, redirect)}"


def _rest(rest: str, values: Values, redirect: str) -> str:
    redirect = read_user_redirect(redirect)
    path, mark, fragment = quote(tidy(rest), safe=_ASCII_OF_LINKS).partition("#")
    path, _mark, query = path.partition("?")
    if _REDIRECT.search(path):
        path, query = _merge(path, query, redirect)
    else:
        encoded = _as_data(redirect)
        query = _REDIRECT.sub(lambda _found: encoded, query)
        fragment = _REDIRECT.sub(lambda _found: encoded, fragment)
    whole = path + ("?" + query if query else "") + mark + fragment
    # Braces and quotes had to survive until here for the sake of the variables.
    return quote(substitute(whole, values, _as_data), safe=_ASCII_OF_ADDRESSES)


def _merge(path: str, query: str, redirect: str) -> tuple[str, str]:
    before, after = _REDIRECT.split(path, maxsplit=1)
    own, _mark, asked = redirect.partition("?")
    if own:
        before = before[: before.rfind("/") + 1] or "/"
    return before + own + after, "&".join(part for part in (asked, query) if part)


def _as_data(value: str) -> str:
    return quote(value, safe="")
