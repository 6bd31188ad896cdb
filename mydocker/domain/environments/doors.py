"""Reading ports and interfaces."""

import re
from collections.abc import Iterator

from mydocker.domain.environments import fields, words
from mydocker.domain.environments.fields import Place
from mydocker.domain.environments.values import Auth, Interface, Port, Protocol, Text
from mydocker.domain.links import faults_of_link
from mydocker.domain.templates import needs_password
from mydocker.domain.words import gettext_noop as _

MOST_PORTS = 50
MOST_INTERFACES = 50
LONGEST_LABEL = 100
LONGEST_TITLE = 200
LONGEST_LINK = 4_000
LONGEST_READY = 1_000

_KEYS_OF_PORT = ("number", "protocol", "label", "ready")
_KEYS_OF_INTERFACE = ("key", "title", "link", "port", "auth")
_HTTP_PATH = re.compile(r"/[!-\[\]-~]*")
"""What may stand in a request line: ASCII without spaces, no backslash."""


def ports(place: Place) -> tuple[Port, ...]:
    """Read the ports; a number stands for an `http` port."""
    read: dict[int, Port] = {}
    for item in fields.items(place, MOST_PORTS):
        port = _port(item)
        if port and port.number in read:
            item.wrong(_("Port %(number)s is declared twice."), number=port.number)
        elif port:
            read[port.number] = port
    return tuple(read.values())


def _port(item: Place) -> Port | None:
    if not isinstance(item.value, dict):
        number = fields.whole(item, 1, 65_535)
        return Port(number) if number else None
    entries = fields.named(item, _KEYS_OF_PORT, {})
    if "number" not in entries:
        item.lacks("number", _("A port has a number, such as 8888."))
        return None
    number = fields.whole(entries["number"], 1, 65_535)
    chosen = fields.choice(entries["protocol"], Protocol) if "protocol" in entries else None
    protocol = chosen or Protocol.HTTP
    label = fields.text(entries["label"], LONGEST_LABEL) if "label" in entries else None
    ready = _ready(entries["ready"], protocol) if "ready" in entries else _answer(protocol)
    return Port(number, protocol, label or "", ready) if number else None


def _answer(protocol: Protocol) -> str | None:
    match protocol:
        case Protocol.HTTP:
            return "/"
        case Protocol.SSH:
            return ""
        case Protocol.OTHER:
            return None


def _ready(place: Place, protocol: Protocol) -> str | None:
    value = place.value
    if isinstance(value, str) and value.startswith("/"):
        return _ready_path(place, value, protocol)
    if value == "connect":
        return ""
    wanted = fields.flag(Place(value))
    if wanted is None:
        place.wrong(
            _("Say what must answer before the workspace is ready."),
            _("Write a path such as /api, “connect” for any answer at all, yes or no."),
        )
        return None
    return (_answer(protocol) or "") if wanted else None


def _ready_path(place: Place, value: str, protocol: Protocol) -> str | None:
    if protocol is not Protocol.HTTP:
        place.wrong(_("Only an http port answers on a path."), _("Write “connect” for this port."))
    elif len(value) > LONGEST_READY or not _HTTP_PATH.fullmatch(value):
        place.wrong(_("This path cannot be asked for."), _("Write it in ASCII, a space as %%20."))
    return value


def interfaces(place: Place, declared: tuple[Port, ...]) -> tuple[Interface, ...]:
    """Read the interfaces of an environment with these ports, in their order."""
    read: dict[str, Interface] = {}
    for item in fields.items(place, MOST_INTERFACES):
        entries = fields.named(item, _KEYS_OF_INTERFACE, {})
        interface = _interface(item, entries, declared, taken=read)
        if interface.key in read:
            item.wrong(_("Two interfaces have the key %(key)s."), key=interface.key)
        read.setdefault(interface.key, interface)
    return tuple(read.values())


def interfaces_of_ports(declared: tuple[Port, ...]) -> tuple[Interface, ...]:
    """Make one interface of each `http` port, for an environment that says nothing of them."""
    return tuple(
        Interface(
            key=str(port.number),
            title=Text(*(port.label or f"Port {port.number}",) * 2),
            link=_link_to(port.number, "/{{USER_REDIRECT}}"),
        )
        for port in declared
        if port.protocol is Protocol.HTTP
    )


def _link_to(port: int, path: str) -> str:
    return f"https://{{{{HOST['{port}']}}}}{path}"


def _interface(
    item: Place, entries: dict[str, Place], declared: tuple[Port, ...], taken: dict[str, Interface]
) -> Interface:
    link = _link(item, entries, declared)
    title = words.in_languages(entries["title"], LONGEST_TITLE) if "title" in entries else Text()
    if not title.en and item.is_sound("title"):
        item.lacks("title", _("Give the interface a title."))
    key = words.slug(entries["key"]) if "key" in entries else None
    auth = fields.choice(entries["auth"], Auth) if "auth" in entries else None
    if auth is None:
        auth = Auth.LINK if item.is_sound("link") and needs_password(link) else Auth.NONE
    return Interface(key or next(_free_keys(title, taken)), title, link, auth)


def _free_keys(title: Text, taken: dict[str, Interface]) -> Iterator[str]:
    """Yield keys made of the title that no earlier interface has; endless."""
    stem = words.slug_of(title.en)[:50].strip("-") or "interface"
    candidates = [stem, *(f"{stem}-{number}" for number in range(2, MOST_INTERFACES + 2))]
    yield from (key for key in candidates if key not in taken)


def _link(item: Place, entries: dict[str, Place], declared: tuple[Port, ...]) -> str:
    link = (fields.text(entries["link"], LONGEST_LINK) or "") if "link" in entries else ""
    if item.is_sound("link") and (not link or link.startswith("/")):
        port = _port_of_short_link(item, entries, declared)
        link = _link_to(port, link or "/{{USER_REDIRECT}}") if port else ""
    elif "port" in entries:
        entries["port"].wrong(
            _("The link names its port already."), _("Leave the port out, or write the path alone.")
        )
    if link:
        for fault in faults_of_link(link):
            item.at("link", link).wrong(fault.message, fault.hint, **fault.facts)
    return link


def _port_of_short_link(
    item: Place, entries: dict[str, Place], declared: tuple[Port, ...]
) -> int | None:
    if "port" in entries:
        return fields.whole(entries["port"], 1, 65_535)
    numbers = [port.number for port in declared if port.protocol is Protocol.HTTP]
    if len(numbers) == 1:
        return numbers[0]
    item.wrong(
        _("This interface does not say to which port it leads."),
        _("Add its port, or write the link as https://{{HOST['8888']}}/."),
    )
    return None
