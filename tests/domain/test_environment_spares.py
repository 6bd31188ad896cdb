"""What an environment says of its spares and class sessions: read, and written again."""

from datetime import UTC, datetime, timedelta

import pytest

from mydocker.domain.environments import (
    ClassSession,
    Day,
    Mistakes,
    ScheduleLine,
    SpareMode,
    Spares,
    read_environment,
    warnings_of,
    write_environment,
)
from tests.domain.test_environments import LEAST, LINE, SESSION, tree


def test_spares_and_class_sessions() -> None:
    environment = read_environment(
        tree(
            spares={
                "wanted": 2,
                "learnt": "no",
                "most": 80,
                "mode": "running",
                "schedule": [
                    LINE,
                    {"days": ["sun", "fri-sat"], "from": "22:00", "to": "2:00", "spares": 1,
                     "zone": "America/New_York"},
                    {"days": "sat-mon", "from": "00:00", "to": "24:00", "spares": 1},
                ],
            },
            sessions=[SESSION, SESSION | {"zone": "UTC", "lead": "1 h"}, SESSION],
        )
    )  # fmt: skip
    week = tuple(Day)
    assert environment.spares == Spares(
        wanted=2,
        learnt=False,
        most=80,
        mode=SpareMode.RUNNING,
        schedule=(
            ScheduleLine(week[:5], 480, 1080, 10, "Europe/Paris"),
            ScheduleLine(week[4:], 1320, 120, 1, "America/New_York"),
            ScheduleLine((Day.MON, Day.SAT, Day.SUN), 0, 1440, 1),
        ),
    )
    assert environment.sessions == (
        ClassSession(
            datetime(2026, 11, 23, 7, 30, tzinfo=UTC),
            datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
            60,
            timedelta(minutes=20),
            "Europe/Paris",
        ),
        ClassSession(
            datetime(2026, 11, 23, 8, 30, tzinfo=UTC),
            datetime(2026, 11, 23, 10, 30, tzinfo=UTC),
            60,
            timedelta(hours=1),
            "UTC",
        ),
    )


def test_a_class_session_on_a_day_when_clocks_are_moved() -> None:
    def read(day: str) -> tuple[datetime, datetime]:
        entry = {"start": f"{day}T02:30", "end": f"{day} 02:45", "students": 1}
        session = read_environment(tree(sessions=[entry])).sessions[0]
        return session.start, session.end

    assert read("2026-10-25") == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 45, tzinfo=UTC),
    )
    with pytest.raises(Mistakes, match="ends after it starts"):
        read("2026-03-29")


def test_spares_are_written_as_a_teacher_writes_them() -> None:
    given = tree(spares={"schedule": [LINE, LINE | {"days": ["mon", "wed"]}]}, sessions=[SESSION])
    written = write_environment(read_environment(given))
    assert written["spares"] == {
        "wanted": 0,
        "learnt": True,
        "most": 50,
        "mode": "auto",
        "schedule": [
            {**LINE, "zone": "Europe/Paris"},
            {**LINE, "days": ["mon", "wed"], "zone": "Europe/Paris"},
        ],
    }
    assert written["sessions"] == [{**SESSION, "zone": "Europe/Paris", "lead": "20 min"}]


def test_a_definition_from_before_there_were_spares_has_the_defaults() -> None:
    environment = read_environment(LEAST)
    assert (environment.spares, environment.sessions) == (Spares(), ())
    assert Spares() == Spares(0, True, 50, SpareMode.AUTO, ())


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ({}, {"spares": 3}, True),
        ({"from": "08:00", "to": "10:00"}, {"from": "10:00", "to": "12:00"}, False),
        ({"days": "mon"}, {"days": "tue"}, False),
        ({"days": "sun", "from": "22:00", "to": "02:00"},
         {"days": "mon", "from": "01:00", "to": "03:00"}, True),
        ({"days": "sun", "from": "22:00", "to": "02:00"},
         {"days": "mon", "from": "02:00", "to": "03:00"}, False),
        ({"zone": "Asia/Tokyo"}, {"zone": "America/New_York"}, False),
    ],
)  # fmt: skip
def test_lines_that_hold_at_the_same_time_are_worth_a_look(
    first: dict[str, object], second: dict[str, object], overlap: bool
) -> None:
    environment = read_environment(
        tree(command="jupyter lab", spares={"schedule": [LINE | first, LINE | second]})
    )
    found = [each.place for each in warnings_of(environment) if "schedule" in each.path]
    assert found == (["spares.schedule[1]"] if overlap else [])
