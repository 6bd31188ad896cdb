"""Why a run failed or stopped, each with a sentence and a remedy.

Sentences are English msgids; `%(name)s` places are filled from `facts` after translation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mydocker.domain.words import gettext_noop as _


class Cause(StrEnum):
    """Why a run came to its end. The values are stored and part of the API."""

    # The person, or a rule, wanted the end.
    ASKED = "asked"
    RESTARTED = "restarted"
    RESET = "reset"
    DELETED = "deleted"
    IDLE = "idle"
    TIME_UP = "time_up"
    BY_ADMIN = "by_admin"
    RIGHT_WITHDRAWN = "right_withdrawn"
    NODE_FULL = "node_full"
    MEMORY_NEEDED = "memory_needed"
    """It was asleep, and others needed the memory."""
    ENDED_ITSELF = "ended_itself"
    SPARE_LOST = "spare_lost"
    """A spare ended while it was being claimed; its person gets another run at once."""
    SPARE_RETIRED = "spare_retired"
    """A spare was not needed any more, or out of date."""
    # Something went wrong.
    OUT_OF_MEMORY = "out_of_memory"
    EXITED = "exited"
    KILLED = "killed"
    IMAGE_MISSING = "image_missing"
    IMAGE_UNUSABLE = "image_unusable"
    COMMAND_MISSING = "command_missing"
    DISK_FULL = "disk_full"
    NO_ANSWER = "no_answer"
    VANISHED = "vanished"
    HOME_UNAVAILABLE = "home_unavailable"
    ISOLATION_MISSING = "isolation_missing"
    ENGINE_REFUSED = "engine_refused"

    @property
    def is_failure(self) -> bool:
        """Whether the person has to be told that something went wrong."""
        return self not in _PEACEFUL


_PEACEFUL = frozenset(
    {
        Cause.ASKED,
        Cause.RESTARTED,
        Cause.RESET,
        Cause.DELETED,
        Cause.IDLE,
        Cause.TIME_UP,
        Cause.BY_ADMIN,
        Cause.RIGHT_WITHDRAWN,
        Cause.MEMORY_NEEDED,
        Cause.ENDED_ITSELF,
        Cause.SPARE_LOST,
        Cause.SPARE_RETIRED,
    }
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it ended: a cause and the facts that fill its sentence."""

    cause: Cause
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Telling:
    """How a cause is told: what happened, and what to do. English msgids."""

    message: str
    hint: str


TELLINGS: Mapping[Cause, Telling] = {
    Cause.ASKED: Telling(_("You stopped this workspace."), _("Start it again whenever you like.")),
    Cause.RESTARTED: Telling(
        _("You restarted this workspace."), _("A new container takes its place.")
    ),
    Cause.RESET: Telling(
        _("You reset this workspace."),
        _("The former environment home is kept in the trash for 30 days."),
    ),
    Cause.DELETED: Telling(_("This workspace was deleted."), ""),
    Cause.IDLE: Telling(
        _("Stopped after %(minutes)s minutes without activity."),
        _("Your files are safe. Start it again whenever you like."),
    ),
    Cause.TIME_UP: Telling(
        _("Stopped: the longest time allowed, %(hours)s h, was over."),
        _("Your files are safe. Start it again whenever you like."),
    ),
    Cause.BY_ADMIN: Telling(
        _("Stopped by the administrators."),
        _("Your files are safe. Start it again, or write to support."),
    ),
    Cause.RIGHT_WITHDRAWN: Telling(
        _("Stopped: you no longer have access to this environment."),
        _("Your files are kept. Ask the teacher who shared the link."),
    ),
    Cause.NODE_FULL: Telling(
        _("Stopped: the server's disk was about to be full, and this workspace wrote the most."),
        _("Free some space in your home before you start again, or write to support."),
    ),
    Cause.MEMORY_NEEDED: Telling(
        _("Stopped while it was asleep: the server's memory was needed by others."),
        _("Your files are safe. Start it again whenever you like."),
    ),
    Cause.ENDED_ITSELF: Telling(
        _("The program in this workspace ended by itself."),
        _("Your files are safe. Start it again whenever you like."),
    ),
    Cause.SPARE_LOST: Telling(
        _("The container that was kept ready for you ended; another one is being started."),
        _("There is nothing to do."),
    ),
    Cause.SPARE_RETIRED: Telling(_("This spare was not needed any more."), ""),
    Cause.OUT_OF_MEMORY: Telling(
        _("Your workspace ran out of memory: it asked for more than its %(memory)s."),
        _("Your files are safe. Start again and use less, or ask your teacher for more memory."),
    ),
    Cause.EXITED: Telling(
        _("The program in your workspace stopped with status %(status)s."),
        _("Read the last lines of the log, then restart. If it happens again, tell your teacher."),
    ),
    Cause.KILLED: Telling(
        _("The program in your workspace was killed by signal %(signal)s."),
        _("Your files are safe. Restart; if it happens again, tell your teacher."),
    ),
    Cause.IMAGE_MISSING: Telling(
        _("The image %(image)s could not be found."),
        _("Tell your teacher: the image's name may be wrong, or it is not built yet."),
    ),
    Cause.IMAGE_UNUSABLE: Telling(
        _("The image %(image)s could not be pulled: %(detail)s"),
        _("Try again in a minute. If it happens again, tell your teacher."),
    ),
    Cause.COMMAND_MISSING: Telling(
        _("The environment's command cannot be run in this image: %(detail)s"),
        _("Tell your teacher: the command of the environment names a program the image lacks."),
    ),
    Cause.DISK_FULL: Telling(
        _("The server's disk is full; your workspace could not start."),
        _("Nothing is lost. The operators have been told; try again later."),
    ),
    Cause.NO_ANSWER: Telling(
        _("Nothing answered on port %(port)s within %(seconds)s s."),
        _("Read the last lines of the log and restart. If it happens again, tell your teacher."),
    ),
    Cause.VANISHED: Telling(
        _("Your container disappeared: the server was restarted or somebody removed it."),
        _("Your files are safe. Start it again."),
    ),
    Cause.HOME_UNAVAILABLE: Telling(
        _("Your home could not be attached: %(detail)s"),
        _("Your files are safe. Try again in a minute, or write to support."),
    ),
    Cause.ISOLATION_MISSING: Telling(
        _("The server's protection is not in place, so nothing is started on it: %(detail)s"),
        _("The operators have been told; try again in a minute."),
    ),
    Cause.ENGINE_REFUSED: Telling(
        _("The container engine refused to start your workspace: %(detail)s"),
        _("Tell your teacher, or write to support with the reference."),
    ),
}
