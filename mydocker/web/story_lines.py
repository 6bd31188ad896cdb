"""The mooring line: what happened to a workspace, line by line, and what comes next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from mydocker import steady
from mydocker.domain.environments import Environment
from mydocker.domain.story import SENTENCES, StoryKind
from mydocker.services.tellings import tell_event
from mydocker.store.story import StoryRow
from mydocker.web.amounts import number_text
from mydocker.web.drawings import icon
from mydocker.web.rendering import leaf
from mydocker.web.templatetags.mydocker import brief, iso, moment_text

_WISHES = (StoryKind.ASKED, StoryKind.RESTART_ASKED, StoryKind.RESET_ASKED)
_ENDS = (StoryKind.STOPPED, StoryKind.FAILED)
_STEPS = frozenset(
    {
        *(kind for kind, sentence in SENTENCES.items() if not sentence.is_for_everyone),
        StoryKind.ADMITTED,
        StoryKind.TURN_CAME,
        StoryKind.CONTAINER_STARTING,
        StoryKind.ANSWERING,
        StoryKind.STOPPING,
    }
)
"""What is only told while it happens, or to whoever asks for everything."""
_GOOD = "check-circle"
_SIGNS: Mapping[str, tuple[str, str]] = {
    StoryKind.READY: ("", _GOOD),
    StoryKind.IMAGE_READY: ("", _GOOD),
    StoryKind.HOME_RESTORED: ("", _GOOD),
    StoryKind.STOPPED: ("plain", "stopped"),
    StoryKind.STOPPING: ("plain", "power"),
    StoryKind.STOP_ASKED: ("plain", "power"),
    StoryKind.RESTART_ASKED: ("plain", "restart"),
    StoryKind.RESET_ASKED: ("plain", "bin"),
    StoryKind.DELETED: ("plain", "bin"),
    StoryKind.HOME_TRASHED: ("plain", "bin"),
    StoryKind.EXTENDED: ("plain", "plus"),
    StoryKind.WARNED: ("plain", "clock"),
    StoryKind.ASLEEP: ("plain", "moon"),
    StoryKind.OPENED: ("plain", "outside"),
    StoryKind.CREDENTIALS_SHOWN: ("plain", "key"),
    StoryKind.IMAGE_PULLING: ("plain", "download"),
    StoryKind.FAILED: ("bad", "triangle"),
    StoryKind.OUT_OF_MEMORY_CHILD: ("bad", "triangle"),
    StoryKind.HOME_FULL: ("bad", "triangle"),
    StoryKind.HOME_NEARLY_FULL: ("plain", "info"),
    StoryKind.UNREACHABLE: ("bad", "triangle"),
}
"""Class and icon of what is past; a dot for the rest."""

_REACHED: Mapping[str, int] = {
    StoryKind.ASKED: 0,
    StoryKind.RESTART_ASKED: 0,
    StoryKind.RESET_ASKED: 0,
    StoryKind.ADMITTED: 1,
    StoryKind.IMAGE_PULLING: 1,
    StoryKind.IMAGE_READY: 1,
    StoryKind.TURN_CAME: 1,
    StoryKind.HOMES_ATTACHED: 2,
    StoryKind.CONTAINER_STARTING: 2,
    StoryKind.CONTAINER_STARTED: 2,
    StoryKind.ANSWERING: 3,
    StoryKind.READY: 4,
}
"""How far a start got with an event, of `STEPS`."""
STEPS = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One knot: `css` is empty for what went well, `plain`, `bad`, `now` or `next`."""

    id: str
    kind: str
    at: datetime | None
    title: str
    detail: str
    css: str
    icon: str


def past(
    story: Sequence[StoryRow], environment: Environment, names: Mapping[str, str], count: int
) -> list[Line]:
    """What happened, newest first: `count` lines, without the steps of starts and stops."""
    return [_line(event, environment, names) for event in islice(_without_steps(story), count)]


def all_of(
    story: Sequence[StoryRow], environment: Environment, names: Mapping[str, str]
) -> list[Line]:
    """Everything that happened, newest first."""
    return [_line(event, environment, names) for event in story]


