"""Django's sessions in the database under a digest of the cookie: the table opens nothing."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from mydocker.store.secrets import digest

ROW_KEY_LENGTH = 40
"""What Django's column holds: 160 bits of the digest."""


class SessionStore(DatabaseStore):
    """As Django's own, but the primary key of the row is the digest of the session key."""

    def _get_session_from_db(self) -> Session | None:
        if not self.session_key:
            return None
        found = Session.objects.filter(
            session_key=_row_key(self.session_key), expire_date__gt=timezone.now()
        ).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        """Whether a session of this key is stored."""
        return super().exists(_row_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """A row under the digest of the key."""
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]
        row.session_key = _row_key(str(row.session_key))
        return row

    def delete(self, session_key: str | None = None) -> None:
        """Forget the session."""
        key = session_key or self.session_key
        if key:
            Session.objects.filter(session_key=_row_key(key)).delete()


def end_session(session_digest: str) -> None:
    """Forget the session whose key has this SHA-256 (hex)."""
    Session.objects.filter(session_key=session_digest[:ROW_KEY_LENGTH]).delete()


def _row_key(session_key: str) -> str:
    return digest(session_key)[:ROW_KEY_LENGTH]
