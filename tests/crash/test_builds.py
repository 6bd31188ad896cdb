"""A build under way outlives every process of ours."""

from collections.abc import Iterator

import pytest

from tests.service import Api, Service, running, wait_for

pytestmark = pytest.mark.engine
RECIPE = """\
FROM mydocker/tiny
ENV INSTALLATION={instance} KILLED={killed}
RUN echo first > /tmp/first
RUN echo waiting && sleep 4
RUN echo last > /tmp/last
"""
WAITING = 4


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running() as service:
        yield service


def reached(teacher: Api, build: str, step: int) -> None:
    """Wait until a build is at a step."""
    wait_for(lambda: teacher.call("GET", build)["step"] >= step, f"{build} at step {step}")


@pytest.mark.parametrize("killed", ["loops", "agent", "web", "streams", "gateway"])
def test_a_build_outlives_the_death_of_a_process(service: Service, killed: str) -> None:
    teacher = service.person(f"{killed}@example.org", "teacher")
    text = RECIPE.format(instance=service.instance, killed=killed)
    recipe = {"kind": "dockerfile", "text": text}
    teacher.call("POST", "/images", json={"title": killed, "recipe": recipe})
    number = teacher.call("POST", f"/images/{killed}/builds")["number"]
    build = f"/images/{killed}/builds/{number}"
    reached(teacher, build, WAITING)
    service.kill(killed)
    wait_for(lambda: teacher.call("GET", build)["state"] == "done", f"{build} is done")
    found = teacher.call("GET", build)
    assert found["reference"] == f"md-{service.instance}/{killed}:{number}"
    with teacher.client() as client:
        log = client.get(f"/api/v1{build}/log").text
    # Only the death of who builds is felt; what was done by then is in the cache.
    assert log.count("# 3 RUN") == (2 if killed == "loops" else 1), log
