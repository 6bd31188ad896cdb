"""The system's users that each process becomes, and the folders each may enter."""

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from mydocker.settings import Settings

WEB = "mydocker"
LOOPS = "mydocker-loops"
GATEWAY = "mydocker-gateway"
DOCKER_SOCKET = Path("/var/run/docker.sock")


@dataclass(frozen=True, slots=True)
class User:
    """A system user and its own group."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Users:
    """Who runs what."""

    web: User
    loops: User
    gateway: User


class MissingUser(Exception):
    """A system user does not exist; the message says how to make it."""


def find_users() -> Users:
    """The three users. Raises `MissingUser`."""
    return Users(_find(WEB), _find(LOOPS), _find(GATEWAY))


def _find(name: str) -> User:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise MissingUser(
            f"The system user {name} does not exist. Run `make install` as root, or: "
            f"useradd --system --no-create-home --shell /usr/sbin/nologin {name}"
        ) from None
    return User(name, entry.pw_uid, entry.pw_gid)


def become(user: User, extra_groups: tuple[int, ...] = ()) -> None:
    """Give up root for good."""
    os.setgroups(list(extra_groups))
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)
    os.umask(0o007)


def engine_group() -> tuple[int, ...]:
    """The group that may use the engine's socket."""
    try:
        return (DOCKER_SOCKET.stat().st_gid,)
    except FileNotFoundError:
        return ()


def make_folders(settings: Settings, users: Users) -> None:
    """Every folder with its owner and mode; repeatable."""
    data, run = settings.data, settings.run_folder
    web, loops, gateway = users.web, users.loops, users.gateway
    wanted = [
        (data, 0, 0, 0o755),
        (run, 0, 0, 0o755),
        # Both write the database and ring the bells; SQLite gives its files the group's rights.
        (data / "database", web.uid, web.gid, 0o2770),
        (run / "bells", web.uid, web.gid, 0o2770),
        (run / "metrics", web.uid, web.gid, 0o2770),
        # Files beside recipes: web writes them; loops, being in its group, read them.
        (data / "files", web.uid, web.gid, 0o2750),
        # Sockets that the gateway opens and nobody else.
        (run / "web", 0, gateway.gid, 0o2750),  # root binds the socket there
        (run / "streams", web.uid, gateway.gid, 0o2750),
        (run / "loops", loops.uid, loops.gid, 0o711),
        (run / "gateway", loops.uid, loops.gid, 0o2750),
        (data / "gateway", loops.uid, loops.gid, 0o700),
        (data / "builds", loops.uid, loops.gid, 0o700),
        (data / "log", 0, 0, 0o750),
        (data / "static", 0, 0, 0o755),
    ]
    for path, uid, gid, mode in wanted:
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, uid, gid)
        path.chmod(mode)
    for path in (data / "database").iterdir():
        _give(path, web)


def _give(path: Path, user: User) -> None:
    """Give a file away and let its group write; not a link that the user may have put there."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return  # a link leads nowhere for root; SQLite will say what it misses
    try:
        facts = os.fstat(handle)
        if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1:
            os.fchown(handle, user.uid, user.gid)
            os.fchmod(handle, 0o660)
    finally:
        os.close(handle)


def unreachable_for(user: User, path: Path) -> Path | None:
    """The first folder above `path` that this user cannot enter; None if it can reach it."""
    for folder in [*reversed(path.absolute().parents), path]:
        if not _may_enter(user, folder):
            return folder
    return None


def _may_enter(user: User, folder: Path) -> bool:
    status = folder.stat()
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    groups = {user.gid, *(g.gr_gid for g in grp.getgrall() if user.name in g.gr_mem)}
    if status.st_gid in groups:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
