"""What hostile users, callers and accidents try against the agent."""

import ctypes
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from mydocker.agent.homes import shard

from .process import DEADLINE_S, AgentProcess, Dial, Line, home, mounts_below, names

RUN = "run00001"
_libc = ctypes.CDLL(None, use_errno=True)
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder outside, root's, that must never be touched."""
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "secret").write_text("root's")
    return outside


def untouched(target: Path) -> bool:
    return target.stat().st_uid == 0 and names(target) == ["secret"]


def test_a_link_in_the_place_of_a_home_is_not_followed(
    place: Path, line: Line, target: Path
) -> None:
    (place / "data/homes" / shard("home0001")).mkdir()
    (place / "data/homes" / shard("home0001") / "home0001").symlink_to(target)
    assert line.ask("attach", run=RUN, homes=[home()]) == {"error": "unsafe_path"}
    assert line.ask("home_usage", home="home0001") == {"error": "unsafe_path"}
    assert mounts_below(place) == [f"{place}/data/slots"]
    assert untouched(target)
    assert line.ask("trash", home="home0001") == {"error": "unsafe_path"}


def test_a_link_in_the_place_of_a_shard_is_not_followed(
    place: Path, line: Line, target: Path
) -> None:
    (place / "data/homes" / shard("home0001")).symlink_to(target)
    for verb in ("trash", "home_usage"):
        assert line.ask(verb, home="home0001") == {"error": "unsafe_path"}
    assert line.ask("attach", run=RUN, homes=[home()]) == {"error": "unsafe_path"}
    assert untouched(target)


@pytest.mark.parametrize("where", [RUN, f"{RUN}/0"])
def test_a_link_in_the_place_of_a_slot_is_not_followed(
    place: Path, line: Line, target: Path, where: str
) -> None:
    link = place / "data/slots" / where
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target)
    assert line.ask("attach", run=RUN, homes=[home()]) == {"error": "unsafe_path"}
    line.ask("detach", run=RUN)
    assert untouched(target)
    assert mounts_below(place) == [f"{place}/data/slots"]


def test_a_link_to_another_persons_home_is_not_followed(place: Path, line: Line) -> None:
    """Such a link stays below the homes, so only a ban of all links stops it."""
    folder = place / "data/homes" / shard("home0001")
    (folder / "victim").mkdir(parents=True)
    (folder / "victim" / "secret").touch()
    (folder / "home0001").symlink_to("victim")
    for verb in ("home_usage", "trash"):
        assert line.ask(verb, home="home0001") == {"error": "unsafe_path"}
    assert line.ask("attach", run=RUN, homes=[home()]) == {"error": "unsafe_path"}
    assert mounts_below(place) == [f"{place}/data/slots"]


def test_a_pipe_in_the_place_of_a_home_does_not_hang(place: Path, line: Line) -> None:
    (place / "data/homes" / shard("home0001")).mkdir()
    os.mkfifo(place / "data/homes" / shard("home0001") / "home0001")
    assert line.ask("attach", run=RUN, homes=[home()]) == {"error": "unsafe_path"}
    assert line.ask("home_usage", home="home0001") == {"error": "unsafe_path"}


@pytest.mark.parametrize("name", ["homes", "trash", "slots", "agent"])
@pytest.mark.parametrize("as_link", [True, False])
def test_folders_planted_before_the_first_start_are_refused(
    place: Path, make_agent: Callable[[], AgentProcess], target: Path, name: str, as_link: bool
) -> None:
    planted = place / "data" / name
    if as_link:
        planted.symlink_to(target)
    else:
        planted.mkdir()
        os.chown(planted, 1234, 1234)
    with pytest.raises(AssertionError):
        make_agent().start()
    assert untouched(target)


@contextmanager
def flipping(one: Path, two: Path) -> Iterator[list[int]]:
    """Exchange two names as fast as the machine can, until the end."""
    stop, flips = threading.Event(), [0]

    def flip() -> None:
        a, b = os.fsencode(one), os.fsencode(two)
        while not stop.is_set():
            _libc.renameat2(_AT_FDCWD, a, _AT_FDCWD, b, _RENAME_EXCHANGE)
            flips[0] += 1

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        yield flips
    finally:
        stop.set()
        thread.join(DEADLINE_S)


