"""Environments as they are found, and who may start them. Changes are in `environments.py`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from mydocker.domain.admission import admit
from mydocker.domain.environments import Environment, Status, read_environment
from mydocker.domain.people import Action, Person, may
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.sleep import as_it_runs
from mydocker.domain.words import gettext_noop as _
from mydocker.store import environments as store
from mydocker.store.environments import EnvironmentRow
from mydocker.store.runs import RunRow


@dataclass(frozen=True, slots=True)
class Known:
    """An environment as stored and as defined."""

    row: EnvironmentRow
    definition: Environment


@lru_cache(4096)
def _parsed(definition: str) -> Environment:
    """Parse each definition once; all runs of an environment have the same."""
    return read_environment(json.loads(definition))


@lru_cache(4096)
def _as_it_runs(definition: str) -> Environment:
    return as_it_runs(_parsed(definition))


def known(row: EnvironmentRow) -> Known:
    """The row with its definition."""
    return Known(row, _parsed(json.dumps(row.definition)))


def of_run(run: RunRow) -> Environment:
    """The environment as it was when the run was made, and as it runs (`domain.sleep`)."""
    return _as_it_runs(json.dumps(run.definition))


def by_slug(slug: str) -> Known:
    """The environment of this slug. Refuses where there is none."""
    return known(store.by_slug(slug) or _refuse_unknown(slug))


def by_id(environment: str) -> Known:
    """The environment of this id. Refuses where there is none."""
    return known(store.by_id(environment) or _refuse_unknown(environment))


def by_join_code(code: str) -> Known:
    """The environment behind a join link. Refuses where there is none."""
    row = store.by_join_code(code)
    if row is None:
        raise Refusal(
            Kind.NOT_FOUND,
            "unknown_join_code",
            _("This link leads to no environment."),
            _("Check that it was copied whole, or ask the teacher who shared it for a new one."),
        )
    return known(row)


def catalogue(person: Person) -> Sequence[Known]:
    """Every environment the person may start from the list."""
    maintained = store.maintained(person.mail)
    offered = map(known, store.listed([Status.READY.value]))
    return [
        each for each in offered if _may_start(person, each.definition, each.row.id in maintained)
    ]


def editable(person: Person) -> Sequence[Known]:
    """Every environment the person may edit."""
    if may(person, Action.SEE_ALL_ENVIRONMENTS):
        return [known(row) for row in store.listed([status.value for status in Status])]
    return [known(row) for row in store.listed([], maintained_by=person.mail)]


def admitted(person: Person, environment: Known) -> None:
    """Pass if the person may start it; a Refusal with the reason otherwise."""
    maintains = store.maintains(person.mail, environment.row.id)
    admit(person, environment.definition, maintains=maintains)


def may_start(person: Person, definition: Environment, environment: str) -> bool:
    """Whether the person may start the environment of this id, were it defined so."""
    return _may_start(person, definition, store.maintains(person.mail, environment))


def _may_start(person: Person, definition: Environment, maintains: bool) -> bool:
    try:
        admit(person, definition, maintains=maintains)
    except Refusal:
        return False
    return True


def _refuse_unknown(slug: str) -> EnvironmentRow:
    raise Refusal(
        Kind.NOT_FOUND, "unknown_environment", _("There is no environment “%(slug)s”."),
        _("Look in the catalogue, or check the name."), slug=slug,
    )  # fmt: skip
