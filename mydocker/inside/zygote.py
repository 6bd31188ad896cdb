"""A Jupyter application that has started as far as it can, and waits for its person.

`ahead` starts it in a container that stands by: `zygote.py PROGRAM ARGUMENT...`. It imports what
PROGRAM will want (`imports.py`), starts it in front of nobody (`rehearsal.py`), listens on its port
and sleeps until somebody rings at the FIFO of the run's papers. By then the person's home lies
where an empty folder was. It makes up for what an interpreter looks at only when it starts, and
serves, just as if PROGRAM had been started this moment; until then it reads nothing of a person's
and writes nothing.
Where a start in front of nobody is of no use, it begins anew and leaves the start for later.

It runs under the image's Python, from 3.8 on, with nothing but the standard library and what a
Jupyter has. Where it cannot wait it says why, and ends with status 78.
"""

from __future__ import annotations

import gc
import importlib
import locale
import os
import re
import runpy
import select
import signal
import site
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NoReturn

HERE = Path(__file__).resolve().parent
GO = "/run/mydocker/go"
"""The FIFO that is rung at the claim."""
ENVIRONMENT = "/run/mydocker/environment"
"""The person's variables, one `NAME=value` a line; it appears before the ring."""
PORT = "MYDOCKER_PORT"
"""The variable with the port to listen on; the application does not see it."""
BACKLOG = 1024
REHEARSES = (3, 11)
"""Before, `pathlib` keeps functions of its own that look at files."""
GIVEN, GIVEN_FOLDER = dict(os.environ), os.getcwd()
GIVEN_WORDS = Path("/proc/self/cmdline").read_bytes().split(b"\0")[1:-1]
"""What a process that begins anew is given again; `sys.orig_argv` came with Python 3.10."""
ANEW = "MYDOCKER_ANEW"
"""The variable in which this program tells itself how to go on, and the number of its socket."""
WAITING, AT_ONCE = "waiting", "at-once"
"""Without `ANEW`: import, start in front of nobody, wait, serve. Waiting: import, wait, start and
serve. At once: the person is here; start and serve, as a new interpreter with their variables.
"""
KNOCKS = 32
"""Connections that may wait unanswered: beyond, they are old probes and make room."""
UNFIT = 78

FIXED_AT_START = re.compile(r"PYTHON|LD_|HOME$|GCONV_PATH$")
"""Variables that a process looks at before its first instruction."""
SHELLS_OWN = ("PWD", "OLDPWD", "SHLVL", "_")
"""Variables that the shell of `ahead` may have added."""


class Unfit(Exception):
    """Why there can be no zygote, for whoever reads the log."""


# --- the port ---------------------------------------------------------------------------------


class Door:
    """The socket that listens before there is a server, and is the server's in the end.

    It stands in for `tornado.netutil.bind_sockets`, through which every server of Jupyter's both
    tries ports and opens its own. A server that wants anything but this port on every IPv4 address
    gets what it wants, and this socket is closed.
    """

    def __init__(self, port: int, bind: Callable[..., Any], inherited: int | None = None) -> None:
        """Take the port, if it was not taken before; nobody can connect yet."""
        self._bind = bind
        self.port = port
        self.socket = socket.socket(fileno=inherited)
        self.socket.settimeout(0)
        if inherited is not None:
            self.socket.set_inheritable(False)
            return
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self.socket.bind(("0.0.0.0", self.port))
        except OSError as no:
            raise Unfit(f"port {self.port} cannot be listened on: {no}") from no

    def open(self) -> None:
        """Listen; connections wait from now on."""
        self.socket.listen(BACKLOG)

    def bind_sockets(
        self,
        port: int,
        address: str | None = None,
        family: int = socket.AF_UNSPEC,
        *rest: Any,
        **named: Any,
    ) -> Any:
        """Return listening sockets: copies of ours, so that it outlives one that is closed."""
        everywhere = address in ("0.0.0.0", "", None)
        ours = port == self.port and everywhere and family in (socket.AF_INET, socket.AF_UNSPEC)
        if not ours or self.socket.fileno() < 0:
            self.socket.close()
            return self._bind(port, address, family, *rest, **named)
        copy = self.socket.dup()
        copy.settimeout(0)
        if address or family == socket.AF_INET:
            return [copy]
        try:
            return [copy, *self._bind(port, address, socket.AF_INET6, *rest, **named)]
        except OSError:  # no IPv6 here
            return [copy]

    def clear(self, rung: Callable[[], bool]) -> None:
        """Drop the connections that wait if they are many, but none that came after the ring."""
        waiting = connections_waiting(self.socket)
        if waiting <= KNOCKS or rung():
            return
        for _ in range(waiting):
            try:
                self.socket.accept()[0].close()
            except OSError:
                return


def connections_waiting(listening: socket.socket) -> int:
    """Return how many connections nobody has accepted: `tcpi_unacked` (tcp(7), TCP_INFO)."""
    try:
        info = listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 28)
    except OSError:
        return 0
    return int(struct.unpack_from("=I", info, 24)[0])


