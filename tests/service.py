"""A real service on real parts, in a folder and on a port of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from mydocker.agent.cages import Cages
from mydocker.agent.cgroups import controllers
from tests.agent.dormitory import remove_swap

ROOT = Path(__file__).parent.parent
READY_SECONDS = 60.0
DEADLINE_SECONDS = 60.0
DUMP_SECONDS = 0.5
PAUSE_SECONDS = 0.02
"""Between two looks."""
LINES_TOLD = 100

LAB = (ROOT / "catalogue/jupyterlab-python/environment.yaml").read_text()
LAB = re.sub(r"^spares:.*\n", "", LAB, flags=re.MULTILINE)
"""JupyterLab with spares only for those who are expected: the first start is cold."""
TINY = """
slug: tiny
title: {en: Tiny, fr: Petit}
status: ready
image: mydocker/tiny:latest
ports: [{number: 8888, ready: /}]
interfaces:
  - {key: web, title: {en: Web, fr: Web}, link: "http://{{HOST['8888']}}/{{USER_REDIRECT}}"}
  - {key: headers, title: {en: Headers, fr: En-têtes}, link: "http://{{HOST['8888']}}/headers"}
resources: {cpu: 1, memory: 256MiB, tmp: 64MiB}
homes: {global: /home/jovyan}
lifetime: {idle: 20min, absolute: 12h}
join_code: tiny
"""


@contextmanager
def running(*definitions: str, **settings: str) -> "Iterator[Service]":
    """A service that is up, with these environments; afterwards nothing of it is left."""
    service = Service(settings=settings)
    try:
        service.start()
        for definition in definitions:
            service.cli("environment", "apply", "-", stdin=definition)
        yield service
    finally:
        service.remove()


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Service:
    """One installation."""

    data: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="mydocker-service-")))
    port: int = field(default_factory=free_port)
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The dashboard's host with its port."""
        return f"mydocker.localhost:{self.port}"

    @property
    def url(self) -> str:
        """The dashboard's address."""
        return f"http://{self.host}"

    @property
    def environ(self) -> dict[str, str]:
        """The environment of its commands."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("MYDOCKER_") and name != "DJANGO_SETTINGS_MODULE"
        }
        ours = {
            "MYDOCKER_DATA": str(self.data),
            "MYDOCKER_URL": self.url,
            "MYDOCKER_CATALOGUE": str(self.data / "first"),
        }
        return {**clean, **ours, **self.settings}

    def cli(self, *words: str, stdin: str = "", check: bool = True) -> str:
        """Run a command of ours; its output."""
        done = subprocess.run(
            [sys.executable, "-m", "mydocker", *words],
            cwd=ROOT, env=self.environ, input=stdin, text=True, capture_output=True,
            timeout=180, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout.strip()

    def start(self) -> None:
        """Up, and ready."""
        self.data.chmod(0o755)
        first = self.data / "first" / "lab"
        first.mkdir(parents=True, exist_ok=True)
        (first / "environment.yaml").write_text(LAB)
        self.cli("up", "--detach")

    def stop(self) -> None:
        """Down, with every container of this installation."""
        self.cli("down", check=False)

    def remove(self) -> None:
        """Nothing of it is left on the machine."""
        self.stop()
        for container in self.containers():
            subprocess.run(["docker", "rm", "-f", container], capture_output=True, check=False)
        for network in _lines(
            "docker", "network", "ls", "-q", "--filter", f"name=md-{self.instance}"
        ):
            subprocess.run(["docker", "network", "rm", network], capture_output=True, check=False)
        built = _lines(
            "docker", "images", "--format", "{{.Repository}}:{{.Tag}}",
            "--filter", f"reference=md-{self.instance}/*",
        )  # fmt: skip
        if built:
            subprocess.run(["docker", "rmi", *built], capture_output=True, check=False)
        Cages(controllers(), self.instance).uncage(())
        subprocess.run(["nft", "delete", "table", "inet", f"mydocker_{self.instance}"],
                       capture_output=True, check=False)  # fmt: skip
        for mount in [*reversed(self.mounts()), f"{self.data}/slots"]:
            subprocess.run(["umount", mount], capture_output=True, check=False)
        if self.settings.get("MYDOCKER_FREEZE_SWAP") == "zram":
            remove_swap(f"mydocker-{self.instance}")
        subprocess.run(["rm", "-rf", "--one-file-system", str(self.data)], check=False)

    @property
    def instance(self) -> str:
        """What tells its containers from others'."""
        from hashlib import sha256

        return sha256(str(self.data.absolute()).encode()).hexdigest()[:6]

    def containers(self) -> list[str]:
        """Its containers, running or not."""
        label = f"label=org.mydocker.instance={self.instance}"
        return _lines("docker", "ps", "-aq", "--no-trunc", "--filter", label)

    def mounts(self) -> list[str]:
        """What is mounted below its data folder."""
        table = Path("/proc/self/mountinfo").read_text().splitlines()
        return [row.split()[4] for row in table if row.split()[4].startswith(f"{self.data}/slots/")]

    def processes(self) -> dict[str, int]:
        """Process ids by name."""
        found: dict[str, int] = json.loads((self.data / "run" / "processes.json").read_text())
        return found

    def kill(self, name: str) -> None:
        """kill -9 of one process; the web server's workers with it."""
        pid = self.processes().get(name, 0)
        if pid:
            for victim in (*_children(pid), pid):
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:
                    continue

    def told(self) -> str:
        """The last lines of its processes' logs; what their threads do; who locks the database."""
        runs = self.cli("status", check=False).startswith(("ready", "running"))
        processes = self.processes() if runs else {}  # ids of the dead may be others' by now
        for name, pid in processes.items():
            if pid and name != "gateway":  # to which that signal means to end
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGUSR1)
        time.sleep(DUMP_SECONDS)
        logs = sorted((self.data / "log").glob("*.log"))
        locks = [f"--- locks {processes}", *self._locks()]
        return "\n".join([*(f"--- {log.name}\n{_last_lines(log)}" for log in logs), *locks])

    def _locks(self) -> list[str]:
        names = {path.stat().st_ino: path.name for path in self.data.glob("database/*")}
        locks = Path("/proc/locks").read_text().splitlines()
        return [f"{names[inode]} {lock}" for lock in locks if (inode := _inode(lock)) in names]

    def answers(self, path: str) -> bool:
        """Whether a page of the dashboard answers 200 now."""
        try:
            address = f"http://127.0.0.1:{self.port}{path}"
            return httpx.get(address, headers={"Host": self.host}).status_code == 200
        except httpx.TransportError:
            return False

    def person(self, mail: str = "camille@example.org", role: str = "student") -> "Api":
        """Somebody with a token."""
        self.cli("user", "add", mail, "--role", role)
        return Api(self, self.cli("token", "create", mail))

    def log(self, name: str) -> str:
        """The end of one process's log."""
        path = self.data / "log" / f"{name}.log"
        return path.read_text()[-4000:] if path.exists() else ""


