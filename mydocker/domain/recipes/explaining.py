"""Why a build failed, told from the end of its log: the likely cause, and the mend.

The sentences are in tables (`causes_of_packages.py`, `causes_of_machines.py`) of three tiers. A
tier is tried on every line, from the last one back, before the next tier is: what a tool says of
the cause itself counts for more than what comes of it, and that for more than how it ended.
"""

import re
from collections.abc import Iterator, Sequence

from mydocker.domain.recipes import causes_of_machines, causes_of_packages
from mydocker.domain.recipes.causes import Around, Explanation, Rule
from mydocker.domain.recipes.dockerfile import Step
from mydocker.domain.words import gettext_noop as _

MOST_LINES = 300
"""Of a log that are looked at."""
LONGEST_LINE = 500
"""Characters of a line that are looked at."""

_TIERS: tuple[tuple[Rule, ...], ...] = (
    causes_of_packages.CAUSES + causes_of_machines.CAUSES,
    causes_of_packages.CONSEQUENCES + causes_of_machines.CONSEQUENCES,
    causes_of_machines.ENDINGS,
)
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# BuildKit says which step a line is of, and when it came.
_BUILDKIT = re.compile(r"#[0-9]+ (?:[0-9]+\.[0-9]+ )?")
_PROGRESS = re.compile(
    r"\s*$|Step [0-9]+/[0-9]+|STEP [0-9]+|\s*--->|Removing intermediate|[-=. #>\s]*$|> \["
    r"|(?:Get|Hit|Ign|Selecting|Preparing|Unpacking|Setting up|Processing|Reading|Building)[: ]"
    r"|\s*(?:Collecting|Downloading|Using cached|Requirement already|Obtaining|Installing) "
    r"|\[notice\]|npm notice|\s*[0-9]+ \| |Dockerfile:[0-9]+|\S* *[━╸╺#=-]{5}|\s*[0-9.]+ ?%"
    r"|(?:CANCELED|DONE|CACHED|sha256:|exporting)\b"
    r"|.*(?:returned a non-zero code|did not complete successfully|while running runtime: exit)"
)


def explain(
    log_tail: Sequence[str],
    steps: Sequence[Step],
    failed_step: int | None,
    *,
    files: Sequence[str] = (),
) -> Explanation:
    """Return the likely cause of a failed build.

    `log_tail` are the last lines of its log, in order, as the builder gave them; `steps` are those
    of its Dockerfile, `failed_step` is the number of the one that failed (None if none began),
    `files` are the names of the context files. Never raises.
    """
    around = Around(tuple(steps), _numbered(steps, failed_step), tuple(files))
    lines = tuple(_readable(log_tail))
    for tier in _TIERS:
        for said in lines:
            for rule in tier:
                if explanation := rule.applied(said, around):
                    return explanation
    return _unknown(lines, around)


def _numbered(steps: Sequence[Step], number: int | None) -> Step | None:
    return next((step for step in steps if step.number == number), None)


def _readable(log_tail: Sequence[str]) -> Iterator[str]:
    for raw in reversed(log_tail[-MOST_LINES:]):
        # Of a line that was written over and over, the last writing counts.
        plain = _ANSI.sub("", raw[-20 * LONGEST_LINE :]).rstrip("\r\n").rpartition("\r")[2]
        said = _BUILDKIT.sub("", _INVISIBLE.sub("", plain)[:LONGEST_LINE], count=1).rstrip()
        if said:
            yield said


def _unknown(lines: Sequence[str], around: Around) -> Explanation:
    said = next((line.strip() for line in lines if not _PROGRESS.match(line)), "")
    facts = around.facts() | {"said": said[:300]}
    line = around.failed.line if around.failed else None
    hint = _("The log above this line says more.")
    if not said:
        return Explanation(
            _("The build stopped, and its log does not say why."),
            _("Build again; if it happens again, write to support."),
            line,
            facts,
        )
    if around.failed is None:
        return Explanation(_("The build stopped: %(said)s"), hint, line, facts, said)
    return Explanation(
        _("%(instruction)s in line %(line)s failed: %(said)s"), hint, line, facts, said
    )