def make_door(inherited: int | None) -> Door:
    """Return the door, through which tornado goes from now on."""
    try:
        port = int(os.environ.pop(PORT))
    except (LookupError, ValueError):
        raise Unfit(f"the variable {PORT} has no port") from None
    try:
        netutil = importlib.import_module("tornado.netutil")
    except ImportError as missing:
        raise Unfit(f"this Python has no Jupyter: {missing}") from missing
    door = Door(port, netutil.bind_sockets, inherited)
    netutil.bind_sockets = door.bind_sockets  # type: ignore[attr-defined]
    return door


# --- waiting ----------------------------------------------------------------------------------


def open_bell(path: str = GO) -> int:
    """Open the FIFO, so that who rings finds a reader."""
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as no:
        raise Unfit(f"{path} cannot be opened: {no.strerror}") from no


def wait_for_the_ring(bell: int, door: Door) -> None:
    """Sleep until a byte came, or whoever had opened the FIFO closed it; then close our end.

    Both last: a ring while this process is frozen is there when it thaws. A FIFO that nobody has
    opened yet is silent (pipe(7) says nothing of it, Linux's `pipe_poll` does).
    """
    at_bell = select.poll()
    at_bell.register(bell, select.POLLIN)

    def rung() -> bool:
        return bool(at_bell.poll(0))

    with select.epoll() as anything:
        anything.register(bell, select.EPOLLIN)
        # By edge: a connection wakes once, and may then wait.
        anything.register(door.socket.fileno(), select.EPOLLIN | select.EPOLLET)
        while not rung():
            anything.poll()
            door.clear(rung)
    os.close(bell)


# --- the person is here -----------------------------------------------------------------------


def read_environment(path: str = ENVIRONMENT) -> dict[str, str]:
    """Return the person's variables; a line that is none is passed over, as in person.sh."""
    try:
        lines = Path(path).read_bytes().split(b"\n")
    except FileNotFoundError:
        return {}
    found = [re.fullmatch(rb"([A-Za-z_][A-Za-z0-9_]*)=([^\0]*)", line) for line in lines]
    return {os.fsdecode(one[1]): os.fsdecode(one[2]) for one in found if one}


def forget_the_shell() -> None:
    """Take back what `ahead` was run by has added to the environment."""
    try:
        given = Path("/proc/1/environ").read_bytes().split(b"\0")
    except OSError:
        given = []
    names = {os.fsdecode(line.partition(b"=")[0]) for line in given}
    for name in SHELLS_OWN:
        if name not in names:
            os.environ.pop(name, None)


def was_coerced() -> bool:
    """Whether this interpreter put LC_CTYPE into its environment by itself (PEP 538)."""
    given = Path("/proc/self/environ").read_bytes().split(b"\0")
    return "LC_CTYPE" in os.environ and not any(line.startswith(b"LC_CTYPE=") for line in given)


def settle_language(*, coerced: bool) -> bool:
    """Take the language of the environment; returns whether the interpreter's encodings fit."""
    if coerced:
        del os.environ["LC_CTYPE"]
    if take_locale() in ("C", "POSIX") and not os.environ.get("LC_ALL"):
        os.environ["LC_CTYPE"] = "C.UTF-8"
        take_locale()
    for module in list(sys.modules.values()):
        if "SYS_LOCALE" in contents(module):
            contents(module)["SYS_LOCALE"] = locale.getlocale()[0] or "en"
    encoding = locale.nl_langinfo(locale.CODESET).lower().replace("-", "")
    return encoding == sys.getfilesystemencoding().lower().replace("-", "")


def take_locale() -> str:
    """Read characters as the environment says, and no more than that: so does an interpreter."""
    try:
        return locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        return locale.setlocale(locale.LC_CTYPE, "C")


def contents(module: Any) -> dict[str, Any]:
    """Return what a module holds so far; a lazy one stays so."""
    held: dict[str, Any] = getattr(module, "__dict__", {})
    return held


def admit_packages() -> bool:
    """Let in the packages of the person's home; returns whether that can still be done.

    They go before the image's, but after those of a virtual environment (site.py, `main`). One
    whose name is imported already comes too late.
    """
    names = {name.split(".")[0] for name in packages_of_the_home()}
    if not names:
        return True
    folder = site.getusersitepackages()
    if names & {"usercustomize", *(name.split(".")[0] for name in sys.modules)}:
        return False
    before = len(sys.path)
    site.addsitedir(folder)
    added = sys.path[before:]
    del sys.path[before:]
    first = set(site.getsitepackages())
    if sys.prefix != sys.base_prefix:
        first -= set(site.getsitepackages([sys.prefix]))
    place = next((i for i, path in enumerate(sys.path) if path in first), len(sys.path))
    sys.path[place:place] = added
    importlib.invalidate_caches()
    return True


def packages_of_the_home() -> list[str]:
    """Return the names of what lies in the folder of the person's packages."""
    try:
        return os.listdir(site.getusersitepackages()) if site.ENABLE_USER_SITE else []
    except OSError:
        return []


