"""Spares, sleepers, the queue and the last day, as teachers and administrators see them."""

import re
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from mydocker.domain.environments import read_environment
from mydocker.domain.runs import Phase
from mydocker.domain.statistics import Count, Start, day_of
from mydocker.services import environments
from mydocker.services.operator import OPERATOR
from mydocker.store import models, statistics
from mydocker.store.statistics import Census, Decision, Slept
from mydocker.web import days, graphs, timetables
from tests.web.conftest import client_of
from tests.web.test_pages import text_of
from tests.web.world import JUPYTER, World

LINE = {"days": "mon-fri", "from": "08:00", "to": "18:00", "spares": 20}


def words(page: str) -> str:
    """The page without its tags, spaces as they come."""
    return re.sub(r"[\s\xa0\u202f]+", " ", re.sub(r"<[^>]+>", " ", page))


def changed(slug: str, **changes: object) -> str:
    """Change a definition; the environment's id."""
    row = models.Environment.objects.get(slug=slug)
    row.definition = {**row.definition, "command": "jupyter lab", **changes}
    row.save()
    return row.id


@pytest.fixture
def monday(world: World, present: datetime) -> str:
    """An environment with a schedule, starts, sleepers and people who wait; its id."""
    id = changed("cpp-l1", spares={"schedule": [LINE, {**LINE, "days": "sat"}]})
    statistics.decide([Decision(id, 20, "schedule", 20, 98 << 20)], present)
    statistics.record(
        present - timedelta(minutes=5),
        [Census(id, standing=18, awake=30, asleep=9)],
        {id: Slept(600_000, 24_000_000)},
    )
    models.Run.objects.filter(environment_id=id, phase=Phase.READY).update(asleep_at=present)
    return id


def test_a_teacher_sees_the_stock_the_schedule_sleepers_and_the_queue(
    teacher: Client, monday: str
) -> None:
    page = words(text_of(teacher, "/teach/cpp-l1"))
    assert "Standing by 0 of 20 wanted" in page
    assert "20 by the weekly schedule." in page
    assert "Monday to Friday, from 08:00 to 18:00 20 spares" in page
    assert "Saturday, from 08:00 to 18:00" in page
    assert "Asleep 1 586 kB of memory, 22.9 MB in swap" in page
    assert re.search(r"Waiting 1 for \d+ s", page)
    assert "Next change: " in page


def test_the_page_reads_in_french(world: World, monday: str) -> None:
    page = words(text_of(client_of(world.teacher, "fr"), "/teach/cpp-l1"))
    assert "Prêtes 0 sur 20 voulues" in page
    assert "Du lundi au vendredi, de 8 h 00 à 18 h 00 20 réserves" in page
    assert "Les dernières 24 heures" in page and "Lire les chiffres dans un tableau" in page


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (
            {"short": "memory",
             "short_facts": {"wanted": 20, "possible": 4, "memory": "98 MiB", "failures": 0}},
            "20 spares are wanted and memory allows 4: one takes 98 MiB.",
        ),
        (
            {"short": "given_up",
             "short_facts": {"wanted": 20, "possible": 0, "memory": "98 MiB", "failures": 5}},
            "No more spares are tried: 5 in a row have failed.",
        ),
        ({"asked": 80}, "80 spares are asked for, and the definition allows 50."),
        ({"spare_bytes": 1 << 50}, "20 spares are wanted, and all memory holds 0 at best."),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_of_spares_is_told(
    teacher: Client, monday: str, present: datetime, decision: dict[str, object], told: str
) -> None:
    values = {"wanted": 20, "why": "schedule", "asked": 20, **decision}
    statistics.decide([Decision(monday, **values)], present)  # type: ignore[arg-type]
    assert told in words(text_of(teacher, "/teach/cpp-l1"))


def test_an_environment_that_nobody_started_says_how_to_begin(
    teacher: Client, world: World
) -> None:
    models.Run.objects.filter(environment__slug="sage-m1").delete()
    page = words(text_of(teacher, "/teach/sage-m1"))
    assert "Nobody started a workspace in the last 24 hours. Share the link" in page


def test_the_administrator_sees_all_environments_and_what_is_short(
    administrator: Client, monday: str, present: datetime
) -> None:
    facts = {"wanted": 20, "possible": 4, "memory": "98 MiB", "failures": 0}
    statistics.decide([Decision(monday, 20, "schedule", 20, 98 << 20, "memory", facts)], present)
    page = words(text_of(administrator, "/admin/spares"))
    assert "2 environments have fewer spares than they should" in page
    assert page.count("memory allows 4") == 4
    assert "Asleep 1 586 kB of memory" in page
    assert "JupyterLab and C++ 20 spares are wanted and memory allows 4: one takes 98 MiB. " in page
    assert "Spares 0 /20" in page
    assert "The machine" in page and "Memory" in page


