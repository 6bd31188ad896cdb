"""Named questions and writes about people, their identities and their logins."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.hashers import check_password, make_password
from django.db.models.functions import Lower

from mydocker.domain.people import Person, Role
from mydocker.store import models
from mydocker.store.models import Identity

LOCAL = "local"
"""The issuer of accounts with a password of ours."""


def find(person: str) -> Person | None:
    """One person."""
    row = models.Person.objects.filter(id=person).first()
    return value_of(row) if row else None


def known_as(issuer: str, subject: str) -> Person | None:
    """The person an issuer knows by this name."""
    identity = Identity.objects.select_related("person").filter(issuer=issuer, subject=subject)
    found = identity.first()
    return value_of(found.person) if found else None


def introduction(person: str) -> tuple[str, str, str] | None:
    """Name, mail and language of a person, as a container is told; None for nobody."""
    return (
        models.Person.objects.filter(id=person)
        .values_list("display_name", "mail", "language")
        .first()
    )


def with_mail(mail: str) -> Sequence[Person]:
    """Everybody with this mail address; it need not be unique."""
    folded = models.Person.objects.alias(folded=Lower("mail"))
    return [value_of(row) for row in folded.filter(folded=mail.lower())[:10]]


def create(
    *, issuer: str, subject: str, display_name: str, mail: str, role: Role, now: datetime
) -> Person:
    """A new person with a first identity, without a password."""
    row = models.Person.objects.create(
        display_name=display_name, mail=mail, role=role.value, created_at=now,
        password=make_password(None),
    )  # fmt: skip
    Identity.objects.create(person=row, issuer=issuer, subject=subject, created_at=now)
    return value_of(row)


def update(person: str, **changes: object) -> None:
    """Change role, display_name, mail, enabled or language."""
    models.Person.objects.filter(id=person).update(**changes)


def set_password(person: str, password: str) -> None:
    """Store a password, hashed."""
    models.Person.objects.filter(id=person).update(password=make_password(password))


def password_matches(person: str, password: str) -> bool:
    """Whether this is the person's password. Takes as long for nobody as for somebody."""
    row = models.Person.objects.filter(id=person).only("password").first()
    return check_password(password, row.password if row else make_password(None))


def value_of(row: models.Person) -> Person:
    """The domain's view of a person."""
    return Person(row.id, row.display_name, row.mail, Role(row.role), row.enabled)
