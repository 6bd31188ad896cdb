"""What a failed run's program wrote can be read after its container is gone."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from mydocker.adapters.window import SocketWindow
from mydocker.domain.logs import LogLine
from mydocker.domain.runs import Patience, Phase
from mydocker.loops.health import Health
from mydocker.loops.journal import Journals
from mydocker.loops.window import Showcase, WindowServer
from mydocker.services import workspaces as services
from mydocker.testing.fake_driver import FakeDriver
from mydocker.testing.fake_engine import FakeEngine, Program
from tests.loops.house import Outside, house, now
from tests.loops.test_custodian import prepare

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

WRITTEN = ["reading notebook.ipynb", "ModuleNotFoundError: No module named 'pandas'"]


async def test_the_last_lines_of_a_failed_run_are_kept(tmp_path: Path) -> None:
    program = Program([LogLine(text) for text in WRITTEN], timedelta(seconds=0.1), status=1)
    outside = Outside(driver=FakeDriver(FakeEngine(programs={(): program})), answering=False)
    async with house(outside, patience=Patience(timedelta(hours=1), timedelta(seconds=0.05))) as at:
        person = await at.database(prepare)
        workspace = (await at.database(services.ask, person, "tiny", now())).workspace
        run = await at.phase(workspace, Phase.ENDED)
        assert not outside.driver.engine.containers
        where = tmp_path / "window.sock"
        health = Health(at.database, outside.driver, outside.gateway, outside.agent, "tiny")
        server = WindowServer(
            where,
            [],
            Showcase(),
            at.database,
            outside.driver,
            outside.agent,
            health,
            Journals(tmp_path),
        )
        serving = asyncio.create_task(server.run())
        async with asyncio.timeout(10):
            await server.listening.wait()
        window = SocketWindow(where)
        whole = [line.text async for line in window.logs(run.id, tail=100, follow=True)]
        last = [line.text async for line in window.logs(run.id, tail=1, follow=False)]
        serving.cancel()
    assert whole == WRITTEN
    assert last == WRITTEN[1:]
