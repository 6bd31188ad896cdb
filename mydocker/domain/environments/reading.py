"""From a plain tree, as YAML or JSON give it, to an environment, or to all that is wrong with it.

What may be left out, and what it then is, is in `values.py`; what depends on something else:
the slug comes from the title; a port is `http` and must answer on `/`; without interfaces, each
`http` port is one; `/tmp` is at most half of the memory; the warning comes at most half-way
through the lifetime; access is `people` where people are listed, else `anyone`.
"""

from collections.abc import Callable
from typing import TypeVar

from mydocker.domain.environments import (
    calendar,
    checks,
    doors,
    fields,
    limits,
    mounts,
    words,
)
from mydocker.domain.environments.fields import Place
from mydocker.domain.environments.mistakes import Mistakes
from mydocker.domain.environments.values import (
    Access,
    Environment,
    Lifetime,
    NetworkPolicy,
    Port,
    Resources,
    Spares,
    Status,
    Text,
)
from mydocker.domain.image_names import fault_of_image
from mydocker.domain.words import gettext_noop as _

Value = TypeVar("Value")

KEYS = (
    "slug",
    "title",
    "description",
    "status",
    "image",
    "command",
    "variables",
    "user",
    "sudo",
    "ports",
    "interfaces",
    "resources",
    "homes",
    "lifetime",
    "spares",
    "sessions",
    "network",
    "maintainers",
    "courses",
    "tags",
    "software",
    "join_code",
    "access",
    "people",
    "notes",
)
_ELSEWHERE = {
    key: section
    for section, keys in (
        ("spares", calendar.KEYS_OF_SPARES),
        ("lifetime", limits.KEYS_OF_LIFETIME),
        ("resources", limits.KEYS_OF_RESOURCES),
    )
    for key in keys
}
_LONGEST_TITLE = 200
_LONGEST_DESCRIPTION = 20_000
_MOST_WORDS = 200
_LONGEST_WORD = 200
_MOST_MAINTAINERS = 200
_MOST_PEOPLE = 5_000


def read_environment(tree: object) -> Environment:
    """Return the environment that `tree` describes. Raises `Mistakes`, with all of them."""
    root = Place(tree)
    if not isinstance(tree, dict):
        fields.named(root, KEYS, _ELSEWHERE)
        raise Mistakes(root.found)
    environment = _environment(root, fields.named(root, KEYS, _ELSEWHERE))
    checks.check(root, environment)
    if root.found:
        raise Mistakes(root.found)
    return environment


def _environment(root: Place, entries: dict[str, Place]) -> Environment:
    def read(key: str, reader: Callable[[Place], Value | None], default: Value) -> Value:
        value = reader(entries[key]) if key in entries else default
        return default if value is None else value

    title = _title(root, entries)
    no_ports: tuple[Port, ...] = ()
    nobody: tuple[str, ...] = ()
    ports = read("ports", doors.ports, no_ports)
    interfaces = (
        doors.interfaces(entries["interfaces"], ports)
        if "interfaces" in entries
        else doors.interfaces_of_ports(ports)
    )
    people = read("people", _mails(_MOST_PEOPLE), nobody)
    return Environment(
        slug=_slug(root, entries, title),
        title=title,
        image=_image(root, entries),
        description=read("description", _description, Text()),
        status=read("status", lambda place: fields.choice(place, Status), Status.DRAFT),
        command=read("command", words.command, ""),
        variables=read("variables", words.variables, {}),
        user=read("user", lambda place: fields.whole(place, 0, 65_534), None),
        sudo=read("sudo", fields.flag, default=False),
        ports=ports,
        interfaces=interfaces,
        resources=read("resources", limits.resources, Resources()),
        homes=read("homes", mounts.homes, ()),
        lifetime=read("lifetime", limits.lifetime, Lifetime()),
        spares=read("spares", calendar.spares, Spares()),
        sessions=read("sessions", calendar.sessions, ()),
        network=read(
            "network", lambda place: fields.choice(place, NetworkPolicy), NetworkPolicy.OPEN
        ),
        maintainers=read("maintainers", _mails(_MOST_MAINTAINERS), ()),
        courses=read("courses", _words, ()),
        tags=read("tags", _words, ()),
        software=read("software", _words, ()),
        join_code=read("join_code", words.join_code, None),
        access=read(
            "access",
            lambda place: fields.choice(place, Access),
            Access.PEOPLE if people else Access.ANYONE,
        ),
        people=people,
        notes=read("notes", lambda place: fields.text(place, _LONGEST_DESCRIPTION, lines=True), ""),
    )


def _title(root: Place, entries: dict[str, Place]) -> Text:
    title = words.in_languages(entries["title"], _LONGEST_TITLE) if "title" in entries else Text()
    if root.is_sound("title") and not title.en:
        root.lacks("title", _("Give the environment a title."))
    return title


def _slug(root: Place, entries: dict[str, Place], title: Text) -> str:
    if "slug" in entries:
        return words.slug(entries["slug"]) or ""
    slug = words.slug_of(title.en)
    if title.en and not slug:
        root.lacks(
            "slug",
            _("The title has no Latin letters to make one of: write a name such as python-l1."),
        )
    return slug


def _image(root: Place, entries: dict[str, Place]) -> str:
    if "image" not in entries:
        root.lacks(
            "image",
            _("Name the image that the environment runs, such as mydocker/jupyterlab-python."),
        )
        return ""
    image = fields.text(entries["image"], 1_000) or ""
    if root.is_sound("image") and (fault := fault_of_image(image)):
        entries["image"].wrong(fault.message, fault.hint, **fault.facts)
    return image


def _description(place: Place) -> Text:
    return words.in_languages(place, _LONGEST_DESCRIPTION, lines=True)


def _words(place: Place) -> tuple[str, ...]:
    return fields.listed(place, _MOST_WORDS, lambda item: fields.text(item, _LONGEST_WORD) or None)


def _mails(most: int) -> Callable[[Place], tuple[str, ...]]:
    return lambda place: fields.listed(place, most, words.mail)
