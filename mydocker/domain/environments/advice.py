"""What is allowed in an environment, but probably not what its teacher wants."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from mydocker.domain.environments.ahead import NotAhead, WhyNot, eligibility
from mydocker.domain.environments.mistakes import Mistake
from mydocker.domain.environments.values import (
    Access,
    Auth,
    Day,
    Environment,
    Interface,
    Protocol,
    ScheduleLine,
    Status,
)
from mydocker.domain.jupyter import Culler, culling_options
from mydocker.domain.links import read_link
from mydocker.domain.local_times import MINUTES_OF_DAY
from mydocker.domain.quantities import write_bytes, write_duration
from mydocker.domain.templates import needs_password, words_as_written
from mydocker.domain.words import gettext_noop as _

_SHELL = re.compile(r"\|\|?|&&?|;|[0-9]?>>?|<|\$\(?\{?\w+\}?\)?.*")


def warnings_of(environment: Environment) -> list[Mistake]:
    """Tell what a maintainer should look at, without refusing anything."""
    return [
        *_of_links(environment),
        *_of_ports(environment),
        *_of_command(environment),
        *_of_resources(environment),
        *_of_people(environment),
        *_of_spares(environment),
    ]


def _of_links(environment: Environment) -> Iterator[Mistake]:
    for number, interface in enumerate(environment.interfaces):
        path = ("interfaces", number, "link")
        link = read_link(interface.link)
        if link and link.old:
            yield Mistake(
                path,
                _("{{IP}}:{{PORT['%(port)s']}} is taken for {{HOST['%(port)s']}}."),
                _("An http port is reached through the gateway, under a name of its own."),
                {"port": link.port},
            )
        if needs_password(interface.link):
            yield from _of_password(interface, path)


def _of_password(interface: Interface, path: tuple[str | int, ...]) -> Iterator[Mistake]:
    if interface.auth in (Auth.JUPYTER, Auth.BASIC):
        yield Mistake(
            path,
            _("The password in this link is not needed: the gateway shows it to the application."),
            _("Take {{PASSWORD}} out of the link."),
        )
    elif interface.auth is Auth.NONE:
        yield Mistake(
            path,
            _("This link carries the password, though its auth is none."),
            _("Write auth: link; for Jupyter, auth: jupyter and a link without {{PASSWORD}}."),
        )


def _of_ports(environment: Environment) -> Iterator[Mistake]:
    for number, port in enumerate(environment.ports):
        if port.protocol is not Protocol.HTTP:
            yield Mistake(
                ("ports", number, "protocol"),
                _("Port %(port)s cannot be reached yet: it waits for the SSH gateway."),
                _("People are told so on the workspace's page."),
                {"port": port.number},
            )
    if environment.ports and not environment.required_ports:
        yield Mistake(
            ("ports",),
            _("No port must answer: the workspace counts as ready as soon as it has started."),
            _("Write ready: / on the port that people open first."),
        )


def _of_command(environment: Environment) -> Iterator[Mistake]:
    words = words_as_written(environment.command)
    yield from _of_culling(words)
    bare = [word for word in words if _SHELL.fullmatch(word)]
    if bare:
        yield Mistake(
            ("command",),
            _("%(word)s is given to the program as it stands: no shell reads the command."),
            _("Where you need a shell, write sh -c '…'."),
            {"word": bare[0][:80]},
        )


def _of_culling(words: Sequence[str]) -> Iterator[Mistake]:
    culling = culling_options(words)
    if not culling.is_all_understood:
        yield Mistake(
            ("command",),
            _("The command lets Jupyter end things by itself: these workspaces never sleep."),
            _("Take its culling options out, and say idle and sleep under lifetime."),
        )
    elif Culler.SERVER in culling.seconds:
        yield Mistake(
            ("command",),
            _("Jupyter is not to end by itself: the platform ends it after %(time)s instead."),
            _("Take the option out, and say idle under lifetime: people are warned and told why."),
            {"time": write_duration(timedelta(seconds=culling.seconds[Culler.SERVER]))},
        )
    elif culling.seconds:
        yield Mistake(
            ("command",),
            _("Kernels and terminals are not ended: a workspace that nobody uses sleeps instead."),
            _("Take Jupyter's culling options out of the command."),
        )


def _of_resources(environment: Environment) -> Iterator[Mistake]:
    resources = environment.resources
    if resources.shm_bytes + resources.tmp_bytes >= resources.memory_bytes:
        yield Mistake(
            ("resources",),
            _("Shared memory and /tmp count as memory: full, they take all of the %(memory)s."),
            _("Give more memory, or make them smaller."),
            {"memory": write_bytes(resources.memory_bytes)},
        )


def _of_people(environment: Environment) -> Iterator[Mistake]:
    if environment.access is Access.PEOPLE and not environment.people:
        yield Mistake(
            ("people",),
            _("Nobody is listed: only the maintainers can join."),
            _("List mails under people, or write access: anyone."),
        )
    if environment.access is Access.ANYONE and environment.people:
        yield Mistake(
            ("access",),
            _("The list of people has no effect while anyone can join."),
            _("Write access: people."),
        )


def _of_spares(environment: Environment) -> Iterator[Mistake]:
    spares = environment.spares
    asked = [
        (("spares", "wanted"), spares.wanted),
        *(
            (("spares", "schedule", number, "spares"), line.spares)
            for number, line in enumerate(spares.schedule)
        ),
        *(
            (("sessions", number, "students"), session.students)
            for number, session in enumerate(environment.sessions)
        ),
    ]
    if not any(number for _path, number in asked) or environment.status is Status.ARCHIVED:
        return
    found = eligibility(environment)
    # The image's own command is not known here, nor needed for anything else that is wrong.
    if isinstance(found, NotAhead) and found.why is not WhyNot.UNKNOWN:
        yield Mistake(("spares",), found.message, found.hint, found.facts)
        return
    for path, number in asked:
        if number > spares.most:
            yield Mistake(
                path,
                _("This asks for %(number)s spares, and at most %(most)s are made."),
                _("Write most: %(number)s under spares, or leave the others to start cold."),
                {"number": number, "most": spares.most},
            )
    yield from _of_schedule(spares.schedule)


def _of_schedule(schedule: Sequence[ScheduleLine]) -> Iterator[Mistake]:
    """Lines of one zone that hold at the same time; of each only the first that it meets."""
    spans = [(line.zone, list(_week_spans(line))) for line in schedule]
    for number, (zone, here) in enumerate(spans):
        for other, (other_zone, there) in enumerate(spans[:number]):
            if zone == other_zone and any(a < d and c < b for a, b in here for c, d in there):
                yield Mistake(
                    ("spares", "schedule", number),
                    _("This line holds at the same time as line %(other)s of the schedule."),
                    _("They do not add up: the larger number holds. Class sessions add up."),
                    {"other": other + 1},
                )
                break


def _week_spans(line: ScheduleLine) -> Iterator[tuple[int, int]]:
    """Minutes since Monday, 0:00 by the clock, between which the line holds; none is cut."""
    last = line.to_minutes + (MINUTES_OF_DAY if line.to_minutes < line.from_minutes else 0)
    week = 7 * MINUTES_OF_DAY
    for number, day in enumerate(Day):
        if day in line.days:
            begin, end = (number * MINUTES_OF_DAY + each for each in (line.from_minutes, last))
            yield begin, min(end, week)
            if end > week:
                yield 0, end - week
