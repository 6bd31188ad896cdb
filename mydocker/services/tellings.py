"""How events and reasons are told to people, in the active language and time zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format

from mydocker.domain.failures import TELLINGS, Cause, Reason
from mydocker.domain.story import SENTENCES, StoryKind
from mydocker.services.answers import fill


@dataclass(frozen=True, slots=True)
class Told:
    """Something told: a title or sentence, and what belongs to it (a detail, or what to do)."""

    message: str
    more: str = ""

    @property
    def line(self) -> str:
        """Both in one."""
        return f"{self.message.removesuffix('.')}. {self.more}" if self.more else self.message


def tell_reason(reason: Reason) -> Told:
    """Tell why a run ended, and what to do."""
    telling = TELLINGS[reason.cause]
    facts = _readable(reason.facts)
    return Told(fill(telling.message, facts), fill(telling.hint, facts))


def tell_event(kind: str, facts: Mapping[str, str]) -> Told:
    """Tell what happened; what stopped or failed is told with its cause.

    A kind of a later or earlier edition of the product is told by its name.
    """
    try:
        sentence = SENTENCES[StoryKind(kind)]
    except ValueError:
        return Told(kind)
    readable = _readable(facts)
    detail = fill(sentence.detail, readable) or _because(facts)
    return Told(fill(sentence.title, readable), detail)


def _because(facts: Mapping[str, str]) -> str:
    try:
        cause = Cause(facts.get("cause", ""))
    except ValueError:
        return ""
    return tell_reason(Reason(cause, facts)).message


def _readable(facts: Mapping[str, str]) -> dict[str, object]:
    shown: dict[str, object] = {}
    for name, value in facts.items():
        if name.endswith("_bytes") and value.isdigit():
            shown[name.removesuffix("_bytes")] = filesizeformat(int(value))
        shown.setdefault(name, _moment(value) if _is_moment(name) else value)
    return shown


def _is_moment(name: str) -> bool:
    return name == "until" or name.endswith("_at")


def _moment(value: str) -> str:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    is_aware = at.tzinfo is not None
    return date_format(timezone.localtime(at) if is_aware else at, "j F Y H:i")
