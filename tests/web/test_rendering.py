"""Templates spoken once per language, leaves, words for amounts and moments."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from mydocker.ports.window import LayerPart
from mydocker.web import rendering
from mydocker.web.amounts import duration_text, seconds_text, size_text
from mydocker.web.drawings import icon
from mydocker.web.fragments import cells_of
from mydocker.web.templatetags.mydocker import moment_text, when_text

NAMES = sorted(str(path.relative_to(rendering.FOLDER)) for path in rendering.FOLDER.rglob("*.html"))
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
NB = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_every_template_is_settled_in_every_language(name: str, language: str) -> None:
    with translation.override(language):
        text = rendering.spoken((rendering.FOLDER / name).read_text())
    assert not re.search(r"\{% (translate|load|static|csrf_token)\b", text)
    assert '{% icon "' not in text.replace("{% icon line", "")
    for sentence in re.findall(r"\{% blocktranslate[^%]*%\}", text):
        assert "count" in sentence, sentence
    rendering.engine(language).from_string(text)


def test_a_sentence_keeps_its_values() -> None:
    source = (
        "{% blocktranslate with time=at|upper %}Ready in about {{ time }}.{% endblocktranslate %}"
    )
    for language, said in (("en", "Ready in about X."), ("fr", "Prêt en X environ.")):
        with translation.override(language):
            template = rendering.engine(language).from_string(rendering.spoken(source))
        assert template.render(Context({"at": "x"})) == said


def test_values_of_a_sentence_are_escaped() -> None:
    source = "{% blocktranslate with name=n %}workspace of {{ name }}{% endblocktranslate %}"
    with translation.override("en"):
        template = rendering.engine("en").from_string(rendering.spoken(source))
    assert template.render(Context({"n": "<b>"})) == "workspace of &lt;b&gt;"


def test_a_leaf_escapes_what_is_not_safe() -> None:
    with translation.override("en"):
        line = rendering.leaf("workspaces/_line_time.html")
    assert line(iso='"><script>', shown=icon("dot")) == (
        f'<time datetime="&quot;&gt;&lt;script&gt;">{icon("dot")}</time>'
    )


@pytest.mark.parametrize(
    ("language", "size", "said"),
    [
        ("en", 0, f"0{NB}bytes"), ("en", 2048, f"2{NB}kB"), ("fr", 6_657_000_000, f"6,2{NB}Go"),
        ("en", 4 * 1024**3, f"4{NB}GB"), ("fr", 411 * 1024**2, f"411{NB}Mo"),
        ("en", 999 * 1024**4, f"999{NB}TB"), ("en", 1010 * 1024**2, f"1{NB}GB"),
    ],
)  # fmt: skip
def test_sizes_are_said_as_people_say_them(language: str, size: int, said: str) -> None:
    with translation.override(language):
        assert size_text(size) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s"), (0.4, "1 s"), (99, "99 s"), (101, "2 min"), (59 * 60, "59 min"),
     (3600, "1 h"), (3600 + 42 * 60, "1 h 42"), (3600 + 60, "1 h 01"), (49 * 3600, "2 days")],
)  # fmt: skip
def test_durations_are_rounded_up(seconds: float, said: str) -> None:
    with translation.override("en"):
        assert duration_text(timedelta(seconds=seconds)).replace(NB, " ") == said


@pytest.mark.parametrize(("seconds", "said"), [(0.84, "0.8 s"), (3.0, "3 s"), (11.6, "12 s")])
def test_seconds_have_a_decimal_where_it_matters(seconds: float, said: str) -> None:
    with translation.override("en"):
        assert seconds_text(seconds).replace(NB, " ") == said


@pytest.mark.parametrize(
    ("at", "english", "french"),
    [
        (NOW, "at 10:30", "à 10 h 30"),
        (NOW - timedelta(hours=9, minutes=25), "at 01:05", "à 1 h 05"),
        (NOW - timedelta(days=1), "on Sunday at 10:30", "dimanche à 10 h 30"),
        (NOW + timedelta(days=1), "tomorrow at 10:30", "demain à 10 h 30"),
        (NOW - timedelta(days=10), "on 13 November at 10:30", "le 13 novembre à 10 h 30"),
        (NOW - timedelta(days=400), "on 19 October 2025 at 11:30", "le 19 octobre 2025 à 11 h 30"),
    ],
)
def test_moments_are_said_in_the_readers_zone(at: datetime, english: str, french: str) -> None:
    with timezone.override(ZoneInfo("Europe/Paris")):
        for language, said in (("en", english), ("fr", french)):
            with translation.override(language):
                assert when_text(at, NOW).replace(NB, " ") == said


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_every_moment_can_be_said(at: datetime, now: datetime) -> None:
    with timezone.override(UTC):
        assert moment_text(at, now)


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), max_size=60))
def test_cells_fill_the_bar_and_stay_in_it(layers: list[tuple[int, int]]) -> None:
    cells = cells_of([LayerPart(total, done) for total, done in layers])
    assert len(cells) == len(layers)
    for cell in cells:
        assert 0 <= cell.done <= cell.width + 0.11
        assert cell.x >= -0.1 and cell.x + cell.width <= 1000.5
