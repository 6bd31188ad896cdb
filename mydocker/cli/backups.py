"""Backup and restore of one machine: database, environments, settings, key; homes by reference."""

import io
import json
import os
import sqlite3
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from mydocker import __version__
from mydocker.cli.up import running_pid
from mydocker.settings import PREFIX, Settings, secret_of

DATABASE = "database.sqlite3"
KEY = "secret.key"
FACTS = "backup.json"
FILE = "settings.toml"
"""The settings file, where there is one."""
FORMAT = 1


class BadBackup(Exception):
    """Cannot be written or read; the message says why and what to do."""


def write(settings: Settings, target: str) -> str:
    """Write a backup while the service runs; returns a sentence for the operator."""
    if settings.database_url:
        raise BadBackup("PostgreSQL is backed up with pg_dump; `backup` is for SQLite.")
    source = settings.data / "database" / "mydocker.sqlite3"
    if not source.exists():
        raise BadBackup(f"There is no database in {settings.data} yet.")
    path = Path(target)
    if path.exists():
        raise BadBackup(f"{path} exists already; name another file.")
    with tempfile.TemporaryDirectory(dir=path.absolute().parent) as folder:
        copy = Path(folder) / DATABASE
        _copy_online(source, copy)
        homes = _homes(copy)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
            archive.add(copy, DATABASE)
            _add(archive, KEY, secret_of(settings).encode())
            if named := os.environ.get(f"{PREFIX}SETTINGS"):
                _add(archive, FILE, Path(named).read_bytes())
            _add(archive, FACTS, json.dumps(_facts(settings, homes), indent=1).encode())
    return (
        f"Wrote {path}. It holds the key: keep it as secret as the service. "
        f"{len(homes)} homes are named in it, not copied: back up {settings.data / 'homes'} too, "
        f"and {settings.data / 'files'}, the files of teachers' images."
    )


def _copy_online(source: Path, copy: Path) -> None:
    """SQLite's online backup: consistent, whoever writes meanwhile."""
    with sqlite3.connect(source) as live, sqlite3.connect(copy) as target:
        live.backup(target)
    live.close()
    target.close()


def _homes(database: Path) -> list[str]:
    connection = sqlite3.connect(database)
    try:
        return [row[0] for row in connection.execute("SELECT id FROM home ORDER BY id")]
    finally:
        connection.close()


def _facts(settings: Settings, homes: list[str]) -> dict[str, object]:
    named = {name: value for name, value in os.environ.items() if name.startswith("MYDOCKER_")}
    named.pop("MYDOCKER_SECRET_KEY", None)
    return {
        "format": FORMAT,
        "version": __version__,
        "at": datetime.now(UTC).isoformat(),
        "settings": named,
        "homes_folder": str(settings.data / "homes"),
        "homes": homes,
    }


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    archive.addfile(entry, io.BytesIO(content))


def read(settings: Settings, source: str) -> str:
    """Fill an empty data folder; returns a sentence for the operator."""
    if running_pid(settings):
        raise BadBackup("The service runs. Stop it first: mydocker down")
    target = settings.data / "database" / "mydocker.sqlite3"
    if target.exists():
        raise BadBackup(f"{settings.data} holds a database already; restore into an empty folder.")
    if (settings.data / FILE).exists():
        raise BadBackup(f"{settings.data / FILE} exists already; move it to another place first.")
    try:
        with tarfile.open(source) as archive:
            written = _part(archive, FILE) if FILE in archive.getnames() else None
            parts = {name: _part(archive, name) for name in (DATABASE, KEY, FACTS)}
    except (OSError, tarfile.TarError, KeyError) as error:
        raise BadBackup(f"{source} is not a backup of myDocker: {error}") from error
    facts = json.loads(parts[FACTS])
    if facts.get("format") != FORMAT:
        raise BadBackup(f"{source} was written by another edition ({facts.get('version')}).")
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(settings.data / KEY, parts[KEY])
    _write(target, parts[DATABASE])
    _forget_runs(target)
    said = f"Restored from {facts['at']}. "
    if written is not None:
        _write(settings.data / FILE, written)
        said += f"Its settings are in {settings.data / FILE}: set {PREFIX}SETTINGS to that. "
    return said + (
        f"Copy the homes to {settings.data / 'homes'} ({len(facts['homes'])} of them) and the "
        f"files of images to {settings.data / 'files'}, "
        "then: mydocker up"
    )


def _part(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _forget_runs(database: Path) -> None:
    """Containers of the former machine are not here: nothing is wanted until somebody asks."""
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("UPDATE workspace SET wanted = 0, stop_cause = 'asked' WHERE wanted")
        connection.execute("DELETE FROM django_session")
        connection.execute(
            "UPDATE grant_of_entry SET revoked_at = created_at, dropped_at = created_at"
        )
    connection.close()