def _without_steps(story: Sequence[StoryRow]) -> Iterator[StoryRow]:
    """Leave out what the end of a start or a stop says again. `story` is newest first."""
    is_told = False
    for event in story:
        if event.kind in _ENDS:
            is_told = True
        elif event.kind in _WISHES:
            is_told = False
        if event.kind not in _STEPS and not (event.kind == StoryKind.STOP_ASKED and is_told):
            yield event


def live(
    story: Sequence[StoryRow], environment: Environment, names: Mapping[str, str]
) -> list[Line]:
    """What happened since the last wish, oldest first, the last of it under way, and what comes."""
    lines = [
        _line(event, environment, names)
        for event in reversed(_of_last_wish(story))
        if _is_for_all(event.kind)
    ]
    done = [replace(line, css=line.css if line.css == "bad" else "") for line in lines]
    done = [replace(line, icon=_GOOD) if not line.css else line for line in done]
    if done and not done[-1].css:
        done[-1] = replace(done[-1], css="now", icon="ring")
    return done + _to_come(reached(story), environment)


def written(lines: Sequence[Line], *, is_live: bool, is_pulling: bool) -> SafeString:
    """The list's items. While an image arrives, its progress has a place under what is going on."""
    item, time = leaf("workspaces/_line.html"), leaf("workspaces/_line_time.html")
    pull = SafeString('<div id="pull"></div>' if is_pulling else "")
    nothing, blank = SafeString(""), SafeString('<span class="when"></span>')
    return SafeString(
        "".join(
            item(
                id=line.id,
                css=line.css,
                icon=icon(line.icon, "spin" if line.css == "now" else ""),
                title=line.title,
                detail=line.detail,
                time=time(iso=iso(line.at), shown=_time(line.at, is_live)) if line.at else blank,
                more=pull if line.css == "now" else nothing,
            )
            for line in lines
        )
    )


def _time(at: datetime, is_live: bool) -> str:
    return f"{timezone.localtime(at):%H:%M:%S}" if is_live else brief(at)


def reached(story: Sequence[StoryRow]) -> int:
    """How many of `STEPS` the start under way has behind it."""
    return max((_REACHED.get(event.kind, 0) for event in _of_last_wish(story)), default=0)


def _of_last_wish(story: Sequence[StoryRow]) -> Sequence[StoryRow]:
    for place, event in enumerate(story):
        if event.kind in _WISHES:
            return story[: place + 1]
    return story


def _is_for_all(kind: str) -> bool:
    try:
        return SENTENCES[StoryKind(kind)].is_for_everyone
    except ValueError:
        return False


def _line(event: StoryRow, environment: Environment, names: Mapping[str, str]) -> Line:
    told = tell_event(event.kind, _readable(event.facts, environment))
    css, icon = _SIGNS.get(event.kind, ("plain", "dot"))
    by = names.get(event.actor, "")
    detail = " ".join(part for part in (told.more, _by(by)) if part)
    return Line(f"event-{event.id}", event.kind, event.at, told.message, detail, css, icon)


def _by(name: str) -> str:
    return gettext("By %(name)s.") % {"name": name} if name else ""


def _readable(facts: Mapping[str, str], environment: Environment) -> Mapping[str, str]:
    """Facts with an interface's title in the place of its key, and moments as people say them."""
    shown = {name: _shown(name, value) for name, value in facts.items()}
    if interface := environment.interface(facts.get("interface", "")):
        shown["interface"] = interface.title.in_language(get_language() or "en")
    return shown


def _shown(name: str, value: str) -> str:
    """Moments and seconds as people say them."""
    try:
        if name == "until" or name.endswith("_at"):
            return moment_text(datetime.fromisoformat(value), steady.now())
        return number_text(float(value)) if name == "seconds" else value
    except ValueError:
        return value


def _to_come(done: int, environment: Environment) -> list[Line]:
    ports = ", ".join(str(port.number) for port in environment.required_ports)
    steps = [
        (2, gettext("The container starts, with your homes attached")),
        (3, gettext("The program answers on port %(ports)s") % {"ports": ports} if ports else ""),
        (4, gettext("Ready")),
    ]
    return [
        Line(f"step-{number}", "", None, title, "", "next", "dotted-circle")
        for number, title in steps
        if number > done and title
    ]
