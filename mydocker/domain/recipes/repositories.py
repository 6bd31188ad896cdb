"""Addresses of Git repositories, and names of what is in them.

Sources: git-clone(1) "GIT URLS", git-check-ref-format(1). Narrower than these: letters are ASCII,
nothing begins with a hyphen (git would take it for an option), local paths and the transports
that run commands (`ext::`) are not addresses here.
"""

import re

from mydocker.domain.templates import Fault
from mydocker.domain.words import gettext_noop as _

LONGEST_URL = 1_000
"""Characters of an address."""
LONGEST_REF = 200
"""Characters of a branch, a tag or a commit."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]{{2,45}}\])"
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_PATH = r"(?:[A-Za-z0-9._~%+@:,=-]+/)*[A-Za-z0-9._~%+@:,=-]+/?"
_URL = re.compile(
    rf"(?:(?:https|git)://{_HOST}(?::[0-9]{{1,5}})?"
    rf"|ssh://(?:{_USER}@)?{_HOST}(?::[0-9]{{1,5}})?)/{_PATH}"
)
_SHORT = re.compile(rf"{_USER}@{_HOST}:(?![-/]){_PATH}")
_SECRET = re.compile(r"[a-z]+://[^/@]*:[^/@]*@|(?:https?|git)://[^/@]*@", re.IGNORECASE)
_PAGE = re.compile(r"/(?:-/)?(?:tree|blob|commits?|src)/")
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+@/#=-]*")
_BAD_IN_REF = re.compile(r"\.\.|@\{|//|/\.|\.lock(?:/|$)|[./]$")


def fault_of_url(url: str) -> Fault | None:
    """Say why `url` is not a repository's address; None if it is. Never raises."""
    facts = {"url": _without_secret(url)[:200]}
    if _SECRET.match(url):
        return Fault(
            _("This address carries a password or a token."),
            _("Write it without: %(url)s. A private repository gets a deploy key."),
            facts,
        )
    if _PAGE.search(url):
        return Fault(
            _("%(url)s is the address of a page of the repository."),
            _("Write the repository's own address; branch and folder have fields of their own."),
            facts,
        )
    is_short = "://" not in url
    found = (_SHORT if is_short else _URL).fullmatch(url) if len(url) <= LONGEST_URL else None
    if found and ".." not in re.split(r"[/:]", url):
        return None
    return Fault(_("%(url)s is not the address of a repository."), _hint(url), facts)


def _without_secret(url: str) -> str:
    return re.sub(r"://[^/]*@", "://", url)


def _hint(url: str) -> str:
    if url.startswith("http://"):
        return _("Write https:// instead of http://.")
    if re.search(r"[?#]", url):
        return _("Leave out what stands behind ? or #.")
    if re.search(r"\s", url):
        return _("Write the address alone, without git clone.")
    if re.match(r"[/.~]|file:", url):
        return _("The platform cannot see your computer: push the repository to a server first.")
    return _("Write it as for git clone: https://host/group/name or git@host:group/name.")


def fault_of_ref(ref: str) -> Fault | None:
    """Say why `ref` is not the name of a branch or a tag, or a commit; None if it is."""
    if len(ref) <= LONGEST_REF and _REF.fullmatch(ref) and not _BAD_IN_REF.search(ref):
        return None
    return Fault(
        _("%(ref)s is not the name of a branch or a tag."),
        _("Write a branch, a tag or a commit, such as main, v1.2 or 3f2c9d1."),
        {"ref": ref[:80]},
    )
