"""The story of a workspace: every kind of thing that can happen to it, and how it is told.

The values are stored and part of the API (`kind` of its events). Titles and details are English
msgids; `%(name)s` places are filled from an event's facts after translation. A fact that is a
moment is stored as ISO 8601 in UTC under a name that ends with `_at`, or as `until`, and is shown
in the reader's zone; sizes end with `_bytes`, durations with `_seconds`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from mydocker.domain.words import gettext_noop as _


class StoryKind(StrEnum):
    """What happened."""

    # What people ask for.
    ASKED = "asked"
    """Somebody asked for the workspace to run."""
    ADMITTED = "admitted"
    """A run was made for the wish, on a node."""
    RESTART_ASKED = "restart_asked"
    RESET_ASKED = "reset_asked"
    EXTENDED = "extended"
    STOP_ASKED = "stop_asked"
    """A person or a rule wants it stopped; `cause` is a `failures.Cause` value."""
    DELETED = "deleted"
    OPENED = "opened"
    """An interface was opened; `interface` is its key, or empty for an address of its own."""
    CREDENTIALS_SHOWN = "credentials_shown"
    # On the way up.
    CLAIMED = "claimed"
    """A spare became the workspace's run."""
    IMAGE_PULLING = "image_pulling"
    IMAGE_READY = "image_ready"
    TURN_CAME = "turn_came"
    """It had to wait in the queue, and may start now."""
    HOMES_ATTACHED = "homes_attached"
    CONTAINER_STARTING = "container_starting"
    CONTAINER_STARTED = "container_started"
    ANSWERING = "answering"
    """The container runs; its ports are being asked."""
    READY = "ready"
    # While it lives.
    WARNED = "warned"
    """The person was told that it is about to stop; `cause` says why."""
    ASLEEP = "asleep"
    """Nobody used it, so it was frozen; it goes on where it was."""
    AWAKE = "awake"
    """It was asleep, and goes on."""
    OUT_OF_MEMORY_CHILD = "out_of_memory_child"
    """Some process in it was killed for memory; the workspace lives on."""
    HOME_NEARLY_FULL = "home_nearly_full"
    HOME_FULL = "home_full"
    ADOPTED = "adopted"
    """The platform was restarted and found the container at work."""
    UNREACHABLE = "unreachable"
    """The outside does not answer; what was begun goes on by itself later."""
    # On the way down.
    STOPPING = "stopping"
    TRAFFIC_CUT = "traffic_cut"
    CONTAINER_REMOVED = "container_removed"
    STOPPED = "stopped"
    """The run ended as somebody or a rule wanted; `cause` says why."""
    FAILED = "failed"
    """The run ended otherwise; `cause` says why."""
    HOME_TRASHED = "home_trashed"
    HOME_RESTORED = "home_restored"


@dataclass(frozen=True, slots=True)
class Sentence:
    """How a kind is told. Why something stopped is told by its cause (`failures.TELLINGS`)."""

    title: str
    detail: str = ""
    is_for_everyone: bool = True
    """False: a step of the machinery, shown only to whoever unfolds the details."""


SENTENCES: Mapping[StoryKind, Sentence] = MappingProxyType(
    {
        StoryKind.ASKED: Sentence(_("Workspace asked for")),
        StoryKind.ADMITTED: Sentence(_("Admitted"), _("On the node %(node)s.")),
        StoryKind.RESTART_ASKED: Sentence(
            _("Restart asked for"), _("A new container takes the place of the present one.")
        ),
        StoryKind.RESET_ASKED: Sentence(
            _("Reset asked for"),
            _("A new container and an empty environment home. The global home stays as it is."),
        ),
        StoryKind.EXTENDED: Sentence(_("Extended"), _("It stays until %(until)s at least.")),
        StoryKind.STOP_ASKED: Sentence(_("Stop asked for")),
        StoryKind.DELETED: Sentence(
            _("Workspace deleted"), _("The environment home is kept in the trash for 30 days.")
        ),
        StoryKind.OPENED: Sentence(_("Interface opened"), "%(interface)s"),
        StoryKind.CREDENTIALS_SHOWN: Sentence(
            _("Credentials shown"), _("User name and password of this run, on this page.")
        ),
        StoryKind.CLAIMED: Sentence(
            _("A container stood ready"), _("Your homes are being attached to it.")
        ),
        StoryKind.IMAGE_PULLING: Sentence(
            _("The image is arriving on the node"), _("%(image)s. The next starts will not wait.")
        ),
        StoryKind.IMAGE_READY: Sentence(_("The image is there"), _("%(size)s in %(seconds)s s.")),
        StoryKind.TURN_CAME: Sentence(
            _("Your turn came"), _("After %(seconds)s s in the queue, from place %(place)s.")
        ),
        StoryKind.HOMES_ATTACHED: Sentence(_("Homes attached"), "%(paths)s", is_for_everyone=False),
        StoryKind.CONTAINER_STARTING: Sentence(
            _("The container is starting"), _("With your homes attached.")
        ),
        StoryKind.CONTAINER_STARTED: Sentence(
            _("The container has started"), _("In %(seconds)s s."), is_for_everyone=False
        ),
        StoryKind.ANSWERING: Sentence(
            _("The container runs"), _("Waiting for an answer on port %(ports)s.")
        ),
        StoryKind.READY: Sentence(_("Ready"), _("%(seconds)s s after it was asked for.")),
        StoryKind.WARNED: Sentence(
            _("About to stop"), _("It stops at %(stops_at)s unless it is used or extended.")
        ),
        StoryKind.ASLEEP: Sentence(
            _("Asleep"), _("Nobody used it. Open it: everything in it goes on where it was.")
        ),
        StoryKind.AWAKE: Sentence(_("Awake again")),
        StoryKind.OUT_OF_MEMORY_CHILD: Sentence(
            _("A program ran out of memory"),
            _("Linux stopped one program at the limit of %(memory)s. The workspace goes on."),
        ),
        StoryKind.HOME_NEARLY_FULL: Sentence(
            _("A home is nearly full"), _("%(used)s of %(allowed)s are in use.")
        ),
        StoryKind.HOME_FULL: Sentence(
            _("A home is full"), _("%(used)s of %(allowed)s: nothing new is saved.")
        ),
        StoryKind.ADOPTED: Sentence(
            _("The platform was restarted"),
            _("The workspace went on meanwhile."),
            is_for_everyone=False,
        ),
        StoryKind.UNREACHABLE: Sentence(
            _("The server does not answer"), _("%(detail)s The platform tries again by itself.")
        ),
        StoryKind.STOPPING: Sentence(_("Stopping"), _("Programs have a moment to save and end.")),
        StoryKind.TRAFFIC_CUT: Sentence(_("Access closed"), is_for_everyone=False),
        StoryKind.CONTAINER_REMOVED: Sentence(_("Container removed"), is_for_everyone=False),
        StoryKind.STOPPED: Sentence(_("Stopped")),
        StoryKind.FAILED: Sentence(_("Failed")),
        StoryKind.HOME_TRASHED: Sentence(
            _("Environment home put in the trash"), _("It is kept there for 30 days.")
        ),
        StoryKind.HOME_RESTORED: Sentence(_("Environment home taken back from the trash")),
    }
)
