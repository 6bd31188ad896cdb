"""The story: every kind of event, and how it is told."""

from collections.abc import Iterable, Mapping

from mydocker.domain.story import SENTENCES, Sentence, StoryKind
from rendering import Incomplete
from rendering.markdown import code, entry, plain, sentence, told
from rendering.members import explanations


def render() -> str:
    """Return every kind, in the order of a workspace's life."""
    return listed(StoryKind, SENTENCES)


def listed(kinds: Iterable[StoryKind], sentences: Mapping[StoryKind, Sentence]) -> str:
    """Return these kinds. Raises `Incomplete` for one that is not told."""
    notes = explanations(StoryKind)
    return "\n".join(_entry(kind, sentences.get(kind), notes) for kind in kinds)


def _entry(kind: StoryKind, said: Sentence | None, notes: Mapping[str, str]) -> str:
    if said is None or not said.title:
        raise Incomplete(f"mydocker/domain/story.py: the event {kind.value} has no sentence")
    detail = said.detail if said.detail.count("%(") == 0 or " " in said.detail else ""
    english = f"**{sentence(said.title)}.** {sentence(detail)}"
    quiet = "" if said.is_for_everyone else "Shown with the details only."
    note = plain(notes.get(kind.name, ""))
    return entry(code(kind.value), english, told(said.title, detail), f"{note} {quiet}")
