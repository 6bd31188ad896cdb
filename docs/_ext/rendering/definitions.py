"""The environment file: every key, what it means, what it is where the file says nothing.

Keys, choices and defaults come from `mydocker.domain.environments`; the meaning of each key is
written here, and a key that the code reads and nobody explained ends the build, as does an
explanation of a key that is no more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mydocker.domain.environments import calendar, limits, reading
from mydocker.domain.environments.doors import _KEYS_OF_INTERFACE, _KEYS_OF_PORT
from mydocker.domain.environments.values import (
    LEAD,
    Access,
    Auth,
    Environment,
    HomeKind,
    Lifetime,
    NetworkPolicy,
    Port,
    Protocol,
    Resources,
    SpareMode,
    Spares,
    Status,
    Text,
)
from mydocker.domain.local_times import DEFAULT_ZONE
from mydocker.domain.quantities import write_bytes, write_cpus, write_duration
from mydocker.domain.templates import IN_COMMANDS, Name
from rendering import Incomplete
from rendering.markdown import code, entry
from rendering.members import explained

_BARE = Environment(slug="", title=Text(), image="")
_RESOURCES, _LIFETIME, _PORT, _SPARES = Resources(), Lifetime(), Port(1), Spares()


@dataclass(frozen=True, slots=True)
class Key:
    """What a key means. `default` is what holds where the file says nothing; empty: needed."""

    meaning: str
    default: str = ""
    choices: type[StrEnum] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A group of keys that the code reads together."""

    title: str
    known: Sequence[str]
    keys: Mapping[str, Key]


