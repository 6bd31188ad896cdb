"""What pages show, read in as few queries as a screen has parts: frozen values, no rules.

Read-only. Every list is paged; every query uses an index. The SQL is written out because these
run with every page: building it anew each time costs five times what running it does.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mydocker.domain.environments import Text
from mydocker.domain.failures import Cause, Reason
from mydocker.domain.people import Person, Role
from mydocker.domain.runs import Phase, RunFacts
from mydocker.domain.state_words import Look, look_of
from mydocker.domain.workspaces import State, reason_of, state_of
from mydocker.store import sql
from mydocker.store.secrets import digest
from mydocker.store.story import StoryRow


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in, and by which login."""

    person: Person
    language: str
    login: str


@dataclass(frozen=True, slots=True)
class RunGlance:
    """The newest run of a workspace, as far as a page shows it; nothing secret."""

    id: str
    generation: int
    phase: Phase
    phase_since: datetime
    launched: bool
    pulling: bool
    cause: str
    facts: Mapping[str, str]
    created_at: datetime
    ready_at: datetime | None
    ended_at: datetime | None
    should_sleep: bool
    asleep_at: datetime | None
    turn_at: datetime | None = None

    def as_facts(self) -> RunFacts:
        """What the rules about states need of it."""
        failure = Reason(Cause(self.cause), self.facts) if self.cause else None
        return RunFacts(
            self.phase, self.phase_since, self.launched, failure,
            should_sleep=self.should_sleep, asleep=self.asleep_at is not None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """A workspace in a list, and in which state it is."""

    id: str
    person: str
    environment: str
    slug: str
    title: Text
    join_code: str
    course: str
    wanted: bool
    generation: int
    asked_at: datetime | None
    stops_at: datetime | None
    warned_at: datetime | None
    run: RunGlance | None
    state: State
    look: Look
    reason: Reason | None
    """Why it ended or is ending."""


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody's workspace, for those who look after an environment or the machine."""

    card: Card
    who: str
    mail: str


@dataclass(frozen=True, slots=True)
class HomeGlance:
    """A home and how much it holds; None until it was measured."""

    id: str
    is_global: bool
    used_bytes: int | None
    measured_at: datetime | None


@dataclass(frozen=True, slots=True)
class Screen:
    """A workspace's page, but for its story and its homes."""

    card: Card
    owner: str
    definition: str
    """Of the environment as it is now, as JSON."""
    run_definition: str
    """Of the newest run; empty where none was made."""


@dataclass(frozen=True, slots=True)
class TokenGlance:
    """An API token that still works, without its secret."""

    id: str
    title: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class LoginGlance:
    """A sign-in that still holds."""

    id: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class HostGlance:
    """Which run, port and workspace a run's host belongs to, and whether that run is ready."""

    host: str
    port: int
    run: str
    phase: Phase
    workspace: str
    person: str
    environment: str


_VISITOR = """
SELECT p.id, p.display_name, p.mail, p.role, p.language, l.id
  FROM login l JOIN person p ON p.id = l.person_id
 WHERE l.session_digest = %s AND l.ended_at IS NULL AND p.enabled
"""
_CARD = """
SELECT w.id, w.person_id, e.id, e.slug, e.title_en, e.title_fr, e.join_code, e.revision,
       e.definition, w.wanted, w.generation, w.asked_at, w.stops_at, w.warned_at,
       r.id, r.generation, r.phase, r.phase_since, r.launched, r.pulling, r.cause, r.facts,
       r.created_at, r.ready_at, r.ended_at, r.should_sleep, r.asleep_at, p.display_name,
       p.mail, r.definition, r.turn_at
  FROM workspace w
  JOIN environment e ON e.id = w.environment_id
  JOIN person p ON p.id = w.person_id
  LEFT JOIN run r ON r.workspace_id = w.id AND r.generation =
       (SELECT MAX(n.generation) FROM run n WHERE n.workspace_id = w.id)
 WHERE w.deleted_at IS NULL AND
"""
_MINE = (
    _CARD
    + """ w.person_id = %s
 ORDER BY COALESCE(w.asked_at, w.created_at) DESC LIMIT %s OFFSET %s"""
)
_ONE = _CARD + " w.id = %s"
_IN_ENVIRONMENT = _CARD + " w.environment_id = %s AND w.id > %s ORDER BY w.id LIMIT %s"
_LIVE_IN_ENVIRONMENT = (
    _CARD
    + """ w.environment_id = %s AND w.id IN (SELECT workspace_id FROM run WHERE phase < 5)
 AND w.id > %s ORDER BY w.id LIMIT %s"""
)
_RUNNING = (
    _CARD
    + """ w.id IN (SELECT workspace_id FROM run WHERE phase < 5)
 AND w.id > %s ORDER BY w.id LIMIT %s"""
)
_STORY = """
SELECT id, workspace_id, run_id, at, kind, facts, actor FROM story_event
 WHERE workspace_id = %s ORDER BY id DESC LIMIT %s
"""
_HOMES = (
    "SELECT id, workspace_id, used_bytes, measured_at FROM home WHERE trashed_at IS NULL AND id "
)
_HOST = """
SELECT h.host, h.port, r.id, r.phase, w.id, w.person_id, w.environment_id
  FROM run_host h JOIN run r ON r.id = h.run_id JOIN workspace w ON w.id = r.workspace_id
 WHERE h.host = %s AND w.deleted_at IS NULL
"""
_LIVE_BY_PHASE = "SELECT phase, COUNT(*) FROM run WHERE phase < 5 GROUP BY phase"
_TOKENS = """
SELECT id, title, scopes, created_at, expires_at, last_used_at FROM token
 WHERE person_id = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %s)
 ORDER BY created_at DESC LIMIT 200
"""
_LOGINS = """
SELECT id, created_at, expires_at FROM login
 WHERE person_id = %s AND ended_at IS NULL ORDER BY created_at DESC LIMIT 50
"""


def visitor(session_key: str) -> Visitor | None:
    """Who is signed in by the login session with this key. Its end is the loops' to declare."""
    rows = sql.rows(_VISITOR, digest(session_key))
    if not rows:
        return None
    id, name, mail, role, language, login = rows[0]
    return Visitor(Person(id, name, mail, Role(role)), language, login)


def dashboard(person: str, count: int, skip: int = 0) -> Sequence[Card]:
    """A person's workspaces, the one asked for last first."""
    return [_card(row) for row in sql.rows(_MINE, person, count, skip)]


def screen(workspace: str) -> Screen | None:
    """A workspace; None if it does not exist any more."""
    rows = sql.rows(_ONE, workspace)
    if not rows:
        return None
    row = rows[0]
    return Screen(_card(row), row[27], _text(row[8]), _text(row[29]) if row[29] else "")


def story(workspace: str, count: int = 60) -> Sequence[StoryRow]:
    """The last events of a workspace, newest first."""
    return [
        StoryRow(id, workspace, run, sql.moment(at), kind, sql.json_of(facts), actor)
        for id, workspace, run, at, kind, facts, actor in sql.rows(_STORY, workspace, count)
    ]


def in_environment(
    environment: str, count: int, after: str = "", *, only_live: bool = False
) -> Sequence[Inside]:
    """Who has a workspace in an environment, by workspace id, after `after`.

    `only_live`: those whose newest run may exist outside.
    """
    question = _LIVE_IN_ENVIRONMENT if only_live else _IN_ENVIRONMENT
    return [_inside(row) for row in sql.rows(question, environment, after, count)]


def running(count: int, after: str = "") -> Sequence[Inside]:
    """Every workspace with a live run, by workspace id, after `after`."""
    return [_inside(row) for row in sql.rows(_RUNNING, after, count)]


def _inside(row: Sequence[Any]) -> Inside:
    return Inside(_card(row), row[27], row[28])


def live_by_phase() -> Mapping[Phase, int]:
    """How many runs are in each live phase."""
    return {Phase(phase): count for phase, count in sql.rows(_LIVE_BY_PHASE)}


def live_by_environment(environments: Sequence[str]) -> Mapping[str, int]:
    """How many people's runs live in each of these environments."""
    live = "SELECT environment_id, COUNT(*) FROM run WHERE phase < 5 AND workspace_id IS NOT NULL"
    return _counts(f"{live} AND", environments)


def people_by_environment(environments: Sequence[str]) -> Mapping[str, int]:
    """How many people have a workspace in each of these environments."""
    return _counts(
        "SELECT environment_id, COUNT(*) FROM workspace WHERE deleted_at IS NULL AND", environments
    )


def homes(person: str, workspace: str = "") -> Sequence[HomeGlance]:
    """The person's global home and, if one is named, the workspace's own."""
    ids = [f"g{person}", f"w{workspace}"]
    return [
        HomeGlance(id, owner is None, used, sql.moment_or_none(at))
        for id, owner, used, at in sql.rows(_HOMES + "IN (%s, %s)", *ids)
    ]


def host(name: str) -> HostGlance | None:
    """What a host name ever given to a run belongs to."""
    for address, port, run, phase, *belongs in sql.rows(_HOST, name):
        return HostGlance(address, port, run, Phase(phase), *belongs)
    return None


def tokens(person: str, now: datetime) -> Sequence[TokenGlance]:
    """A person's API tokens that still work, newest first; 200 at most."""
    return [
        TokenGlance(
            id,
            title,
            sql.json_of(scopes),
            sql.moment(created),
            sql.moment_or_none(expires),
            sql.moment_or_none(used),
        )
        for id, title, scopes, created, expires, used in sql.rows(_TOKENS, person, now)
    ]


def logins(person: str) -> Sequence[LoginGlance]:
    """A person's sign-ins that still hold, newest first; 50 at most."""
    return [
        LoginGlance(id, sql.moment(created), sql.moment(expires))
        for id, created, expires in sql.rows(_LOGINS, person)
    ]


def names_by_mail(mails: Sequence[str]) -> Mapping[str, str]:
    """Display names by mail address; whoever has no account is missing."""
    return _by_key("SELECT mail, display_name FROM person WHERE mail", mails)


def names(people: Sequence[str]) -> Mapping[str, str]:
    """Display names by id."""
    return _by_key("SELECT id, display_name FROM person WHERE id", people)


def _by_key(question: str, keys: Sequence[str]) -> dict[str, Any]:
    if not keys:
        return {}
    places = ", ".join(["%s"] * len(keys))
    return dict(sql.rows(f"{question} IN ({places})", *keys))


def _counts(question: str, environments: Sequence[str]) -> dict[str, int]:
    if not environments:
        return {}
    places = ", ".join(["%s"] * len(environments))
    grouped = f"{question} environment_id IN ({places}) GROUP BY environment_id"
    return dict(sql.rows(grouped, *environments))


def _card(row: Sequence[Any]) -> Card:
    run = _glance(row) if row[14] else None
    facts = run.as_facts() if run else None
    wanted, generation = bool(row[9]), row[10]
    state = state_of(
        wanted,
        generation,
        facts,
        run.generation if run else 0,
        pulling=run.pulling if run else False,
    )
    return Card(
        row[0], row[1], row[2], row[3], Text(row[4], row[5]), row[6],
        _course(row[2], row[7], row[8]), wanted, generation, sql.moment_or_none(row[11]),
        sql.moment_or_none(row[12]), sql.moment_or_none(row[13]), run, state,
        look_of(state, facts), reason_of(state, facts),
    )  # fmt: skip


def _glance(row: Sequence[Any]) -> RunGlance:
    return RunGlance(
        row[14], row[15], Phase(row[16]), sql.moment(row[17]), bool(row[18]), bool(row[19]),
        row[20], sql.json_of(row[21]), sql.moment(row[22]), sql.moment_or_none(row[23]),
        sql.moment_or_none(row[24]), bool(row[25]), sql.moment_or_none(row[26]),
        sql.moment_or_none(row[30]),
    )  # fmt: skip


_COURSES: dict[tuple[str, int], str] = {}
"""The first course of each environment, by its revision."""


def _course(environment: str, revision: int, definition: object) -> str:
    key = environment, revision
    if (known := _COURSES.get(key)) is None:
        if len(_COURSES) > 10_000:
            _COURSES.clear()
        courses = sql.json_of(definition).get("courses") or [""]
        known = _COURSES[key] = str(courses[0])
    return known


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
