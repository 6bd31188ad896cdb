"""Bombs set off inside a real container, and powers it must not have.

What each may do is what docs/explanation/isolation.md says. The firewall has its own attacks.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from mydocker.adapters.docker import DockerDriver
from mydocker.domain.failures import Cause
from mydocker.domain.runs import ContainerStatus, reason_of_exit
from mydocker.ports.driver import RunPlan
from tests.adapters.docker.corner import Corner, corner
from tests.adapters.docker.running import (
    MIB,
    SOON,
    driver_in,
    make_plan,
    python,
    run_to_end,
    says,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.engine]

Plan = Callable[..., RunPlan]

EAT = "x = []\nwhile True: x.append(bytearray(b'1' * 1000000))"


@pytest.fixture(scope="module")
def place() -> Iterator[Corner]:
    with corner() as made:
        yield made


@pytest_asyncio.fixture
async def driver(place: Corner) -> AsyncIterator[DockerDriver]:
    async with driver_in(place) as made:
        yield made


@pytest.fixture
def plan(place: Corner) -> Plan:
    return partial(make_plan, place)


async def still_runs(driver: DockerDriver, run: str) -> bool:
    """Whether a container runs and a new process in it still gets its turn."""
    seen = await driver.look(run)
    return seen.status is ContainerStatus.RUNNING and (
        await driver.execute(run, ("echo", "well"), SOON) == (0, "well\n")
    )


# --- memory -----------------------------------------------------------------------------------


async def test_the_main_process_that_eats_memory_is_killed_and_it_is_told(
    driver: DockerDriver, plan: Plan
) -> None:
    happenings = driver.happenings()
    await driver.launch(plan("a", python(EAT)))
    kinds = []
    async with asyncio.timeout(SOON.total_seconds()):
        async for happening in happenings:
            kinds.append(happening.kind)
            if happening.kind == "die":
                break
    assert "oom" in kinds
    seen = await driver.look("a")
    assert seen.exit is not None
    assert seen.exit.status == 137
    assert reason_of_exit(seen.exit, was_ready=True).cause is Cause.OUT_OF_MEMORY


async def test_a_child_that_eats_memory_dies_alone_and_it_is_told(
    driver: DockerDriver, plan: Plan
) -> None:
    script = f"""
import signal, subprocess, sys
done = subprocess.run([sys.executable, "-Sc", {EAT!r}])
print("child", done.returncode, flush=True)
signal.pause()
"""
    happenings = driver.happenings()
    await driver.launch(plan("a", python(script)))
    await says(driver, "a", "child -9")
    async with asyncio.timeout(SOON.total_seconds()):
        async for happening in happenings:
            if happening.kind == "oom":
                break
    assert await still_runs(driver, "a")


async def test_memory_is_not_made_longer_by_swap(
    driver: DockerDriver, place: Corner, plan: Plan
) -> None:
    await driver.launch(plan("a"))
    host = place.inspect("a")["HostConfig"]
    assert host["Memory"] == host["MemorySwap"] == 64 * MIB
    assert host["MemorySwappiness"] == 0


# --- processes and files ----------------------------------------------------------------------


async def test_a_fork_bomb_stops_at_its_limit(driver: DockerDriver, plan: Plan) -> None:
    script = """
import os, signal
children = 0
try:
    while True:
        if os.fork() == 0:
            signal.pause()
            os._exit(0)
        children += 1
except BlockingIOError:
    print("refused", flush=True)
    print(children, flush=True)
    print("well", flush=True)
signal.pause()
"""
    await driver.launch(plan("a", python(script), pids=40))
    await says(driver, "a", "well")
    lines = [line.text async for line in driver.logs("a", tail=3, follow=False)]
    assert lines[0] == "refused"
    assert 30 <= int(lines[1]) < 40
    assert (await driver.look("a")).status is ContainerStatus.RUNNING


async def test_open_files_end_at_their_limit(driver: DockerDriver, plan: Plan) -> None:
    script = """
import os, resource
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
opened = 0
try:
    while True:
        os.dup(0)
        opened += 1
except OSError as error:
    print(error.errno == 24, soft == hard, opened <= hard)
