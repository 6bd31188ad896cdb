"""From what the classic builder streams to what a build says. Pure: JSON values in, events out.

A step may write anything, also what the builder itself writes. What decides (the image's id, the
error) comes in fields that a step cannot write; the rest is for people to read.
"""

import re
from collections.abc import Iterator

from mydocker.adapters.docker.engine import Json
from mydocker.adapters.docker.lines import Lines
from mydocker.ports.builder import BuildFailed, Event, Said, StepBegan, StepEnded, Why

_STEP = re.compile(r"Step (\d{1,5})/(\d{1,5}) : (.*)", re.DOTALL)
_IMAGE = re.compile(r" ---> ([0-9a-f]{12})\n?")
_RUNNING = re.compile(r" ---> Running in ([0-9a-f]{12})\n?")
_CACHED = " ---> Using cache\n"
_OWN = re.compile(
    r"Removing intermediate container |Successfully (?:built|tagged) |\[Warning\] One"
)
_STATUS = re.compile(r"returned a non-zero code: (\d{1,3})")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_RECIPES = ("dockerfile parse error", "unknown instruction", "failed to parse", "unknown flag")
_BASES = ("pull access denied", "manifest unknown", "no such image", "invalid reference format")
_DISK = ("no space left on device", "disk quota exceeded")
MOST_CONTAINERS = 1000
"""More than a Dockerfile has steps, unless a step makes them up."""
_NOTHING = Said("")
"""For what the builder says and nobody needs to read."""


class Tape:
    """Reads one build's stream. `dockerfile`: what is built, one instruction a line."""

    def __init__(self, dockerfile: str) -> None:
        self._instructions = dockerfile.splitlines()
        self.step = 0
        """The builder's number of the step under way; 0 before the first."""
        self.steps = 0
        self.image = ""
        """The id of the image, once it is there."""
        self.layer = ""
        """The short id of the image after the last step that ended."""
        self.containers: set[str] = set()
        """Short ids of the steps' containers, so far as the builder told them."""
        self._is_cached = False
        self._has_ended = True
        self._lines = Lines("stdout")

    @property
    def is_base(self) -> bool:
        """Whether the step under way is a FROM."""
        under_way = self._instructions[self.step - 1 : self.step] if self.step else ()
        return any(line.startswith("FROM ") for line in under_way)

    def hear(self, said: Json) -> Iterator[Event]:
        """Yield what one value of the stream means. Raises `BuildFailed`."""
        if "error" in said:
            yield from self.rest()
            raise self._failure(str(said["error"]))
        if isinstance(said.get("aux"), dict):
            self.image = str(said["aux"].get("ID", ""))
        if text := said.get("stream"):
            events = self._own(text) or self._said(text)
            yield from (event for event in events if event is not _NOTHING)

    def rest(self) -> Iterator[Event]:
        """Yield the line that has no end."""
        for line in self._lines.flush():
            yield from _shown(line.text)

    def _own(self, text: str) -> list[Event]:
        """Read what the builder says itself; nothing if a step said it."""
        if (began := _STEP.fullmatch(text)) and self._has_ended and int(began[1]) == self.step + 1:
            left = [*self.rest()]
            self.step, self.steps, self._is_cached = int(began[1]), int(began[2]), False
            self._has_ended = False
            return [*left, StepBegan(self.step, self.steps, began[3].strip())]
        if (ended := _IMAGE.fullmatch(text)) and not self._has_ended:
            self.layer, self._has_ended = ended[1], True
            return [*self.rest(), StepEnded(self.step, is_cached=self._is_cached)]
        running = _RUNNING.fullmatch(text)
        if running and len(self.containers) < MOST_CONTAINERS:
            self.containers.add(running[1])
        if text == _CACHED:
            self._is_cached = True
        return [_NOTHING] if running or text == _CACHED or _OWN.match(text) else []

    def _said(self, text: str) -> Iterator[Event]:
        for line in self._lines.feed(text.encode()):
            yield from _shown(line.text)

    def _failure(self, sentence: str) -> BuildFailed:
        lowered = sentence.lower()
        status = _STATUS.search(sentence)
        if any(words in lowered for words in _DISK):
            why = Why.DISK
        elif status:
            why = Why.STEP
        elif any(words in lowered for words in _RECIPES):
            why = Why.RECIPE
        elif any(words in lowered for words in _BASES):
            why = Why.BASE
        else:
            why = Why.STEP
        told = int(status[1]) if status else None
        return BuildFailed(why, sentence, step=self.step, status=told)


def _shown(text: str) -> Iterator[Said]:
    plain = _CONTROLS.sub("", _COLOURS.sub("", text)).rstrip()
    if plain:
        yield Said(plain)
