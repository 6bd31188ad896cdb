"""People and how we know them."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from mydocker.store.ids import short_id


class People(BaseUserManager["Person"]):
    """Django asks for a manager; people are made by `services.people` alone."""


class Person(AbstractBaseUser):
    """Somebody who signs in. The id is opaque; mail may be missing and is not unique."""

    id = models.CharField(primary_key=True, max_length=20, default=short_id, editable=False)
    display_name = models.CharField(max_length=200, blank=True)
    mail = models.EmailField(blank=True, db_index=True)
    role = models.CharField(max_length=10, default="student")
    enabled = models.BooleanField(default=True)
    language = models.CharField(max_length=2, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[People] = People()
    USERNAME_FIELD = "id"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "person"
        indexes: ClassVar = [models.Index(Lower("mail"), name="person_by_mail")]

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Django's word for enabled."""
        return self.enabled


class Identity(models.Model):
    """How a person is known to an issuer. A local account is issuer `local`, subject its mail."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=300)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "identity"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once")
        ]