"""
    assert await run_to_end(driver, plan("a", python(script))) == ["True True True"]


# --- file systems in memory -------------------------------------------------------------------

FILL = """
import os, sys
written, chunk = 0, b"x" * 65536
try:
    with open(sys.argv[1], "wb", buffering=0) as file:
        while True:
            written += file.write(chunk)
except OSError as error:
    print(error.errno, written)
"""


@pytest.mark.parametrize("path", ["/tmp/bomb", "/dev/shm/bomb"])
async def test_a_full_file_system_in_memory_says_so_and_kills_nobody(
    driver: DockerDriver, plan: Plan, path: str
) -> None:
    said = await run_to_end(driver, plan("a", python(FILL, path)))
    assert said == [f"28 {8 * MIB}"]  # ENOSPC


async def test_file_systems_larger_than_memory_are_made_to_fit(
    driver: DockerDriver, plan: Plan
) -> None:
    large = plan("a", tmp_bytes=512 * MIB, shm_bytes=512 * MIB)
    await driver.launch(large)
    for path in ("/tmp/bomb", "/dev/shm/bomb"):
        status, said = await driver.execute("a", python(FILL, path), SOON)
        assert (status, said.split()[0]) == (0, "28")
    assert await still_runs(driver, "a")


# --- output and CPU ---------------------------------------------------------------------------


async def test_a_flood_of_output_takes_little_disk(driver: DockerDriver, plan: Plan) -> None:
    script = """
import os, signal
os.mkfifo("/tmp/done")
line = b"x" * 999 + b"\\n"
for n in range(5000):
    os.write(1, line)
print("done", flush=True)
open("/tmp/done", "w").close()
signal.pause()
"""
    await driver.launch(plan("a", python(script)))
    # Not by following the log: the Engine's own follower may lose a file that is rotated away.
    waits = "until [ -p /tmp/done ]; do sleep 0.1; done; cat /tmp/done"
    assert await driver.execute("a", ("sh", "-c", waits), SOON) == (0, "")
    kept: list[str] = []
    async with asyncio.timeout(
        SOON.total_seconds()
    ):  # the Engine may still be copying what was written
        while kept[-1:] != ["done"]:
            kept = [line.text async for line in driver.logs("a", tail=10**9, follow=False)]
    assert sum(len(text) + 1 for text in kept) < 2.2 * 10**6
    assert await still_runs(driver, "a")


async def test_busy_processes_are_slowed_down_and_not_killed(
    driver: DockerDriver, plan: Plan
) -> None:
    script = """
import os, signal, time
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            pass
        os._exit(7)
    children.append(child)
statuses = {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children}
used = sum(os.times()[2:4])  # of the children, in seconds of CPU
print("ended well" if statuses == {7} and used < 1.6 else (statuses, used), flush=True)
signal.pause()
"""
    await driver.launch(plan("a", python(script)))
    await says(driver, "a", "ended well")
    # The kernel's count of throttled periods may stay 0 (6.18), so the quota itself is read.
    quota = "cd /sys/fs/cgroup; cat cpu.max cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us 2>&-"
    _, said = await driver.execute("a", ("sh", "-c", quota), SOON)
    assert said.split() == ["50000", "100000"]
    assert await still_runs(driver, "a")


# --- powers -----------------------------------------------------------------------------------

POWERS = """
import ctypes, errno, json, os, socket
libc = ctypes.CDLL(None, use_errno=True)

def call(name, *arguments):
    ctypes.set_errno(0)
    return errno.errorcode[ctypes.get_errno()] if getattr(libc, name)(*arguments) else "done"

def attempt(action):
    try:
        action()
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]

def write(path, text):
    with open(path, "w") as file:
        file.write(text)

