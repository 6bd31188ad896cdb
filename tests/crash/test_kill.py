"""Invariant 8: `kill -9` of any process at any instant loses nothing that was acknowledged.

All of it converges again without help.
"""

import os
import random
import threading
import time

import pytest

from tests.service import Api, Service, wait_for

pytestmark = [pytest.mark.crash, pytest.mark.engine]
SEED = int(os.environ.get("MYDOCKER_TEST_SEED", "0")) or random.SystemRandom().randrange(2**32)
KILLS = 10
START_SECONDS = 0.7
STOP_SECONDS = 0.4


@pytest.fixture(scope="module")
def camille(service: Service) -> Api:
    """A student."""
    return service.person()


def _kill_at(service: Service, name: str, instant: float) -> threading.Thread:
    """Kill a process `instant` seconds from now."""

    def work() -> None:
        time.sleep(instant)
        service.kill(name)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize("name", ["web", "streams", "loops", "agent", "gateway"])
def test_nothing_acknowledged_is_lost_and_all_converges(
    service: Service, camille: Api, name: str
) -> None:
    print(f"MYDOCKER_TEST_SEED={SEED}")
    draw = random.Random(f"{SEED}-{name}")
    for _ in range(KILLS):
        killer = _kill_at(service, name, draw.uniform(0, START_SECONDS))
        workspace = camille.start()
        killer.join()
        # Acknowledged: it becomes ready without anybody asking again.
        found = camille.until(workspace, "ready", "failed", "stopped")
        assert found["state"] == "ready", (found, service.log("loops"))
        killer = _kill_at(service, name, draw.uniform(0, STOP_SECONDS))
        camille.call("POST", f"/workspaces/{workspace}/stop")
        killer.join()
        camille.until(workspace, "stopped")
        assert not service.containers()
        wait_for(lambda: not service.mounts(), "homes are detached")
    maps = service.data / "gateway" / "maps"
    wait_for(
        lambda: not any(_entries(path) for path in maps.iterdir()), "the gateway forgets the run"
    )


def _entries(path: os.PathLike[str]) -> list[str]:
    with open(path) as file:  # noqa: PTH123
        return [line for line in file if line.strip() and not line.startswith("#")]
