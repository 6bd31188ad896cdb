"""Whatever is sent to any operation, by anybody: no 5xx, and every answer is as documented."""

import os
import re
from collections.abc import Sequence
from io import BytesIO
from itertools import count
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from hypothesis import HealthCheck, Phase, seed, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from mydocker.api.v1 import document
from mydocker.domain.people import Role
from mydocker.services import images
from mydocker.services.images import Upload

from .conftest import NOW, make_environment, make_image, make_workspace, somebody
from .wsgi import whole_api

SEED = int(os.environ.get("MYDOCKER_TEST_SEED", "20261122"))
EXAMPLES = int(os.environ.get("MYDOCKER_TEST_EXAMPLES", "100"))
"""Of each operation, for each of the four roles."""
ID, SLUG = re.compile("[a-z2-7]{12}"), re.compile(r"(?=.{1,63}\Z)[a-z0-9]+(-[a-z0-9]+)*")
STATES = ("ready", "failed", "stopped", "starting")

pytestmark = pytest.mark.django_db(transaction=True)


def _schema(**phases: Any) -> Any:
    config = SchemathesisConfig.from_dict({"phases": phases})
    made = schemathesis.openapi.from_dict(document(), config=config)
    made.app = whole_api()
    return made


OFF, ON = {"enabled": False}, {"enabled": True}
drawn = _schema(examples=OFF, coverage=OFF, fuzzing=ON)
systematic = _schema(examples=ON, coverage=ON, fuzzing=OFF)
SOUND_BY_MORE_THAN_SHAPE = {
    *("apply_environment", "ticket_to_workspace", "create_image", "change_image", "share_image"),
    *("upload_archive_to_image", "upload_file_to_image"),
}
ARCHIVES = ["zip", "gzip", "x-tar", "x-bzip2", "x-xz"]
schemathesis.serializer.alias(
    [f"application/{kind}" for kind in ARCHIVES], "application/octet-stream"
)
FITTING = {
    "slug": SLUG,
    "image": SLUG,
    "number": re.compile("[1-9][0-9]{0,8}"),
    "path": re.compile("[^/]{1,1000}", re.DOTALL),
}


class Real:
    """Names of things that exist, given out in turn."""

    def __init__(self, role: str) -> None:
        owner = somebody(Role.STUDENT if role == "nobody" else Role(role), "owner")
        maintainer = somebody(Role.TEACHER, "curie").person
        mails = ["owner@example.org", maintainer.mail]
        slugs = [make_environment(maintainer, maintainers=mails) for _ in STATES]
        made = zip(slugs, STATES, strict=True)
        self.names: dict[str, Sequence[object]] = {
            "slug": slugs,
            "person": [somebody(Role.STUDENT, "other").person.id],
            "workspace": [make_workspace(owner.person, slug, state) for slug, state in made],
        }
        editor = {"owner@example.org": True}
        self.names |= {
            "image": [make_image(maintainer, name) for name in ("built", "never-built")],
            "number": [images.ask_build(maintainer, "built", NOW).number],
            "path": ["a/b.txt"],
        }
        for image in self.names["image"]:
            images.share(maintainer, image, editor, NOW)
            images.put_files(maintainer, image, [Upload("a/b.txt", BytesIO(b"x"))], NOW)
        self.headers = {"Host": django_settings.MYDOCKER.parsed_url.netloc}
        if role != "nobody":
            self.headers["Authorization"] = f"Bearer {owner.token}"
        self._turns = count()

    def into(self, case: Any) -> None:
        """Put what exists into every other case, in the place of what is valid but made up."""
        turn, rest = divmod(next(self._turns), 2)
        if rest:
            return
        for name, made_up in list((case.path_parameters or {}).items()):
            if name in self.names and FITTING.get(name, ID).fullmatch(str(made_up)):
                known = self.names[name]
                case.path_parameters[name] = known[turn % len(known)]
        asked = case.body.get("environment") if isinstance(case.body, dict) else None
        if isinstance(asked, str) and SLUG.fullmatch(asked):
            case.body["environment"] = self.names["slug"][turn % len(STATES)]


@pytest.fixture(params=["nobody", *Role])
def real(request: pytest.FixtureRequest, transactional_db: None) -> Real:
    print(f"MYDOCKER_TEST_SEED={SEED}")
    return Real(str(request.param))


@pytest.fixture
def reality_of_a_teacher(transactional_db: None) -> Real:
    return Real(Role.TEACHER)


def _thoroughly(**more: Any) -> Any:
    checks = list(HealthCheck)
    return settings(deadline=None, database=None, suppress_health_check=checks, **more)


@drawn.parametrize()  # type: ignore[untyped-decorator]
@_thoroughly(max_examples=EXAMPLES, phases=[Phase.generate])  # type: ignore[untyped-decorator]
@seed(SEED)
def test_no_request_breaks_it(case: Any, real: Real) -> None:
    _try(case, real)


@systematic.parametrize()  # type: ignore[untyped-decorator]
@_thoroughly(max_examples=1, phases=[Phase.explicit])  # type: ignore[untyped-decorator]
def test_no_limit_of_a_shape_breaks_it(case: Any, reality_of_a_teacher: Real) -> None:
    _try(case, reality_of_a_teacher)


def _try(case: Any, real: Real) -> None:
    real.into(case)
    name = case.operation.definition.raw["operationId"]
    without = [positive_data_acceptance] if name in SOUND_BY_MORE_THAN_SHAPE else []
    case.call_and_validate(headers=real.headers, excluded_checks=without)
