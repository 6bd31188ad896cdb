"""Environments changed: applied from a definition, exported, deleted."""

from dataclasses import replace
from datetime import datetime

from mydocker.domain.environments import Environment, write_environment
from mydocker.domain.failures import Cause
from mydocker.domain.people import Action, Person, may
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.words import gettext_noop as _
from mydocker.services import workspaces
from mydocker.services.catalogue import (
    Known,
    admitted,
    by_id,
    by_join_code,
    by_slug,
    catalogue,
    editable,
    known,
    may_start,
    of_run,
)
from mydocker.services.image_rights import may_use
from mydocker.store import environments as store
from mydocker.store import people as stored_people
from mydocker.store import workspaces as stored_workspaces
from mydocker.store.doorbell import ring
from mydocker.store.environments import EnvironmentRow
from mydocker.store.ids import join_code
from mydocker.store.transactions import unit_of_work

__all__ = [
    "Known", "admitted", "apply", "by_id", "by_join_code", "by_slug", "catalogue", "delete",
    "editable", "for_editing", "known", "may_start", "of_run",
]  # fmt: skip


def for_editing(person: Person, slug: str) -> Known:
    """An environment the person may edit. Others learn nothing of it."""
    found = by_slug(slug)
    maintains = store.maintains(person.mail, found.row.id)
    if not may(person, Action.EDIT_ENVIRONMENT, maintains=maintains):
        raise Refusal(
            Kind.FORBIDDEN,
            "not_maintainer",
            _("Only the people who maintain “%(slug)s” can see or change its definition."),
            _("Ask one of them to add you, or write to support."),
            slug=slug,
        )
    return found


def apply(person: Person, definition: Environment, now: datetime) -> tuple[Known, bool]:
    """Create or change the environment of this slug; the second value says whether it changed.

    Applying the same definition twice changes nothing. Runs that live keep what they were
    started with; people who may no longer use it are stopped.
    """
    with unit_of_work():
        row = store.by_slug(definition.slug)
        if row is None:
            changed = True
            row = _create(person, definition, now)
        else:
            changed = _change(person, row, definition, now)
        stored = store.by_slug(definition.slug) or row
        if changed:
            ring("stock", stored.id)
    return known(stored), changed


def _create(person: Person, definition: Environment, now: datetime) -> EnvironmentRow:
    if not may(person, Action.CREATE_ENVIRONMENT):
        raise Refusal(
            Kind.FORBIDDEN, "not_teacher", _("Only teachers can create environments."),
            _("If you teach, ask support to change your role."),
        )  # fmt: skip
    may_use(person, definition.image)
    definition = _maintained(person, definition)
    definition = replace(definition, join_code=definition.join_code or join_code())
    _keep_join_code_free(definition, "")
    return store.create(
        write_environment(definition), slug=definition.slug,
        title=(definition.title.en, definition.title.fr), status=definition.status.value,
        join_code=definition.join_code, maintainers=definition.maintainers, now=now,
    )  # fmt: skip


def _change(person: Person, row: EnvironmentRow, definition: Environment, now: datetime) -> bool:
    for_editing(person, row.slug)
    present = known(row).definition
    if definition.image != present.image:
        may_use(person, definition.image)
    definition = replace(
        definition,
        join_code=definition.join_code or row.join_code,
        # A file that names none leaves those there are: nobody locks themselves out.
        maintainers=definition.maintainers or present.maintainers,
    )
    _keep_join_code_free(definition, row.id)
    tree = write_environment(definition)
    if tree == row.definition:
        return False
    updated = store.update(
        row, tree, title=(definition.title.en, definition.title.fr),
        status=definition.status.value, join_code=definition.join_code,
        maintainers=definition.maintainers, now=now,
    )  # fmt: skip
    if not updated:
        raise Refusal(
            Kind.CONFLICT, "changed_meanwhile",
            _("Somebody else changed “%(slug)s” meanwhile; nothing was overwritten."),
            _("Look at the new definition, then apply yours again."), slug=row.slug,
        )  # fmt: skip
    _withdraw_rights(row.id, definition, now)
    return True


def _maintained(person: Person, definition: Environment) -> Environment:
    if definition.maintainers or not person.mail:
        return definition
    return replace(definition, maintainers=(person.mail.lower(),))


def _keep_join_code_free(definition: Environment, own: str) -> None:
    if not definition.join_code:
        return
    other = store.by_join_code(definition.join_code)
    if other is not None and other.id != own:
        raise Refusal(
            Kind.CONFLICT, "join_code_taken",
            _("The join code “%(join_code)s” belongs to another environment."),
            _("Choose another one, or leave it out to get a new one."),
            join_code=definition.join_code,
        )  # fmt: skip


def _withdraw_rights(environment: str, definition: Environment, now: datetime) -> None:
    for workspace in stored_workspaces.in_environment(environment):
        person = stored_people.find(workspace.person)
        if person is None or not workspace.wanted:
            continue
        if not may_start(person, definition, environment):
            workspaces.stop(workspace.id, Cause.RIGHT_WITHDRAWN, "environment", now)


def delete(person: Person, slug: str, now: datetime) -> None:
    """Delete an environment that nobody ever used; others can be archived."""
    found = for_editing(person, slug)
    with unit_of_work():
        if not store.delete(found.row.id):
            raise Refusal(
                Kind.CONFLICT, "environment_in_use",
                _("“%(slug)s” has workspaces with people's files, so it is not deleted."),
                _("Set its status to archived: nobody can start it, and files stay."), slug=slug,
            )  # fmt: skip
