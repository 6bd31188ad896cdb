"""The shapes of images, their files and their builds. See `shapes.py` for the manner."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic import WithJsonSchema as Schema

from mydocker.api.shapes import Line, Slug, asked, shown, whole
from mydocker.domain.build_logs import Kind as LogKind
from mydocker.domain.builds import State
from mydocker.domain.recipes import Kind
from mydocker.ports.builder import Why
from mydocker.services.images import MOST_SHARES
from mydocker.services.summaries import MOST

LARGEST = 2**31 - 1
MOST_BUILDS = 100
"""In a part of a list."""

_RECIPE: dict[str, Any] = {
    "kind": "packages",
    "base": "mydocker/jupyterlab-python",
    "packages": {"apt": ["graphviz"], "pip": ["numpy==2.4"]},
}
_RECIPE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind"],
    "properties": {"kind": {"enum": [kind.value for kind in Kind]}}
    | {key: {} for key in ("base", "packages", "text", "url", "ref", "subfolder", "image")},
    "additionalProperties": False,
    "description": "`packages`: `base`, and `packages` by manager. `dockerfile`: `text`. "
    "`git`: `url`, `ref`, `subfolder`. `image`: `image`.",
    "example": _RECIPE,
}
# What a recipe may be, `domain.recipes` knows, and tells all its mistakes.
RecipeTree = Annotated[dict[str, Any], Schema(_RECIPE_SCHEMA)]
BuildState = Annotated[State, Schema({"type": "string", "enum": [each.value for each in State]})]
RecipeKind = Annotated[Kind, Schema({"type": "string", "enum": [each.value for each in Kind]})]
Number = Annotated[int, Field(ge=1, le=LARGEST)]
Revision = Annotated[int, Field(ge=1, le=LARGEST), BeforeValidator(whole)]
Title = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=200)]
FilePath = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Mail = Annotated[str, StringConstraints(min_length=1, max_length=254)]

_LINE: dict[str, Any] = {
    "number": 3,
    "state": "done",
    "asked_at": "2026-11-22T09:30:00.000000Z",
    "began_at": "2026-11-22T09:30:01.250000Z",
    "ended_at": "2026-11-22T09:31:40.000000Z",
    "use_cache": True,
    "cancel_asked": False,
    "step": 4,
    "steps": 4,
    "reference": "md-default/numerics:3",
    "size_bytes": 1288490188,
    "is_collected": False,
    "failure": None,
}
_IMAGE: dict[str, Any] = {
    "slug": "numerics",
    "title": "Numerical analysis",
    "kind": "packages",
    "revision": 5,
    "may_edit": True,
    "updated_at": "2026-11-22T09:29:12.000000Z",
}


class FailureShown(BaseModel):
    """Why a build came to no image, as far as its log tells."""

    model_config = ConfigDict(extra="forbid")
    why: Why | None
    line: int | None = Field(description="Of the Dockerfile, from 1.")
    message: str
    hint: str
    said: str = Field(description="The line of the log that says so; may be empty.")


class BuildLineShown(BaseModel):
    """A build as lists show it."""

    model_config = shown(_LINE)
    number: int
    state: BuildState
    asked_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    use_cache: bool
    cancel_asked: bool = Field(description="It ends as soon as it can be ended.")
    step: int = Field(description="The one that began last, from 1; 0 before the first.")
    steps: int = Field(description="0 before the first begins.")
    reference: str | None = Field(
        description="What an environment calls it as its `image`; null unless it is done."
    )
    size_bytes: int | None
    is_collected: bool = Field(description="It was taken away since.")
    failure: FailureShown | None


class FileOfBuild(BaseModel):
    """A file beside the Dockerfile, as it was when the build was asked for."""

    model_config = ConfigDict(extra="forbid")
    path: str
    digest: str = Field(description="SHA-256, hexadecimal.")
    size_bytes: int
    is_executable: bool


class LayerShown(BaseModel):
    """What one instruction added to the image."""

    model_config = ConfigDict(extra="forbid")
    made_by: str
    size_bytes: int


class PackageShown(BaseModel):
    """A package in the image, as its manager tells."""

    model_config = ConfigDict(extra="forbid")
    manager: str
    name: str
    version: str


class BuildShown(BuildLineShown):
    """A build: what was built, and what came of it."""

    model_config = shown(
        _LINE
        | {"recipe": _RECIPE, "dockerfile": "FROM mydocker/jupyterlab-python\n…", "files": []}
        | {"layers": [{"made_by": "RUN …", "size_bytes": 214958080}]}
        | {"packages": [{"manager": "pip", "name": "numpy", "version": "2.4.0"}]}
    )
    recipe: dict[str, Any]
    dockerfile: str
    files: list[FileOfBuild]
    layers: list[LayerShown] = Field(description="The lowest first.")
    packages: list[PackageShown] = Field(
        description="Empty until they are looked for, a moment after it is done; the log ends then."
    )


class ImageLineShown(BaseModel):
    """An image as lists show it."""

    model_config = shown(_IMAGE | {"used_by": 2, "latest": _LINE, "live": None})
    slug: str
    title: str
    kind: RecipeKind
    revision: int
    may_edit: bool
    updated_at: datetime
    used_by: int = Field(description="How many environments run a build of it.")
    latest: BuildLineShown | None = Field(description="The newest build.")
    live: BuildLineShown | None = Field(description="The build that waits or is under way.")


class FindingShown(BaseModel):
    """What can be seen in the Dockerfile without building it."""

    model_config = ConfigDict(extra="forbid")
    line: int = Field(description="Of the Dockerfile, from 1.")
    severity: Literal["mistake", "advice"] = Field(description="A mistake lets the build fail.")
    message: str
    hint: str


class ImageShown(BaseModel):
    """An image: its recipe, and what can be said of it before it is built."""

    model_config = shown(
        _IMAGE
        | {"created_at": "2026-11-20T14:02:00.000000Z", "recipe": _RECIPE}
        | {"dockerfile": "FROM mydocker/jupyterlab-python\n…", "findings": []}
        | {"used_by": ["numerics-l2"]}
    )
    slug: str
    title: str
    kind: RecipeKind
    revision: int = Field(
        description="Goes up with every change of title, recipe or files; send back the one that "
        "you changed."
    )
    may_edit: bool
    created_at: datetime
    updated_at: datetime
    recipe: dict[str, Any]
    dockerfile: str | None = Field(description="What is built; null of a Git repository.")
    findings: list[FindingShown]
    used_by: list[str] = Field(description="Environments that run a build of it; at most 100.")


class ImageAsked(BaseModel):
    """A new image."""

    model_config = asked({"title": "Numerical analysis", "recipe": _RECIPE})
    title: Title
    slug: Slug | None = Field(default=None, description="Null: made of the title.")
    recipe: RecipeTree


class ImageChanged(BaseModel):
    """An image as it is to be."""

    model_config = asked({"revision": 5, "title": "Numerical analysis", "recipe": _RECIPE})
    revision: Revision = Field(description="Of the image that was changed.")
    title: Title
    recipe: RecipeTree


class Share(BaseModel):
    """A person with whom an image is shared."""

    model_config = ConfigDict(extra="forbid", strict=True)
    mail: Mail
    right: Literal["view", "edit"]


class Shares(BaseModel):
    """Everybody with whom an image is shared."""

    model_config = asked({"shares": [{"mail": "ada@example.org", "right": "edit"}]})
    shares: list[Share] = Field(max_length=MOST_SHARES)


class FileShown(BaseModel):
    """A file beside the recipe."""

    model_config = shown(
        {
            "path": "data/points.csv",
            "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "size_bytes": 5120,
            "is_executable": False,
            "updated_at": "2026-11-22T09:29:12.000000Z",
        }
    )
    path: str
    digest: str = Field(description="SHA-256, hexadecimal.")
    size_bytes: int
    is_executable: bool
    updated_at: datetime


class BuildAsked(BaseModel):
    """How an image is to be built."""

    model_config = asked({"use_cache": True})
    use_cache: bool = Field(default=True, description="False: every step is done anew.")


class LogEntryShown(BaseModel):
    """The data of one event of a build's log."""

    model_config = shown(
        {"seconds": 12.5, "step": 3, "kind": "said", "text": "Successfully installed", "bytes": 0}
    )
    seconds: float = Field(description="Since the build began.")
    step: int = Field(description="Of the Dockerfile, from 1; 0 before the first.")
    kind: LogKind = Field(
        description="`step`: it begins, `text` is the instruction. `said`: a line of it. "
        "`cached`: nothing had to be done. `ended`: it is done, and added `bytes`. `fetch`: the "
        "base `text` is on its way, `bytes` of it are here. `again`: the build begins anew. "
        "`look`: packages are looked for. `end`: the last event; `text` is the build's state."
    )
    text: str
    bytes: int


