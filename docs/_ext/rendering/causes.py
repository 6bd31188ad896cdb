"""Why a run failed or stopped: every cause, with its sentence and its remedy."""

from collections.abc import Iterable, Mapping

from mydocker.domain.failures import TELLINGS, Cause, Telling
from rendering import Incomplete
from rendering.markdown import code, entry, sentence, told


def render() -> str:
    """Return the causes of a failure, then those of an ordinary end."""
    failures = [cause for cause in Cause if cause.is_failure]
    ends = [cause for cause in Cause if not cause.is_failure]
    return (
        f"### Something went wrong\n\nThe state is `failed`.\n\n{listed(failures, TELLINGS)}\n"
        f"### A person or a rule wanted it\n\nThe state is `stopped`.\n\n{listed(ends, TELLINGS)}"
    )


def listed(causes: Iterable[Cause], tellings: Mapping[Cause, Telling]) -> str:
    """Return these causes. Raises `Incomplete` for one that is not told."""
    return "\n".join(_entry(cause, tellings.get(cause)) for cause in causes)


def _entry(cause: Cause, telling: Telling | None) -> str:
    if telling is None or not telling.message:
        raise Incomplete(f"mydocker/domain/failures.py: the cause {cause.value} is not told")
    english = f"{sentence(telling.message)} {sentence(telling.hint)}"
    return entry(code(cause.value), english, told(telling.message, telling.hint))
