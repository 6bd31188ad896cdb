"""How a no is told: its HTTP status and its words. The one table, for pages, API and streams.

A rule's no is a `Refusal`; what goes wrong before any rule is asked (an unknown address, a body
that is too long) is an `Answer` of this module. Both are told as `{code, message, hint, reference}`
in the language that is active (`django.utils.translation`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from django.conf import settings
from django.utils.translation import get_supported_language_variant, gettext
from django.utils.translation.trans_real import parse_accept_lang_header

from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.store.ids import opaque

_STATUS: Mapping[Kind, int] = {
    Kind.NOT_SIGNED_IN: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.INVALID: 422,
    Kind.TOO_MANY: 429,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A no with its status. `message` and `hint` are English msgids that `facts` fill."""

    status: int
    code: str
    message: str
    hint: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)

    def about(self, **facts: object) -> "Answer":
        """Return the same with these facts."""
        return replace(self, facts=facts)

    def told(self, reference: str) -> dict[str, str]:
        """Return what the person gets, in the active language."""
        return {
            "code": self.code,
            "message": fill(self.message, self.facts),
            "hint": fill(self.hint, self.facts),
            "reference": reference,
        }


UNKNOWN_ADDRESS = Answer(
    404, "unknown_address", _("There is nothing at this address."),
    _("Check that it was copied whole."),
)  # fmt: skip
WRONG_METHOD = Answer(
    405, "wrong_method", _("This address does not understand %(method)s."),
    _("It understands: %(allowed)s."),
)  # fmt: skip
MALFORMED = Answer(
    400, "malformed_request", _("The request cannot be read."),
    _("Send what the documentation of this address says, in UTF-8."),
)  # fmt: skip
TOO_LARGE = Answer(
    413, "too_large", _("What was sent is too large."), _("Send less than %(most)s MB."),
    {"most": settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20},
)  # fmt: skip
WRONG_TYPE = Answer(
    415, "wrong_type", _("This address does not take this type of content."),
    _("Send one of: %(known)s."),
)  # fmt: skip
UNKNOWN_PARAMETER = Answer(
    422, "unknown_parameter", _("This address does not know “%(name)s”, or knows it only once."),
    _("It knows: %(known)s."),
)  # fmt: skip
INVALID_INPUT = Answer(
    422, "invalid_input", _("“%(where)s” is not what is expected here: %(problem)s."),
    _("See the description of this address in /api/v1/openapi.json."),
)  # fmt: skip
STREAMED_ELSEWHERE = Answer(
    503, "streamed_elsewhere", _("This address is answered by the streams, not by this process."),
    _("Ask through the gateway."),
)  # fmt: skip
BROKEN = Answer(
    500, "internal_error", _("Something went wrong on our side; it has been written down."),
    _("Try again. If it happens again, write to support with the reference."),
)  # fmt: skip
BUSY = Answer(
    503, "busy", _("The service cannot do this at the moment."),
    _("Nothing is lost. Try again in a few seconds."),
)  # fmt: skip


def status_of(kind: Kind) -> int:
    """Return the HTTP status of a refusal's kind."""
    return _STATUS[kind]


def answer_to(refusal: Refusal) -> Answer:
    """Return how a rule's no is told."""
    return Answer(
        status_of(refusal.kind), refusal.code, refusal.message, refusal.hint, refusal.facts
    )


def told(refusal: Refusal, reference: str) -> dict[str, str]:
    """Return `{code, message, hint, reference}` in the active language."""
    return answer_to(refusal).told(reference)


def fill(sentence: str, facts: Mapping[str, object]) -> str:
    """Translate an English msgid and fill its places; a fact that is missing shows as “…”.

    Facts of old events are stored, and sentences change: no sentence may fail for its facts.
    """
    if not sentence:
        return ""
    translated = gettext(sentence)
    return translated % _Facts(facts) if facts or "%(" in sentence else translated


def new_reference() -> str:
    """Return a name for one request, short enough to read out on the phone: 40 random bits."""
    return opaque(8)


def language_of(accept_language: str) -> str:
    """Return `fr` or `en`: the first that the header (RFC 9110 §12.5.4) asks for, else ours."""
    for code, _priority in parse_accept_lang_header(accept_language.lower()):
        if code == "*":
            break
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return str(settings.LANGUAGE_CODE)


class _Facts(Mapping[str, object]):
    def __init__(self, facts: Mapping[str, object]) -> None:
        self._facts = facts

    def __getitem__(self, name: str) -> object:
        return self._facts.get(name, "…")

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)
