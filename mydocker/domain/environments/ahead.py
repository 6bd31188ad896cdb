"""Whether an environment can be started before anybody asks for it, how far, and if not, why.

Nothing personal is in a container before it is claimed: its homes appear then. What an application
would have read from them before decides how far ahead it can be started.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePosixPath

from mydocker.domain.environments.values import Environment, SpareMode, Status
from mydocker.domain.jupyter import hidden_jupyter, is_jupyter
from mydocker.domain.templates import BadTemplate, Name, variables_of, words_as_written
from mydocker.domain.words import filled_in
from mydocker.domain.words import gettext_noop as _

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "fish"})
_STARTERS = frozenset(
    f"start-{what}{ending}" for what in ("notebook", "singleuser") for ending in ("", ".sh", ".py")
)
"""Programs of well-known images that start Jupyter in their turn."""


class Way(Enum):
    """How far ahead a spare is started."""

    ZYGOTE = "zygote"
    """Jupyter, imported and listening; it looks at its home when it is claimed."""
    RUNNING = "running"
    """The whole application."""


class WhyNot(Enum):
    """Why an environment has no spares."""

    ARCHIVED = "archived"
    NEVER = "never"
    ONLY_A_CLICK = "only_a_click"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    IN_A_SHELL = "in_a_shell"
    THROUGH_ANOTHER = "through_another"
    HOMES = "homes"


@dataclass(frozen=True, slots=True)
class NotAhead:
    """It cannot be started ahead. English msgids with `%(name)s` places that `facts` fill."""

    why: WhyNot
    message: str
    hint: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)

    def told(self, translate: Callable[[str], str] = str) -> tuple[str, str]:
        """Return the message and the hint, translated and filled in."""
        return filled_in(translate, self.message, self.hint, self.facts)


def eligibility(environment: Environment) -> Way | NotAhead:
    """Say how far ahead a run of this environment can be started, or why it cannot.

    Depends on nothing else, and never raises.
    """
    refused = _refused(environment)
    if refused is not None:
        return refused
    try:
        if _needs_a_click(environment):
            return _only_a_click()
        words = words_as_written(environment.command)
    except BadTemplate as bad:
        return NotAhead(WhyNot.UNREADABLE, bad.fault.message, bad.fault.hint, bad.fault.facts)
    if environment.spares.mode is SpareMode.RUNNING:
        return Way.RUNNING
    if is_jupyter(words):
        return Way.ZYGOTE
    return _why_not(words) if environment.homes else Way.RUNNING


def _refused(environment: Environment) -> NotAhead | None:
    if environment.status is Status.ARCHIVED:
        return NotAhead(WhyNot.ARCHIVED, _("The environment is archived: nobody starts it."))
    if environment.spares.mode is SpareMode.NEVER:
        return NotAhead(
            WhyNot.NEVER,
            _("The definition wants no spares."),
            _("Write mode: auto under spares to have some."),
        )
    return None


def _needs_a_click(environment: Environment) -> bool:
    return any(
        variable.name is Name.USER_REDIRECT
        for text in (environment.command, *environment.variables.values())
        for variable in variables_of(text)
    )


def _only_a_click() -> NotAhead:
    return NotAhead(
        WhyNot.ONLY_A_CLICK,
        _("The command or a variable holds {{USER_REDIRECT}}, which only a click knows."),
        _("Put it into the link of an interface, such as /lab{{USER_REDIRECT}}."),
    )


def _why_not(words: Sequence[str]) -> NotAhead:
    if not words:
        return NotAhead(
            WhyNot.UNKNOWN,
            _("The definition gives no command, and the image's own is not known yet."),
            _("Write the command, such as jupyter lab, or start the environment once."),
        )
    program = PurePosixPath(words[0]).name
    named = next(_jupyter_named(words), "")
    if named and program in _SHELLS:
        return NotAhead(
            WhyNot.IN_A_SHELL,
            _("Jupyter is started by a shell (%(program)s), which would read the home first."),
            _("Write the command without a shell: %(near)s and its options."),
            {"program": program, "near": named},
        )
    if named:
        return NotAhead(
            WhyNot.THROUGH_ANOTHER,
            _("Jupyter is started by another program (%(program)s), which would run first."),
            _("Write the command that starts Jupyter itself: %(near)s and its options."),
            {"program": program, "near": named},
        )
    return NotAhead(
        WhyNot.HOMES,
        _("%(program)s may read the home while it starts, and a spare has none yet."),
        _("Mount no homes; or, if it reads nothing there before it is used, write mode: running."),
        {"program": program},
    )


def _jupyter_named(words: Sequence[str]) -> Iterator[str]:
    """Yield how to start Jupyter directly, where the words start it some other way."""
    if hidden := hidden_jupyter(words):
        yield hidden
    if any(PurePosixPath(word).name in _STARTERS for word in words[:3]):
        yield "jupyter lab"
    if list(words[1:3]) in (["-m", "jupyterlab"], ["-m", "notebook"], ["-m", "jupyter_server"]):
        yield {"jupyterlab": "jupyter lab", "notebook": "jupyter notebook"}.get(
            words[2], "jupyter server"
        )
