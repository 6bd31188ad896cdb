"""An agent in a process of its own, and bare talk with it."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEADLINE_S = 20
_START = """
import json, sys
from pathlib import Path
from mydocker.agent import main
data, run, instance, callers, kind, size, ringers = sys.argv[1:8]
{before}
callers, ringers = (frozenset(json.loads(users)) for users in (callers, ringers))
main(Path(data), Path(run), instance, callers, kind, int(size), ringers)
"""


def mounts_below(folder: Path) -> list[str]:
    """Mount points below a folder, in the order of mounting."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [p for line in lines if (p := line.split()[4]).startswith(f"{folder}/")]


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(entry.name for entry in folder.iterdir())


def mount_options(point: str) -> set[str]:
    """Per-mount options of the uppermost mount on a point, with its propagation."""
    for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
        words = line.split()
        if words[4] == str(point):
            return {*words[5].split(","), *words[6 : words.index("-")]}
    return set()


class AgentProcess:
    """An agent started on `data` and `run`; `before` is Python run in it first."""

    def __init__(self, data: Path, run: Path, instance: str) -> None:
        self.data, self.run, self.instance = data, run, instance
        self.callers: set[int] = set()
        self.ringers: set[int] = set()
        self.swap = ("none", 0)
        self.lines: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._ready = threading.Event()
        self._reader: threading.Thread | None = None

    @property
    def socket(self) -> Path:
        return self.run / "agent.sock"

    @property
    def bell(self) -> Path:
        return self.run / "bell.sock"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self, before: str = "") -> "AgentProcess":
        words = [str(self.data), str(self.run), self.instance, json.dumps(sorted(self.callers))]
        words += [*map(str, self.swap), json.dumps(sorted(self.ringers))]
        self._ready, told = threading.Event(), len(self.lines)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START.format(before=before), *words],
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        self._reader = threading.Thread(target=self._read, args=(self._process, self._ready))
        self._reader.start()
        assert self._ready.wait(DEADLINE_S)
        if not any('"agent.ready"' in line for line in self.lines[told:]):
            self.wait()
            raise AssertionError("".join(self.lines))
        return self

    def _read(self, process: "subprocess.Popen[str]", ready: threading.Event) -> None:
        assert process.stderr
        with process.stderr:
            for line in process.stderr:
                self.lines.append(line)
                if '"agent.ready"' in line:
                    ready.set()
        ready.set()

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    def wait(self) -> int:
        assert self._process and self._reader
        status = self._process.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)
        return status

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self.wait()

    def stop(self) -> int:
        assert self._process
        if self._process.poll() is None:
            self._process.terminate()
        return self.wait()


class Line:
    """A bare connection to an agent's socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(DEADLINE_S)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rwb")
        self._number = 0

    def send(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()

    def hear(self) -> dict[str, Any]:
        line = self._file.readline()
        if not line:
            raise EOFError
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, verb: str, **words: Any) -> Any:
        """Ask and return what was answered; a refusal's code as `{"error": code}`."""
        self._number += 1
        self.send(json.dumps({"id": self._number, "verb": verb, **words}).encode() + b"\n")
        answer = self.hear()
        assert answer["id"] == self._number
        return answer["ok"] if "ok" in answer else {"error": answer["error"]["code"]}

    def shut(self) -> None:
        """Break the connection under whoever uses it."""
        self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        try:
            self._file.close()
        finally:
            self._socket.close()


Dial = Callable[["AgentProcess"], Line]


def home(slot: int = 0, home: str = "home0001", uid: int = 1000, gid: int = 1000) -> Any:
    return {"slot": slot, "home": home, "uid": uid, "gid": gid}
