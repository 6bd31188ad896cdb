"""From a button on the dashboard into a running workspace: links, tickets, grants of entry."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from mydocker.domain.environments import Environment, Interface
from mydocker.domain.links import render_link
from mydocker.domain.people import Person
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.runs import Phase
from mydocker.domain.story import StoryKind
from mydocker.domain.templates import Values
from mydocker.domain.words import gettext_noop as _
from mydocker.services import catalogue, workspaces
from mydocker.store import access, runs, story
from mydocker.store.doorbell import ring
from mydocker.store.runs import RunRow
from mydocker.store.secrets import digest
from mydocker.store.transactions import unit_of_work

TICKET_LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Site:
    """How run hosts are addressed: the scheme, and what follows the host (`:8080` or nothing)."""

    scheme: str
    port_suffix: str


@dataclass(frozen=True, slots=True)
class Holder:
    """On whose behalf a way is opened: a login session or an API token of the person."""

    login: str | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """What the browser gets: the grant's cookie value, and where to go on the same host."""

    cookie: str
    digest: str
    path: str


def open_interface(
    person: Person,
    workspace: str,
    interface: str,
    rest: str,
    holder: Holder,
    site: Site,
    now: datetime,
) -> str:
    """The address that lets the holder into an interface, once, within 60 s.

    `interface` is its key, or empty for the first; `rest` is the click's own path on it (the
    `user-redirect` of nbgitpuller links), or empty. Refuses with `not_ready` until it runs.
    """
    run = _ready_run(person, workspace)
    definition = catalogue.of_run(run)
    chosen = _interface(definition, interface)
    port = chosen.port
    if port is None or port not in run.hosts:
        raise Refusal(
            Kind.NOT_FOUND, "interface_elsewhere", _("This interface has no page of its own."),
            _("Its address is shown on the workspace's page."),
        )  # fmt: skip
    host = run.hosts[port]
    link = render_link(chosen.link, site.scheme, _values(run, site), rest)
    path = _path_on(host, link)
    return _ticket(person, run, host, path, holder, site, now, chosen.key)


def open_path(
    person: Person, workspace: str, host: str, path: str, holder: Holder, site: Site, now: datetime
) -> str:
    """The address that lets the holder in to a path of one of the live run's own hosts."""
    run = _ready_run(person, workspace)
    if host not in run.hosts.values():
        raise _no_interface()
    return _ticket(person, run, host, path, holder, site, now, "")


def enter(ticket: str, host: str, now: datetime) -> Entered:
    """Use a ticket up: a grant for its holder on this very host."""
    with unit_of_work():
        entry = access.consume_ticket(ticket, host, now)
        if entry is None:
            raise Refusal(
                Kind.GONE, "ticket_spent",
                _("This way in was used already, or is older than a minute."),
                _("Open the workspace again from your dashboard."),
            )  # fmt: skip
        cookie = access.grant(entry, now)
        ring("grants", entry.run)
        if entry.token is not None:
            ring("logins", entry.token)  # it may end soon
    return Entered(cookie, digest(cookie), entry.path)


def _ready_run(person: Person, workspace: str) -> RunRow:
    row = workspaces.own(person, workspace)
    run = runs.live_of(workspace)
    if row.person != person.id:
        raise Refusal(
            Kind.FORBIDDEN, "not_yours", _("This workspace belongs to somebody else."),
            _("Only its owner can open it."),
        )  # fmt: skip
    if run is None or run.phase is not Phase.READY or run.generation != row.generation:
        raise Refusal(
            Kind.CONFLICT, "not_ready", _("This workspace is not ready yet."),
            _("Start it, or wait until it is."),
        )  # fmt: skip
    return run


def _interface(definition: Environment, key: str) -> Interface:
    for interface in definition.interfaces:
        if key in ("", interface.key):
            return interface
    raise _no_interface()


def _no_interface() -> Refusal:
    return Refusal(
        Kind.NOT_FOUND, "unknown_interface", _("This environment has no such interface."),
        _("Open the workspace's page: it shows all of them."),
    )  # fmt: skip


def _values(run: RunRow, site: Site) -> Values:
    hosts = {port: host + site.port_suffix for port, host in run.hosts.items()}
    return Values(*run.credentials(), hosts)


def _path_on(host: str, link: str) -> str:
    """What follows the host in a rendered link; it never leads elsewhere."""
    after_scheme = link.partition("://")[2]
    netloc, slash, path = after_scheme.partition("/")
    if netloc.partition(":")[0] != host:
        raise _no_interface()
    return slash + path or "/"


def _ticket(
    person: Person,
    run: RunRow,
    host: str,
    path: str,
    holder: Holder,
    site: Site,
    now: datetime,
    interface: str,
) -> str:
    with unit_of_work():
        secret = access.issue_ticket(
            host=host, path=path, person=person.id, login=holder.login, token=holder.token,
            now=now, lifetime=TICKET_LIFETIME,
        )  # fmt: skip
        story.append(
            run.workspace, StoryKind.OPENED, now, run=run.id, actor=person.id, interface=interface
        )
    query = urlencode({"ticket": secret})
    return f"{site.scheme}://{host}{site.port_suffix}/.mydocker/enter?{query}"