class PartOfImages(BaseModel):
    """Which part of a list of images."""

    model_config = ConfigDict(extra="forbid")
    after: Slug | None = Field(default=None, description="`next` of the part before.")
    limit: int = Field(default=50, ge=1, le=MOST)
    words: Line = Field(default="", description="Each stands in the title or the slug.")


class PartOfFiles(BaseModel):
    """Which part of a list of files."""

    model_config = ConfigDict(extra="forbid")
    after: FilePath | None = Field(default=None, description="`next` of the part before.")
    limit: int = Field(default=50, ge=1, le=MOST)


class PartOfBuilds(BaseModel):
    """Which part of a list of builds."""

    model_config = ConfigDict(extra="forbid")
    after: Number | None = Field(default=None, description="`next` of the part before.")
    limit: int = Field(default=20, ge=1, le=MOST_BUILDS)


class FileTerms(BaseModel):
    """How a file is stored."""

    model_config = ConfigDict(extra="forbid")
    executable: int = Field(default=0, ge=0, le=1, description="1: it is a program.")


class ArchiveTerms(BaseModel):
    """How an archive is called."""

    model_config = ConfigDict(extra="forbid")
    name: Line = Field(default="archive", min_length=1, description="In what is said of it.")


class LogTerms(BaseModel):
    """How a log is read."""

    model_config = ConfigDict(extra="forbid")
    follow: int = Field(
        default=0, ge=0, le=1, description="1: wait for the build, and send what comes to its end."
    )
