"""The parts of a workspace's page that its stream pushes, rendered by the page's own templates."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils import timezone, translation
from django.utils.translation import gettext

from mydocker.ports.window import LayerPart, PullShown, UsageShown
from mydocker.web.amounts import duration_text, number_text, size_text
from mydocker.web.rendering import csrf_input, render_text
from mydocker.web.workspace_page import Page, report_on

PARTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "starting": (("queue", "workspaces/_eta.html"), ("story", "workspaces/_story.html")),
    "ready": (
        ("state", "workspaces/_countdown.html"),
        ("story", "workspaces/_story.html"),
    ),
    "resting": (("story", "workspaces/_story.html"),),
    "failed": (("story", "workspaces/_story.html"),),
}
"""What of a layout may change alone: the event that carries it, and its template."""


class Reader:
    """In whose language, zone and session fragments are rendered. Forms keep one secret."""

    def __init__(self, language: str, zone: ZoneInfo, request: HttpRequest) -> None:
        self._language, self._zone = language, zone
        self._request = request
        token = get_token(request) if "CSRF_COOKIE" in request.META else ""
        self._csrf_input = csrf_input(token)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Speak as this reader does."""
        with translation.override(self._language), timezone.override(self._zone):
            yield

    def render(self, template: str, **context: object) -> str:
        """Render a fragment; within `reading`."""
        return render_text(template, {**context, "csrf_input": self._csrf_input})


@dataclass(frozen=True, slots=True)
class Fragments:
    """One rendering: all of the body, and what may change alone."""

    shape: tuple[str, str]
    """While this stays, only parts change."""
    body: str
    parts: tuple[tuple[str, str], ...]

    def since(self, before: "Fragments") -> Iterator[tuple[str, str]]:
        """Events for a page that shows `before`."""
        if self.shape != before.shape:
            yield "state", self.body
            return
        for (event, html), (_event, old) in zip(self.parts, before.parts, strict=True):
            if html != old:
                yield event, html


def fragments_of(page: Page, reader: Reader) -> Fragments:
    """Render a page's body and parts; within `reader.reading()`."""
    body = reader.render("workspaces/_body.html", page=page, report=report_on(page))
    parts = tuple(
        (event, reader.render(template, page=page)) for event, template in PARTS[page.layout]
    )
    run = page.card.run.id if page.card.run else ""
    return Fragments((page.card.state.value + page.card.look.word, run), body, parts)


def part_anew(fragments: Fragments, event: str, page: Page, reader: Reader) -> Fragments:
    """Render one part and leave the others; within `reader.reading()`."""
    templates = dict(PARTS[page.layout])
    parts = tuple(
        (name, reader.render(templates[name], page=page) if name == event else html)
        for name, html in fragments.parts
    )
    return replace(fragments, parts=parts)


@dataclass(frozen=True, slots=True)
class UsageView:
    """What a workspace uses, in words and hundredths."""

    cpus: str
    cpu_percent: int
    memory: str
    memory_percent: int


def usage_fragment(page: Page, usage: UsageShown, reader: Reader) -> str:
    """Render what is used now."""
    limits = page.environment.resources
    with reader.reading():
        view = UsageView(
            number_text(usage.cpu_nanos_per_second / 1e9),
            min(100, round(100 * usage.cpu_nanos_per_second / limits.cpu_nanos)),
            size_text(usage.memory_bytes),
            min(100, round(100 * usage.memory_bytes / limits.memory_bytes)),
        )
        return reader.render("workspaces/_usage.html", page=page, usage=view)


@dataclass(frozen=True, slots=True)
class Cell:
    """One layer, in thousandths of the bar."""

    x: float
    width: float
    done: float


@dataclass(frozen=True, slots=True)
class PullView:
    """How far an image is, in words and cells."""

    done: int
    total: int
    amount: str
    rate: str
    spoken: str
    layers: str
    cells: tuple[Cell, ...]


class PullTeller:
    """Tells a pull as it goes on: how fast it is since the first message, and each third aloud."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._first: tuple[datetime, int] | None = None
        self._thirds = 0

    def told(self, pull: PullShown, now: datetime) -> tuple[str, str]:
        """The fragment, and what is spoken (mostly nothing)."""
        if self._first is None or pull.done < self._first[1]:
            self._first = (now, pull.done)
        with self._reader.reading():
            view = self._view(pull, now)
            html = self._reader.render("workspaces/_pull.html", pull=view)
        thirds = 3 * pull.done // pull.total if pull.total else 0
        spoken, self._thirds = (view.spoken if thirds > self._thirds else ""), thirds
        return html, spoken

    def _view(self, pull: PullShown, now: datetime) -> PullView:
        total = max(pull.total, pull.done)
        amount = gettext("%(done)s of %(total)s") % {
            "done": size_text(pull.done),
            "total": size_text(total),
        }
        finished = sum(1 for layer in pull.layers if layer.total and layer.done >= layer.total)
        facts = {"done": finished, "count": len(pull.layers)}
        layers = gettext("%(done)s of %(count)s layers. One cell a layer, as wide as its size.")
        spoken = gettext("%(amount)s, %(done)s of %(count)s layers") % {"amount": amount, **facts}
        return PullView(
            done=pull.done,
            total=total,
            amount=amount,
            rate=self._rate(pull, total, now),
            spoken=spoken,
            layers=layers % facts if pull.layers else "",
            cells=cells_of(pull.layers or [LayerPart(total, pull.done)]),
        )

    def _rate(self, pull: PullShown, total: int, now: datetime) -> str:
        if self._first is None:
            return ""
        since, before = self._first
        seconds = (now - since).total_seconds()
        if seconds < 1 or pull.done <= before:
            return ""
        speed = (pull.done - before) / seconds
        return gettext("%(speed)s/s, %(left)s to go") % {
            "speed": size_text(round(speed)),
            "left": duration_text(timedelta(seconds=(total - pull.done) / speed)),
        }


LEAST_CELL = 5.0


def cells_of(parts: Sequence[LayerPart]) -> tuple[Cell, ...]:
    """Cells side by side, as wide as their layers but never invisible."""
    whole = sum(part.total for part in parts) or 1
    widths = [max(LEAST_CELL, 1000 * part.total / whole) for part in parts]
    scale = 1000 / sum(widths) if widths else 1
    found, x = [], 0.0
    for part, width in zip(parts, widths, strict=True):
        wide = width * scale
        share = min(1.0, part.done / part.total) if part.total else 0.0
        found.append(Cell(round(x, 1), round(wide - 3, 1), round((wide - 3) * share, 1)))
        x += wide
    return tuple(found)
