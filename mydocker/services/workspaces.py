"""What a person can do with a workspace. Pages, API, CLI and culler call the same functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mydocker.domain.failures import Cause
from mydocker.domain.lifetime import extended
from mydocker.domain.people import Action, Person, may
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.runs import Phase
from mydocker.domain.story import StoryKind
from mydocker.domain.words import gettext_noop as _
from mydocker.services import catalogue, claims
from mydocker.services.catalogue import Known
from mydocker.store import access, runs, story
from mydocker.store import workspaces as store
from mydocker.store.doorbell import ring
from mydocker.store.runs import RunRow
from mydocker.store.transactions import unit_of_work
from mydocker.store.workspaces import WorkspaceRow


@dataclass(frozen=True, slots=True)
class Asked:
    """The workspace a person asked for."""

    workspace: str
    is_new: bool
    """It did not exist before."""
    is_claimed: bool = False
    """It got a spare, which is ready in a moment."""


def ask(person: Person, slug: str, now: datetime) -> Asked:
    """Want the person's workspace in an environment to run. Twice is once."""
    environment = catalogue.by_slug(slug)
    with unit_of_work():
        catalogue.admitted(person, environment)
        workspace, is_new = store.find_or_make(person.id, environment.row.id, now)
        is_claimed = _start(workspace, environment, person.id, now)
    return Asked(workspace.id, is_new, is_claimed)


def start(person: Person, workspace: str, now: datetime) -> Asked:
    """Want a workspace that exists to run again."""
    with unit_of_work():
        row = _own(person, workspace)
        environment = catalogue.by_id(row.environment)
        catalogue.admitted(person, environment)
        is_claimed = _start(row, environment, person.id, now)
    return Asked(row.id, is_new=False, is_claimed=is_claimed)


def _start(workspace: WorkspaceRow, environment: Known, actor: str, now: datetime) -> bool:
    """Wish for a run, if none is wished for; whether it is a spare, claimed here."""
    if workspace.wanted and not _is_over(workspace):
        _wake(workspace.id)
        return False
    if not store.want(workspace, now, cause=Cause.RESTARTED.value):
        return False
    story.append(workspace.id, StoryKind.ASKED, now, actor=actor)
    ring("wish", workspace.id)
    if workspace.reset_home:
        return False
    return claims.claim(environment, workspace.id, workspace.generation + 1, now, now) is not None


def _wake(workspace: str) -> None:
    run = runs.live_of(workspace)
    if run is not None and runs.wake(run.id):
        ring("wish", workspace)


def ask_again(workspace: str, generation: int, cause: Cause, now: datetime) -> None:
    """Wish once more on behalf of whoever made this wish, unless it was taken back since."""
    row = store.lock(workspace)
    if row is not None and row.wanted and row.generation == generation:
        store.want(row, row.asked_at or now, cause=cause.value)
        ring("wish", workspace)


def _is_over(workspace: WorkspaceRow) -> bool:
    """Whether the run of the present wish came to its end, so that a new wish is needed."""
    run = runs.latest_of(workspace.id)
    if run is None or run.generation < workspace.generation:
        return workspace.generation == 0
    return run.phase >= Phase.STOPPING


def stop(
    workspace: str,
    cause: Cause,
    actor: str,
    now: datetime,
    facts: Mapping[str, str] | None = None,
) -> bool:
    """Want no run of it, because. The one way to stop: button, culler, administrators.

    False if it was not wanted any more. Traffic ends at once: grants are revoked here.
    """
    with unit_of_work():
        row = store.lock(workspace)
        if row is None or not store.want_no_more(row, cause.value, facts or {}):
            return False
        _revoke_live(workspace, now)
        story.append(
            workspace, StoryKind.STOP_ASKED, now, actor=actor, cause=cause.value, **(facts or {})
        )
        ring("wish", workspace)
    return True