@pytest.mark.parametrize("level", ["home", "shard"])
def test_a_flip_between_folder_and_link_never_leads_out(
    place: Path, line: Line, target: Path, level: str
) -> None:
    folder = place / "data/homes" / shard("home0001")
    real = folder if level == "shard" else folder / "home0001"
    real.mkdir(parents=True)
    link = place / "data/link"
    link.symlink_to(target)
    done = {"ok": 0, "refused": 0}
    with flipping(real, link) as flips:
        for number in range(1500):
            answer = line.ask("attach", run=f"run{number:05}", homes=[home()])
            done["refused" if "error" in answer else "ok"] += 1
            if "sources" in answer:
                assert not Path(answer["sources"][0], "secret").exists()
                line.ask("detach", run=f"run{number:05}")
            assert untouched(target)
    assert flips[0] > 1000 and min(done.values()) > 10, (flips, done)


BAD_IDS: list[object] = [
    "..", "../x", "a/b", "/etc", "", "abc", "a" * 41, "ABCD", "home\n", "home\0x", "hömé",
    " home", None, 1234, True, ["home0001"], {"a": 1},
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_IDS)
def test_ids_that_are_none_are_refused_by_every_verb(line: Line, bad: object) -> None:
    refused = {"error": "bad_request"}
    assert line.ask("attach", run=bad, homes=[]) == refused
    assert line.ask("attach", run=RUN, homes=[home(0, bad)]) == refused  # type: ignore[arg-type]
    assert line.ask("detach", run=bad) == refused
    assert line.ask("sweep", known_runs=[bad], older_than_s=0) == refused
    for verb in ("trash", "home_usage"):
        assert line.ask(verb, home=bad) == refused
    assert line.ask("usage", containers=[bad]) == refused
    assert line.ask("cut", address=bad) == refused
    rules = {"name": bad, "policy": "open"}
    assert line.ask("firewall", bridges=[rules], allow=[]) == refused
    assert line.ask("firewall", bridges=[], allow=[bad]) == refused
    if bad != "":
        assert line.ask("homes", after=bad) == refused


BAD_WORDS: list[dict[str, object]] = [
    {},
    {"run": RUN},
    {"run": RUN, "homes": "x"},
    {"run": RUN, "homes": {}},
    {"run": RUN, "homes": [], "path": "/etc"},
    {"run": RUN, "homes": [{}]},
    {"run": RUN, "homes": [home() | {"path": "/etc"}]},
    {"run": RUN, "homes": [home(-1)]},
    {"run": RUN, "homes": [home(100)]},
    {"run": RUN, "homes": [home(uid=-1)]},
    {"run": RUN, "homes": [home(uid=2**32)]},
    {"run": RUN, "homes": [home() | {"slot": True}]},
    {"run": RUN, "homes": [home() | {"slot": 0.0}]},
    {"run": RUN, "homes": [home(number) for number in range(17)]},
]


@pytest.mark.parametrize("words", BAD_WORDS)
def test_requests_of_the_wrong_shape_are_refused(line: Line, words: dict[str, object]) -> None:
    assert line.ask("attach", **words) == {"error": "bad_request"}
    assert line.ask("attached") == {"runs": {}}


GARBAGE = [
    b"\n", b"{}\n", b"[]\n", b"null\n", b"\xff\xfe\n", b"{\n", b'{"id":"1","verb":"hello"}\n',
    b'{"id":-1,"verb":"hello"}\n', b'{"id":1e3,"verb":"hello"}\n', b"[" * 100_000 + b"\n",
    b'{"id":' + b"9" * 5000 + b',"verb":"hello"}\n', b'{"id":true,"verb":"hello"}\n',
    b"x" * (1 << 20) + b"\n", b'{"id":1,"verb":"detach","run":"' + b"a" * (1 << 20) + b'"}\n',
]  # fmt: skip


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: repr(garbage[:30]))
def test_garbage_is_answered_and_the_connection_goes_on(line: Line, garbage: bytes) -> None:
    line.send(garbage)
    assert line.hear()["error"]["kind"] == "refused"
    assert line.ask("hello")["version"] == 1


@pytest.mark.parametrize("verb", ["", "nothing", "__init__", "do", None, 7, ["hello"]])
def test_unknown_verbs_are_refused(line: Line, verb: object) -> None:
    line.send(json.dumps({"id": 1, "verb": verb}).encode() + b"\n")
    assert line.hear()["error"]["code"] == "unknown_verb"


def suppressed(error: type[Exception], deed: Callable[..., None]) -> Callable[..., None]:
    def quiet(*words: object) -> None:
        with suppress(error):
            deed(*words)

    return quiet


def test_half_a_request_and_a_hang_up_harm_nobody(
    agent: AgentProcess, line: Line, dial: Dial
) -> None:
    other = dial(agent)
    other.send(b'{"id":1,"verb":"detach"')
    other.close()
    for _ in range(200):  # more than the connections there is room for
        other = dial(agent)
        suppressed(OSError, other.send)(b'{"id":1,"verb":"home_usage","home":"home0001"}\n')
        suppressed(OSError, other.close)()
    assert line.ask("hello")["version"] == 1