ENVIRONMENT = {
    "slug": Key(
        "Short name in addresses and commands: small letters, digits, single hyphens. It is what "
        "`apply` looks for, so a new slug is a new environment.",
        "made of the English title",
    ),
    "title": Key("One text, or one for each language: `{fr: …, en: …}`."),
    "description": Key("As the title; may have several paragraphs.", "empty"),
    "status": Key("How far it is.", code(_BARE.status.value), Status),
    "image": Key("Reference of the image, as for `docker pull`."),
    "command": Key(
        "What the container runs. It is cut into words as a shell would and given to the image "
        "as its command; no shell reads it, so `|`, `&&` or `$HOME` need `sh -c '…'`. May hold "
        "the [template variables](#template-variables) of commands.",
        "the image's own",
    ),
    "variables": Key(
        "Environment variables, `NAME: value`. Values may hold the template variables of "
        "commands; names that begin with `MYDOCKER_` are the platform's own.",
        "none",
    ),
    "user": Key("uid, and gid, of the program: 0 to 65534.", "the image's own"),
    "sudo": Key(
        "Whether `sudo` and `apt` may work inside. See "
        "[what that allows](../explanation/isolation.md).",
        "no",
    ),
    "ports": Key("Container ports: a list of numbers, or of [entries](#ports).", "none"),
    "interfaces": Key(
        "The buttons people see, in this order; the first is the main one. See "
        "[interfaces](#interfaces).",
        "one for each `http` port",
    ),
    "resources": Key("What a run may use. See [resources](#resources).", "see there"),
    "homes": Key("Folders that stay. See [homes](#homes).", "none: nothing is kept"),
    "lifetime": Key("When a run ends by itself. See [lifetime](#lifetime).", "see there"),
    "spares": Key(
        "How many containers stand ready before anybody asks. See [spares](#spares).", "see there"
    ),
    "sessions": Key("Dated uses by a class. See [sessions](#sessions).", "none"),
    "network": Key("Where a workspace may go.", code(_BARE.network.value), NetworkPolicy),
    "maintainers": Key(
        "Mails of those who may change it and see who is in.",
        "whoever creates it; nobody from the command line",
    ),
    "courses": Key("Names of courses, shown and searched.", "none"),
    "tags": Key("Words to find it by.", "none"),
    "software": Key("What is in it, shown on its page.", "none"),
    "join_code": Key(
        "The last part of its link `/join/CODE`: 4 to 64 letters, digits, `-`, `_`.",
        "drawn, so that nobody can guess it",
    ),
    "access": Key(
        "Who may join.", "`people` where people are listed, else `anyone`", choices=Access
    ),
    "people": Key("Mails of those who may join, at most 5,000.", "nobody"),
    "notes": Key("For the maintainers; never shown to students.", "empty"),
}
PORTS = {
    "number": Key("1 to 65535."),
    "protocol": Key("How it is spoken to.", code(_PORT.protocol.value), Protocol),
    "label": Key("What it is called where it needs a name.", "`Port` and its number"),
    "ready": Key(
        "What must answer before the workspace is ready: a path such as `/api` (any status below "
        "500), `connect` for any answer at all, `yes` or `no`.",
        "`/` for `http`, `connect` for `ssh`, `no` for `other`",
    ),
}
INTERFACES = {
    "key": Key("Its name in the lasting link `/workspaces/ID/open/KEY`.", "made of the title"),
    "title": Key("What the button says; one text or one for each language."),
    "link": Key(
        "Where it leads: `https://{{HOST['8888']}}/lab`, or the path alone. The scheme becomes "
        "that of the service. An address elsewhere on the web is taken as it is. May hold the "
        "template variables of links.",
        "the port's first page",
    ),
    "port": Key("Which port, where the link is a path alone or absent.", "the only `http` port"),
    "auth": Key(
        "How the application knows its person.",
        "`link` if the link holds the password, else `none`",
        choices=Auth,
    ),
}
RESOURCES = {
    "cpu": Key(
        "Number of CPUs, such as 2 or 0.5. Beyond it a program is slowed down, never killed.",
        code(str(write_cpus(_RESOURCES.cpu_nanos))),
    ),
    "memory": Key(
        "A size. Beyond it Linux kills a program inside.",
        code(write_bytes(_RESOURCES.memory_bytes)),
    ),
    "pids": Key("How many processes and threads.", code(str(_RESOURCES.pids))),
    "shm": Key(
        "Size of `/dev/shm`; counts as memory when used.", code(write_bytes(_RESOURCES.shm_bytes))
    ),
    "tmp": Key(
        "Size of `/tmp`; counts as memory when used.",
        f"{code(write_bytes(_RESOURCES.tmp_bytes))}, at most half of the memory",
    ),
}
LIFETIME = {
    "idle": Key(
        "Ends after so long without interaction or work; `never` for no such limit.",
        code(write_duration(_LIFETIME.idle) if _LIFETIME.idle else "never"),
    ),
    "absolute": Key(
        "Ends so long after it was ready, whatever happens in it; `never` for no such limit.",
        code(write_duration(_LIFETIME.absolute) if _LIFETIME.absolute else "never"),
    ),
    "warning": Key(
        "The person is told so long before either.",
        f"{code(write_duration(_LIFETIME.warning))}, at most half of the shorter limit",
    ),
    "sleep": Key(
        "Falls asleep after so long without interaction or work, and goes on when it is used; "
        "`never` for staying awake.",
        code(write_duration(_LIFETIME.sleep) if _LIFETIME.sleep else "never"),
    ),
}
HOMES = {
    "environment": Key("Path in the container of the home that is this workspace's own.", "absent"),
    "global": Key(
        "Path in the container of the home that all of a person's workspaces share.", "absent"
    ),
}
SPARES = {
    "wanted": Key(
        f"Always so many: 0 to {calendar.MOST_SPARES}. Of this, the schedule, the class sessions "
        "and what is learnt, the largest holds; they do not add up.",
        code(str(_SPARES.wanted)),
    ),
    "learnt": Key(
        "Whether there are also as many as recent arrivals suggest. See "
        "[where the number comes from](../explanation/spares.md#where-the-number-comes-from).",
        "yes",
    ),
    "most": Key(
        f"Never more, whatever asks for them: 0 to {calendar.MOST_SPARES}.",
        code(str(_SPARES.most)),
    ),
    "mode": Key("How far they are started ahead.", code(_SPARES.mode.value), SpareMode),
    "schedule": Key(
        f"Weekly times, at most {calendar.MOST_LINES} [lines](#lines-of-the-schedule). Where they "
        "overlap, the largest holds.",
        "none",
    ),
}
LINES = {
    "days": Key(
        "`mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`, a range such as `mon-fri`, or a list of "
        "these. The day is the one on which the line begins."
    ),
    "from": Key("When it begins, by the clock there: `'08:00'`."),
    "to": Key(
        "When it ends; `'24:00'` is the end of the day. A time before `from` is on the next day. "
        "A time that the clock shows twice when it is set back is the second one, and in `from` "
        "the first; one that is skipped when it is set forward is the moment of the jump."
    ),
    "zone": Key("IANA name of the time zone.", code(DEFAULT_ZONE)),
    "spares": Key(f"How many: 1 to {calendar.MOST_SPARES}."),
}
SESSIONS = {
    "start": Key("By the clock there: `2026-11-23T08:30`."),
    "end": Key(f"In the same way; at most {calendar.LONGEST_SESSION.days} days after the start."),
    "zone": Key("IANA name of the time zone of both.", code(DEFAULT_ZONE)),
    "students": Key(
        f"How many are expected: 1 to {calendar.MOST_STUDENTS:,}. Classes at the same time add up."
    ),
    "lead": Key(
        "How long before its start spares are made; at most a day.", code(write_duration(LEAD))
    ),
}
SECTIONS = (
    Section("Keys", reading.KEYS, ENVIRONMENT),
    Section("Ports", _KEYS_OF_PORT, PORTS),
    Section("Interfaces", _KEYS_OF_INTERFACE, INTERFACES),
    Section("Resources", limits.KEYS_OF_RESOURCES, RESOURCES),
    Section("Homes", [kind.value for kind in HomeKind], HOMES),
    Section("Lifetime", limits.KEYS_OF_LIFETIME, LIFETIME),
    Section("Spares", calendar.KEYS_OF_SPARES, SPARES),
    Section("Lines of the schedule", calendar.KEYS_OF_LINE, LINES),
    Section("Sessions", calendar.KEYS_OF_SESSION, SESSIONS),
)
_MEANINGS = {
    Name.USERNAME: "The run's generated user name; not the person's.",
    Name.PASSWORD: "The run's generated password; not the person's.",
    Name.HOST: "Host name, and port where there is one, under which the gateway shows a port of "
    "this run. Written `{{HOST['8888']}}`.",
    Name.PORT: "Older spelling: `{{IP}}:{{PORT['8888']}}` is taken for `{{HOST['8888']}}`, with a "
    "warning.",
    Name.IP: "Older spelling, together with `PORT`.",
    Name.USER_REDIRECT: "What follows `/user-redirect/` in the link that was clicked; empty "
    "without. Once in a link.",
}


