"""The bell, the door and the rest of a zygote, without a container and without Jupyter."""

import ast
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.inside.places import INSIDE

SOON_SECONDS = 10


@pytest.fixture
def door(zygote: ModuleType) -> Iterator[Any]:
    """A door on a port that is free, behind which there would be a plain `bind`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = zygote.Door(port, lambda *asked, **named: [("plain", *asked)])
    made.open()
    yield made
    made.socket.close()


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "go"
    os.mkfifo(path)
    return path


class Waiting:
    """A zygote's wait, in a thread."""

    def __init__(self, zygote: ModuleType, fifo: Path, door: Any) -> None:
        bell = zygote.open_bell(str(fifo))
        self.thread = threading.Thread(
            target=zygote.wait_for_the_ring, args=(bell, door), daemon=True
        )
        self.thread.start()

    def ended(self) -> bool:
        self.thread.join(SOON_SECONDS)
        return not self.thread.is_alive()


def ring(fifo: Path, data: bytes) -> None:
    bell = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    os.write(bell, data)
    os.close(bell)


def knock(door: Any) -> socket.socket:
    return socket.create_connection(door.socket.getsockname(), SOON_SECONDS)


def queue_of(zygote: ModuleType, door: Any) -> int:
    return int(zygote.connections_waiting(door.socket))


def test_it_is_written_for_python_3_8() -> None:
    for name in ("zygote.py", "imports.py"):
        ast.parse((INSIDE / name).read_text(), feature_version=(3, 8))


@pytest.mark.parametrize("data", [b"!", b""], ids=["a byte", "opened and closed"])
def test_a_ring_ends_the_wait(zygote: ModuleType, fifo: Path, door: Any, data: bytes) -> None:
    waiting = Waiting(zygote, fifo, door)
    ring(fifo, data)
    assert waiting.ended()


def test_a_ring_before_the_wait_is_not_missed(zygote: ModuleType, fifo: Path, door: Any) -> None:
    bell = zygote.open_bell(str(fifo))
    ring(fifo, b"")
    waiting = threading.Thread(target=zygote.wait_for_the_ring, args=(bell, door))
    waiting.start()
    waiting.join(SOON_SECONDS)
    assert not waiting.is_alive()


def test_knocks_do_not_end_the_wait_and_never_fill_the_queue(
    zygote: ModuleType, fifo: Path, door: Any
) -> None:
    waiting = Waiting(zygote, fifo, door)
    spent = os.times()
    for _ in range(300):
        knock(door).close()
    deadline = time.monotonic() + SOON_SECONDS
    while queue_of(zygote, door) > zygote.KNOCKS:
        assert time.monotonic() < deadline
    assert waiting.thread.is_alive()
    ring(fifo, b"!")
    assert waiting.ended()
    assert os.times().user - spent.user < 1


def test_a_connection_after_the_ring_is_kept_however_many_wait(
    zygote: ModuleType, door: Any
) -> None:
    many = [knock(door) for _ in range(zygote.KNOCKS + 5)]
    door.clear(lambda: True)
    assert queue_of(zygote, door) == len(many)
    for one in many:
        one.close()


def test_a_few_connections_wait_for_the_application(zygote: ModuleType, door: Any) -> None:
    early = knock(door)
    door.clear(lambda: False)
    assert queue_of(zygote, door) == 1
    early.close()


@pytest.mark.parametrize("address", ["0.0.0.0", "", None])
def test_the_application_gets_the_socket_as_often_as_it_asks(door: Any, address: str) -> None:
    port = door.socket.getsockname()[1]
    door.bind_sockets(port, address)[0].close()
    with door.bind_sockets(port, address)[0] as got:
        early = knock(door)
        with got.accept()[0] as accepted, early:
            assert accepted.getpeername() == early.getsockname()


@pytest.mark.parametrize("address", ["127.0.0.1", "::"])
def test_an_application_that_wants_another_address_gets_it(door: Any, address: str) -> None:
    port = door.socket.getsockname()[1]
    assert door.bind_sockets(port, address)[0][:3] == ("plain", port, address)
    assert door.socket.fileno() == -1


def test_an_application_that_wants_another_port_gets_it(door: Any) -> None:
    assert door.bind_sockets(1, "0.0.0.0")[0][:3] == ("plain", 1, "0.0.0.0")
    assert door.socket.fileno() == -1


def test_a_missing_fifo_is_told(zygote: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(zygote.Unfit, match="cannot be opened"):
        zygote.open_bell(str(tmp_path / "go"))


@pytest.fixture
def packages(zygote: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folder of packages, which this interpreter is told to use."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(zygote.site, "ENABLE_USER_SITE", True)
    monkeypatch.setattr(zygote.site, "getusersitepackages", lambda: str(tmp_path))
    return tmp_path


def test_packages_of_the_person_are_let_in(zygote: ModuleType, packages: Path) -> None:
    (packages / "of_their_own.py").touch()
    assert zygote.admit_packages()
    assert str(packages) in sys.path


@pytest.mark.parametrize("name", ["json", "socket.py", "usercustomize.py"])
def test_a_package_that_comes_too_late_wants_a_new_interpreter(
    zygote: ModuleType, packages: Path, name: str
) -> None:
    (packages / name).touch()
    assert not zygote.admit_packages()


def test_an_interpreter_that_ignores_them_goes_on_ignoring_them(
    zygote: ModuleType, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zygote.site, "ENABLE_USER_SITE", False)
    (packages / "json").touch()
    before = [*sys.path]
    assert zygote.admit_packages()
    assert sys.path == before


def test_who_begins_anew_gets_the_same_words_on_every_python(
    zygote: ModuleType, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[Any] = []
    monkeypatch.delattr(sys, "orig_argv")  # there is none before Python 3.10
    monkeypatch.setattr(zygote.os, "execve", lambda *words: began.append(words))
    monkeypatch.setattr(zygote.os, "chdir", lambda _: None)
    zygote.begin_anew(zygote.WAITING, door)
    ((program, words, variables),) = began
    assert program == sys.executable
    assert b"\0".join(words[1:]) in Path("/proc/self/cmdline").read_bytes()
    assert variables[zygote.ANEW].split() == [zygote.WAITING, str(door.socket.fileno())]
