"""Homes on slots: what is mounted, how, and that nothing is left."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from .process import AgentProcess, Dial, Line, home, mount_options, mounts_below, names

RUN = "run00001"


def on_disk(data: Path, name: str) -> Path:
    (found,) = data.glob(f"homes/*/{name}")
    return found


def test_a_home_is_made_and_mounted_without_suid_and_devices(place: Path, line: Line) -> None:
    (source,) = line.ask("attach", run=RUN, homes=[home()])["sources"]
    assert source == f"{place}/data/slots/{RUN}/0"
    facts = Path(source).stat()
    assert (facts.st_uid, facts.st_gid, facts.st_mode & 0o7777) == (1000, 1000, 0o700)
    assert {"nosuid", "nodev", "rw"} <= mount_options(source)
    Path(source, "file").write_text("kept")
    assert (on_disk(place / "data", "home0001") / "file").read_text() == "kept"


def test_attaching_again_answers_the_same_and_mounts_once(place: Path, line: Line) -> None:
    homes = [home(0), home(1, "home0002")]
    first = line.ask("attach", run=RUN, homes=homes)
    before = mounts_below(place)
    assert line.ask("attach", run=RUN, homes=homes) == first
    assert mounts_below(place) == before
    assert len(before) == 3  # the slots' own mount, and two homes


def test_a_slot_is_never_given_to_another_home_or_owner(line: Line) -> None:
    line.ask("attach", run=RUN, homes=[home()])
    for homes in ([home(0, "home0002")], [home(1), home(1, "home0002")]):
        assert line.ask("attach", run=RUN, homes=homes) == {"error": "slot_taken"}
    assert line.ask("attach", run=RUN, homes=[home(uid=7, gid=7)]) == {"error": "slot_taken"}


def test_detach_leaves_nothing_and_may_be_repeated(place: Path, line: Line) -> None:
    line.ask("attach", run=RUN, homes=[home(0), home(1, "home0002")])
    for _ in range(2):
        assert line.ask("detach", run=RUN) is None
        assert mounts_below(place) == [f"{place}/data/slots"]
        assert names(place / "data/slots") == []
    assert sorted(p.name for p in place.glob("data/homes/*/*")) == ["home0001", "home0002"]


def test_detach_of_a_slot_in_use_falls_back_to_lazy(place: Path, line: Line) -> None:
    (source,) = line.ask("attach", run=RUN, homes=[home()])["sources"]
    handle = os.open(source, os.O_RDONLY)
    try:
        assert line.ask("detach", run=RUN) is None
        assert mounts_below(place) == [f"{place}/data/slots"]
    finally:
        os.close(handle)


def test_one_home_may_be_attached_to_two_runs(line: Line) -> None:
    (one,) = line.ask("attach", run=RUN, homes=[home()])["sources"]
    (two,) = line.ask("attach", run="run00002", homes=[home()])["sources"]
    Path(one, "file").write_text("seen")
    line.ask("detach", run=RUN)
    assert Path(two, "file").read_text() == "seen"
    assert line.ask("attached") == {"runs": {"run00002": [0]}}


def test_another_owner_sees_the_home_as_its_own(place: Path, line: Line) -> None:
    assert line.ask("hello")["idmap"]
    (source,) = line.ask("attach", run=RUN, homes=[home(uid=20042, gid=100)])["sources"]
    again = line.ask("attach", run=RUN, homes=[home(uid=20042, gid=100)])
    assert again == {"sources": [source]}
    assert Path(source).stat().st_uid == 20042
    subprocess.run(["touch", "new"], cwd=source, user=20042, group=100, check=True)
    facts = (on_disk(place / "data", "home0001") / "new").stat()
    assert (facts.st_uid, facts.st_gid) == (1000, 1000)
    with pytest.raises(OSError, match="Value too large"):  # even root writes as the owner alone
        Path(source, "roots").touch()
    assert {"nosuid", "nodev", "idmapped"} <= mount_options(source)


def test_without_idmap_another_owner_is_refused_and_told_why(
    place: Path, make_agent: Callable[[], AgentProcess], dial: Dial
) -> None:
    agent = make_agent().start(_without("clone_mount"))
    line = dial(agent)
    hello = line.ask("hello")
    assert not hello["idmap"] and "Function not implemented" in hello["idmap_problem"]
    homes = [home(0, "home0002"), home(1, uid=33)]
    assert line.ask("attach", run=RUN, homes=homes) == {"error": "idmap_unsupported"}
    assert line.ask("attached") == {"runs": {}}


def test_older_kernels_mount_through_a_private_stage(
    place: Path, make_agent: Callable[[], AgentProcess], dial: Dial
) -> None:
    agent = make_agent().start(_without("clone_mount"))
    line = dial(agent)
    for number in range(3):
        run = f"run0000{number}"
        (source,) = line.ask("attach", run=run, homes=[home()])["sources"]
        assert {"nosuid", "nodev"} <= mount_options(source)
        assert any(option.startswith("shared:") for option in mount_options(source))
    assert f"{place}/data/stage/home" not in mounts_below(place)
    for number in range(3):
        line.ask("detach", run=f"run0000{number}")
    assert mounts_below(place) == [f"{place}/data/slots", f"{place}/data/stage"]


def _without(call: str) -> str:
    """Let a function of `kernel` fail like an older kernel."""
    return (
        "import errno, os\n"
        "from mydocker.agent import kernel\n"
        "def missing(*_): raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))\n"
        f"kernel.{call} = missing\n"
    )


def test_a_home_attached_later_appears_in_a_slave(place: Path, line: Line) -> None:
    """As in a container that was started with the slot before it held anything."""
    line.ask("attach", run=RUN, homes=[])
    slot = place / "data/slots" / RUN / "0"
    slot.mkdir()
    inside = "mount --make-rslave / && echo ready && read go && cat " + f"{slot}/file"
    container = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", inside],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert container.stdin and container.stdout
    assert container.stdout.readline() == "ready\n"
    (source,) = line.ask("attach", run=RUN, homes=[home()])["sources"]
    Path(source, "file").write_text("mine")
    assert container.communicate("go\n")[0] == "mine"


def test_a_restarted_agent_keeps_slots_shared_with_running_containers(
    place: Path, make_agent: Callable[[], AgentProcess]
) -> None:
    agent = make_agent().start()
    before = mount_options(f"{place}/data/slots")
    assert agent.stop() == 0
    agent.start()
    assert mount_options(f"{place}/data/slots") == before
    assert any(option.startswith("shared:") for option in before)
    assert mounts_below(place) == [f"{place}/data/slots"]


def test_mounts_of_a_home_go_nowhere_else(
    place: Path, make_agent: Callable[[], AgentProcess], dial: Dial
) -> None:
    """A home on a shared mount, as under systemd, must not hear of what happens on the slot."""
    homes = place / "data/homes"
    homes.mkdir()
    subprocess.run(["mount", "--bind", homes, homes], check=True)
    subprocess.run(["mount", "--make-shared", homes], check=True)
    line = dial(make_agent().start())
    (source,) = line.ask("attach", run=RUN, homes=[home()])["sources"]
    Path(source, "nested").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", f"{source}/nested"], check=True)
    assert not any("homes" in point and "nested" in point for point in mounts_below(place))
    line.ask("detach", run=RUN)


def test_sweep_spares_known_and_young_runs(place: Path, line: Line) -> None:
    for run in (RUN, "run00002", "run00003"):
        line.ask("attach", run=run, homes=[home()])
    young = line.ask("sweep", known_runs=[RUN], older_than_s=3600)
    assert young == {"removed": [], "busy": []}
    handle = os.open(place / "data/slots/run00003/0", os.O_RDONLY)
    try:
        swept = line.ask("sweep", known_runs=[RUN], older_than_s=0)
        assert swept == {"removed": ["run00002"], "busy": ["run00003"]}
    finally:
        os.close(handle)
    assert line.ask("attached") == {"runs": {RUN: [0], "run00003": [0]}}


INSTANTS = [
    "kernel.openat2", "kernel.bind", "kernel.clone_mount", "kernel.place_mount",
    "kernel.user_namespace", "os.mkdir", "os.fchown", "kernel.unmount", "os.rmdir",
]  # fmt: skip


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", INSTANTS)
@pytest.mark.parametrize("nth", [1, 2])
def test_killed_at_any_instant_it_converges(
    place: Path, make_agent: Callable[[], AgentProcess], call: str, when: str, nth: int, dial: Dial
) -> None:
    homes = [home(0, uid=33, gid=33), home(1, "home0002")]
    killed = make_agent().start(_killed_at(call, when, nth))
    line = dial(killed)
    with suppress(EOFError, ConnectionError):
        line.ask("attach", run=RUN, homes=homes)
        line.ask("detach", run=RUN)
        line.ask("attach", run=RUN, homes=[home(0, uid=34, gid=34)])
    assert killed.wait() == -signal.SIGKILL

    line = dial(make_agent().start())
    for _ in range(2):
        sources = line.ask("attach", run=RUN, homes=homes)["sources"]
        assert sorted(mounts_below(place)) == [f"{place}/data/slots", *sources]
        assert [Path(s).stat().st_uid for s in sources] == [33, 1000]
        assert {"nosuid", "nodev"} <= mount_options(sources[0]) & mount_options(sources[1])
    line.ask("detach", run=RUN)
    assert mounts_below(place) == [f"{place}/data/slots"]
    assert names(place / "data/slots") == []
    line.close()


def _killed_at(call: str, when: str, nth: int) -> str:
    """Let the agent be killed just before or after its nth call of a function, once it serves."""
    module, name = call.split(".")
    deed = ["kill()", "return real(*a, **k)"]
    if when == "after":
        deed = ["result = real(*a, **k)", "kill()", "return result"]
    lines = "\n    ".join(deed)
    return f"""
import os, signal
from mydocker.agent import folders, homes, kernel, server, slots
left, serving = [{nth}], []
real = {module}.{name}
def kill():
    if serving:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
def patched(*a, **k):
    {lines}
for holder in (os, folders, homes, kernel, slots):
    if getattr(holder, {name!r}, None) is real:
        setattr(holder, {name!r}, patched)
serve = server.Server.serve
def marked(*a):
    serving.append(1)
    serve(*a)
server.Server.serve = marked
"""