def render() -> str:
    """Return every section."""
    return "\n".join(section(each) for each in SECTIONS)


def section(part: Section) -> str:
    """Return one section. Raises `Incomplete` if code and explanations name different keys."""
    if odd := set(part.known) ^ set(part.keys):
        names = ", ".join(sorted(odd))
        raise Incomplete(f"docs/_ext/rendering/definitions.py, {part.title}: {names}")
    return f"## {part.title}\n\n" + "\n".join(_entry(name, part.keys[name]) for name in part.known)


def _entry(name: str, key: Key) -> str:
    need = f"*Default: {key.default}.*" if key.default else "*Needed.*"
    return entry(code(name), key.meaning, *_choices(key.choices), need)


def _choices(choices: type[StrEnum] | None) -> Iterator[str]:
    if choices is not None:
        for value, said in explained(choices).items():
            yield f"{code(value)}: {said}"


def render_variables() -> str:
    """Return the template variables. Raises `Incomplete` for one that is not explained."""
    if odd := set(Name) - set(_MEANINGS):
        raise Incomplete(f"docs/_ext/rendering/definitions.py: {', '.join(sorted(odd))}")
    return "\n".join(
        entry(code(f"{{{{{name}}}}}"), _MEANINGS[name], f"For {_where(name)}.") for name in Name
    )


def _where(name: Name) -> str:
    return "commands, variables and links" if name in IN_COMMANDS else "links"
