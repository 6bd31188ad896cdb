"""What a build's page shows: from its row, what its log has said so far, and the build before it.

The page is rendered from the row alone; its stream renders the same values anew with the log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext

from mydocker.domain.builds import State
from mydocker.domain.state_words import BUILD_LOOKS, Look
from mydocker.domain.words import gettext_noop as _
from mydocker.services.answers import fill
from mydocker.store.builds import BuildRow
from mydocker.web.amounts import elapsed_text, size_text
from mydocker.web.build_steps import LogSoFar, StepView, steps_of
from mydocker.web.build_weights import (
    Changes,
    Shelf,
    Weights,
    changes_of,
    shelves_of,
    weights_of,
)

AROUND = 2
"""Lines of the Dockerfile shown before and after the one that failed."""

_WHY: Mapping[str, tuple[str, str]] = {
    "step": (
        _("A step of the build ended with an error."),
        _("The last lines of the log say what it was."),
    ),
    "time": (
        _("The build took longer than it may."),
        _("Install less at once, or take a base that has most of it already."),
    ),
    "disk": (
        _("The build added more to the image than it may."),
        _("Install less, and delete in the same step what was only needed to install."),
    ),
    "memory": (
        _("A step needed more memory than a build has."),
        _("Install ready-made packages instead of compiling them, or fewer at once."),
    ),
    "base": (
        _("The image that this one is built on cannot be had."),
        _("Check its name; if it is right, try again in a few minutes."),
    ),
    "recipe": (
        _("The recipe cannot be understood."),
        _("Open the recipe: what is wrong in it is marked there."),
    ),
}
"""For failures that nobody could explain better, by `ports.builder.Why`."""
_UNKNOWN = (
    _("The build stopped, and its log does not say why."),
    _("Build again; if it happens again, write to support."),
)


@dataclass(frozen=True, slots=True)
class RecipeLine:
    """A line of a Dockerfile."""

    number: int
    text: str
    is_meant: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no image: what happened, what to do, and where in the recipe."""

    message: str
    hint: str
    line: int
    """Of the Dockerfile, from 1; 0 where it is about none."""
    around: Sequence[RecipeLine]
    said: str
    """The line of the log that tells it."""


@dataclass(frozen=True, slots=True)
class BuildView:
    """A build, for its page and for the card on its image's page."""

    row: BuildRow
    look: Look
    sentence: str
    """What happens now, or how it ended."""
    done: int
    total: int
    percent: int
    elapsed: str
    since: datetime | None
    """When it began, while it goes on."""
    steps: Sequence[StepView]
    fetching: str
    """The base that is on its way, and how much of it came."""
    failure: Failure | None
    weights: Weights | None
    changes: Changes | None
    shelves: Sequence[Shelf]
    count: int = field(default=0)
    """Packages in it."""
    users: int = field(default=0)
    """Environments that run a build of the image."""
    in_use: int = field(default=0)
    """Those of them that run this very build."""

    @property
    def is_live(self) -> bool:
        """Whether something of it may still change."""
        return not self.row.state.is_over

    @property
    def may_replace(self) -> bool:
        """Whether environments run another build than this one, which is good."""
        is_there = self.row.state is State.DONE and self.row.collected_at is None
        return is_there and self.users > self.in_use

    @property
    def spoken(self) -> str:
        """What is said aloud when it changes."""
        return f"{gettext(self.look.word)}. {self.sentence}"


def view_of(
    row: BuildRow,
    log: LogSoFar,
    before: BuildRow | None,
    now: datetime,
    *,
    whole: bool = True,
    used: Sequence[str] = (),
) -> BuildView:
    """What to show. `before` is the last good build before it; without `whole`, no packages.

    `used` are the images of the environments that run a build of the same image.
    """
    steps = steps_of(row, log)
    total = len(steps) or row.steps
    done = sum(1 for step in steps if step.mark in ("ok", "hit")) or max(0, row.step - 1)
    if row.state is State.DONE:
        done = total
    is_live = not row.state.is_over
    end = row.ended_at or now
    return BuildView(
        row, BUILD_LOOKS[row.state], _sentence(row, log, done, total), done, total,
        round(100 * done / total) if total else 0,
        elapsed_text((end - row.began_at).total_seconds()) if row.began_at else "",
        row.began_at if is_live else None,
        steps, _fetching(row, log), _failure(row), weights_of(row, before),
        changes_of(row, before) if whole else None, shelves_of(row) if whole else (),
        len(row.packages), len(used), sum(1 for name in used if name == row.reference),
    )  # fmt: skip


def _sentence(row: BuildRow, log: LogSoFar, done: int, total: int) -> str:
    match row.state:
        case State.QUEUED if row.tries:
            return gettext("It was cut off and begins again by itself.")
        case State.QUEUED:
            return gettext("It begins by itself; people take turns.")
        case State.BUILDING:
            return _under_way(row, log, done, total)
        case State.DONE if not row.collected_at:
            return gettext("Environments can use it.")
        case State.DONE:
            return gettext("Its image was removed since; build again to have it back.")
        case _:
            return gettext("There is no image; the builds before it stay.")


def _under_way(row: BuildRow, log: LogSoFar, done: int, total: int) -> str:
    if row.cancel_asked:
        return gettext("It is being cancelled.")
    if log.is_looking:
        return gettext("All steps are done; its packages are being listed.")
    if not total or not (row.step or done or log.steps):
        return gettext("It begins.")
    # The log is ahead of the row.
    step = min(total, done + 1 if log.steps else max(done + 1, row.step))
    return gettext("Step %(step)s of %(total)s") % {"step": step, "total": total}


def _fetching(row: BuildRow, log: LogSoFar) -> str:
    if log.fetched is None or row.state is not State.BUILDING:
        return ""
    facts = {"image": log.fetched.text, "size": size_text(log.fetched.bytes)}
    if not log.fetched.bytes:
        return gettext("Fetching %(image)s") % facts
    return gettext("Fetching %(image)s: %(size)s so far") % facts


def _failure(row: BuildRow) -> Failure | None:
    if row.state is not State.FAILED:
        return None
    told = row.failure
    message, hint = str(told.get("message", "")), str(told.get("hint", ""))
    if not message:
        message, hint = _WHY.get(str(told.get("why", "")), _UNKNOWN)
    facts = told.get("facts")
    facts = facts if isinstance(facts, Mapping) else {}
    line = told.get("line")
    number = line if isinstance(line, int) else 0
    return Failure(
        fill(message, facts), fill(hint, facts), number, around(row.dockerfile, number),
        str(told.get("said", "")),
    )  # fmt: skip


def around(dockerfile: str, number: int) -> Sequence[RecipeLine]:
    """The lines of a Dockerfile around one; none if there is no such line."""
    lines = dockerfile.splitlines()
    if not 0 < number <= len(lines):
        return ()
    first = max(1, number - AROUND)
    return tuple(
        RecipeLine(each, lines[each - 1], each == number)
        for each in range(first, min(len(lines), number + AROUND) + 1)
    )