status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
print(json.dumps({
    "status": {key: status[key].strip() for key in (
        "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")},
    "mount": call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "remount": call("mount", b"none", b"/sys", None, 32, None),
    "unshare user": call("unshare", 0x10000000),
    "unshare mount": call("unshare", 0x00020000),
    "chroot": attempt(lambda: os.chroot("/tmp")),
    "mknod": attempt(lambda: os.mknod("/tmp/disk", 0o60666, os.makedev(254, 0))),
    "raw": attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)),
    "packet": attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
    "ping": attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1)),
    "sysctl": attempt(lambda: write("/proc/sys/net/ipv4/ip_forward", "1")),
    "sysrq": attempt(lambda: write("/proc/sysrq-trigger", "h")),
    "oom_score": attempt(lambda: write("/proc/self/oom_score_adj", "-500")),
    "hostname": attempt(lambda: socket.sethostname("teacher")),
    "low port": attempt(lambda: socket.socket().bind(("", 80))),
    "sockets": [path for path in ("/var/run/docker.sock", "/run/docker.sock",
        "/run/containerd/containerd.sock") if os.path.exists(path)],
    "kcore": os.path.exists("/proc/kcore") and os.path.getsize("/proc/kcore") > 0,
    "devices": sorted(name for name in os.listdir("/dev")),
    "processes": [name for name in os.listdir("/proc") if name.isdigit()],
    "oom_score_adj": open("/proc/self/oom_score_adj").read().strip(),
    "cgroup writable": os.access("/sys/fs/cgroup", os.W_OK),
    "ipv6": [line.split()[-1] for line in open("/proc/net/if_inet6")],
}))
"""
NO_POWER = {
    "mount": "EPERM",
    "remount": "EPERM",
    "unshare user": "EPERM",
    "unshare mount": "EPERM",
    "mknod": "EPERM",
    "raw": "EPERM",
    "packet": "EPERM",
    "ping": "EACCES",
}
HARMLESS = {
    *("fd", "stdin", "stdout", "stderr", "tty", "ptmx", "pts", "mqueue", "shm", "core"),
    *("full", "null", "random", "urandom", "zero"),
}
SUDO_MASK = 0b1100_1011
"""CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, SETGID 6, SETUID 7 (capabilities(7))."""


async def powers(driver: DockerDriver, plan: RunPlan) -> dict[str, Any]:
    """What a program finds that it can do."""
    (said,) = await run_to_end(driver, plan)
    found: dict[str, Any] = json.loads(said)
    return found


@pytest.mark.parametrize("user", ["1000:1000", "0:0"])
async def test_a_container_has_no_power_whoever_it_runs_as(
    driver: DockerDriver, plan: Plan, user: str
) -> None:
    found = await powers(driver, plan("a", python(POWERS), user=user))
    status = found["status"]
    assert {key: int(status[key], 16) for key in status if key.startswith("Cap")} == {
        "CapInh": 0,
        "CapPrm": 0,
        "CapEff": 0,
        "CapBnd": 0,
        "CapAmb": 0,
    }
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert {key: found[key] for key in NO_POWER} == NO_POWER
    for key in ("chroot", "hostname"):
        assert found[key] == "EPERM"
    for key in ("sysctl", "sysrq", "oom_score"):
        assert found[key] in ("EACCES", "EROFS", "EPERM", "ENOENT")


async def test_a_container_sees_nothing_of_the_host(driver: DockerDriver, plan: Plan) -> None:
    found = await powers(driver, plan("a", python(POWERS)))
    assert found["sockets"] == []
    assert found["kcore"] is False
    assert set(found["devices"]) <= HARMLESS
    assert len(found["processes"]) <= 3
    assert found["oom_score_adj"] == "500"
    assert found["cgroup writable"] is False
    assert set(found["ipv6"]) <= {"lo"}


async def test_sudo_adds_five_capabilities_and_no_way_out(driver: DockerDriver, plan: Plan) -> None:
    found = await powers(driver, plan("a", python(POWERS), user="0:0", sudo=True))
    assert int(found["status"]["CapBnd"], 16) == SUDO_MASK
    assert int(found["status"]["CapEff"], 16) == SUDO_MASK
    assert (found["status"]["NoNewPrivs"], found["status"]["Seccomp"]) == ("0", "2")
    assert {key: found[key] for key in NO_POWER} == NO_POWER
    assert found["sockets"] == []
    assert found["sysctl"] == "EROFS"


async def test_a_setuid_program_gives_nobody_more(driver: DockerDriver, plan: Plan) -> None:
    await driver.launch(plan("a"))
    status, said = await driver.execute("a", ("mount", "-t", "tmpfs", "none", "/home"), SOON)
    assert status != 0, said
    script = "import os; print(os.stat('/bin/mount').st_mode & 0o4000 != 0)"
    assert await driver.execute("a", python(script), SOON) == (0, "True\n")