def brings_plugins(packages: list[str]) -> bool:
    """Whether one of them may belong to Jupyter, which has looked for such by now.

    Raises `OSError` where that cannot be read.
    """
    for name in packages:
        told = Path(site.getusersitepackages(), name, "entry_points.txt")
        if name.endswith("-info") and told.is_file():
            text = told.read_text(encoding="utf-8", errors="replace")
            if any(word in text for word in ("jupyter", "nbconvert", "notebook")):
                return True
    return False


def welcome(cwd: str, *, anew: bool = False) -> bool:
    """Be where the person's home is, with their variables; returns whether this process can."""
    for folder in (cwd, os.path.expanduser("~"), "/"):
        try:
            os.chdir(folder)  # also where the path is the same: another folder lies there now
            break
        except OSError:
            continue
    theirs = read_environment()
    coerced = was_coerced()
    forget_the_shell()
    os.environ.update(theirs)
    if anew:
        return True
    if any(FIXED_AT_START.match(name) for name in theirs):
        return False
    speaks = any(name == "LANG" or name.startswith("LC_") for name in theirs)
    return (not speaks or settle_language(coerced=coerced)) and admit_packages()


def become(program: str, words: list[str]) -> None:
    """Run the program in this very process."""
    sys.argv = [program, *words]
    runpy.run_path(program, run_name="__main__")


def begin_anew(how: str, door: Door) -> NoReturn:
    """Start this program again, with what it was given, the port and another way to go on."""
    again = {**GIVEN, PORT: str(door.port), ANEW: how}
    if was_coerced():
        again.pop("LC_CTYPE", None)
    if how == AT_ONCE:
        again.update(read_environment())
    if door.socket.fileno() >= 0:
        door.socket.set_inheritable(True)
        again[ANEW] += f" {door.socket.fileno()}"
    with suppress(OSError):
        os.chdir(GIVEN_FOLDER)
    os.execve(sys.executable, [os.fsencode(sys.executable), *GIVEN_WORDS], again)


def beside(name: str) -> Any:
    """Return the module that lies beside this one, which Python's options -I and -P hide."""
    spec = spec_from_file_location(f"mydocker_{name}", HERE / f"{name}.py")
    assert spec and spec.loader
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def import_ahead(program: str) -> None:
    """Import what the program will want."""
    try:
        beside("imports").prepare(program)
    except ImportError as missing:
        raise Unfit(str(missing)) from missing


def rehearse(program: str, words: list[str], door: Door, bell: int) -> None:
    """Start in front of nobody, wait, and go on; or begin anew, if that was for nothing."""
    stage = beside("rehearsal")
    serves, how = False, WAITING

    def before(app: Any) -> None:
        nonlocal serves, how
        meanwhile = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
        server.settle(app)
        server.compile_first_page(app)
        rehearsal.end()
        if door.socket.fileno() < 0:
            raise stage.Wasted("it listens elsewhere")
        gc.collect()
        gc.freeze()
        door.open()
        wait_for_the_ring(bell, door)
        how = AT_ONCE
        packages = packages_of_the_home()
        if brings_plugins(packages) or not rehearsal.holds(
            server.passed_over(app), read_environment(), packages
        ):
            begin_anew(AT_ONCE, door)
        if not welcome(GIVEN_FOLDER):
            begin_anew(AT_ONCE, door)
        server.release()
        server.catch_up(app, rehearsal.make_folders)
        for each, handler in meanwhile.items():
            signal.signal(each, handler)
        serves = True

    try:
        rehearsal = stage.Rehearsal(stage.places())
        server = stage.Server(sys.modules["jupyter_server.serverapp"])
        server.halt(before)
        rehearsal.begin()
        become(program, words)
    finally:  # whatever the application or its extensions raise, and where they end by themselves
        if not serves:
            why = sys.exc_info()[1]
            sys.stderr.write(f"mydocker: the start was for nothing: {why!r}\n")
            begin_anew(how, door)


def main() -> None:
    """Prepare, rehearse, wait, become."""
    signal.signal(signal.SIGTERM, end)
    program, words = sys.argv[1], sys.argv[2:]
    if sys.path[0] == str(HERE):
        sys.path[0] = os.path.dirname(os.path.realpath(program))
    how, _, number = os.environ.pop(ANEW, "").partition(" ")
    try:
        door = make_door(int(number) if number else None)
        if how != AT_ONCE:
            gc.disable()
            bell = open_bell()
            import_ahead(program)
            gc.collect()
            gc.freeze()
            gc.enable()
            if not how and sys.version_info >= REHEARSES:
                rehearse(program, words, door, bell)
                return
            door.open()
            wait_for_the_ring(bell, door)
    except Unfit as reason:
        sys.stderr.write(
            f"mydocker: cannot start ahead: {reason}. Start this environment without spares.\n"
        )
        sys.exit(UNFIT)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if not welcome(GIVEN_FOLDER, anew=how == AT_ONCE):
        begin_anew(AT_ONCE, door)
    become(program, words)


def end(*_: object) -> NoReturn:
    """Nobody came: end at once, and well."""
    os._exit(0)


if __name__ == "__main__":
    main()
