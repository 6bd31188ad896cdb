"""Twenty people click, stop, leave and come back, while everything is killed again and again.

No spare is given twice, no home is in the wrong container, and at the end nothing is left over.
"""

import os
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.service import ROOT, Api, Service, running, wait_for

pytestmark = [pytest.mark.crash, pytest.mark.engine]
SEED = int(os.environ.get("MYDOCKER_TEST_SEED", "0")) or random.SystemRandom().randrange(2**32)
SECONDS = float(os.environ.get("MYDOCKER_TEST_CHAOS_SECONDS", "120"))
PEOPLE = 20
PROCESSES = ("web", "streams", "loops", "agent", "gateway")
BETWEEN_KILLS = (0.5, 4.0)
AWAY, LONG_AWAY = (0.0, 3.0), (11.0, 25.0)
"""Seconds between two things that a person does; after ten a workspace falls asleep."""
DEFINITION = """
slug: tiny
title: {en: Tiny, fr: Petit}
status: ready
image: mydocker/tiny:latest
ports: [{number: 8888, ready: /}]
interfaces: [{key: web, title: {en: Web, fr: Web}, link: "http://{{HOST['8888']}}/"}]
resources: {cpu: 1, memory: 128MiB, tmp: 16MiB}
homes: {global: /home/jovyan, environment: /home/jovyan/work}
lifetime: {idle: 20min, absolute: 12h, sleep: 10s}
spares: {mode: running, wanted: SPARES, learnt: false}
"""


def definition(spares: int) -> str:
    return DEFINITION.replace("SPARES", str(spares))


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service whose environment keeps four spares."""
    with running(definition(4), MYDOCKER_IDLE_ROUND="1s") as service:
        yield service


@pytest.fixture(scope="module")
def people(service: Service) -> Sequence[Api]:
    mails = [f"chaos{number}@example.org" for number in range(PEOPLE)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.crowd", *mails],
        cwd=ROOT, env=service.environ, text=True, capture_output=True, check=True,
    )  # fmt: skip
    return [Api(service, token) for token in done.stdout.split()]


def test_people_come_and_go_while_everything_dies(service: Service, people: Sequence[Api]) -> None:
    print(f"MYDOCKER_TEST_SEED={SEED}")
    over = threading.Event()
    with ThreadPoolExecutor(PEOPLE + 1) as pool:
        killing = pool.submit(kill, service, over)
        living = [pool.submit(live, api, number, over) for number, api in enumerate(people)]
        over.wait(SECONDS)
        over.set()
        visits = sum(each.result() for each in living)
        kills = killing.result()
        # Acknowledged and not stopped since: it becomes ready without anybody asking again.
        list(pool.map(come_back, people, range(PEOPLE)))
    asleep = ask(service, "SELECT COUNT(*) FROM story_event WHERE kind = 'asleep'")[0]
    print(f"{visits} visits, {kills} kills, {asleep} fell asleep")
    assert visits > PEOPLE and kills > SECONDS / 10 and int(asleep) > 0
    assert given_twice(service) == []
    list(map(leave, people))
    service.cli("environment", "apply", "-", stdin=definition(0))
    wait_for(lambda: not service.containers(), "no container is left", service.told)
    wait_for(lambda: not service.mounts(), "no home is attached", service.told)
    wait_for(lambda: entries(service) == [], "the gateway knows no run", service.told)


def kill(service: Service, over: threading.Event) -> int:
    """kill -9 of one process after the other, at drawn instants; how many there were."""
    draw, kills = random.Random(f"{SEED}-kill"), 0
    while not over.wait(draw.uniform(*BETWEEN_KILLS)):
        service.kill(draw.choice(PROCESSES))
        kills += 1
    return kills


def live(api: Api, number: int, over: threading.Event) -> int:
    """Start, look at one's own files, leave or stop, come back; how many times one was in."""
    draw, visits = random.Random(f"{SEED}-{number}"), 0
    while not over.wait(draw.uniform(*draw.choices((AWAY, LONG_AWAY), (4, 1))[0])):
        workspace = api.start()
        if draw.random() < 0.2:  # no patience
            api.call("POST", f"/workspaces/{workspace}/stop")
            continue
        found = api.until(workspace, "ready", "asleep", "failed")
        assert found["state"] != "failed", found
        is_mine(api, workspace, f"person {number}")
        visits += 1
        if draw.random() < 0.5:
            api.call("POST", f"/workspaces/{workspace}/stop")
    return visits


def come_back(api: Api, number: int) -> None:
    workspace = api.start()
    api.until(workspace, "ready", "asleep")
    is_mine(api, workspace, f"person {number}")


def leave(api: Api) -> None:
    for workspace in api.call("GET", "/workspaces")["items"]:
        api.call("POST", f"/workspaces/{workspace['id']}/stop")


def is_mine(api: Api, workspace: str, person: str) -> None:
    """Both homes of the running container are this person's and no one else's."""
    live = "SELECT id FROM run WHERE workspace_id = ? AND phase < 5"
    (run,) = ask(api.service, live, workspace)
    for home in homes(api.service, run):
        whose = home / "whose"
        if not whose.exists():
            whose.write_text(person)
        assert whose.read_text() == person


def homes(service: Service, run: str) -> Sequence[Path]:
    """As the container itself sees them: no command is run in it, for it may be asleep."""
    words = ["docker", "ps", "-q", "--filter", f"label=org.mydocker.run={run}"]
    words += ["--filter", f"label=org.mydocker.instance={service.instance}"]
    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert len(found) == 1, (run, found)
    words = ["docker", "inspect", "-f", "{{.State.Pid}}", found[0]]
    pid = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    inside = Path(f"/proc/{pid}/root/home/jovyan")
    return [inside, inside / "work"]


def given_twice(service: Service) -> Sequence[str]:
    """Spares that the story says were claimed for more than one workspace."""
    return ask(
        service,
        """SELECT run_id FROM story_event WHERE kind = 'claimed'
            GROUP BY run_id HAVING COUNT(DISTINCT workspace_id) > 1""",
    )


def ask(service: Service, question: str, *parameters: str) -> Sequence[str]:
    """The first column of what the database says."""
    (database,) = service.data.glob("database/*.sqlite3")
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        return [row[0] for row in connection.execute(question, parameters)]


def entries(service: Service) -> Sequence[str]:
    """What the gateway's files hold."""
    maps = [path.read_text() for path in (service.data / "gateway" / "maps").iterdir()]
    lines = [line for text in maps for line in text.splitlines()]
    return [line for line in lines if line.strip() and not line.startswith("#")]
