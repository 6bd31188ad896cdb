"""What an API token may do. A token without scopes may do all its person may."""

from collections.abc import Iterable
from enum import StrEnum

from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _


class Scope(StrEnum):
    """One group of operations."""

    READ_ENVIRONMENTS = "environments:read"
    """List and read environments."""
    WRITE_ENVIRONMENTS = "environments:write"
    """Apply and delete environments."""
    READ_IMAGES = "images:read"
    """List and read images, their files and builds; follow the log of a build."""
    WRITE_IMAGES = "images:write"
    """Make, change, share, build and delete images, and put files beside their recipes."""
    READ_WORKSPACES = "workspaces:read"
    """List workspaces, follow their story and logs."""
    WRITE_WORKSPACES = "workspaces:write"
    """Start, stop, extend, reset and delete workspaces."""
    OPEN_WORKSPACES = "workspaces:open"
    """Get tickets into workspaces, and their credentials."""


def allows(scopes: Iterable[str], needed: Scope) -> bool:
    """Whether a token with these scopes may do what needs `needed`."""
    held = set(scopes)
    return not held or needed.value in held


def check_scopes(scopes: Iterable[str]) -> None:
    """Refuse scopes that do not exist."""
    known = [scope.value for scope in Scope]
    for scope in scopes:
        if scope not in known:
            raise Refusal(
                Kind.INVALID,
                "unknown_scope",
                _("There is no scope “%(scope)s”."),
                _("Choose among: %(known)s."),
                scope=scope,
                known=", ".join(known),
            )
