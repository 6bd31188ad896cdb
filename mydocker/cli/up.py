"""`mydocker up`, `down` and `status`: the service on this machine."""

import fcntl
import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from mydocker.cli import framework
from mydocker.cli.users import MissingUser, Users, find_users, make_folders, unreachable_for
from mydocker.settings import Settings

READY_PATIENCE_SECONDS = 120.0
PID_FILE = "supervisor.pid"
PIDS_FILE = "processes.json"
LOG_LIMIT_BYTES = 20_000_000


class Problem(Exception):
    """Something in the way; the message says what to do."""


def up(settings: Settings, *, detach: bool, logs: bool) -> None:
    """Start everything and supervise it; with `detach`, in the background once it is ready."""
    if os.geteuid() != 0:
        raise Problem("`mydocker up` needs root, to mount homes and keep the firewall. Use sudo.")
    users = _users()
    make_folders(settings, users)
    _check_paths(settings, users)
    lock = _take_lock(settings)
    if detach:
        _into_background(settings)
    os.set_inheritable(lock, False)
    _serve(settings, users, logs=logs, tell=_teller(quiet=detach))


def _users() -> Users:
    try:
        return find_users()
    except MissingUser as missing:
        raise Problem(str(missing)) from missing


def _check_paths(settings: Settings, users: Users) -> None:
    for user in (users.web, users.loops, users.gateway):
        python = Path(sys.executable).resolve()
        for path in (Path(__file__).parent.parent, settings.run_folder, python):
            wall = unreachable_for(user, path)
            if wall is not None:
                raise Problem(
                    f"The user {user.name} cannot enter {wall}. Move the installation to a place "
                    f"such as /opt or /srv, or: chmod o+x {wall}"
                )


def _take_lock(settings: Settings) -> int:
    """Hold the pid file's lock for as long as this process lives."""
    handle = os.open(settings.run_folder / PID_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Problem(
            f"myDocker already runs with this data folder (process {running_pid(settings)}). "
            "Stop it with: mydocker down"
        ) from None
    return handle


def _write_pid(settings: Settings) -> None:
    path = settings.run_folder / PID_FILE
    path.write_text(f"{os.getpid()}\n")


def running_pid(settings: Settings) -> int | None:
    """The supervisor's process, if one runs."""
    path = settings.run_folder / PID_FILE
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        text = os.read(handle, 32).decode().strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(handle)


def _into_background(settings: Settings) -> None:
    """The parent waits until the service is ready and ends; the child goes on."""
    child = os.fork()
    if child == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        out = os.open(
            settings.data / "log" / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640
        )
        os.dup2(null, 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        return
    sys.exit(_await_ready(settings, child))


def _await_ready(settings: Settings, child: int) -> int:
    deadline = time.monotonic() + READY_PATIENCE_SECONDS
    problems: list[str] = []
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            log = settings.data / "log" / "supervisor.log"
            sys.stderr.write(_last_lines(log) + "\n")
            return os.waitstatus_to_exitcode(status) or 1
        problems = list(_problems(settings))
        if not problems:
            _welcome(settings, print)
            return 0
        time.sleep(0.1)
    sys.stderr.write("Started, but not ready: " + "; ".join(problems) + "\n")
    return 1


def _last_lines(path: Path, count: int = 12) -> str:
    with suppress(OSError):
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
    return ""


def _problems(settings: Settings) -> list[str]:
    framework.start(settings)
    from mydocker.bootstrap import readiness
    from mydocker.cli.reaching import trouble

    return list(readiness(settings)) or [each for each in [trouble(settings)] if each]


def _teller(*, quiet: bool) -> Any:
    def tell(sentence: str) -> None:
        stamp = time.strftime("%H:%M:%S")
        print(f"{stamp}  {sentence}", flush=True)

    return tell


def _serve(settings: Settings, users: Users, *, logs: bool, tell: Any) -> None:
    _clear(settings.run_folder / "bells")
    framework.start(settings, with_metrics=True)
    tell("Preparing the database and the pages")
    from mydocker.cli.preparing import prepare, write_gateway_configuration

    prepare(settings)
    make_folders(settings, users)  # what was made just now belongs to root
    configuration = write_gateway_configuration(settings, users)
    from mydocker.bootstrap import preload
    from mydocker.cli.processes import children
    from mydocker.cli.supervisor import Supervisor

    preload()
    _write_pid(settings)
    folder = None if logs else settings.data / "log"
    _rotate(folder)
    supervisor = Supervisor(
        children(settings, users, configuration), folder, settings.run_folder / PIDS_FILE, tell
    )
    supervisor.run(lambda: _announce(settings, tell))
    tell("Stopped. Workspaces that ran go on running; the next start finds them.")


def _announce(settings: Settings, tell: Any) -> None:
    """Say when all is ready, or what is in the way."""
    deadline = time.monotonic() + READY_PATIENCE_SECONDS
    told: list[str] = []
    while time.monotonic() < deadline:
        problems = _problems(settings)
        if not problems:
            _welcome(settings, tell)
            return
        if problems != told and time.monotonic() > deadline - READY_PATIENCE_SECONDS + 5:
            tell("Not ready yet: " + "; ".join(problems))
            told = problems
        time.sleep(0.1)


def _welcome(settings: Settings, tell: Any) -> None:
    tell(f"myDocker is ready: {settings.url}")
    if settings.is_development and settings.demo:
        tell("Sign in with one click as a demo student, teacher or administrator.")
    else:
        tell("Add people with: mydocker user add EMAIL --role admin --password-stdin")


def _clear(folder: Path) -> None:
    for path in folder.iterdir() if folder.exists() else ():
        path.unlink(missing_ok=True)


def _rotate(folder: Path | None) -> None:
    for path in folder.glob("*.log") if folder else ():
        if path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_suffix(".log.1"))


def down(settings: Settings) -> bool:
    """Stop everything but the workspaces; False if nothing ran."""
    pid = running_pid(settings)
    if pid is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 30
    while running_pid(settings) is not None:
        if time.monotonic() > deadline:
            raise Problem(f"Process {pid} does not stop. Look at {settings.data / 'log'}.")
        time.sleep(0.05)
    return True


def status(settings: Settings) -> dict[str, object]:
    """What runs, where, and what is in the way of being ready."""
    pid = running_pid(settings)
    problems = _problems(settings) if pid else ["not running"]
    return {
        "running": pid is not None,
        "pid": pid,
        "processes": _processes(settings) if pid else {},
        "ready": not problems,
        "problems": problems,
        "url": settings.url,
        "data": str(settings.data),
        "mode": settings.mode.value,
    }


def _processes(settings: Settings) -> dict[str, int]:
    try:
        found: dict[str, int] = json.loads((settings.run_folder / PIDS_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found


def show_status(settings: Settings, *, as_json: bool) -> None:
    """Print it."""
    facts = status(settings)
    if as_json:
        print(json.dumps(facts))
        return
    word = "ready" if facts["ready"] else ("running, not ready" if facts["running"] else "stopped")
    print(f"{word}  {facts['url']}")
    if facts["running"]:
        for problem in _problems(settings):
            print(f"  {problem}")


def has(program: str) -> bool:
    """Whether a program can be found."""
    return shutil.which(program) is not None
