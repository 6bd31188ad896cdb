"""A start in front of nobody: what does not depend on the person happens before they come.

What the start asks of the folders where the person's homes will appear is written down; they are
empty then. Folders that it would make are made when the person is here. If what it asked for is not
there by then either, a start now would come to where this one stands, and it goes on. If something
is there, or if the start did what cannot be taken back, it was for nothing.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

ASKED = ("stat", "lstat", "access", "readlink")
"""The functions of `os` that look at files and are no audit event."""
SETTLED_SECONDS = 10
WRITING = os.O_CREAT | os.O_TRUNC | getattr(os, "O_TMPFILE", 0)
READS = {"open", "os.listdir", "os.scandir"}
CHANGES = {
    "os.chdir", "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.removexattr",
    "os.rename", "os.rmdir", "os.setxattr", "os.symlink", "os.truncate", "os.utime",
    "sqlite3.connect",
}  # fmt: skip
CHILDREN = {
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system",
    "subprocess.Popen",
}  # fmt: skip
"""What other programs look at nobody sees."""


PAPERS = "/run/mydocker"
"""Where the person is told of when they come."""


class Wasted(Exception):
    """Why a start in front of nobody is none that a person could be given."""


def places() -> list[str]:
    """Return the folders where homes will appear: the mounts that follow those of the host.

    The root follows too, as it does wherever one mount in it is to.
    """
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            fields = line.split(" - ")[0].split()
            if any(field.startswith("master:") for field in fields[6:]):
                path = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])
                found.append(path)
    return [path for path in found if path != "/"]


def whole(path: Any) -> str:
    """Return a path from the root; nothing for what is no path."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        return ""
    return os.path.abspath(os.fsdecode(path))


class Variables(dict):  # type: ignore[type-arg]
    """The variables of a process, and which were asked for and are none."""

    def __init__(self, given: dict[bytes, bytes]) -> None:
        super().__init__(given)
        self.missed: set[bytes] = set()

    def __missing__(self, name: bytes) -> bytes:
        self.missed.add(name)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        found = super().__contains__(name)
        if not found and isinstance(name, bytes):
            self.missed.add(name)
        return found


class Missing:
    """The last of those who are asked where a module is: nobody knew."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Remember what is no part of a package."""
        if path is None:
            self.names.add(name)


