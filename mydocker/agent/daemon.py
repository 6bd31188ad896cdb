"""The agent's life: from its rights and its lock to a polite end."""

import faulthandler
import fcntl
import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

from mydocker.agent.bell import Bell
from mydocker.agent.errors import VerbError
from mydocker.agent.folders import root_folder
from mydocker.agent.kernel import has_openat2
from mydocker.agent.records import write_record
from mydocker.agent.server import Server, listen
from mydocker.agent.swap import Swap
from mydocker.agent.verbs import Agent

_LOCK_PATIENCE_S = 10.0
_POLITE_S = 10.0


def main(
    data: Path,
    run: Path,
    instance: str,
    callers: frozenset[int],
    swap: str = "none",
    swap_bytes: int = 0,
    ringers: frozenset[int] = frozenset(),
) -> None:
    """Serve at `run/agent.sock` and `run/bell.sock` until SIGTERM. To be called as root, in the
    main thread of a process of its own.

    `instance`, six hex digits, tells installations on one machine apart; `callers` are the
    users who may ask, besides root; `swap` says what sleepers may be put into (see `Swap`), of at
    most `swap_bytes` where the agent makes it; `ringers` are the users who may wake sleepers, and
    do nothing else, besides root. Raises SystemExit with a sentence where it cannot
    serve.
    SIGINT is ignored: Ctrl-C reaches all of a terminal's processes, and the supervisor decides.
    """
    _check(instance)
    os.umask(0o022)
    stop = _stop_signal()
    data.mkdir(parents=True, exist_ok=True)
    run.mkdir(parents=True, exist_ok=True)
    own = _own_folder(data)
    _take_lock(own)
    agent = Agent(data, own, instance, _swap(instance, swap, swap_bytes))
    path, bell = run / "agent.sock", run / "bell.sock"
    with listen(path) as listener, listen(bell) as rope:
        Thread(target=Bell(agent.ring, ringers).serve, args=(rope,), daemon=True).start()
        write_record("ready", {"instance": instance, "socket": str(path)})
        Server(agent, callers).serve(listener, stop)
    for each in (path, bell):
        with suppress(FileNotFoundError):
            each.unlink()
    agent.mounting.acquire(timeout=_POLITE_S)  # a mount under way is finished first
    write_record("stopped", {"instance": instance})


def _check(instance: str) -> None:
    if os.geteuid() != 0:
        raise SystemExit("The agent must run as root: it mounts homes.")
    if not has_openat2():
        raise SystemExit("The agent needs openat2 (Linux 5.6): without it links could mislead it.")
    if not re.fullmatch(r"[0-9a-f]{6}", instance):
        raise SystemExit("The instance must be six hex digits.")


def _swap(instance: str, kind: str, most_bytes: int) -> Swap:
    """Make the swap that the operator agreed to; without it sleepers keep their memory."""
    swap = Swap(instance, kind, most_bytes)
    if kind == "zram":
        with suppress(VerbError):
            swap.make(swap.most_bytes)
        write_record("swap", swap.state())
    return swap


def _stop_signal() -> int:
    """A descriptor that can be read once SIGTERM came."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.register(signal.SIGUSR1)
    return reader


def _own_folder(data: Path) -> int:
    handle = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return root_folder(handle, "agent")
    finally:
        os.close(handle)


def _take_lock(own: int) -> None:
    """Be the only agent of this data folder; the kernel frees the lock of one that was killed."""
    handle = os.open("lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600, dir_fd=own)
    deadline = time.monotonic() + _LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise SystemExit("Another agent serves this data folder.") from None
            time.sleep(0.05)
