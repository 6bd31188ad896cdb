"""Logins, tokens, tickets and grants: conditional updates that count their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, Q

from mydocker.domain.people import Person, Role
from mydocker.domain.runs import Phase
from mydocker.store import ids, sql
from mydocker.store.models import Grant, Login, RunHost, Ticket, Token
from mydocker.store.secrets import digest, seal, unseal
from mydocker.store.sessions import end_session


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token, without its secret."""

    id: str
    person: Person
    title: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A consumed ticket: who enters which host of which run, and where to."""

    person: str
    run: str
    host: str
    path: str
    login: str | None
    token: str | None


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant as the gateway knows it, and where its run answers."""

    digest: str
    host: str
    run: str
    address: str | None


_BY_DIGEST = """
SELECT t.id, t.title, t.scopes, t.created_at, t.expires_at, t.last_used_at,
       p.id, p.display_name, p.mail, p.role, p.enabled
  FROM token t JOIN person p ON p.id = t.person_id
 WHERE t.digest = %s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > %s)
"""
_TICKET = """
INSERT INTO ticket (digest, host_id, path, person_id, login_id, token_id, created_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_USABLE_TICKET = f"""
SELECT t.person_id, h.run_id, t.path, t.login_id, t.token_id
  FROM ticket t
  JOIN person p ON p.id = t.person_id
  JOIN run_host h ON h.host = t.host_id
  JOIN run r ON r.id = h.run_id
  LEFT JOIN login l ON l.id = t.login_id
  LEFT JOIN token k ON k.id = t.token_id
 WHERE t.digest = %s AND t.host_id = %s AND t.used_at IS NULL AND t.expires_at > %s AND p.enabled
   AND r.phase < {Phase.STOPPING:d}
   AND (t.login_id IS NULL OR (l.ended_at IS NULL AND l.expires_at > %s))
   AND (t.token_id IS NULL OR k.revoked_at IS NULL)
   AND (k.expires_at IS NULL OR k.expires_at > %s)