class Rehearsal:
    """What a start asks for that a person may bring, who is not here yet.

    `folders`: where their homes will appear. Raises `Wasted` if there are none: then nobody knows.
    """

    def __init__(self, folders: list[str]) -> None:
        if not folders:
            raise Wasted("there are no homes")
        home = os.path.expanduser("~")
        behind = os.path.realpath(home)
        is_link = any((behind + os.sep).startswith(each + os.sep) for each in folders)
        self._folders = [*folders, home] if is_link and home not in folders else folders
        self._asked = {path for path in map(whole, sys.path) if self._theirs(path)}
        self._variables = Variables(os.environ._data)  # type: ignore[attr-defined]
        self._modules = Missing()
        self._made: dict[str, int] = {}
        """Folders that it would have made, in this order, and their modes."""
        self._wasted = ""
        self._watches = False
        self._threads = threading.active_count()
        self._real = {name: getattr(os, name) for name in (*ASKED, "mkdir")}

    # --- while nobody is here

    def begin(self) -> None:
        """Write down what happens from now on, and let folders be made that are none."""
        sys.addaudithook(self._heard)  # for good, so it looks first whether it is still needed
        for name in ASKED:
            setattr(os, name, self._asking(self._real[name]))
        os.mkdir = self._make
        os.environ._data = self._variables  # type: ignore[attr-defined]
        sys.meta_path.append(self._modules)
        self._watches = True

    def end(self) -> None:
        """The start has come as far as it can. Raises `Wasted` if that is of no use."""
        self._watches = False
        for name, function in self._real.items():
            setattr(os, name, function)
        os.environ._data = dict(self._variables)  # type: ignore[attr-defined]
        if self._modules in sys.meta_path:
            sys.meta_path.remove(self._modules)
        if threading.active_count() > self._threads:
            self._waste("it begins threads")
        if self._wasted:
            raise Wasted(self._wasted)

    def _heard(self, event: str, words: tuple[Any, ...]) -> None:
        if not self._watches:
            return
        if event in CHILDREN:
            self._waste("it starts other programs")
        elif event in CHANGES:
            self._waste(f"it changes {words[0]}")
        elif event in READS:
            theirs = self._theirs("." if words[0] is None else words[0])
            if event == "open" and isinstance(words[2], int) and words[2] & WRITING:
                self._waste(f"it writes {words[0]}")
            elif event != "open" and (theirs in self._folders or whole(words[0]) in self._made):
                self._waste(f"it looks through {words[0]}")
            elif theirs:
                self._asked.add(theirs if event == "open" else theirs + os.sep)

    def _asking(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def ask(path: Any, *rest: Any, **named: Any) -> Any:
            if not self._watches:  # whoever imported this function keeps it
                return function(path, *rest, **named)
            theirs = self._theirs(path)
            if function is self._real["access"] and (
                whole(path) in self._made or theirs in self._folders
            ):
                return True
            if whole(path) in self._made:
                return function("/", *rest, **named)
            if theirs and theirs not in self._folders:
                self._asked.add(theirs)
            return function(path, *rest, **named)

        return ask

    def _make(self, path: Any, mode: int = 0o777, **named: Any) -> None:
        if not self._watches:
            self._real["mkdir"](path, mode, **named)
            return
        wanted = whole(path)
        parent = os.path.dirname(wanted)
        if wanted in self._made or os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        if not os.path.isdir(parent):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if not os.access(parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        self._made[wanted] = mode

    def _theirs(self, path: Any) -> str:
        """Return the whole path of what lies in the folders of the person; nothing for others."""
        wanted = whole(path)
        places = (*self._folders, PAPERS)
        inside = (wanted == each or wanted.startswith(each + os.sep) for each in places)
        return wanted if any(inside) else ""

    def _waste(self, why: str) -> None:
        self._wasted = self._wasted or why

    # --- now the person is here

    def holds(
        self, passed_over: Iterable[str], variables: Iterable[str], packages: Iterable[str]
    ) -> bool:
        """Whether the start would have gone the same way with what the person brought.

        `passed_over`: paths that may be there. `variables`: the names of theirs. `packages`: what
        lies in the folder of their packages.
        """
        asked = self._asked - self._made.keys() - set(passed_over)
        there = [path for path in self._made if os.path.lexists(path)]
        return (
            not any(map(os.path.lexists, asked))
            and all(map(os.path.isdir, there))
            and all(os.access(path, os.W_OK) for path in (*self._folders, *there))
            and self._variables.missed.isdisjoint(map(os.fsencode, variables))
            and self._modules.names.isdisjoint(name.split(".")[0] for name in packages)
        )

    def make_folders(self) -> None:
        """Make the folders that it would have made."""
        for path, mode in self._made.items():
            with suppress(FileExistsError):
                os.mkdir(path, mode)


class Server:
    """An application of Jupyter Server's: where it can halt, and what it must do once more."""

    def __init__(self, module: Any) -> None:
        self._class = module.ServerApp
        self._real = {
            name: getattr(self._class, name) for name in ("start", "_write_cookie_secret_file")
        }
        self._has_secret = False

    def halt(self, before: Callable[[Any], None]) -> None:
        """Let `before` be called with an application that is ready to start; then it starts.

        Until then it keeps its secret to itself.
        """

        def start(app: Any) -> None:
            before(app)
            app.start()

        def keep(app: Any, secret: bytes) -> None:
            self._has_secret = True

        self._class.start = start
        self._class._write_cookie_secret_file = keep

    def release(self) -> None:
        """Be as ever from now on."""
        for name, function in self._real.items():
            setattr(self._class, name, function)

    def settle(self, app: Any) -> None:
        """Let happen what the application wants done as soon as it runs, with nobody let in.

        Raises `Wasted` if that takes too long.
        """
        listening = app.http_server._sockets
        handlers = app.http_server._handlers

        def let_nobody_in() -> None:
            for number in list(handlers):
                handlers.pop(number)()

        async def wait() -> None:
            await asyncio.sleep(0)  # newer versions open the port now
            let_nobody_in()
            await asyncio.sleep(0.001)  # what is due now comes before, and makes tasks
            others = asyncio.all_tasks() - {asyncio.current_task()}
            if others and (await asyncio.wait(others, timeout=SETTLED_SECONDS))[1]:
                raise Wasted("it does not come to rest")

        let_nobody_in()
        app.io_loop.asyncio_loop.run_until_complete(wait())
        app.http_server.add_sockets(list(listening.values()))

    def compile_first_page(self, app: Any) -> None:
        """Compile the page that is asked for first."""
        for name, value in list(app.web_app.settings.items()):
            if name.endswith("_jinja2_env"):
                with suppress(Exception):
                    value.get_template("index.html")

    def passed_over(self, app: Any) -> list[str]:
        """Return the paths that `catch_up` asks for again, and those that make no difference.

        IPython looks for its folder in `.config` first, for which it looks first.
        """
        home = os.path.expanduser("~")
        config, ipython = os.path.join(home, ".config"), os.path.join(home, ".ipython")
        moved = os.path.lexists(os.path.join(config, "ipython"))
        marker = os.path.join(app.config_dir, "migrated")
        secret = [app.cookie_secret_file] if self._has_secret else []
        return [*secret, marker, *([] if moved else [config, ipython])]

    def catch_up(self, app: Any, make_folders: Callable[[], None]) -> None:
        """Do again what depends on the person or on the time, in the order of a start."""
        app.migrate_config()
        make_folders()
        if self._has_secret:
            app.cookie_secret = app._default_cookie_secret()
            app.web_app.settings["cookie_secret"] = app.cookie_secret
        app.web_app.settings["started"] = datetime.now(UTC)
