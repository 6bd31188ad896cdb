"""Starts and supervises every process on one machine, forked after import to share memory.

Children live in sessions of their own, so that Ctrl-C reaches the supervisor alone; they end
with it. Workspaces run on whatever happens here.
"""

import ctypes
import faulthandler
import gc
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from mydocker import steady
from mydocker.pulse import Pulse

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
SETTLED_SECONDS = 10.0
"""A child that lived this long is started again at once."""
STOP_PATIENCE_SECONDS = 12.0
"""For all together; each has at least this:"""
LEAST_PATIENCE_SECONDS = 1.0
LOOK_SECONDS = 20.0
"""So often the supervisor looks for who hangs, and takes on the clock that children inherit."""
HUNG_SECONDS = 60.0
LAST_WORDS_SECONDS = 0.5
"""What a process that hangs is given to write its threads' stacks."""
PR_SET_PDEATHSIG = 1
SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


@dataclass(slots=True)
class Child:
    """A process: its name and what it does once forked (as root; it gives that up itself)."""

    name: str
    work: Callable[[], None]
    pulse: Pulse | None = None
    pid: int = 0
    started: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    due: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Children are started in order and stopped in the reverse of it."""

    children: Sequence[Child]
    log_folder: Path | None
    """Where each child's output goes; None leaves it on the supervisor's own."""
    pids: Path
    """Where the process ids are written, by name, as JSON; for operators and tests."""
    tell: Callable[[str], None] = print
    hung_seconds: float = HUNG_SECONDS
    look_seconds: float = LOOK_SECONDS
    _stopping: bool = field(default=False)

    def run(self, when_started: Callable[[], None]) -> None:
        """Work until SIGTERM or Ctrl-C. `when_started` is called once, after the first starts."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        gc.collect()
        gc.freeze()
        for child in self.children:
            self._start(child)
        watcher = os.fork()
        if watcher == 0:
            self._in_child(Child("starting", when_started))
        while not self._stopping:
            self._wait()
        self._stop()

    def _wait(self) -> None:
        pauses = [child.due - time.monotonic() for child in self.children if not child.pid]
        patience = max(0.01, min(pauses, default=self.look_seconds))
        steady.now()
        got = signal.sigtimedwait(SIGNALS, patience)
        if got and got.si_signo in (signal.SIGTERM, signal.SIGINT):
            self._stopping = True
            return
        self._reap()
        for child in self.children:
            if not child.pid and child.due <= time.monotonic():
                self._start(child)
            elif child.pid and child.pulse and child.pulse.silence() > self.hung_seconds:
                self._end_hung(child, child.pulse)

    def _end_hung(self, child: Child, pulse: Pulse) -> None:
        self.tell(f"{child.name} hangs, and is started again; its log says where it hung")
        _signal(child.pid, signal.SIGUSR1)
        time.sleep(LAST_WORDS_SECONDS)
        _signal(child.pid, signal.SIGKILL)
        pulse.beat()  # once is enough

    def _start(self, child: Child) -> None:
        child.started = time.monotonic()
        if child.pulse:
            child.pulse.beat()
        steady.now()
        child.pid = os.fork()
        if child.pid == 0:
            self._in_child(child)
        self._write_pids()

    def _write_pids(self) -> None:
        fresh = self.pids.with_suffix(".new")
        fresh.write_text(json.dumps({child.name: child.pid for child in self.children}))
        fresh.replace(self.pids)

    def _in_child(self, child: Child) -> NoReturn:
        status = 1
        try:
            os.setsid()
            self._redirect(child)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            faulthandler.register(signal.SIGUSR1, file=2)  # what does each thread do? The log tells
            child.work()
        finally:
            try:  # whatever happens, it never goes on as a second supervisor
                status = _last_words(sys.exception())
            finally:
                os._exit(status)

    def _redirect(self, child: Child) -> None:
        if self.log_folder is None or child.name == "starting":
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        handle = os.open(self.log_folder / f"{child.name}.log", flags, 0o640)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        os.close(handle)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in self.children:
                if child.pid == pid:
                    self._ended(child, status)

    def _ended(self, child: Child, status: int) -> None:
        child.pid = 0
        lived = time.monotonic() - child.started
        child.pause = (
            FIRST_PAUSE_SECONDS
            if lived >= SETTLED_SECONDS
            else min(child.pause * 2, LONGEST_PAUSE_SECONDS)
        )
        child.due = time.monotonic() + child.pause
        how = os.waitstatus_to_exitcode(status)
        where = f" (see {self.log_folder / child.name}.log)" if self.log_folder else ""
        self.tell(f"{child.name} ended with {how}; started again{where}")

    def _stop(self) -> None:
        deadline = time.monotonic() + STOP_PATIENCE_SECONDS
        web = [child for child in self.children if child.name.startswith("web")]
        for child in web:  # all of them have a moment for what is under way, the same one
            if child.pid:
                _signal(child.pid, signal.SIGTERM)
        for child in reversed(self.children):
            if child.pid:
                _signal(child.pid, signal.SIGTERM)
                self._await(child, max(deadline, time.monotonic() + LEAST_PATIENCE_SECONDS))

    def _await(self, child: Child, deadline: float) -> None:
        while time.monotonic() < deadline:
            with suppress(ChildProcessError):
                pid, _ = os.waitpid(child.pid, os.WNOHANG)
                if pid == 0:
                    signal.sigtimedwait({signal.SIGCHLD}, 0.2)
                    continue
            child.pid = 0
            return
        _signal(child.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child.pid, 0)
        child.pid = 0


def end_with_parent() -> None:
    """Ask the kernel for SIGTERM when the supervisor dies; call after the last change of user."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == 1:
        os._exit(0)


def _last_words(error: BaseException | None) -> int:
    """Say what ended a process, as Python does at the end of a program; its exit status."""
    match error:
        case None:
            status = 0
        case SystemExit(code=int(code)):
            status = code
        case SystemExit(code=code):
            status = 0 if code is None else 1
            sys.stderr.write(f"{code}\n" if code else "")
        case _:
            status = 1
            sys.excepthook(type(error), error, error.__traceback__)
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
