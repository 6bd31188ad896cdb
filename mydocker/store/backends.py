"""How Django checks a local account: the identity `local`, whose subject is a mail address."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from mydocker.store import people
from mydocker.store.models import Person


class Local(BaseBackend):
    """Mail and password of an account of our own."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **other: Any,
    ) -> Person | None:
        """The enabled person with this mail and password."""
        if not username or not password:
            return None
        known = people.known_as(people.LOCAL, username.strip().lower())
        matches = people.password_matches(known.id if known else "", password)
        return self.get_user(known.id) if known and matches else None

    def get_user(self, user_id: str) -> Person | None:
        """The enabled person of this id."""
        return Person.objects.filter(id=user_id, enabled=True).first()
