"""Reading homes: which, and where they appear in the container."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from mydocker.domain.environments import fields
from mydocker.domain.environments.fields import Place
from mydocker.domain.environments.values import HomeKind, HomeMount
from mydocker.domain.words import gettext_noop as _

LONGEST_PATH = 1_000

_SYSTEM = frozenset(
    {
        *("/", "/home", "/mnt", "/opt", "/srv", "/usr", "/var", "/media"),
        *("/usr/local", "/usr/local/share"),
    }
)
"""Folders that a home would hide; below them it may stand."""
_CLOSED = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/run"),
    *("/sbin", "/sys", "/tmp", "/usr/bin", "/usr/lib", "/usr/sbin", "/var/lib/dpkg"),  # noqa: S108
    # The platform's own, in every container.
    *("/.mydocker", "/opt/mydocker", "/usr/local/share/jupyter"),
)
"""Folders that take no home, nor does what is below them."""


def homes(place: Place) -> tuple[HomeMount, ...]:
    """Read `{global: PATH, environment: PATH}`; the outer one first."""
    entries = fields.named(place, [kind.value for kind in HomeKind], {})
    mounts = [HomeMount(HomeKind(key), path) for key, path in _paths(entries)]
    return tuple(sorted(mounts, key=lambda mount: (mount.path.count("/"), mount.path)))


def _paths(entries: dict[str, Place]) -> Iterator[tuple[str, str]]:
    taken: set[str] = set()
    for key, entry in entries.items():
        path = _path(entry)
        if path in taken:
            entry.wrong(_("Two homes cannot stand on one path."))
        elif path:
            taken.add(path)
            yield key, path


def _path(place: Place) -> str | None:
    path = fields.text(place, LONGEST_PATH)
    if path is None:
        return None
    if not path.startswith("/") or path.startswith("//"):
        place.wrong(_("A home stands on an absolute path."), _("Write for example /home/jovyan."))
        return None
    normal = str(PurePosixPath(path))
    if normal != path or ".." in PurePosixPath(path).parts:
        place.wrong(
            _("This path is not in its plain form."),
            _("Write it without “..”, “.”, “//” or a “/” at its end."),
        )
        return None
    if path in _SYSTEM or any(path == each or path.startswith(f"{each}/") for each in _CLOSED):
        place.wrong(
            _("A home on %(path)s would hide what the system needs."),
            _("Write for example /home/jovyan."),
            path=path,
        )
        return None
    return path