@dataclass
class Api:
    """A person's client of the REST API, which tries again as a patient client does."""

    service: Service
    token: str

    def client(self) -> httpx.Client:
        """A client that knows where the service is."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.service.port}",
            headers={"Host": self.service.host, "Authorization": f"Bearer {self.token}"},
            timeout=10,
        )

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """One answered request: what was not acknowledged is asked again."""
        answers: list[httpx.Response] = []
        problems: list[object] = []

        def answered() -> bool:
            try:
                with self.client() as client:
                    answers.append(client.request(method, f"/api/v1{path}", **arguments))
            except httpx.TransportError as error:
                problems.append(error)
                return False
            problems.append((answers[-1].status_code, answers[-1].text[:300]))
            return answers[-1].status_code < 500

        wait_for(answered, f"{method} {path}", lambda: str(problems[-1]))
        answers[-1].raise_for_status()
        return answers[-1].json() if answers[-1].content else None

    def start(self, environment: str = "tiny") -> str:
        """Ask for a workspace; its id."""
        return str(self.call("POST", "/workspaces", json={"environment": environment})["id"])

    def until(self, workspace: str, *states: str) -> dict[str, Any]:
        """Wait until it is in one of these states."""
        found: dict[str, Any] = {}

        def there() -> bool:
            found.update(self.call("GET", f"/workspaces/{workspace}"))
            return found["state"] in states

        wait_for(there, f"{workspace} {states}", lambda: str(found))
        return found


def wait_for(
    true: Callable[[], bool],
    what: str,
    why: Callable[[], str] = str,
    seconds: float = DEADLINE_SECONDS,
) -> None:
    """Look until something is true; fail after the deadline.

    For what other processes do and tell nobody: mounts, containers, files, a port that opens.
    """
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"never came true: {what} {why()}")
        time.sleep(PAUSE_SECONDS)


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(each) for each in text.split()]


def _last_lines(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-LINES_TOLD:])


def _inode(lock: str) -> int:
    """The inode of a line of /proc/locks (proc(5))."""
    return int(next(word for word in lock.split() if word.count(":") == 2).rpartition(":")[2])


def _lines(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
