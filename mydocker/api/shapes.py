"""The shapes of requests, which are enforced, and of answers, which the tests compare with.

Requests are strict: no unknown key, no conversion, every text with a pattern and a length.
"""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from mydocker.domain.environments import Status
from mydocker.domain.failures import Cause
from mydocker.domain.people import Role
from mydocker.domain.scopes import Scope
from mydocker.domain.spares import WhyShort
from mydocker.domain.story import StoryKind
from mydocker.domain.workspaces import State
from mydocker.services.summaries import MOST

Item = TypeVar("Item")

_ID = "^[a-z2-7]{12}$"
Id = Annotated[str, StringConstraints(pattern=_ID, max_length=12)]
Slug = Annotated[str, StringConstraints(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=63)]
Key = Annotated[str, StringConstraints(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=63)]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200)]
Address = Annotated[
    str, StringConstraints(pattern=r"^[!$%&'()*+,./0-9:;=?@A-Z_a-z~-]*$", max_length=8000)
]


def whole(value: object) -> object:
    """Return 60 for 60.0: in JSON, that is a whole number too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


TEN_YEARS = 10 * 365 * 86400
Seconds = Annotated[int, Field(ge=60, le=TEN_YEARS), BeforeValidator(whole)]
# Which scopes there are is `domain.scopes`' to check.
ScopeName = Annotated[
    str,
    StringConstraints(max_length=40),
    WithJsonSchema({"type": "string", "enum": [scope.value for scope in Scope]}),
]


def shown(example: dict[str, Any]) -> ConfigDict:
    """How an answer is read."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


def asked(example: dict[str, Any]) -> ConfigDict:
    """How a request is read: strictly."""
    return ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [example]})


class Error(BaseModel):
    """Every answer with a status of 400 or more."""

    model_config = shown(
        {
            "code": "unknown_workspace",
            "message": "There is no such workspace of yours.",
            "hint": "It may have been deleted, or belong to somebody else.",
            "reference": "k3vq7m2a",
        }
    )
    code: str = Field(description="Stable and machine-readable.")
    message: str = Field(description="A sentence for the person, in the language asked for.")
    hint: str = Field(description="What they can do; may be empty.")
    reference: str = Field(description="Names this very answer in the logs; tell it to support.")


class MistakeShown(BaseModel):
    """One thing that is wrong, or unwise, in a definition, a recipe or among files."""

    model_config = ConfigDict(extra="forbid")
    line: int = Field(description="From 1; 0 where it is not known, as in JSON, and of files.")
    place: str = Field(description="Such as `ports[0].number`; empty for the whole.")
    message: str
    hint: str


class DefinitionError(Error):
    """A definition, a recipe or files with mistakes: all of them at once."""

    mistakes: list[MistakeShown] = Field(
        default=[], description="Only for `bad_definition`, `bad_recipe` and `bad_files`."
    )


class Reason(BaseModel):
    """Why a workspace failed or stopped."""

    model_config = ConfigDict(extra="forbid")
    code: Cause
    message: str
    hint: str


class InterfaceShown(BaseModel):
    """A way in. The link needs a login session on the dashboard; scripts ask for a ticket."""

    model_config = ConfigDict(extra="forbid")
    key: str
    title: str
    url: str


class Credentials(BaseModel):
    """What was generated for the present run; not the person's own."""

    model_config = ConfigDict(extra="forbid")
    username: str
    password: str


_WORKSPACE: dict[str, Any] = {
    "id": "f7x2mzq4abcd",
    "environment": "jupyterlab-python",
    "state": "ready",
    "reason": None,
    "interfaces": [
        {
            "key": "jupyterlab",
            "title": "JupyterLab",
            "url": "http://mydocker.localhost:8080/workspaces/f7x2mzq4abcd/open/jupyterlab",
        }
    ],
    "credentials": {"username": "kq3m5x7a", "password": "7Hc…"},
    "stops_at": "2026-11-22T10:30:00.000000Z",
    "queue": None,
}


class Queue(BaseModel):
    """A place in the queue of those who start."""

    model_config = ConfigDict(extra="forbid")
    place: int = Field(description="From 1.")
    of: int = Field(description="How many wait.")
    seconds: int | None = Field(
        description="Until it is ready, from measured starts; null where none could tell."
    )


class Workspace(BaseModel):
    """A person's standing place in one environment."""

    model_config = shown(_WORKSPACE)
    id: str
    environment: str = Field(description="The slug.")
    state: State
    reason: Reason | None
    interfaces: list[InterfaceShown] = Field(description="Empty unless ready.")
    credentials: Credentials | None = Field(
        description="For the owner of a ready workspace, with the scope `workspaces:open`; "
        "never in lists."
    )
    stops_at: datetime | None = Field(description="When it stops if nothing happens.")
    queue: Queue | None = Field(description="Null unless it waits for its turn to start.")


class Owner(BaseModel):
    """Whose workspace it is."""

    model_config = ConfigDict(extra="forbid")
    id: str
    name: str
    mail: str


class OwnedWorkspace(Workspace):
    """A workspace as administrators see it."""

    model_config = shown(
        _WORKSPACE
        | {"credentials": None}
        | {"person": {"id": "b2c3d4e5f6g7", "name": "Ada", "mail": "ada@example.org"}}
    )
    person: Owner


