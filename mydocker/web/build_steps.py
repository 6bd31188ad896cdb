"""The steps of a build as its page lists them: from its Dockerfile, and from its log so far."""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext

from mydocker.domain.build_logs import LogEntry, plain
from mydocker.domain.builds import State
from mydocker.domain.environments.mistakes import Mistakes
from mydocker.domain.recipes import Step, Title, steps
from mydocker.store.builds import BuildRow
from mydocker.web.amounts import elapsed_text, size_text

MOST_LINES = 2_000
"""Of a log that a page keeps."""
LONGEST_LINE = 4_000
LONGEST_CODE = 300
"""Characters of an instruction in the list."""
_INSTALLS = re.compile(r"\s(?:install|add|create|sync|ci)\s")
_VARIABLES = re.compile(r"^(?:[A-Za-z_]\w*=\S*\s+)+")
_OPTIONS = re.compile(r"\s--(?:(?:name|channel|cache)\s\S+|[A-Za-z][\w-]*(?:=\S+)?)(?=\s)")
_CONDITION = re.compile(r"\bif !? ?command -v .{0,999}?\bfi\b")
_OF_R = re.compile(r"\bwanted <- c\(([^)]*)\)")
"""Of the step that lists of packages make for R."""
_TONES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("r", re.compile(r"\s*(?:error|fatal|E:|npm err!)", re.IGNORECASE)),
    ("s", re.compile(r"\s*(?:warning|warn|W:|npm warn)\b", re.IGNORECASE)),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log. `tone` is a class of the page's code boxes: c, r, s, or empty."""

    text: str
    tone: str = ""


@dataclass(slots=True)
class _Told:
    """What the log says of one step."""

    text: str
    began: float
    ended: float | None = None
    is_cached: bool = False
    added_bytes: int = 0


class LogSoFar:
    """A log as its entries come: its last lines, and how far each step is."""

    def __init__(self, entries: Sequence[LogEntry] = ()) -> None:
        self.steps: dict[int, _Told] = {}
        self.lines: deque[Line] = deque(maxlen=MOST_LINES)
        self.fetched: LogEntry | None = None
        """The base that is on its way."""
        self.is_looking = False
        """All steps are done; the packages are being listed."""
        for entry in entries:
            self.take(entry)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said yet."""
        return not (self.steps or self.lines or self.fetched)

    def take(self, entry: LogEntry) -> Line | None:
        """Take in one more entry; returns the line that it adds."""
        self.fetched = entry if entry.kind == "fetch" else None
        match entry.kind:
            case "step":
                self.steps[entry.step] = _Told(plain(entry.text), entry.seconds)
            case "cached" | "ended":
                self._end(entry)
            case "again":
                self.steps.clear()
                self.is_looking = False
            case "look":
                self.is_looking = True
        line = line_of(entry)
        if line is not None:
            self.lines.append(line)
        return line

    def _end(self, entry: LogEntry) -> None:
        told = self.steps.setdefault(entry.step, _Told("", entry.seconds))
        told.ended = entry.seconds
        told.is_cached = entry.kind == "cached"
        told.added_bytes = entry.bytes


def line_of(entry: LogEntry) -> Line | None:
    """The line that an entry adds to the log; None for what is shown elsewhere."""
    match entry.kind:
        case "step":
            return Line(f"# {entry.step} {plain(entry.text)}"[:LONGEST_LINE], "c")
        case "cached":
            return Line(gettext("# Nothing to do: taken from an earlier build."), "c")
        case "again":
            return Line(gettext("# The build begins again: the engine was cut off."), "s")
        case "said":
            text = plain(entry.text)[:LONGEST_LINE]
            return Line(text, next((tone for tone, words in _TONES if words.match(text)), ""))
        case _:
            return None


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of the list."""

    number: int
    title: str
    code: str
    mark: str
    """hit (from the cache), ok, run, bad, cut (cancelled) or todo."""
    icon: str
    time: str = ""
    note: str = ""
    since: datetime | None = None
    """When the one that runs began."""


_ICONS: Mapping[str, str] = {
    "hit": "bolt", "ok": "check-circle", "run": "ring", "bad": "triangle", "cut": "stopped",
    "todo": "dotted-circle",
}  # fmt: skip
_CUT_OFF: Mapping[State, str] = {
    State.BUILDING: "run", State.FAILED: "bad", State.CANCELLED: "cut",
}  # fmt: skip


def steps_of(row: BuildRow, log: LogSoFar) -> tuple[StepView, ...]:
    """Every step of a build, in order."""
    return tuple(_step(row, log, step) for step in known_steps(row.dockerfile))


def known_steps(dockerfile: str) -> tuple[Step, ...]:
    """The steps of a Dockerfile; none where it cannot be read."""
    try:
        return steps(dockerfile)
    except Mistakes:
        return ()


def _step(row: BuildRow, log: LogSoFar, step: Step) -> StepView:
    told = log.steps.get(step.number)
    mark = _mark_told(row, told) if told else _mark_untold(row, log, step.number)
    code = command_of(step) if step.instruction == "RUN" else f"{step.instruction} {step.text}"
    time, since = _time(row, told, mark)
    return StepView(
        step.number, gettext(step.title.value), code[:LONGEST_CODE], mark, _ICONS[mark], time,
        " · ".join(_notes(told)), since,
    )  # fmt: skip


def command_of(step: Step) -> str:
    """The command that a step is about: of one that installs, what it installs."""
    if step.title is Title.COMMAND:
        return step.text
    text = _CONDITION.sub("", step.text)
    if listed := _OF_R.search(text):
        return listed[1].replace('"', "")
    parts = (part.strip() for part in text.split("&&"))
    found = next((part for part in parts if _INSTALLS.search(part)), "")
    return _OPTIONS.sub("", _VARIABLES.sub("", found)).replace('"$installer"', "conda") or step.text


def _mark_told(row: BuildRow, told: _Told) -> str:
    if told.is_cached:
        return "hit"
    if told.ended is not None or row.state is State.DONE:
        return "ok"
    return _CUT_OFF.get(row.state, "todo")


def _mark_untold(row: BuildRow, log: LogSoFar, number: int) -> str:
    """From the row alone: what the database knows where nobody reads the log."""
    if row.state is State.DONE or number < row.step:
        return "ok"
    if number == row.step and not log.steps:
        return _CUT_OFF.get(row.state, "todo")
    return "todo"


def _time(row: BuildRow, told: _Told | None, mark: str) -> tuple[str, datetime | None]:
    if told is None:
        return "", None
    if told.ended is not None:
        return elapsed_text(told.ended - told.began), None
    if mark == "run" and row.began_at is not None:
        return "", row.began_at + timedelta(seconds=told.began)
    return "", None


def _notes(told: _Told | None) -> Iterator[str]:
    if told is None:
        return
    if told.is_cached:
        yield gettext("in cache")
    if told.added_bytes > 0:
        yield size_text(told.added_bytes)