def stop_own(person: Person, workspace: str, now: datetime) -> None:
    """The Stop button. Stopping what is stopped is fine."""
    with unit_of_work():
        row = _own(person, workspace)
        cause = Cause.ASKED if row.person == person.id else Cause.BY_ADMIN
        stop(workspace, cause, person.id, now)


def restart(person: Person, workspace: str, now: datetime) -> Asked:
    """A new container in the place of the present one; both homes stay."""
    return _again(person, workspace, now, Cause.RESTARTED, reset_home=False)


def reset(person: Person, workspace: str, now: datetime) -> Asked:
    """A new container and an empty environment home; the former is kept in the trash."""
    return _again(person, workspace, now, Cause.RESET, reset_home=True)


def _again(
    person: Person, workspace: str, now: datetime, cause: Cause, *, reset_home: bool
) -> Asked:
    with unit_of_work():
        row = _own(person, workspace)
        catalogue.admitted(person, catalogue.by_id(row.environment))
        if store.want(row, now, cause=cause.value, reset_home=reset_home):
            _revoke_live(workspace, now)
            kind = StoryKind.RESET_ASKED if reset_home else StoryKind.RESTART_ASKED
            story.append(workspace, kind, now, actor=person.id)
            ring("wish", workspace)
    return Asked(workspace, is_new=False)  # the present run ends first; then a spare is claimed


def extend(person: Person, workspace: str, now: datetime) -> datetime:
    """Put the end off by one extension; returns until when it lives at least."""
    with unit_of_work():
        row = _own(person, workspace)
        run = runs.live_of(workspace)
        if not row.wanted or run is None:
            raise Refusal(
                Kind.CONFLICT, "not_running", _("This workspace is not running."),
                _("Start it; its time begins anew."),
            )  # fmt: skip
        lifetime = catalogue.of_run(run).lifetime
        until = extended(lifetime, run.ready_at or now, row.stops_at, now)
        store.extend(workspace, until)
        story.append(workspace, StoryKind.EXTENDED, now, actor=person.id, until=until.isoformat())
        ring("wish", workspace)
        ring("lifetime", workspace)
    return until


def delete(person: Person, workspace: str, now: datetime) -> None:
    """Delete a workspace: the environment home goes to the trash, the global home stays."""
    with unit_of_work():
        row = _own(person, workspace)
        _revoke_live(workspace, now)
        if store.delete(row, now):
            story.append(workspace, StoryKind.DELETED, now, actor=person.id)
            ring("wish", workspace)


def credentials(person: Person, workspace: str, now: datetime) -> tuple[str, str]:
    """The live run's generated user name and password; the owner's alone, told in the story."""
    row = own(person, workspace)
    run = runs.live_of(workspace)
    if row.person != person.id or run is None or run.phase is not Phase.READY:
        raise Refusal(
            Kind.CONFLICT, "no_credentials",
            _("There are no credentials to show: the workspace is not running."),
            _("Start it first."),
        )  # fmt: skip
    with unit_of_work():
        story.append(workspace, StoryKind.CREDENTIALS_SHOWN, now, run=run.id, actor=person.id)
    return run.credentials()


def own(person: Person, workspace: str) -> WorkspaceRow:
    """A workspace the person may act on: theirs, or anybody's for administrators."""
    with unit_of_work():
        return _own(person, workspace)


def _own(person: Person, workspace: str) -> WorkspaceRow:
    row = store.lock(workspace)
    allowed = row is not None and (
        row.person == person.id or may(person, Action.STOP_OTHERS_WORKSPACE)
    )
    if row is None or row.deleted_at is not None or not allowed:
        raise Refusal(
            Kind.NOT_FOUND, "unknown_workspace", _("There is no such workspace of yours."),
            _("It may have been deleted, or belong to somebody else. Look on your dashboard."),
        )  # fmt: skip
    return row


def _revoke_live(workspace: str, now: datetime) -> None:
    run: RunRow | None = runs.live_of(workspace)
    if run is not None and access.revoke_grants(now, run=run.id):
        ring("grants", run.id)
