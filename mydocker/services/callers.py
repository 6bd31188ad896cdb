"""Who is asking: the bearer of an API token, or of the cookie of a login session."""

from dataclasses import dataclass
from datetime import datetime

from mydocker.domain.people import Person
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.scopes import Scope, allows
from mydocker.domain.words import gettext_noop as _
from mydocker.services.entries import Holder
from mydocker.store import access, pages
from mydocker.store.access import TokenRow


@dataclass(frozen=True, slots=True)
class Caller:
    """A person, and what they showed: a token, or the cookie of an open login."""

    person: Person
    token: TokenRow | None = None
    login: str | None = None

    @property
    def is_unlimited(self) -> bool:
        """Whether they may do all that the person may."""
        return self.token is None or not self.token.scopes

    def need(self, scope: Scope) -> None:
        """Pass if a token covers this; a Refusal that names the scope otherwise."""
        if self.token is not None and not allows(self.token.scopes, scope):
            raise Refusal(
                Kind.FORBIDDEN, "scope_missing", _("This token does not cover %(scope)s."),
                _("Make a token with that scope, or one without scopes."), scope=scope.value,
            )  # fmt: skip

    def holder(self) -> Holder:
        """On whose behalf a way into a workspace is opened; it ends with the login or token."""
        return Holder(login=self.login, token=self.token.id if self.token else None)


def by_token(secret: str, now: datetime) -> Caller:
    """The bearer of a token. Refuses one that is unknown, expired or revoked."""
    token = access.token_of(secret, now)
    if token is None:
        raise Refusal(
            Kind.NOT_SIGNED_IN, "bad_token", _("This token is not valid, or not any more."),
            _("Make a new one: mydocker token create, or POST /api/v1/tokens."),
        )  # fmt: skip
    if not token.person.enabled:
        raise Refusal(
            Kind.FORBIDDEN, "disabled", _("Your account is disabled."),
            _("Your files are kept. Write to support if you think this is a mistake."),
        )  # fmt: skip
    return Caller(token.person, token=token)


def by_session(session_key: str) -> Caller | None:
    """The bearer of a session cookie; None if nobody is signed in with it, or is disabled."""
    visitor = pages.visitor(session_key)
    return Caller(visitor.person, login=visitor.login) if visitor else None


def nobody() -> Refusal:
    """What somebody is told who showed nothing."""
    return Refusal(
        Kind.NOT_SIGNED_IN, "not_signed_in", _("Sign in first, or send an API token."),
        _("Send the header “Authorization: Bearer TOKEN”."),
    )  # fmt: skip
