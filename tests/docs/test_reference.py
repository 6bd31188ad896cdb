"""The reference is rendered from the code, whole, and not at all where something is unexplained."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pytest

from mydocker.domain.environments import Environment
from mydocker.domain.failures import Cause
from mydocker.domain.scopes import Scope
from mydocker.domain.story import StoryKind
from mydocker.domain.templates import Name
from mydocker.domain.workspaces import State
from mydocker.settings import Settings
from tests.docs.tutorials import ROOT

DOCS = ROOT / "docs"


def page(name: str) -> str:
    """A reference page as it is read by Sphinx."""
    from rendering import filled

    return filled((DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8"))


def refused(render: Callable[[], object]) -> str:
    """What a renderer that cannot go on says."""
    from rendering import Incomplete

    with pytest.raises(Incomplete) as caught:
        render()
    return str(caught.value)


def test_every_renderer_has_its_place() -> None:
    from rendering import names, places_in

    places = [
        place for path in (DOCS / "reference").glob("*.md") for place in places_in(path.read_text())
    ]
    assert sorted(places) == sorted(names())


def test_every_setting_is_there_with_its_reason() -> None:
    text = page("settings")
    for knob in fields(Settings):
        section = text.partition(f"### MYDOCKER_{knob.name.upper()}\n")[2].partition("\n### ")[0]
        assert knob.metadata["reason"] in section


def test_every_variable_that_anything_reads_is_explained() -> None:
    explained = set(re.findall(r"MYDOCKER_[A-Z_]+", page("settings")))
    read = set()
    for path in (*ROOT.glob("mydocker/**/*.py"), ROOT / "scripts" / "build-images"):
        read |= set(re.findall(r"environ(?:\.get\(|\[)\"(MYDOCKER_[A-Z_]+)\"", path.read_text()))
    # Where collected files go, for tests alone.
    assert read - explained <= {"MYDOCKER_STATIC"}


def test_a_setting_without_reason_ends_the_build() -> None:
    from rendering.settings import section

    @dataclass
    class Careless:
        knob: str = field(default="", metadata={"unit": "text", "reason": " "})

    assert "knob" in refused(lambda: section(fields(Careless)[0]))


def test_every_refusal_is_there() -> None:
    text = page("errors")
    for path in ROOT.glob("mydocker/**/*.py"):
        for code in re.findall(r"Refusal\(\s*Kind\.\w+,\s*\"(\w+)\"", path.read_text()):
            assert f"\n`{code}` (" in text, f"{path}: {code}"
    for code in ("not_signed_in", "internal_error", "unknown_address", "bad_definition"):
        assert f"\n`{code}` (" in text


def test_every_cause_and_every_no_of_the_gateway_is_there() -> None:
    from mydocker.adapters.haproxy.refusals import REFUSALS

    text = page("errors")
    for name in (*(cause.value for cause in Cause), *(each.code for each in REFUSALS)):
        assert f"\n`{name}`" in text


@pytest.mark.parametrize(
    "source",
    [
        'raise Refusal(Kind.GONE, code, _("It is over."))',
        'raise Refusal(Kind.GONE, "over", "")',
        'raise Refusal(Kind.GONE, "over", sentence)',
        'raise Refusal(kind, "over", _("It is over."))',
        'Answer(410, "over", "")',
    ],
)
def test_a_refusal_without_words_ends_the_build(source: str) -> None:
    from rendering.refusals import found_in_module

    assert "over.py:1" in refused(lambda: list(found_in_module(source, "over.py")))


def test_a_cause_or_an_event_without_words_ends_the_build() -> None:
    from rendering import causes, events

    assert "idle" in refused(lambda: causes.listed([Cause.IDLE], {}))
    assert "ready" in refused(lambda: events.listed([StoryKind.READY], {}))


def test_every_event_is_there() -> None:
    text = page("events")
    for kind in StoryKind:
        assert f"\n`{kind.value}`\n" in text


def test_every_metric_is_there() -> None:
    from mydocker.loops import metrics

    text = page("metrics")
    exposed = [one for one in vars(metrics).values() if hasattr(one, "_documentation")]
    assert exposed
    for one in exposed:
        assert one._documentation in text
        assert re.search(rf"\n`{one._name}(_total)?` \(", text)


@pytest.mark.parametrize("call", ['Counter("a", "")', "Gauge(name, 'b')", 'Histogram("a")'])
def test_a_metric_without_meaning_ends_the_build(call: str) -> None:
    from rendering.metrics import found_in_module

    source = f"from prometheus_client import Counter, Gauge, Histogram\n{call}"
    assert "m.py:2" in refused(lambda: list(found_in_module(source, "m.py")))


def test_every_command_and_option_is_there() -> None:
    from rendering.commands import commands

    text = page("commands")
    names = [name for name, _command in commands()]
    for contracted in (
        *("up", "down", "status", "doctor", "backup", "restore", "user add", "token create"),
        *("environment apply", "environment export", "environment list", "environment delete"),
        *("image list", "image apply", "image export", "image files", "image delete"),
        *("image build", "image log", "image cancel"),
        *("workspace start", "workspace list", "workspace stop", "workspace logs"),
    ):
        assert f"mydocker {contracted}" in names
    for name, command in commands():
        section = text.partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert command.help.split(";")[0] in section
        for one in command.params:
            assert any(sign in section for sign in (*one.opts, one.name.upper()))


@dataclass
class Bare:
    """A parameter or a command that nobody explained."""

    help: str | None = None
    name: str = "colour"
    opts: tuple[str, ...] = ("--colour",)
    param_type_name: str = "option"
    required: bool = False
    default: object = None
    metavar: str | None = None
    params: tuple[Any, ...] = ()


def test_a_command_or_an_option_without_help_ends_the_build() -> None:
    from rendering.commands import section

    assert "mydocker paint" in refused(lambda: section("mydocker paint", Bare()))
    unclear = Bare(help="Paint it.", params=(Bare(),))
    assert "--colour" in refused(lambda: section("mydocker paint", unclear))


def test_every_operation_and_shape_of_the_api_is_there() -> None:
    from rendering.api import document, operations

    text = page("api")
    for path, method, _operation in operations(document()):
        assert f"### `{method} {path}`\n" in text
    for name in document()["components"]["schemas"]:
        assert f"### {name}\n" in text
    for value in (*(state.value for state in State), *(scope.value for scope in Scope)):
        assert f"\n`{value}`\n" in text


def test_an_operation_without_docstring_ends_the_build() -> None:
    from rendering.api import section

    operation = {"description": "", "responses": {}}
    assert "GET /odd" in refused(lambda: section("/odd", "GET", operation))


def test_every_key_of_an_environment_is_there() -> None:
    text = page("environment-file")
    for each in fields(Environment):
        assert f"\n`{each.name}`\n" in text
    for name in Name:
        assert f"`{{{{{name}" in text


def test_a_key_that_nobody_explained_ends_the_build() -> None:
    from rendering.definitions import Key, Section, section

    odd = Section("Odd", ["known", "new"], {"known": Key("It is known.")})
    assert "new" in refused(lambda: section(odd))


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(ROOT / "scripts" / "build-docs"), str(tmp_path / "html")],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    french = (tmp_path / "html" / "tutorials" / "student.fr.html").read_text()
    assert '<html class="no-js" lang="fr"' in french
