"""Django's database sessions, keyed by the SHA-256 of the cookie, so that the table opens nothing."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from mydocker.store.secrets import digest


class SessionStore(DatabaseStore):
    """As Django's own, but the primary key of the row is the digest of the session key."""

    def _get_session_from_db(self) -> Session | None:
        if not self.session_key:
            return None
        found = Session.objects.filter(
            session_key=digest(self.session_key), expire_date__gt=timezone.now()
        ).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        """Whether a session of this key is stored."""
        return super().exists(digest(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """A row under the digest of the key."""
        row = super().create_model_instance(data)
        row.session_key = digest(str(row.session_key))
        return row

    def delete(self, session_key: str | None = None) -> None:
        """Forget the session."""
        key = session_key or self.session_key
        if key:
            Session.objects.filter(session_key=digest(key)).delete()


def end_session(session_digest: str) -> None:
    """Forget the session stored under this digest."""
    Session.objects.filter(session_key=session_digest).delete()
