"""System calls that Python lacks: opening without being led astray, and mounts made of file
descriptors. Nothing here knows of homes or runs.

The numbers are the same on every architecture (Linux gave them out after the tables were merged).
"""

import ctypes
import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

_OPEN_TREE, _MOVE_MOUNT, _OPENAT2, _MOUNT_SETATTR = 428, 429, 437, 442
_AT_EMPTY_PATH = 0x1000
_OPEN_TREE_CLONE = 1
_MOVE_EMPTY_PATHS = 0x04 | 0x40
_MNT_DETACH, _UMOUNT_NOFOLLOW = 2, 8
_MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND = 2, 4, 32, 4096
_MS_PRIVATE, _MS_SHARED = 1 << 18, 1 << 20
_ATTR_NOSUID, _ATTR_NODEV, _ATTR_IDMAP = 2, 4, 0x100000

NO_XDEV = 1
INSIDE = 2 | 4 | 8
"""No magic links, no symbolic links, never above where it began."""

_libc = ctypes.CDLL(None, use_errno=True)


class _How(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("flags", "mode", "resolve")]


class _Attributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _call(number: int, *arguments: object) -> int:
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *wide))


def openat2(parent: int, path: str, flags: int, resolve: int = INSIDE | NO_XDEV) -> int:
    """Open `path` below the folder `parent`; the caller closes the result.

    Raises OSError: ELOOP where a symbolic link stands, EXDEV where the way leads out of
    `parent` or, with `NO_XDEV`, onto another mount; ENOSYS before Linux 5.6.
    """
    how = _How(flags | os.O_CLOEXEC, 0, resolve)
    return _call(_OPENAT2, parent, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how))


@contextmanager
def opened(parent: int, path: str, flags: int, resolve: int = INSIDE | NO_XDEV) -> Iterator[int]:
    """Like `openat2`, closed at the end."""
    handle = openat2(parent, path, flags, resolve)
    try:
        yield handle
    finally:
        os.close(handle)


def has_openat2() -> bool:
    """Whether the kernel has it; without it nothing of this agent is safe."""
    try:
        with opened(-100, ".", os.O_PATH):  # AT_FDCWD
            return True
    except OSError:
        return False


def bind(folder: int) -> int:
    """Make a detached bind mount of a folder. The caller closes the result; a mount that was
    not placed by then vanishes with it, also when we are killed.
    """
    return _call(_OPEN_TREE, folder, b"", _AT_EMPTY_PATH | _OPEN_TREE_CLONE | os.O_CLOEXEC)


def clone_mount(folder: int, userns: int | None = None) -> int:
    """Do as `bind`, private and `nosuid,nodev` from the first instant, idmapped after `userns`.

    Raises OSError: ENOSYS before Linux 5.12, EINVAL where the file system cannot be idmapped.
    """
    tree = bind(folder)
    wanted = _Attributes(_ATTR_NOSUID | _ATTR_NODEV, 0, _MS_PRIVATE, 0)
    if userns is not None:
        wanted.set |= _ATTR_IDMAP
        wanted.userns = userns
    size = ctypes.sizeof(wanted)
    try:
        _call(_MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, ctypes.byref(wanted), size)
    except OSError:
        os.close(tree)
        raise
    return tree


def staged_mount(folder: int, stage: int) -> int:
    """Do as `clone_mount` before Linux 5.12: bind onto `home` in `stage`, set the flags there.

    `stage` must be the root of a private mount where no container looks. Returns an open path
    of the mount, to be moved away with `place_mount`; what a killed agent left there is removed.
    """
    while is_mount_point(stage, "home"):
        unmount(stage, "home", lazily=True)
    _mount(b"/proc/self/fd/%d" % folder, b"/proc/self/fd/%d/home" % stage, _MS_BIND)
    top = openat2(stage, "home", os.O_PATH | os.O_DIRECTORY, INSIDE)
    target = b"/proc/self/fd/%d" % top
    _mount(None, target, _MS_REMOUNT | _MS_BIND | _MS_NOSUID | _MS_NODEV)
    _mount(None, target, _MS_PRIVATE)
    return top


def place_mount(tree: int, folder: int) -> None:
    """Put a detached or staged mount onto a folder."""
    _call(_MOVE_MOUNT, tree, b"", folder, b"", _MOVE_EMPTY_PATHS)


def make_private(folder: int) -> None:
    """Let mounts on this mount go nowhere else."""
    _mount(None, b"/proc/self/fd/%d" % folder, _MS_PRIVATE)


def make_shared(folder: int) -> None:
    """Let mounts on this mount appear in its slaves (the containers). May be repeated."""
    _mount(None, b"/proc/self/fd/%d" % folder, _MS_SHARED)


def _mount(source: bytes | None, target: bytes, flags: int) -> None:
    _checked(_libc.mount(source, target, None, ctypes.c_ulong(flags), None))


def is_mount_point(parent: int, name: str) -> bool:
    """Whether something is mounted on this entry of the folder `parent`."""
    try:
        with opened(parent, name, os.O_PATH | os.O_NOFOLLOW):
            return False
    except OSError as error:
        if error.errno == errno.EXDEV:
            return True
        raise


def unmount(parent: int, name: str, *, lazily: bool = False) -> None:
    """Take the uppermost mount off an entry of `parent`. Raises OSError EBUSY while it is used."""
    flags = _UMOUNT_NOFOLLOW | (_MNT_DETACH if lazily else 0)
    _checked(_libc.umount2(b"/proc/self/fd/%d/%s" % (parent, os.fsencode(name)), flags))


def user_namespace(inside: int, uid: int, gid: int) -> int:
    """Make a namespace that maps user and group `inside` to `uid` and `gid`, for `clone_mount`.

    The caller closes the result. Raises OSError where namespaces are forbidden.
    """
    command, pipe = ["unshare", "--user", "cat"], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd="/") as cat:
        assert cat.stdin and cat.stdout
        try:
            os.write(cat.stdin.fileno(), b"!")
            if not os.read(cat.stdout.fileno(), 1):  # ended before it could say it after us
                raise OSError(errno.EPERM, "user namespaces are forbidden here")
            for kind, outside in (("uid", uid), ("gid", gid)):
                with open(f"/proc/{cat.pid}/{kind}_map", "w") as table:
                    table.write(f"{inside} {outside} 1")
            return os.open(f"/proc/{cat.pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            cat.kill()
