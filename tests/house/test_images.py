"""The images of the catalogue keep to what the service expects of one."""

import asyncio
import json
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import httpx
import pytest

pytestmark = pytest.mark.engine

JUPYTERLAB = "mydocker/jupyterlab-python:latest"
TINY = "mydocker/tiny:latest"
PATIENCE_SECONDS = 60
TOKEN = "a-generated-password"
HOST = "k3jh2g4kjh.mydocker-apps.localhost:8080"
HARDENED = [
    "--init",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--user=1000",
    "--pids-limit=512",
    "--memory=2g",
    "--tmpfs=/tmp:rw,nosuid,nodev,size=1g,mode=1777",
]
WRITE = (
    "import numpy, matplotlib.pyplot as plt; plt.plot([1, 2]); plt.savefig('/tmp/a'); print(6 * 7)"
)


def docker(*words: str | Path) -> str:
    return subprocess.run(
        ["docker", *words], capture_output=True, text=True, check=True
    ).stdout.strip()


@dataclass(frozen=True)
class Running:
    name: str
    url: str
    home: Path

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", headers={"Host": HOST, **headers}, timeout=30)


def start(image: str, home: Path, *command: str) -> Iterator[Running]:
    """Run an image as the service would, with an empty home; yields it once it answers."""
    home.mkdir()
    home.chmod(0o777)
    name = f"test-house-{uuid.uuid4().hex[:8]}"
    docker("run", "--detach", "--name", name, *HARDENED, f"--volume={home}:/home/jovyan", image,
           *command)  # fmt: skip
    try:
        address = docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", name)
        running = Running(name, f"http://{address}:8888", home)
        await_answer(running)
        yield running
    finally:
        docker("rm", "--force", "--volumes", name)


def await_answer(running: Running) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            running.get("/api")
            return
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("lab") / "home"
    yield from start(JUPYTERLAB, home, "jupyter", "lab", f"--IdentityProvider.token={TOKEN}")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from start(TINY, tmp_path_factory.mktemp("tiny") / "home", "tiny", "serve")


def things_in(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in home.rglob("*") if not path.is_dir()}


async def run_a_cell(lab: Running, code: str) -> str:
    """What a cell printed, through the websocket that a browser would open."""
    headers = {"Host": HOST, "Authorization": f"token {TOKEN}", "Origin": f"http://{HOST}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(f"{lab.url}/api/kernels", json={}) as answer:
            kernel = (await answer.json())["id"]
        async with session.ws_connect(f"{lab.url}/api/kernels/{kernel}/channels") as socket:
            await socket.send_json(execute_request(code))
            async with asyncio.timeout(PATIENCE_SECONDS):
                async for message in socket:
                    reply = json.loads(message.data)
                    if reply["msg_type"] in ("stream", "error"):
                        return str(reply["content"].get("text", reply["content"]))
    raise AssertionError("the kernel hung up")


def execute_request(code: str) -> dict[str, object]:
    header = {"msg_id": "1", "msg_type": "execute_request", "session": "1", "username": "",
              "version": "5.3", "date": ""}  # fmt: skip
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
               "allow_stdin": False}  # fmt: skip
    return {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
        "buffers": [],
    }


def test_jupyterlab_lets_in_who_has_the_password_and_nobody_else(lab: Running) -> None:
    assert lab.get("/lab").status_code == 302
    assert lab.get("/lab", Authorization=f"token {TOKEN}").status_code == 200
    assert lab.get("/api/contents").status_code == 403


def test_jupyterlab_speaks_french(lab: Running) -> None:
    languages = lab.get("/lab/api/translations/", Authorization=f"token {TOKEN}").json()["data"]
    assert {"en", "fr_FR"} <= set(languages)


def test_nbgitpuller_links_have_their_page(lab: Running) -> None:
    link = "/git-pull?repo=http://git.example/course.git&urlpath=lab/tree/course"
    assert lab.get(link, Authorization=f"token {TOKEN}").status_code == 200


@pytest.mark.asyncio
async def test_a_cell_runs_and_leaves_nothing_in_the_home(lab: Running) -> None:
    assert await run_a_cell(lab, WRITE) == "42\n"
    assert things_in(lab.home) == set()


@pytest.mark.asyncio
async def test_installed_packages_go_to_the_home(lab: Running) -> None:
    code = "import site, sys; print(site.ENABLE_USER_SITE, site.USER_BASE)"
    assert await run_a_cell(lab, code) == "True /home/jovyan/.local\n"


def test_a_login_shell_finds_the_software_too(lab: Running) -> None:
    assert docker("exec", lab.name, "bash", "-lc", "command -v jupyter") == "/opt/venv/bin/jupyter"


def test_jupyterlab_itself_does_not_see_what_a_person_installed(lab: Running) -> None:
    assert "python -s /opt/venv/bin/jupyter-lab" in docker("exec", lab.name, "ps", "-ef")


def test_no_certificate_of_this_machine_stays_in_an_image(lab: Running) -> None:
    assert docker("exec", lab.name, "sh", "-c", "ls -d /build 2>/dev/null || true") == ""


def test_the_tiny_server_shows_the_request(tiny: Running) -> None:
    assert "X-Seen: yes" in tiny.get("/headers", **{"X-Seen": "yes"}).text
    assert len(tiny.get("/bytes/1024").content) == 1024


def test_the_tiny_server_answers_to_order(tiny: Running) -> None:
    answer = tiny.get("/answer?status=418&header=X-Order:%20tea&body=short")
    assert (answer.status_code, answer.headers["x-order"], answer.text) == (418, "tea", "short")


@pytest.mark.asyncio
async def test_the_tiny_server_echoes_a_websocket(tiny: Running) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{tiny.url}/ws") as socket,
    ):
        for said in ("short", "x" * 300, "x" * 70_000):
            await socket.send_str(said)
            assert await socket.receive_str(timeout=PATIENCE_SECONDS) == said


@pytest.mark.parametrize(
    ("command", "status"), [(("exit", "3"), 3), (("eat", "200"), 137), (("nonsense",), 1)]
)
def test_the_tiny_server_misbehaves_when_told_to(command: tuple[str, ...], status: int) -> None:
    result = subprocess.run(
        ["docker", "run", "--rm", "--memory=64m", TINY, "tiny", *command],
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert result.returncode == status
