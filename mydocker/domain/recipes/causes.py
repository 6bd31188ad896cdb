"""What a rule about a failed build is made of, and what it may look at."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from mydocker.domain.recipes.dockerfile import Step
from mydocker.domain.recipes.slips import POPULAR, SLIPS
from mydocker.domain.words import filled_in

_LONGEST_FACT = 200
_WORD = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9._+/-]*")
_ALL_VERSIONS = 8


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a build failed. `message` and `hint` are msgids whose `%(name)s` places `facts` fill."""

    message: str
    hint: str
    line: int | None
    """Of the Dockerfile, from 1: where the step that failed begins; None if none began."""
    facts: Mapping[str, object] = field(default_factory=dict)
    said: str = ""
    """The line of the log that tells it; empty if none does."""

    def told(self, translate: Callable[[str], str] = str) -> tuple[str, str]:
        """Return the message and the hint, translated and filled in."""
        return filled_in(translate, self.message, self.hint, self.facts)


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of a failed build besides its log."""

    steps: tuple[Step, ...] = ()
    failed: Step | None = None
    files: tuple[str, ...] = ()

    def facts(self) -> dict[str, object]:
        """Return what every sentence may use: the instruction that failed, its line, its user."""
        if self.failed is None:
            return {"instruction": "", "line": "", "user": ""}
        return {
            "instruction": self.failed.instruction,
            "line": self.failed.line,
            "user": self.user(),
        }

    def user(self) -> str:
        """Return the user that the failed step ran as; empty where the file does not say."""
        before = [
            step.text
            for step in self.steps
            if self.failed
            and step.number < self.failed.number
            and step.stage == self.failed.stage
            and step.instruction == "USER"
        ]
        return before[-1] if before else ""

    def words(self) -> list[str]:
        """Return the words of all commands of the recipe, each once."""
        texts = (step.text for step in self.steps if step.instruction == "RUN")
        return list(dict.fromkeys(word for text in texts for word in _WORD.findall(text)))


Suggest = Callable[[str, Around], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A text of a tool, and what it means. Groups of `pattern` are facts by their names.

    Where the fact `name` may stand in several places, the groups of the others are called
    `name_2` and `name_3`.

    `better` is the hint where `suggest` finds something (the fact `near`) for the fact `name`.
    """

    pattern: re.Pattern[str]
    message: str
    hint: str
    suggest: Suggest | None = None
    better: str = ""

    def applied(self, said: str, around: Around) -> Explanation | None:
        """Return what `said` means; None if this rule is not about it."""
        found = self.pattern.search(said)
        if found is None:
            return None
        groups = found.groupdict("")
        name = next((value for key, value in groups.items() if key[:4] == "name" and value), "")
        facts = around.facts() | {
            key: value[:_LONGEST_FACT].strip() for key, value in groups.items()
        }
        if "versions" in groups:
            facts["versions"] = newest(groups["versions"])
        near = self.suggest(name, around) if self.suggest else ""
        return Explanation(
            self.message,
            self.better if near else self.hint,
            around.failed.line if around.failed else None,
            facts | {"name": name[:_LONGEST_FACT], "near": near},
            said.strip(),
        )


def newest(versions: str) -> str:
    """Return the last few of a list of versions that goes from the oldest to the newest."""
    listed = [version.strip() for version in versions.split(",") if version.strip()]
    return ("… " if len(listed) > _ALL_VERSIONS else "") + ", ".join(listed[-_ALL_VERSIONS:])


def package_of(manager: str) -> Suggest:
    """Return what finds the package that a name may have meant, under `manager`."""

    def suggest(name: str, around: Around) -> str:
        plain = re.split(r"[\[=<>~!@ ]", name.removeprefix("@"), maxsplit=1)[0].lower()
        if right := SLIPS.get(manager, {}).get(plain):
            return right
        known = [*POPULAR.get(manager, ()), *around.words()]
        others = [word for word in known if word.lower() != plain]
        return next(iter(get_close_matches(plain, others, n=1, cutoff=0.75)), "")

    return suggest


def entry_of(table: Mapping[str, str]) -> Suggest:
    """Return what looks a name up in `table`."""
    return lambda name, around: table.get(name, "")


def user_of_step(name: str, around: Around) -> str:
    """Return the user that the step that failed ran as, if it is known and not root."""
    user = around.user()
    return "" if user.partition(":")[0] in ("root", "0") or "$" in user else user


def file_of_context(name: str, around: Around) -> str:
    """Find the context file that a name may have meant."""
    plain = name.strip("/")
    last = plain.rpartition("/")[2].lower()
    named_so = [file for file in around.files if file.rpartition("/")[2].lower() == last]
    return next(iter(named_so or get_close_matches(plain, around.files, n=1, cutoff=0.5)), "")
