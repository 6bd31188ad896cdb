"""Checks every dependency, port, right, name and clock, and says how to mend what is wrong."""

import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from mydocker.cli.up import running_pid
from mydocker.cli.users import DOCKER_SOCKET, MissingUser, find_users, unreachable_for
from mydocker.settings import Settings

OLDEST_KERNEL = (5, 6)
LEAST_FREE_BYTES = 4 * 10**9


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `remedy` is empty where all is well."""

    subject: str
    found: str
    remedy: str = ""
    is_warning: bool = False


def examine(settings: Settings) -> bool:
    """Print every finding; whether the service can run."""
    well = True
    for finding in findings(settings):
        mark = "ok  " if not finding.remedy else ("warn" if finding.is_warning else "FAIL")
        typer.echo(f"{mark}  {finding.subject}: {finding.found}")
        if finding.remedy:
            typer.echo(f"      {finding.remedy}")
            well = well and finding.is_warning
    return well


def findings(settings: Settings) -> Iterator[Finding]:
    """Everything, one after the other."""
    checks: list[Callable[[Settings], Iterator[Finding]]] = [
        _rights, _system, _programs, _users, _engine, _data, _port, _names, _clock,
    ]  # fmt: skip
    for check in checks:
        yield from check(settings)


def _rights(settings: Settings) -> Iterator[Finding]:
    if os.geteuid() == 0:
        yield Finding("rights", "root")
    else:
        yield Finding("rights", "not root", "Run it with sudo: homes are mounted as root.")


def _system(settings: Settings) -> Iterator[Finding]:
    release = platform.release()
    numbers = tuple(int(part) for part in re.findall(r"\d+", release)[:2])
    remedy = "" if numbers >= OLDEST_KERNEL else "Linux 5.6 or later is needed (openat2)."
    yield Finding("kernel", release, remedy)
    good = sys.version_info >= (3, 11)
    yield Finding("python", platform.python_version(), "" if good else "Python 3.11 is needed.")


def _programs(settings: Settings) -> Iterator[Finding]:
    for program, package in {
        "haproxy": "haproxy", "nft": "nftables", "ss": "iproute2", "ip": "iproute2",
        "mount": "mount", "nsenter": "util-linux",
    }.items():  # fmt: skip
        path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
        remedy = "" if path else f"apt-get install --no-install-recommends {package}"
        yield Finding(program, path or "not found", remedy)


def _users(settings: Settings) -> Iterator[Finding]:
    try:
        users = find_users()
    except MissingUser as missing:
        yield Finding("users", "missing", str(missing))
        return
    yield Finding("users", ", ".join(u.name for u in (users.web, users.loops, users.gateway)))
    package = Path(__file__).parent.parent
    wall = unreachable_for(users.web, package)
    remedy = f"Move the installation to /opt or /srv, or: chmod o+x {wall}" if wall else ""
    yield Finding("program folder", "readable" if not wall else f"closed at {wall}", remedy)


def _engine(settings: Settings) -> Iterator[Finding]:
    if not DOCKER_SOCKET.exists():
        yield Finding("engine", "no socket", "Install Docker Engine (apt-get install docker.io).")
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(5)
            line.connect(str(DOCKER_SOCKET))
            line.sendall(b"GET /version HTTP/1.0\r\n\r\n")
            answer = line.recv(65536).decode(errors="replace")
    except OSError as error:
        yield Finding("engine", str(error), "Start it: systemctl start docker (or dockerd).")
        return
    version = re.search(r'"ApiVersion":"([\d.]+)"', answer)
    yield Finding("engine", f"API {version[1] if version else '?'}")


def _data(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    remedy = "" if free >= LEAST_FREE_BYTES else "Free some space: 4 GB are needed to begin with."
    yield Finding("data folder", f"{settings.data}, {free / 1e9:.0f} GB free", remedy)
    key = settings.data / "secret.key"
    if key.exists():
        mode = key.stat().st_mode & 0o777
        remedy = "" if mode == 0o600 else f"chmod 600 {key}"
        yield Finding("secret key", f"mode {mode:o}", remedy)


def _port(settings: Settings) -> Iterator[Finding]:
    if running_pid(settings):
        yield Finding("port", f"{settings.port}, held by myDocker")
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", settings.port))
        except OSError as error:
            remedy = f"See who: ss -ltnp 'sport = :{settings.port}'. Stop it, or set MYDOCKER_URL."
            yield Finding("port", f"{settings.port}: {error.strerror}", remedy)
            return
    yield Finding("port", f"{settings.port}, free")


def _names(settings: Settings) -> Iterator[Finding]:
    for name in (settings.host, f"test.{settings.apps_domain}"):
        if name.endswith(".localhost") or name == "localhost":
            yield Finding("name", f"{name} (browsers resolve it to this machine)")
            continue
        try:
            found = socket.getaddrinfo(name, settings.port, proto=socket.IPPROTO_TCP)
        except OSError as error:
            remedy = f"Add it to the DNS (a wildcard *.{settings.apps_domain} for workspaces)."
            yield Finding("name", f"{name}: {error.strerror}", remedy)
            continue
        yield Finding("name", f"{name} → {found[0][4][0]}")
    if settings.tls_certificate and not Path(settings.tls_certificate).is_file():
        yield Finding("certificate", "not found", "Point MYDOCKER_TLS_CERTIFICATE at a PEM file.")


def _clock(settings: Settings) -> Iterator[Finding]:
    newest = settings.data / "run"
    age = time.time() - newest.stat().st_mtime if newest.exists() else 0.0
    if age < -60:
        remedy = "The clock went back. Set it right (timedatectl set-ntp true)."
        yield Finding("clock", f"{-age:.0f} s behind our own files", remedy)
        return
    zone = time.strftime("%Z")
    yield Finding("clock", f"{time.strftime('%Y-%m-%d %H:%M:%S')} {zone}; {_synchronised()}")


def _synchronised() -> str:
    if shutil.which("timedatectl") is None:
        return "whether NTP keeps it is unknown here"
    shown = subprocess.run(
        ["timedatectl", "show", "-p", "NTPSynchronized", "--value"],
        capture_output=True, text=True, timeout=5, check=False,
    )  # fmt: skip
    return "kept by NTP" if shown.stdout.strip() == "yes" else "not kept by NTP"
