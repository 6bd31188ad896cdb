"""What people read: every enum has its sentence, and every sentence the places that are filled."""

import re

import pytest

from mydocker.domain.failures import TELLINGS, Cause
from mydocker.domain.refusals import Kind, Refusal
from mydocker.domain.scopes import Scope, allows, check_scopes
from mydocker.domain.story import SENTENCES, StoryKind
from mydocker.domain.words import gettext_noop

KNOWN_PLACES = {
    "memory", "minutes", "hours", "status", "signal", "image", "detail", "port", "seconds",
    "node", "until", "interface", "size", "paths", "ports", "stops_at", "used", "allowed", "place",
}  # fmt: skip


def test_every_cause_is_told() -> None:
    assert set(TELLINGS) == set(Cause)


def test_every_kind_of_event_is_told() -> None:
    assert set(SENTENCES) == set(StoryKind)
    assert all(sentence.title for sentence in SENTENCES.values())


@pytest.mark.parametrize(
    "text",
    [
        *(part for telling in TELLINGS.values() for part in (telling.message, telling.hint)),
        *(part for sentence in SENTENCES.values() for part in (sentence.title, sentence.detail)),
    ],
)
def test_a_sentence_is_filled_from_facts_that_are_known(text: str) -> None:
    places = set(re.findall(r"%\((\w+)\)s", text))
    assert places <= KNOWN_PLACES
    assert "%" not in text % dict.fromkeys(places, "x")
    assert "!" not in text


def test_the_values_of_enums_fit_their_columns() -> None:
    assert max(len(member) for enum in (Cause, StoryKind) for member in enum) <= 30


def test_only_what_people_did_not_want_is_a_failure() -> None:
    peaceful = {cause.value for cause in Cause if not cause.is_failure}
    assert peaceful == {
        "asked", "restarted", "reset", "deleted", "idle", "time_up", "by_admin",
        "right_withdrawn", "memory_needed", "ended_itself", "spare_lost", "spare_retired",
    }  # fmt: skip


def test_a_refusal_reads_well_in_a_log() -> None:
    refusal = Refusal(
        Kind.CONFLICT, "full", "All %(places)s places are taken.", "Wait.", places=240
    )
    assert str(refusal) == "full: All 240 places are taken."
    assert (refusal.kind, refusal.hint, refusal.facts) == (Kind.CONFLICT, "Wait.", {"places": 240})
    assert str(Refusal(Kind.INVALID, "x", "100 %")) == "x: 100 %"
    assert gettext_noop("x") == "x"


def test_a_token_may_do_what_its_scopes_say() -> None:
    assert all(allows([], scope) for scope in Scope)
    assert allows(["workspaces:read"], Scope.READ_WORKSPACES)
    assert not allows(["workspaces:read"], Scope.WRITE_WORKSPACES)
    check_scopes(scope.value for scope in Scope)
    with pytest.raises(Refusal, match="workspaces:raed"):
        check_scopes(["workspaces:raed"])
