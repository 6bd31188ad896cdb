"""What an environment is made of. Values only: reading them from a file is `reading.py`.

Defaults are those of a small JupyterLab, and each is the one that a file gets which says nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from mydocker.domain.links import port_of_link
from mydocker.domain.local_times import DEFAULT_ZONE

MEBIBYTE = 1024**2
GIBIBYTE = 1024**3
LEAD = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages of the product. Both are filled, or both are empty."""

    en: str = ""
    fr: str = ""

    def in_language(self, code: str) -> str:
        """Return the text for a language code such as `fr` or `fr-FR`; English for any other."""
        return self.fr if code.lower().split("-")[0].split("_")[0] == "fr" else self.en


class NetworkPolicy(StrEnum):
    """Where a workspace may go. Other containers and the node are closed in either case."""

    OPEN = "open"
    """The internet and name resolution."""
    ONCE_CLAIMED = "once-claimed"
    """As `open`, but a spare reaches nothing before it is somebody's."""
    NONE = "none"
    """Nowhere: it can be reached through the gateway, and that is all."""


class Protocol(StrEnum):
    """How a port is spoken to."""

    HTTP = "http"
    """Reached in a browser, through the gateway."""
    SSH = "ssh"
    """A shell; waits for the SSH gateway."""
    OTHER = "other"
    """Any TCP protocol; waits for the SSH gateway."""


class Auth(StrEnum):
    """How the application behind an interface knows that it is its person who comes."""

    JUPYTER = "jupyter"
    """The gateway adds `Authorization: token PASSWORD`."""
    BASIC = "basic"
    """The gateway adds `Authorization: Basic USERNAME:PASSWORD` (RFC 7617)."""
    LINK = "link"
    """The link carries the password, and is rendered only into the redirect after entry."""
    NONE = "none"
    """The application asks for nothing, or asks the person itself."""


class HomeKind(StrEnum):
    """Which of a person's persistent folders."""

    ENVIRONMENT = "environment"
    """One per workspace."""
    GLOBAL = "global"
    """One per person, shared by all their workspaces."""


class Status(StrEnum):
    """How far an environment is, which decides who may start it (`admission.py`)."""

    DRAFT = "draft"
    """Its maintainers alone see and start it."""
    TEST = "test"
    """It starts for whoever has the link, and is in no list."""
    READY = "ready"
    """It starts for whoever may join, and is in the catalogue."""
    ARCHIVED = "archived"
    """It no longer starts; files stay."""


class Access(StrEnum):
    """Who may join."""

    ANYONE = "anyone"
    """Any signed-in person who has the link."""
    PEOPLE = "people"
    """Those whose mail is listed, and the maintainers."""


@dataclass(frozen=True, slots=True)
class Port:
    """A container port."""

    number: int
    protocol: Protocol = Protocol.HTTP
    label: str = ""
    ready: str | None = "/"
    """What must answer before the run counts as ready: an HTTP path (any status below 500),
    "" for a TCP connection, None for nothing."""


@dataclass(frozen=True, slots=True)
class Interface:
    """A way into a running workspace: a button with a title and a link."""

    key: str
    """Stands in the lasting link `/workspaces/ID/open/KEY`; unique in its environment."""
    title: Text
    link: str
    """With template variables, as the teacher wrote it."""
    auth: Auth = Auth.NONE

    @property
    def port(self) -> int | None:
        """The container port that the link leads to; None if it leads out of the workspace."""
        return port_of_link(self.link)


@dataclass(frozen=True, slots=True)
class HomeMount:
    """A home and where it appears in the container: an absolute, normal path."""

    kind: HomeKind
    path: str