def test_the_list_of_all_goes_on_where_it_stopped(
    administrator: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mydocker.web.administration.PER_PAGE", 4)
    found: list[str] = []
    path = "/admin/spares"
    while path:
        page = text_of(administrator, path)
        found += re.findall(r'<h3><a href="/teach/([\w-]+)"', page)
        following = re.search(r'href="(/admin/spares\?after=[\w-]+)"', page)
        path = following[1] if following else ""
    assert found == sorted(models.Environment.objects.values_list("slug", flat=True))


def test_the_pages_are_for_who_may_see_them(student: Client, teacher: Client) -> None:
    text_of(student, "/admin/spares", 403)
    text_of(teacher, "/admin/spares", 403)
    text_of(student, "/teach/cpp-l1", 403)


@pytest.mark.parametrize("path", ["/admin/spares", "/teach/cpp-l1"])
def test_the_pages_ask_as_much_however_many_environments_there_are(
    administrator: Client, monday: str, present: datetime, path: str
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            administrator.get(path)
        return len(queries)

    administrator.get(path)
    before = asked()
    for number in range(20):
        more = {**JUPYTER, "slug": f"more-{number}", "join_code": f"more-{number}"}
        known, _changed = environments.apply(OPERATOR, read_environment(more), present)
        statistics.decide([Decision(known.row.id, 3, "fixed", 3)], present)
    assert asked() == before <= 16


def test_drawings_are_well_formed_and_styled_by_classes_alone() -> None:
    now = timezone.now()
    starts = [Start(now, now + timedelta(seconds=n), is_claimed=n % 2 == 0) for n in range(7)]
    shown = days.shown(day_of(starts, [Count(now, 3, 4, 5, 6)], now), now)
    assert shown.starts and shown.waits and shown.present
    for drawing in (shown.starts.plot, shown.waits.plot, shown.present.plot, shown.axis):
        assert ET.fromstring(f"<div>{drawing}</div>") is not None
        assert "style=" not in drawing and "nan" not in drawing
    assert len(shown.rows) == 1
    assert (shown.rows[0].claimed, shown.rows[0].cold, shown.rows[0].waiting) == (4, 3, "6")


def test_a_graph_has_no_shape_where_nothing_was_seen() -> None:
    now = timezone.now()
    shown = days.shown(day_of([], [Count(now)], now), now)
    assert (shown.starts, shown.waits, shown.present, shown.peak) == (None, None, None, "")


@pytest.mark.parametrize(
    ("most", "is_whole", "ticks"),
    [
        (0, False, [1, 0.75, 0.5, 0.25, 0]),
        (0, True, [1, 0]),
        (3, True, [3, 2, 1, 0]),
        (300, True, [300, 200, 100, 0]),
        (0.13, False, [0.15, 0.1, 0.05, 0]),
        (41.2, False, [60, 40, 20, 0]),
    ],
)
def test_axes_have_few_and_round_numbers(most: float, is_whole: bool, ticks: list[float]) -> None:
    scale = graphs.scale_of([None, most], is_whole=is_whole)
    assert [round(tick, 9) for tick in scale.ticks] == ticks
    assert scale.y(0) == graphs.HEIGHT and scale.y(scale.top) == 0


@pytest.mark.parametrize(("most", "decimals"), [(0.084, 3), (0.13, 2), (0.8, 1), (7.0, 0)])
def test_an_axis_tells_its_lines_apart(most: float, decimals: int) -> None:
    scale = graphs.scale_of([most])
    assert graphs.decimals_of(scale) == decimals
    told = [f"{tick:.{decimals}f}" for tick in scale.ticks]
    assert len(set(told)) == len(told)


def test_an_hour_that_clocks_show_twice_is_told_apart_in_the_table(present: datetime) -> None:
    at = [datetime.fromisoformat(f"2026-10-25T0{hour}:30:00+00:00") for hour in (0, 1)]
    starts = [Start(each, each + timedelta(seconds=1), is_claimed=False) for each in at]
    now = at[1] + timedelta(hours=9)
    with timezone.override("Europe/Paris"), translation.override("fr"):
        shown = days.shown(day_of(starts, [], now), now)
    assert [row.time for row in shown.rows] == ["2\xa0h\xa030 (CEST)", "2\xa0h\xa030 (CET)"]


def test_schedules_are_told_in_words(present: datetime) -> None:
    lines = [
        {**LINE, "days": ["mon", "wed", "thu", "fri"]},
        {**LINE, "days": "mon-sun", "from": "00:00", "to": "24:00", "spares": 1},
        {**LINE, "days": "sat-sun", "from": "22:00", "to": "02:00", "zone": "Asia/Tokyo"},
        {**LINE, "days": "tue", "to": "24:00"},
    ]
    definition = read_environment({**JUPYTER, "spares": {"schedule": lines}})
    with timezone.override("Europe/Paris"):
        assert timetables.lines_of(definition) == [
            ("Monday, Wednesday to Friday, from 08:00 to 18:00", "20 spares"),
            ("Every day, all day", "1 spare"),
            ("Saturday, Sunday, from 22:00 to 02:00 of the next day (Asia/Tokyo)", "20 spares"),
            ("Tuesday, from 08:00 to midnight", "20 spares"),
        ]


def test_class_sessions_are_told_until_they_end(now: datetime) -> None:
    sessions = [
        {"start": "2026-11-23T08:30", "end": "2026-11-23T10:30", "students": 300},
        {"start": "2026-11-20T08:30", "end": "2026-11-20T10:30", "students": 30},
        {"start": "2026-11-27T22:00", "end": "2026-11-28T02:00", "students": 1, "lead": "1 h"},
        *(
            {"start": f"2026-12-0{day}T08:30", "end": f"2026-12-0{day}T10:30", "students": 2}
            for day in range(1, 8)
        ),
    ]
    definition = read_environment({**JUPYTER, "sessions": sessions})
    with timezone.override("Europe/Paris"):
        told = timetables.sessions_of(definition, now)
    assert [tuple(words(part) for part in each) for each in told[:2]] == [
        ("Monday 23 November, from 08:30 to 10:30",
         "300 students, spares from 08:10 on (20 min before)"),
        ("Friday 27 November, from 22:00 to 02:00, Saturday 28 November",
         "1 student, spares from 21:00 on (1 h before)"),
    ]  # fmt: skip
    assert (len(told), timetables.more_sessions(definition, now)) == (5, 4)