class EnvironmentShown(BaseModel):
    """An environment as people see it who may start it."""

    model_config = shown(
        {
            "slug": "jupyterlab-python",
            "title": "JupyterLab and Python",
            "description": "Notebooks with numpy and pandas.",
            "status": "ready",
            "courses": ["Python L1"],
            "tags": ["python"],
            "software": ["JupyterLab 4"],
            "interfaces": ["JupyterLab"],
            "join_url": None,
        }
    )
    slug: str
    title: str
    description: str
    status: Status
    courses: list[str]
    tags: list[str]
    software: list[str]
    interfaces: list[str]
    join_url: str | None = Field(description="The link to share; for those who may edit it.")


class Applied(BaseModel):
    """What applying a definition did."""

    model_config = ConfigDict(extra="forbid")
    environment: EnvironmentShown
    changed: bool = Field(description="False where the same definition stood there already.")
    warnings: list[MistakeShown]


class QuarterShown(BaseModel):
    """A quarter of an hour. A start belongs to the one in which it was asked for."""

    model_config = ConfigDict(extra="forbid")
    begins: datetime
    claimed: int = Field(description="Starts from a spare.")
    cold: int = Field(description="Other starts.")
    failed: int = Field(description="Starts that ended without having been ready.")
    p50_seconds: float | None = Field(description="Half of the starts were ready within.")
    p95_seconds: float | None = Field(description="19 of 20 starts were ready within.")
    spares: int | None = Field(description="The most at one time; null where nobody counted.")
    awake: int | None = Field(description="Likewise, of workspaces that run.")
    asleep: int | None = Field(description="Likewise, of workspaces that sleep.")
    waiting: int | None = Field(description="Likewise, of workspaces that wait for their turn.")


class Shortage(BaseModel):
    """Why there are, and will be, fewer spares than wanted."""

    model_config = ConfigDict(extra="forbid")
    code: WhyShort
    message: str
    hint: str


class Statistics(BaseModel):
    """An environment now, and the quarters of the last 24 hours."""

    model_config = ConfigDict(extra="forbid")
    wanted: int = Field(description="Spares wanted.")
    standing: int = Field(description="Spares that can be claimed.")
    coming: int = Field(description="Spares on their way.")
    awake: int = Field(description="Workspaces that run.")
    asleep: int = Field(description="Workspaces that sleep.")
    waiting: int = Field(description="Workspaces that wait for their turn.")
    shortage: Shortage | None
    quarters: list[QuarterShown]


class Ticket(BaseModel):
    """An address that lets its bearer in, once, within 60 s."""

    model_config = ConfigDict(extra="forbid")
    url: str


class Me(BaseModel):
    """Whom the service takes the caller for."""

    model_config = ConfigDict(extra="forbid")
    id: str
    name: str
    mail: str
    role: Role
    scopes: list[str] | None = Field(
        description="Of the token; empty: all. Null: a login session is used."
    )


class PersonState(BaseModel):
    """Whether a person may come in."""

    model_config = ConfigDict(extra="forbid")
    id: str
    enabled: bool


class TokenShown(BaseModel):
    """An API token, without its secret."""

    model_config = ConfigDict(extra="forbid")
    id: str
    title: str
    scopes: list[str] = Field(description="Empty: all that the person may do.")
    created_at: datetime
    expires_at: datetime | None


class TokenMade(TokenShown):
    """A new token; the only time that its secret is shown."""

    token: str


class Items(BaseModel, Generic[Item]):
    """A part of a list. Give `next` as `after` to get the part that follows; null at the end."""

    model_config = ConfigDict(extra="forbid")
    items: list[Item]
    next: str | None


class Asked(BaseModel):
    """Which environment is asked for."""

    model_config = asked({"environment": "jupyterlab-python"})
    environment: Slug


class TicketAsked(BaseModel):
    """Which interface is to be opened, and where; nothing: the first one, at its own page."""

    model_config = asked({"interface": "jupyterlab", "path": "lab/tree/course.ipynb"})
    interface: Key | None = None
    path: Address | None = Field(
        default=None,
        description="Takes the place of `{{USER_REDIRECT}}` in the interface's link; "
        "percent-encoded.",
    )


class TokenAsked(BaseModel):
    """What a new token is for."""

    model_config = asked(
        {"title": "nightly job", "scopes": ["workspaces:read"], "expires_in": 2592000}
    )
    title: Line = ""
    scopes: list[ScopeName] = Field(
        default=[], max_length=len(Scope), description="None: all that the person may do."
    )
    expires_in: Seconds | None = Field(default=None, description="Seconds; null: never.")


class Part(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="forbid")
    after: Annotated[str, StringConstraints(pattern=_ID, max_length=12)] | None = Field(
        default=None, description="`next` of the part before."
    )
    limit: int = Field(default=50, ge=1, le=MOST)


class PartOfEnvironments(BaseModel):
    """Which part of a list of environments."""

    model_config = ConfigDict(extra="forbid")
    after: Slug | None = Field(default=None, description="`next` of the part before.")
    limit: int = Field(default=50, ge=1, le=MOST)
    which: Literal["catalogue", "editable"] = Field(
        default="catalogue", description="Those to start, or those to edit."
    )


class Progress(BaseModel):
    """How far something is."""

    model_config = ConfigDict(extra="forbid")
    done: int
    total: int = Field(description="0 while it is not known.")
    unit: Literal["bytes"]


class EventShown(BaseModel):
    """The data of one event of the stream."""

    model_config = shown(
        {
            "at": "2026-11-22T09:30:00.250000Z",
            "kind": "container_started",
            "message": "The container runs. Waiting for its interfaces to answer.",
            "progress": None,
        }
    )
    at: datetime
    kind: StoryKind
    message: str
    progress: Progress | None
