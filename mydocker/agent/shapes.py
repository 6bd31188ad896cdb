"""The shapes of what verbs take. A shape reads one JSON value or refuses it (`bad_request`)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from mydocker.agent.errors import VerbError, refused

Shape = Callable[[object], Any]


@dataclass(frozen=True, slots=True)
class HomeMount:
    """A home to be mounted on a slot, seen by the container as owned by `uid` and `gid`."""

    slot: int
    home: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Person:
    """What a container is told of its person; one line of text each, empty where not known."""

    name: str
    mail: str
    language: str
    whose: str = ""
    """The workspace's id: whoever it is, they are the same as long as this is."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge of the node. Policy `open`: DNS at the host's resolvers, the internet, and what
    the operator allows. `none`: nothing; the host may still call, and is answered.
    """

    name: str
    policy: str


@dataclass(frozen=True, slots=True)
class Destination:
    """An address and port that containers may reach although it is private or the host's."""

    address: IPv4Address
    port: int
    protocol: str


def _bad(what: str) -> VerbError:
    return refused("bad_request", f"Not {what}.")


def _text(pattern: str, what: str) -> Shape:
    def read(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
            raise _bad(what)
        return value

    return read


def _number(most: int, what: str) -> Shape:
    def read(value: object) -> int:
        if type(value) is not int or not 0 <= value <= most:
            raise _bad(what)
        return value

    return read


def _list(shape: Shape, most: int) -> Shape:
    def read(value: object) -> list[Any]:
        if not isinstance(value, list) or len(value) > most:
            raise _bad(f"a list of at most {most}")
        return [shape(item) for item in value]

    return read


def _record(make: Callable[..., object], **shapes: Shape) -> Shape:
    def read(value: object) -> object:
        if not isinstance(value, dict) or set(value) != set(shapes):
            raise _bad("a record of " + ", ".join(shapes))
        return make(**{name: shape(value[name]) for name, shape in shapes.items()})

    return read


def address(value: object) -> IPv4Address:
    """Read an IPv4 address."""
    try:
        return IPv4Address(value if isinstance(value, str) else "")
    except ValueError as error:
        raise _bad("an IPv4 address") from error


def destination(value: object) -> Destination:
    """Read `10.1.2.3:443/tcp` and the like."""
    what = "a destination such as 10.1.2.3:443/tcp"
    words = re.split("[:/]", _text(r"[0-9.]{7,15}:[0-9]{1,5}/(tcp|udp)", what)(value))
    port = _number(65535, what)(int(words[1]))
    return Destination(address(words[0]), port, words[2])


_user = _number(2**31 - 2, "a user or group id")

identifier = _text(r"[a-z0-9]{4,40}", "an id")
identifier_or_empty = _text(r"([a-z0-9]{4,40})?", "an id, or nothing")
identifiers = _list(identifier, 10_000)
pids = _number(1 << 22, "a number of processes")
manager = _text("cgroupfs|systemd", "who makes the engine's cgroups")
container = _text(r"[0-9a-f]{64}", "a container id")
containers = _list(container, 5_000)
seconds = _number(10 * 366 * 86400, "a number of seconds")
seconds_to_wait = _number(60, "a number of seconds, at most 60")
number_of_rings = _number(1 << 62, "a number of rings")
number_of_slots = _number(16, "a number of slots")
_line = _text(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{0,320}", "one line of text")
person = _record(
    Person,
    name=_line,
    mail=_line,
    language=_text(r"[a-z]{0,8}", "a language"),
    whose=identifier_or_empty,
)
size = _number(1 << 50, "a number of bytes")
home_mounts = _list(
    _record(HomeMount, slot=_number(99, "a slot"), home=identifier, uid=_user, gid=_user), 16
)
destinations = _list(destination, 500)
bridges = _list(
    _record(
        Bridge,
        name=_text(r"md[0-9a-f]{6}-[a-z0-9]{1,6}", "a bridge's name"),
        policy=_text("open|none", "a policy: open or none"),
    ),
    32,
)