@dataclass(frozen=True, slots=True)
class Resources:
    """What a run may use. CPU throttles; memory and pids are hard limits."""

    cpu_nanos: int = 1_000_000_000
    memory_bytes: int = 2 * GIBIBYTE
    pids: int = 512
    shm_bytes: int = 64 * MEBIBYTE
    """`/dev/shm`; counts as memory when used."""
    tmp_bytes: int = GIBIBYTE
    """`/tmp`; counts as memory when used."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """When a run ends by itself. None: never for this reason."""

    idle: timedelta | None = timedelta(hours=2)
    """After so long without interaction or work."""
    absolute: timedelta | None = timedelta(hours=24)
    """So long after it was ready, whatever happens in it."""
    warning: timedelta = timedelta(minutes=5)
    """The person is told so long before either."""
    sleep: timedelta | None = timedelta(minutes=20)
    """After so long without interaction or work it is frozen, and goes on when it is used again;
    None: never."""

    @property
    def falls_asleep(self) -> bool:
        """Whether a run that nobody uses sleeps before it ends."""
        return self.sleep is not None and (self.idle is None or self.sleep < self.idle)


class SpareMode(StrEnum):
    """How far a spare of this environment is started ahead."""

    AUTO = "auto"
    """As far as the platform knows how: Jupyter until just before it looks at its home, any other
    application completely where no homes are mounted."""
    RUNNING = "running"
    """Completely; homes appear under the running application, which must not have read them
    before."""
    NEVER = "never"
    """Not at all: every start is a cold one."""


class Day(StrEnum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """So many spares on these days of the week, between these times of the wall clock there."""

    days: tuple[Day, ...]
    """On which it begins; in the week's order, each once."""
    from_minutes: int
    """After midnight by the clock: 0 to 1439."""
    to_minutes: int
    """0 to 1440, which is the day's end; less than `from_minutes` means on the next day."""
    spares: int
    zone: str = DEFAULT_ZONE
    """IANA name, such as `Europe/Paris`."""


@dataclass(frozen=True, slots=True)
class Spares:
    """How many runs stand ready ahead of demand: the largest of all that is said here."""

    wanted: int = 0
    """Always so many."""
    learnt: bool = True
    """Also as many as recent arrivals suggest."""
    most: int = 50
    """Never more, whatever asks for them."""
    mode: SpareMode = SpareMode.AUTO
    schedule: tuple[ScheduleLine, ...] = ()
    """Where lines overlap, the largest holds; they do not add up."""


@dataclass(frozen=True, slots=True)
class ClassSession:
    """A dated use of the environment by a class."""

    start: datetime
    """UTC."""
    end: datetime
    """UTC; after `start`."""
    students: int
    lead: timedelta = LEAD
    """Spares for it are made so long before it starts."""
    zone: str = DEFAULT_ZONE
    """IANA name of the zone in which its times are written."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What a teacher defines and a student asks for."""

    slug: str
    """Lower-case name in addresses and commands; unique."""
    title: Text
    image: str
    description: Text = field(default_factory=Text)
    status: Status = Status.DRAFT
    command: str = ""
    """Given as CMD after substitution; empty keeps the image's own."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables; values may hold the template variables of commands."""
    user: int | None = None
    """uid (and gid) of the program; None keeps the image's own."""
    sudo: bool = False
    ports: tuple[Port, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    """In the order shown; the first is the main one."""
    resources: Resources = field(default_factory=Resources)
    homes: tuple[HomeMount, ...] = ()
    """At most one of each kind."""
    lifetime: Lifetime = field(default_factory=Lifetime)
    spares: Spares = field(default_factory=Spares)
    sessions: tuple[ClassSession, ...] = ()
    network: NetworkPolicy = NetworkPolicy.OPEN
    maintainers: tuple[str, ...] = ()
    """Mails, lower case."""
    courses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    software: tuple[str, ...] = ()
    join_code: str | None = None
    """None: one is drawn when the environment is stored."""
    access: Access = Access.ANYONE
    people: tuple[str, ...] = ()
    """Mails, lower case: who may join when access is `people`."""
    notes: str = ""
    """For the maintainers; never shown to students."""

    def port(self, number: int) -> Port | None:
        """Return the declared port of that number."""
        return next((port for port in self.ports if port.number == number), None)

    def interface(self, key: str) -> Interface | None:
        """Return the interface of that key."""
        return next((interface for interface in self.interfaces if interface.key == key), None)

    @property
    def required_ports(self) -> tuple[Port, ...]:
        """Ports that must answer before a run counts as ready."""
        return tuple(port for port in self.ports if port.ready is not None)

    @property
    def http_ports(self) -> tuple[Port, ...]:
        """Ports that get a host name of their own."""
        return tuple(port for port in self.ports if port.protocol is Protocol.HTTP)
