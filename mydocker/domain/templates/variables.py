"""The variables there are, spelled as teachers know them.

`{{USERNAME}}` and `{{PASSWORD}}` are the run's generated credentials, `{{HOST['8888']}}` is the
host name and port under which browsers reach that port, `{{USER_REDIRECT}}` is what follows
`/user-redirect/` in the join link. `{{IP}}:{{PORT['8888']}}` is the old way to write HOST.

Two braces around anything that does not look like a name are left alone.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from mydocker.domain.words import gettext_noop as _


class Name(StrEnum):
    """The variables there are."""

    USERNAME = "USERNAME"
    PASSWORD = "PASSWORD"  # noqa: S105
    HOST = "HOST"
    PORT = "PORT"
    IP = "IP"
    USER_REDIRECT = "USER_REDIRECT"


IN_COMMANDS = frozenset({Name.USERNAME, Name.PASSWORD, Name.HOST})
IN_LINKS = frozenset(Name)

# Curly quotes come with what a word processor made of straight ones.
USE = re.compile(
    "\\{\\{[ \t]*([A-Za-z_][\\w\\[\\]'\" .\u2018\u2019\u201c\u201d-]{0,79}?)[ \t]*\\}\\}"
)
_INDEXED = re.compile(r"(HOST|PORT)\[(['\"]?)([0-9]{1,5})\2\]")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as it is used: its name, and the container port for HOST and PORT."""

    name: Name
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a template. English msgids with `%(name)s` places."""

    message: str
    hint: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


class BadTemplate(ValueError):
    """A template that cannot be rendered. Environments are checked before they are stored."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message % fault.facts)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Values:
    """What a run puts in the place of variables."""

    username: str
    password: str
    hosts: Mapping[int, str]
    """`host[:port]`, as browsers write it, by container port."""


def variables_of(text: str) -> tuple[Variable, ...]:
    """Name the variables used in `text`, in order. Raises `BadTemplate` for an unknown one."""
    return tuple(known(found.group(1)) for found in USE.finditer(text))


def faults_of_variables(text: str, allowed: frozenset[Name]) -> Iterator[Fault]:
    """Tell every variable in `text` that does not exist, or not in this place."""
    for found in USE.finditer(text):
        try:
            variable = known(found.group(1))
        except BadTemplate as bad:
            yield bad.fault
            continue
        if variable.name not in allowed:
            yield Fault(
                _("{{%(name)s}} has no meaning here."),
                _("It can be used in the links of interfaces only."),
                {"name": variable.name.value},
            )


def tidy(text: str) -> str:
    """Return `text` with every use of a variable written without spaces between its braces."""
    return USE.sub(r"{{\1}}", text)


def needs_password(text: str) -> bool:
    """Whether rendering `text` puts a secret into it."""
    return any(variable.name is Name.PASSWORD for variable in variables_of(text))


def known(inner: str) -> Variable:
    """Return the variable written so between its braces. Raises `BadTemplate` for none."""
    if indexed := _INDEXED.fullmatch(inner):
        number = int(indexed[3])
        if 1 <= number <= 65535:
            return Variable(Name(indexed[1]), number)
    elif inner in (Name.USERNAME, Name.PASSWORD, Name.IP, Name.USER_REDIRECT):
        return Variable(Name(inner))
    raise BadTemplate(_unknown(inner))


def _unknown(inner: str) -> Fault:
    spelled = {name.value: f"{{{{{name}}}}}" for name in Name}
    spelled |= {"HOST": "{{HOST['8888']}}", "PORT": "{{PORT['8888']}}"}
    word = re.split(r"\W", inner.upper())[0]
    near = get_close_matches(word, spelled, n=1, cutoff=0.5)
    facts = {"name": inner, "near": spelled[near[0]] if near else ""}
    if near:
        return Fault(_("There is no variable {{%(name)s}}."), _("Did you mean %(near)s?"), facts)
    return Fault(
        _("There is no variable {{%(name)s}}."),
        _("There are {{USERNAME}}, {{PASSWORD}}, {{HOST['8888']}} and {{USER_REDIRECT}}."),
        facts,
    )


def value_of(variable: Variable, values: Values) -> str:
    """Return what takes its place. Raises `BadTemplate` where it has no value."""
    match variable:
        case Variable(Name.USERNAME):
            return values.username
        case Variable(Name.PASSWORD):
            return values.password
        case Variable(Name.HOST, int(port)) if port in values.hosts:
            return values.hosts[port]
    raise BadTemplate(
        Fault(_("{{%(name)s}} has no meaning here."), "", {"name": variable.name.value})
    )


def substitute(text: str, values: Values, quoted: Callable[[str], str]) -> str:
    """Put values in the place of variables; `quoted` is applied to all but host names."""

    def rendered(found: re.Match[str]) -> str:
        variable = known(found.group(1))
        value = value_of(variable, values)
        # A host is part of the address itself; credentials are data in it.
        return value if variable.name is Name.HOST else quoted(value)

    return USE.sub(rendered, text)