"""
_USE_TICKET = "UPDATE ticket SET used_at = %s WHERE digest = %s AND used_at IS NULL"
_GRANT = """
INSERT INTO grant_of_entry
       (digest, host_id, run_id, person_id, login_id, token_id, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_PLACED = "SELECT 1 FROM grant_of_entry WHERE digest = %s AND placed_at IS NOT NULL"


def open_login(person: str, session_key: str, now: datetime, lifetime: timedelta) -> str:
    """Remember a sign-in."""
    return Login.objects.create(
        person_id=person,
        session_digest=digest(session_key),
        created_at=now,
        expires_at=now + lifetime,
    ).id


def login_of(session_key: str) -> str | None:
    """The open login of this session."""
    found = Login.objects.filter(session_digest=digest(session_key), ended_at=None)
    return found.values_list("id", flat=True).first()


def end_logins(
    now: datetime, *, session_key: str = "", person: str = "", expired: bool = False
) -> int:
    """End one login, all of a person, or those whose time is over; their sessions and grants end
    too. Returns how many ended.
    """
    which = Q()
    if session_key:
        which |= Q(session_digest=digest(session_key))
    if person:
        which |= Q(person_id=person)
    if expired:
        which |= Q(expires_at__lte=now)
    if not which:
        return 0
    ending = list(Login.objects.filter(which, ended_at=None).values_list("id", "session_digest"))
    for login, session in ending:
        Login.objects.filter(id=login, ended_at=None).update(ended_at=now)
        Grant.objects.filter(login_id=login, revoked_at=None).update(revoked_at=now)
        end_session(session)
    return len(ending)


def end_grants_without_holder(now: datetime) -> int:
    """End what an API token opened, once its time is over, and what was opened in the very moment
    in which its login or token ended. Returns how many grants ended.
    """
    over = Q(token__expires_at__lte=now) | Q(token__revoked_at__isnull=False)
    over |= Q(login__ended_at__isnull=False)
    return Grant.objects.filter(over, revoked_at=None).update(revoked_at=now)


def next_end() -> datetime | None:
    """When the next open login, or API token that opened something, expires."""
    logins = Login.objects.filter(ended_at=None).aggregate(at=Min("expires_at"))
    opened = Grant.objects.filter(revoked_at=None, token__expires_at__isnull=False)
    tokens = opened.aggregate(at=Min("token__expires_at"))
    return min((each["at"] for each in (logins, tokens) if each["at"]), default=None)


def create_token(
    person: str, title: str, scopes: Sequence[str], now: datetime, expires_at: datetime | None
) -> str:
    """Make an API token; the only time its secret is seen."""
    secret = f"mdt_{ids.secret()}"
    Token.objects.create(
        person_id=person, title=title, digest=digest(secret), scopes=list(scopes),
        created_at=now, expires_at=expires_at,
    )  # fmt: skip
    return secret


def token_of(secret: str, now: datetime) -> TokenRow | None:
    """The valid token with this secret; its person may be disabled."""
    row = sql.row(_BY_DIGEST, digest(secret), now)
    if row is None:
        return None
    used = sql.moment_or_none(row[5])
    if used is None or now - used > timedelta(minutes=1):
        Token.objects.filter(id=row[0]).update(last_used_at=now)
    person = Person(row[6], row[7], row[8], Role(row[9]), bool(row[10]))
    expires_at = sql.moment_or_none(row[4])
    return TokenRow(row[0], person, row[1], sql.json_of(row[2]), sql.moment(row[3]), expires_at)


def revoke_tokens(now: datetime, *, person: str, token: str = "") -> int:
    """Revoke one token of a person, or all; what they opened ends too."""
    which = Token.objects.filter(person_id=person, revoked_at=None)
    if token:
        which = which.filter(id=token)
    revoked = list(which.values_list("id", flat=True))
    Token.objects.filter(id__in=revoked).update(revoked_at=now)
    Grant.objects.filter(token_id__in=revoked, revoked_at=None).update(revoked_at=now)
    return len(revoked)


def issue_ticket(
    *,
    host: str,
    path: str,
    person: str,
    login: str | None,
    token: str | None,
    now: datetime,
    lifetime: timedelta,
) -> str:
    """A secret, good for one entry to this path of this host."""
    secret, sealed = ids.secret(), seal({"path": path})
    sql.change(_TICKET, digest(secret), host, sealed, person, login, token, now, now + lifetime)
    return secret


def consume_ticket(secret: str, host: str, now: datetime) -> Entry | None:
    """Use a ticket up. None if it is unknown, used, expired, of another host, or if the login,
    token or person behind it ended meanwhile.
    """
    mine = digest(secret)
    row = sql.row(_USABLE_TICKET, mine, host, now, now, now)
    if row is None or not sql.change(_USE_TICKET, now, mine):
        return None
    return Entry(row[0], row[1], host, unseal(row[2])["path"], row[3], row[4])


def grant(entry: Entry, now: datetime) -> str:
    """Let whoever bears the returned secret reach the entry's host."""
    secret = ids.secret()
    sql.change(
        _GRANT, digest(secret), entry.host, entry.run, entry.person, entry.login, entry.token, now
    )
    return secret


def grant_is_placed(grant_digest: str) -> bool:
    """Whether the gateway knows it."""
    return sql.row(_PLACED, grant_digest) is not None


def has_grant(secret: str, host: str) -> bool:
    """Whether this secret opens this host now."""
    return Grant.objects.filter(digest=digest(secret), host_id=host, revoked_at=None).exists()


def grants_to_place() -> Sequence[GrantRow]:
    """Granted, not yet known to the gateway."""
    return _rows(Q(placed_at=None, revoked_at=None))


def grants_to_drop() -> Sequence[GrantRow]:
    """Revoked, and the gateway may still know."""
    return _rows(Q(revoked_at__isnull=False, dropped_at=None))


def wanted_grants() -> Sequence[GrantRow]:
    """Every grant that holds."""
    return _rows(Q(revoked_at=None, run__phase__lt=Phase.STOPPING))


def note_placed(digests: Sequence[str], now: datetime) -> None:
    """The gateway knows these now."""
    Grant.objects.filter(digest__in=digests, placed_at=None).update(placed_at=now)


def note_dropped(digests: Sequence[str], now: datetime) -> None:
    """The gateway has forgotten these."""
    Grant.objects.filter(digest__in=digests).update(dropped_at=now)


def revoke_grants(now: datetime, *, run: str = "", person: str = "", login: str = "") -> int:
    """Revoke what a run, a person or a login holds. At least one must be given."""
    which = Q()
    for name, value in {"run_id": run, "person_id": person, "login_id": login}.items():
        if value:
            which &= Q(**{name: value})
    if not which:
        return 0
    return Grant.objects.filter(which, revoked_at=None).update(revoked_at=now)


def host_of(host: str) -> tuple[str, int] | None:
    """The run and container port of a host name ever given."""
    return RunHost.objects.filter(host=host).values_list("run_id", "port").first()


def forget_old(before: datetime) -> int:
    """Delete tickets and grants that ended before; the story keeps what matters."""
    tickets, _ = Ticket.objects.filter(expires_at__lt=before).delete()
    grants, _ = Grant.objects.filter(dropped_at__lt=before).delete()
    return tickets + grants


def _rows(which: Q) -> Sequence[GrantRow]:
    found = Grant.objects.filter(which).values_list("digest", "host_id", "run_id", "run__address")
    return [GrantRow(*row) for row in found]