def test_pipelined_requests_are_all_answered(line: Line) -> None:
    count = 2000
    asked = []
    for number in range(count):
        verb = "attached" if number % 20 else "home_usage"
        words = {} if number % 20 else {"home": "home0001"}
        asked.append(json.dumps({"id": number, "verb": verb, **words}).encode() + b"\n")
    sender = threading.Thread(target=line.send, args=(b"".join(asked),))
    sender.start()
    answers = [line.hear() for _ in range(count)]
    sender.join(DEADLINE_S)
    assert sorted(answer["id"] for answer in answers) == list(range(count))
    assert all("ok" in answer for answer in answers)


def test_a_caller_who_takes_no_answers_harms_nobody_else(
    agent: AgentProcess, line: Line, dial: Dial
) -> None:
    deaf = dial(agent)
    asked = b'{"id":1,"verb":"machine"}\n' * 5000
    sender = threading.Thread(target=suppressed(OSError, deaf.send), args=(asked,))
    sender.start()
    assert line.ask("hello")["version"] == 1
    deaf.shut()
    sender.join(DEADLINE_S)


_KNOCK = """
import os, socket, sys
end = socket.socket(socket.AF_UNIX)
os.chdir(sys.argv[1])
os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
end.connect("agent.sock")
try:
    end.sendall(b'{"id":1,"verb":"hello"}\\n')
except OSError:
    pass
sys.stdout.write(end.makefile().readline())
"""


def knock(agent: AgentProcess, uid: int) -> dict[str, object]:
    """Call the agent as another user, who got hold of the socket's folder."""
    done = subprocess.run(
        [sys.executable, "-c", _KNOCK, str(agent.run), str(uid)],
        capture_output=True, text=True, timeout=DEADLINE_S, check=True,
    )  # fmt: skip
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_only_known_users_are_answered(make_agent: Callable[[], AgentProcess]) -> None:
    agent = make_agent()
    agent.callers = {4321}
    agent.start()
    assert "ok" in knock(agent, 4321)
    for stranger in (4322, 1000, 65534):
        answer = knock(agent, stranger)
        assert answer == {
            "id": None,
            "error": {
                "kind": "refused",
                "code": "not_allowed",
                "message": "You may not call the agent.",
            },
        }
    told = [record for record in agent.records if record["action"] == "agent.stranger"]
    assert [record["caller"] for record in told] == [4322]  # not each time: that would fill a disk


def test_two_agents_never_serve_one_data_folder(make_agent: Callable[[], AgentProcess]) -> None:
    first = make_agent().start()
    second = make_agent()
    quickly = "from mydocker.agent import daemon; daemon._LOCK_PATIENCE_S = 0.2"
    second.run = first.run.parent / "run2"
    with pytest.raises(AssertionError):
        second.start(quickly)
    assert "Another agent serves this data folder." in "".join(second.lines)
    assert "ok" in knock(first, 0)
    first.kill()
    second.start(quickly)
    assert "ok" in knock(second, 0)


def test_a_polite_end_takes_the_socket_away(agent: AgentProcess) -> None:
    assert agent.stop() == 0
    assert not agent.socket.exists()
    assert agent.records[-1]["action"] == "agent.stopped"


def test_what_changes_is_recorded_and_what_reads_is_not(agent: AgentProcess, line: Line) -> None:
    line.ask("hello")
    line.ask("attach", run=RUN, homes=[home()])
    line.ask("attached")
    line.ask("trash", home="home0001")
    line.ask("detach", run="..")
    agent.stop()
    records = [(r["action"], r.get("error"), r.get("caller")) for r in agent.records]
    assert records == [
        ("agent.ready", None, None),
        ("agent.attach", None, 0),
        ("agent.trash", "home_attached", 0),
        ("agent.detach", "bad_request", 0),
        ("agent.stopped", None, None),
    ]
    assert ".." not in "".join(agent.lines)


_DEAF = """
import os
from mydocker.agent import server
serve = server.Server.serve
def deaf(*words):
    os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
    serve(*words)
server.Server.serve = deaf
"""


def test_nobody_reading_its_record_does_not_stop_it(
    make_agent: Callable[[], AgentProcess], dial: Dial
) -> None:
    line = dial(make_agent().start(_DEAF))
    assert "sources" in line.ask("attach", run=RUN, homes=[home()])
    line.close()
