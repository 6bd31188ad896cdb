"""Teachers and an image that several tests use."""

from datetime import datetime
from io import BytesIO

from mydocker.domain.people import Person, Role
from mydocker.domain.recipes import Dockerfile, Manager, PackageList, Recipe, read_packages
from mydocker.services import images, people
from mydocker.services.images import KnownImage, Upload
from mydocker.store import builds as stored_builds

SMALL = Dockerfile("FROM mydocker/tiny\nRUN echo hello\n")
NUMBERS = PackageList(
    "mydocker/jupyterlab-python", {Manager.PIP: read_packages(Manager.PIP, "numpy")}
)


def teacher(now: datetime, mail: str = "dominique@example.org") -> Person:
    """A teacher with a local account."""
    return people.add_local(mail, Role.TEACHER, now, name="Dominique Roche")


def admin(now: datetime) -> Person:
    """An administrator with a local account."""
    return people.add_local("admin@example.org", Role.ADMIN, now, name="Admin")


def small(
    now: datetime, person: Person | None = None, title: str = "Small", recipe: Recipe = SMALL
) -> KnownImage:
    """An image with a Dockerfile of two steps."""
    return images.create(person or teacher(now), title, recipe, now)


def upload(path: str, content: bytes = b"x\n", *, is_executable: bool = False) -> Upload:
    """A file on its way in."""
    return Upload(path, BytesIO(content), is_executable)


def build_done(person: Person, slug: str, now: datetime) -> int:
    """A build of an image that ended well; its number."""
    build = images.ask_build(person, slug, now)
    stored_builds.begin(build.id, now)
    stored_builds.finish(
        build.id, reference=images.reference_of(slug, build.number), engine_id="sha256:1",
        size_bytes=1, layers=[], packages=[], now=now,
    )  # fmt: skip
    return build.number
