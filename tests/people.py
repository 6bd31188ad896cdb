"""People and an environment that several tests use."""

from datetime import datetime

from mydocker.domain.environments import read_environment
from mydocker.domain.people import Person, Role
from mydocker.services import environments, people
from mydocker.services.environments import Known
from mydocker.services.operator import OPERATOR

TINY = {
    "slug": "tiny",
    "title": {"en": "Tiny", "fr": "Petit"},
    "status": "ready",
    "image": "mydocker/tiny:latest",
    "ports": [{"number": 8888, "ready": "/"}, {"number": 9999, "ready": False}],
    "interfaces": [
        {"key": "web", "title": {"en": "Web", "fr": "Web"}, "link": "http://{{HOST['8888']}}/"}
    ],
    "homes": {"global": "/home/jovyan", "environment": "/home/jovyan/work"},
    "lifetime": {"idle": "20min", "absolute": "12h", "warning": "5min"},
    "join_code": "tiny-code",
}


def student(now: datetime, mail: str = "camille@example.org") -> Person:
    """A student with a local account."""
    return people.add_local(mail, Role.STUDENT, now, name="Camille Aubert")


def tiny(now: datetime, **changes: object) -> Known:
    """The environment `tiny`, with changes to its definition."""
    found, _ = environments.apply(OPERATOR, read_environment({**TINY, **changes}), now)
    return found
