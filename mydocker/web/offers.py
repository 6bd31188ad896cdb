"""An environment as it is offered: in the catalogue, on the first visit, on its join page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language

from mydocker.domain.environments import Environment, Interface, Protocol
from mydocker.services.catalogue import Known
from mydocker.services.queue import Standing
from mydocker.store import pages
from mydocker.web.amounts import about_text, cpus_text, seconds_text, size_text
from mydocker.web.estimates import is_ready_at_once, usual_seconds, wait_of

QUICK_SECONDS = 5
"""A start that takes less is shown with a bolt."""

_SHAPES = (
    ("notebook", ("jupyter", "notebook", "carnet", "lab")),
    ("code", ("code", "editor", "éditeur")),
    ("desktop", ("desktop", "bureau", "vnc", "xfce")),
    ("terminal", ("terminal", "ssh", "shell", "ttyd")),
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One environment of a list."""

    title: str
    join_code: str
    by: str
    description: str
    tags: Sequence[str]
    icons: Sequence[str]
    interfaces: str
    resources: str
    usual: str
    is_quick: bool
    is_ready_at_once: bool


def offers_of(environments: Sequence[Known], now: datetime) -> list[Offer]:
    """How these environments are offered."""
    names = pages.names_by_mail(
        sorted({mail for each in environments for mail in each.definition.maintainers})
    )
    return [_offer(each, makers_of(each.definition, names), now) for each in environments]


def makers_of(definition: Environment, names: Mapping[str, str]) -> str:
    """Who looks after an environment, by name where we know it; no mail address is shown."""
    return ", ".join(names[mail] for mail in definition.maintainers[:5] if mail in names)


def _offer(known: Known, by: str, now: datetime) -> Offer:
    definition = known.definition
    language = get_language() or "en"
    usual, wait = usual_seconds(known.row.id, now), wait_of(known.row.id, now)
    return Offer(
        definition.title.in_language(language),
        known.row.join_code,
        by,
        first_paragraph(definition.description.in_language(language)),
        definition.tags[:4],
        list(dict.fromkeys(shape_of(each) for each in definition.interfaces))[:4],
        ", ".join(each.title.in_language(language) for each in definition.interfaces),
        resources_text(definition),
        _expected(usual, wait),
        usual is not None and usual < QUICK_SECONDS and wait is None,
        is_ready_at_once(known.row.id, now),
    )


def _expected(usual: float | None, wait: Standing | None) -> str:
    """How long whoever asks now waits; empty where nobody can tell."""
    if wait is not None:
        return about_text(wait.seconds) if wait.seconds is not None else ""
    return seconds_text(usual) if usual is not None else ""


def shape_of(interface: Interface) -> str:
    """The icon that fits an interface, from what it is called."""
    words = f"{interface.key} {interface.title.en} {interface.title.fr}".lower()
    return next((icon for icon, signs in _SHAPES if any(s in words for s in signs)), "globe")


def resources_text(definition: Environment) -> str:
    """`2 CPU, 4 Go`."""
    resources = definition.resources
    return f"{cpus_text(resources.cpu_nanos)}, {size_text(resources.memory_bytes)}"


def first_paragraph(text: str) -> str:
    """What fits on a card."""
    return text.strip().partition("\n\n")[0]


def other_ports(definition: Environment) -> Iterable[str]:
    """Ports that wait for the SSH gateway: `22, SSH`."""
    for port in definition.ports:
        if port.protocol is not Protocol.HTTP:
            yield f"{port.number}, {port.protocol.value.upper()}"
