"""How much of a request the server takes in before anybody has looked at it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from waitress.adjustments import Adjustments

from mydocker.cli.serving import BODY_AROUND_FIELDS, Parser, server_on
from mydocker.domain.recipes import MOST_BYTES

FILES = "/teach/images/scipy-l2/files"
API_FILES = "/api/v1/images/scipy-l2/files"
USUAL = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + BODY_AROUND_FIELDS


def refused(path: str, length: int) -> bool:
    """Whether a request is refused for its length alone."""
    parser = Parser(Adjustments())
    header = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
    parser.received(header.encode())
    assert parser.headers_finished
    is_refused = parser.error is not None and parser.error.code == 413
    parser.close()
    return is_refused


@pytest.mark.parametrize(
    "path", ["/", "/teach", "/sign-in", "/teach/images/new", "/teach/images/x", "/x" + FILES,
             "/teach/images/x/files.html", "/api/v1/environments/x", "/teach/images/a/b/files",
             "/api/v1/images/x", "/api/v1/images/x/builds/1"],
)  # fmt: skip
def test_most_requests_are_short(path: str) -> None:
    assert not refused(path, USUAL - 1)
    assert refused(path, USUAL)


@pytest.mark.parametrize(
    "path",
    [FILES, f"{FILES}?x=1", f"{FILES}/data/big.csv", API_FILES, f"{API_FILES}/data/big.csv"],
)
def test_files_may_be_long_but_not_endless(path: str) -> None:
    assert not refused(path, USUAL)
    assert not refused(path, MOST_BYTES)
    assert refused(path, MOST_BYTES + (2 << 20))


def test_a_body_without_a_length_is_counted_as_it_comes() -> None:
    parser = Parser(Adjustments())
    parser.received(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b"%x\r\n%b\r\n" % (1 << 20, b"x" * (1 << 20))
    for _piece in range(3):
        assert parser.error is None
        parser.received(piece)
    assert parser.error is not None and parser.error.code == 413
    parser.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Path]:
    """A server as the pages have it, whose pages count what came."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "web.sock"))
    listening.listen()
    started = server_on(count, listening, threads=2)
    thread = threading.Thread(target=started.run)
    thread.start()
    yield tmp_path / "web.sock"
    started.trigger.pull_trigger(started.close)
    thread.join(10)
    started.task_dispatcher.shutdown()


def count(environ: Any, start: Any) -> list[bytes]:
    said = str(len(environ["wsgi.input"].read())).encode()
    start("200 OK", [("Content-Length", str(len(said)))])
    return [said]


def ask(server: Path, path: str, length: int) -> bytes:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(server))
        asking.settimeout(10)
        asking.sendall(f"POST {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n".encode())
        with suppress(BrokenPipeError):
            asking.sendall(b"x" * length)
        answer = b""
        with suppress(ConnectionResetError):
            while more := asking.recv(65_536):
                answer += more
    return answer


def test_the_server_takes_in_as_much_as_the_address_may_bring(server: Path) -> None:
    assert ask(server, FILES, 5 << 20).endswith(b"\r\n5242880")
    assert ask(server, "/teach", 1 << 20).endswith(b"\r\n1048576")
    assert b"413 Request Entity Too Large" in ask(server, "/teach", USUAL)
