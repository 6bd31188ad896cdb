"""How states look and what they are called, on every page, in the API's clients and in the CLI.

Three signs for a state: colour (family), shape (icon), word. Words are English msgids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from mydocker.domain.builds import State as BuildState
from mydocker.domain.environments.values import Status
from mydocker.domain.runs import Phase, RunFacts
from mydocker.domain.words import gettext_noop as _
from mydocker.domain.workspaces import State


class Family(StrEnum):
    """What colour says: the chip's class is `st st-FAMILY`."""

    READY = "ready"
    PROGRESS = "prog"
    WAITING = "wait"
    SLEEP = "sleep"
    AT_REST = "stop"
    FAILED = "fail"


@dataclass(frozen=True, slots=True)
class Look:
    """A state's three signs, and the main action that it offers (empty for none)."""

    family: Family
    icon: str
    word: str
    action: str = ""


LOOKS: Mapping[State, Look] = MappingProxyType(
    {
        State.STOPPED: Look(Family.AT_REST, "stopped", _("Stopped"), _("Start")),
        State.QUEUED: Look(Family.WAITING, "hourglass", _("Queued"), _("Follow")),
        State.PULLING: Look(Family.PROGRESS, "ring", _("Image arriving"), _("Follow")),
        State.STARTING: Look(Family.PROGRESS, "ring", _("Starting"), _("Follow")),
        State.READY: Look(Family.READY, "check-circle", _("Ready"), _("Open")),
        State.ASLEEP: Look(Family.SLEEP, "moon", _("Asleep"), _("Wake")),
        State.STOPPING: Look(Family.AT_REST, "power", _("Stopping")),
        State.FAILED: Look(Family.FAILED, "triangle", _("Failed"), _("See why")),
    }
)
NEVER_STARTED = Look(Family.AT_REST, "dotted-circle", _("Never started"), _("Open my workspace"))
"""Stopped, and no run was ever made."""
CHECKING = Look(Family.PROGRESS, "ring", _("Checking"), _("Follow"))
"""Starting, and the container runs already: its ports are asked."""

STATUS_LOOKS: Mapping[Status, Look] = MappingProxyType(
    {
        Status.DRAFT: Look(Family.AT_REST, "dotted-circle", _("Draft"), _("Try it")),
        Status.TEST: Look(Family.PROGRESS, "flask", _("In test"), _("Try it")),
        Status.READY: Look(Family.READY, "check-circle", _("Ready"), _("Copy the link")),
        Status.ARCHIVED: Look(Family.AT_REST, "stopped", _("Archived"), _("Restore")),
    }
)
STATUS_SENTENCES: Mapping[Status, str] = MappingProxyType(
    {
        Status.DRAFT: _("Only its maintainers see it."),
        Status.TEST: _("Whoever has the link can start it; it is in no list."),
        Status.READY: _("Whoever may join can start it."),
        Status.ARCHIVED: _("Nobody can start it any more; files stay."),
    }
)

BUILD_LOOKS: Mapping[BuildState, Look] = MappingProxyType(
    {
        BuildState.QUEUED: Look(Family.WAITING, "hourglass", _("Queued"), _("Follow")),
        BuildState.BUILDING: Look(Family.PROGRESS, "ring", _("Building"), _("Follow")),
        BuildState.DONE: Look(Family.READY, "check-circle", _("Built"), _("See")),
        BuildState.FAILED: Look(Family.FAILED, "triangle", _("Failed"), _("See why")),
        BuildState.CANCELLED: Look(Family.AT_REST, "stopped", _("Cancelled"), _("See")),
    }
)
NEVER_BUILT = Look(Family.AT_REST, "dotted-circle", _("Never built"))


def look_of(state: State, run: RunFacts | None) -> Look:
    """Return how a workspace's state looks; `run` is its newest run."""
    if state is State.STOPPED and run is None:
        return NEVER_STARTED
    if state is State.STARTING and run is not None and run.phase is Phase.ANSWERING:
        return CHECKING
    return LOOKS[state]
